/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest addresses, as descriptors carry them. Pure arithmetic, total over all
 * inputs: nothing here trusts an address or a length.
 *
 * An address with bit 63 set names a grant: bits 62 to 12 are the reference of
 * the first page, following pages have following references, bits 11 to 0 are
 * the offset in the page. Any other address is guest-physical. References are
 * 32 bits in Xen, so bits 62 to 44 of a grant must be zero.
 */
#ifndef MAPCACHE_GPA_H
#define MAPCACHE_GPA_H

#include <stdbool.h>
#include <stdint.h>

#define GPA_PAGE_SHIFT 12
#define GPA_PAGE_SIZE  (1u << GPA_PAGE_SHIFT)
#define GPA_GRANT_BIT  (UINT64_C(1) << 63)

/* A struct, so that nobody adds one to a pointer or follows it. */
typedef struct {
	uint64_t raw;
} gpa_t;

static inline gpa_t gpa(uint64_t raw)
{
	return (gpa_t){ raw };
}

static inline bool gpa_is_grant(gpa_t a)
{
	return a.raw & GPA_GRANT_BIT;
}

static inline uint32_t gpa_offset(gpa_t a)
{
	return (uint32_t)a.raw & (GPA_PAGE_SIZE - 1);
}

/* Reference of the first page; meaningful if gpa_is_grant(). */
static inline uint32_t gpa_ref(gpa_t a)
{
	return (uint32_t)(a.raw >> GPA_PAGE_SHIFT);
}

/* Frame of the first page; meaningful unless gpa_is_grant(). */
static inline uint64_t gpa_frame(gpa_t a)
{
	return a.raw >> GPA_PAGE_SHIFT;
}

/* Pages that @len bytes from @a touch; 0 for no bytes. */
static inline uint64_t gpa_pages(gpa_t a, uint64_t len)
{
	if (!len)
		return 0;
	/* Page by page, so that no sum can wrap. */
	return ((len - 1) >> GPA_PAGE_SHIFT) + 1 +
	       ((gpa_offset(a) + ((len - 1) & (GPA_PAGE_SIZE - 1))) >>
		GPA_PAGE_SHIFT);
}

/*
 * Can @len bytes from @a exist at all? Neither wraps, nor crosses into the
 * other class of address, nor runs past the last grant reference.
 */
static inline bool gpa_range_ok(gpa_t a, uint64_t len)
{
	uint64_t low = a.raw & ~GPA_GRANT_BIT;
	uint64_t limit = gpa_is_grant(a) ? UINT64_C(1) << 44 : GPA_GRANT_BIT;

	return low < limit && len <= limit - low;
}

/*
 * An address that is never ok, however far one adds to it: what a segment
 * becomes whose range can't exist.
 */
#define GPA_NOWHERE (GPA_GRANT_BIT | UINT64_C(1) << 62)

/* The address @n bytes on; the caller has checked the range. */
static inline gpa_t gpa_add(gpa_t a, uint64_t n)
{
	return gpa(a.raw + n);
}

#endif
