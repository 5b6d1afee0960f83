// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests against the capacity (virtio 1.2, 5.2.6): of all sectors and
 * lengths, exactly those are accepted that lie inside the disk as a whole and
 * on block boundaries, and what is accepted is what was asked for. The sums are
 * made as if numbers had no end.
 *
 * By trying: all of a small disk, sector by sector and byte by byte past its
 * end, for two block sizes; and disks of every size up to the largest, with
 * sectors and lengths around everything that could wrap. CBMC leaves size,
 * sector and length open.
 *
 * cbmc: backend/blk.c
 */
#include <endian.h>

#include "backend/blk.h"
#include "tests/prove/prove.h"

typedef unsigned __int128 wide;

static bool inside(const struct blk_geometry *g, uint64_t sector, uint64_t len)
{
	wide start = (wide)sector * 512;

	return start + len <= g->size && !(start % g->block_size) &&
	       !(len % g->block_size);
}

static void read_or_write(const struct blk_geometry *g, bool write,
			  uint64_t sector, uint64_t len)
{
	struct virtio_blk_outhdr hdr = {
		.type = htole32(write ? VIRTIO_BLK_T_OUT : VIRTIO_BLK_T_IN),
		.sector = htole64(sector),
	};
	struct blk_request req = { 0 };
	bool ok = len && inside(g, sector, len) && !(write && g->read_only);
	uint8_t status = blk_parse(g, blk_features(g), &hdr, write ? len : 0,
				   write ? 0 : len, &req);

	CLAIM(status == (ok ? VIRTIO_BLK_S_OK : VIRTIO_BLK_S_IOERR),
	      "size %#llx, sector %#llx, length %#llx",
	      (unsigned long long)g->size, (unsigned long long)sector,
	      (unsigned long long)len);
	if (!ok)
		return;
	CLAIM(req.op == (write ? BLK_WRITE : BLK_READ), "write %d", write);
	CLAIM(req.offset == sector * 512 && req.len == len,
	      "sector %#llx, length %#llx", (unsigned long long)sector,
	      (unsigned long long)len);
}

/* One segment of a DISCARD or WRITE_ZEROES. */
static void segment(const struct blk_geometry *g, enum blk_op op,
		    uint64_t sector, uint32_t sectors, uint32_t flags)
{
	struct virtio_blk_discard_write_zeroes s = {
		.sector = htole64(sector),
		.num_sectors = htole32(sectors),
		.flags = htole32(flags),
	};
	struct blk_request req = { .op = op, .len = sizeof(s) };
	struct blk_range r[BLK_MAX_RANGES];
	uint64_t len = (uint64_t)sectors * 512;
	bool known = !(flags & ~(op == BLK_DISCARD ? 0u : 1u));
	bool ok = sectors <= BLK_MAX_RANGE_SECTORS && inside(g, sector, len);
	uint32_t n = 0;
	uint8_t status = blk_parse_ranges(g, &req, &s, r, &n);

	CLAIM(status == (!known ? VIRTIO_BLK_S_UNSUPP :
			 ok ? VIRTIO_BLK_S_OK : VIRTIO_BLK_S_IOERR),
	      "size %#llx, sector %#llx, %u sectors, flags %#x",
	      (unsigned long long)g->size, (unsigned long long)sector, sectors,
	      flags);
	if (status != VIRTIO_BLK_S_OK)
		return;
	CLAIM(n == !!sectors, "%u sectors, %u ranges", sectors, n);
	CLAIM(!n || (r[0].offset == sector * 512 && r[0].len == len),
	      "sector %#llx, %u sectors", (unsigned long long)sector, sectors);
}

#ifdef __CPROVER__

void prove(void)
{
	struct blk_geometry g = {
		.block_size = nondet_bool() ? 512 : 4096,
		.size = nondet_u64(),
		.read_only = nondet_bool(),
		.discard = true,
	};

	SUPPOSE(!(g.size & (g.block_size - 1)));
	read_or_write(&g, nondet_bool(), nondet_u64(), nondet_u64());
	segment(&g, nondet_bool() ? BLK_DISCARD : BLK_WRITE_ZEROES,
		nondet_u64(), nondet_u32(), nondet_u32());
}

#else

static void try_small(uint32_t block_size, uint64_t size)
{
	struct blk_geometry g = { .block_size = block_size, .size = size,
				  .discard = true };
	uint64_t sectors = size / 512;

	for (uint64_t sector = 0; sector <= sectors + 2; sector++) {
		for (uint64_t len = 0; len <= size + 1024; len++)
			read_or_write(&g, len & 1, sector, len);
		for (uint32_t n = 0; n <= sectors + 2; n++)
			for (uint32_t flags = 0; flags <= 3; flags++) {
				segment(&g, BLK_DISCARD, sector, n, flags);
				segment(&g, BLK_WRITE_ZEROES, sector, n, flags);
			}
	}
}

static const uint64_t edge[] = {
	0, 512, 4096, UINT64_C(1) << 31, UINT64_C(1) << 32, UINT64_C(1) << 41,
	UINT64_C(1) << 54, UINT64_C(1) << 55, UINT64_C(1) << 56,
	UINT64_C(1) << 63,
};

/* Sizes, sectors and lengths within four of an edge, or of the disk's end. */
static void try_large(uint64_t size)
{
	struct blk_geometry g = { .block_size = 512, .size = size,
				  .discard = true };

	for (size_t i = 0; i < ARRAY_SIZE(edge); i++)
		for (size_t k = 0; k < ARRAY_SIZE(edge); k++)
			for (uint64_t d = 0; d < 81; d++) {
				uint64_t near = edge[i] + d % 9 - 4;
				uint64_t len = edge[k] + (d / 9 - 4) * 512;

				read_or_write(&g, d & 1, near, len);
				read_or_write(&g, d & 1, size / 512 - near, len);
				read_or_write(&g, d & 1, near,
					      size - near * 512);
				segment(&g, BLK_WRITE_ZEROES, near,
					(uint32_t)(len / 512), d & 1);
			}
}

int main(void)
{
	try_small(512, 0);
	try_small(512, 512);
	try_small(512, 33 * 512);
	try_small(4096, 4096);
	try_small(4096, 9 * 4096);
	for (size_t i = 0; i < ARRAY_SIZE(edge); i++)
		for (uint64_t d = 0; d < 9; d++)
			try_large(edge[i] / 512 * 512 + (d - 4) * 512);
	return 0;
}

#endif
