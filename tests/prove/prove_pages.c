// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From an address and a length to pages. For any of the 2^128 pairs:
 *
 *   gpa_pages     (offset + len + 4095) / 4096 as if numbers had no end, and 0
 *                 for no bytes
 *   gpa_range_ok  if and only if the last byte has the class of the first and
 *                 a frame or reference of its own: no wrap, no step across bit
 *                 63, no reference beyond 32 bits
 *   together      in a range that is ok the following pages have the following
 *                 references, each in 32 bits
 *
 * By trying: every offset with every length that ends within a page of an
 * edge, where an edge is a number of pages or a power of two; and both classes
 * around both ends. CBMC leaves address and length open.
 *
 * cbmc:
 */
#include "mapcache/gpa.h"
#include "tests/prove/prove.h"

typedef unsigned __int128 wide;

static void count(uint32_t offset, uint64_t len)
{
	wide pages = ((wide)offset + len + 4095) / 4096;

	CLAIM(gpa_pages(gpa(offset), len) == (len ? (uint64_t)pages : 0),
	      "offset %u, length %#llx", offset, (unsigned long long)len);
}

static void range(uint64_t raw, uint64_t len)
{
	gpa_t a = gpa(raw);
	bool grant = raw >> 63;
	wide low = raw & ~GPA_GRANT_BIT;
	wide end = low + len;
	/* 32 bits of reference and 12 of offset; or all but bit 63. */
	wide limit = (wide)1 << (grant ? 44 : 63);
	bool ok = low < limit && end <= limit;

	CLAIM(gpa_is_grant(a) == grant, "%#llx", (unsigned long long)raw);
	CLAIM(gpa_range_ok(a, len) == ok, "address %#llx, length %#llx",
	      (unsigned long long)raw, (unsigned long long)len);
	if (!ok || !len)
		return;
	if (grant)
		CLAIM((uint64_t)gpa_ref(a) + gpa_pages(a, len) - 1 ==
		      (uint64_t)(end - 1) >> 12, "address %#llx, length %#llx",
		      (unsigned long long)raw, (unsigned long long)len);
	else
		CLAIM(gpa_frame(a) + gpa_pages(a, len) - 1 ==
		      (uint64_t)(end - 1) >> 12, "address %#llx, length %#llx",
		      (unsigned long long)raw, (unsigned long long)len);
}

/* What a segment becomes that can't exist: no length makes it exist. */
static void nowhere(uint32_t skip, uint64_t len)
{
	CLAIM(!gpa_range_ok(gpa_add(gpa(GPA_NOWHERE), skip), len),
	      "skip %u, length %#llx", skip, (unsigned long long)len);
}

#ifdef __CPROVER__

void prove(void)
{
	uint64_t raw = nondet_u64(), len = nondet_u64();

	count(raw & 4095, len);
	range(raw, len);
	nowhere(nondet_u32(), len);
}

#else

/* Lengths, and addresses without bit 63, that have something next to them. */
static const uint64_t edge[] = {
	0, 4096, 2 * 4096, 255 * 4096, UINT64_C(1) << 20, UINT64_C(1) << 32,
	UINT64_C(1) << 44, UINT64_C(1) << 52, UINT64_C(1) << 62,
	UINT64_C(1) << 63,
};

static void try_counts(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(edge); i++)
		for (uint32_t offset = 0; offset < 4096; offset++)
			for (uint32_t d = 0; d <= 8192; d += 1 + d / 4097)
				count(offset, edge[i] + d - 4096);
}

static void try_ranges(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(edge); i++)
		for (size_t k = 0; k < ARRAY_SIZE(edge); k++)
			for (uint64_t d = 0; d < 9; d++)
				for (uint64_t e = 0; e < 9; e++) {
					uint64_t raw = edge[i] + d - 4;
					uint64_t len = edge[k] + e - 4;

					range(raw, len);
					range(raw ^ GPA_GRANT_BIT, len);
					/* ... that ends at the edge. */
					range(edge[i] - len + d - 4, len);
					nowhere((uint32_t)raw, len);
				}
}

int main(void)
{
	try_counts();
	try_ranges();
	return 0;
}

#endif
