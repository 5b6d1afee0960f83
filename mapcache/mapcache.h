/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The mapcache: guest addresses to host memory, for one guest.
 *
 * Two tiers, chosen by the class of each address (gpa.h):
 *
 *   foreign  Guest-physical memory is mapped in buckets of a power-of-two
 *            size, each in a mapping of its own, kept while a byte budget
 *            lasts and evicted whole by CLOCK. Look-up and release are O(1).
 *            A bucket remembers which of its pages could be mapped; no other
 *            page is ever touched.
 *   grant    Pages that the guest granted, mapped page-granular for exactly
 *            as long as the caller holds them, or not mapped at all: copied
 *            in batches. Never cached: a Linux guest looks, at each
 *            completion, whether its pages are still mapped, and gives the
 *            disk up for ever if one is.
 *
 * Three ways to reach memory:
 *
 *   mapcache_pin()   a private, contiguous mapping for as long as the guest
 *                    uses a ring.
 *   mapcache_map()   a request's segments as iovecs, until mapcache_unmap().
 *                    For the CPU and for buffered I/O; never for O_DIRECT or
 *                    registered buffers (foreign memory refuses them, and a
 *                    grant could stay mapped past its unmap).
 *   mapcache_copy_*  bytes moved between the guest and our own memory: queue
 *                    any number, run them with one call. Nothing is mapped
 *                    afterwards that was not cached before.
 *
 * Every address, length and page may be a lie of the guest: the answer is an
 * error for that address, never more.
 *
 * Not thread-safe, not fork-safe, never logs, never exits. After
 * mapcache_open() nothing is allocated on the heap. Errors are -errno:
 *   -EFAULT   the guest's address: out of range, not mapped, not granted, or
 *             granted read-only and asked for writing
 *   -ENOBUFS  more at once than the budgets allow; a smaller piece, or a copy,
 *             will do
 *   others    the host refused
 */
#ifndef MAPCACHE_MAPCACHE_H
#define MAPCACHE_MAPCACHE_H

#include <stdint.h>
#include <sys/uio.h>

#include "mapcache/gpa.h"
#include "mapcache/stats.h"

struct xen_foreign;
struct xen_grant;
struct mapcache;

/* A bucket may not be smaller or larger than this, in bytes. */
#define MAPCACHE_BUCKET_MIN (UINT32_C(64) << 10)
#define MAPCACHE_BUCKET_MAX (UINT32_C(16) << 20)
/* Buckets there are at the least, whatever the budget says. */
#define MAPCACHE_BUCKETS_MIN 4u

enum mapcache_grant_io {
	MAPCACHE_GRANT_COPY,	/* copies of grants are grant copies */
	MAPCACHE_GRANT_MAP,	/* copies of grants go through a mapping */
};

struct mapcache_config {
	uint32_t bucket_size;	/* bytes, a power of two */
	uint64_t foreign_budget;	/* bytes of foreign memory kept mapped */
	uint32_t grant_budget;	/* grants mapped at once, pages */
	enum mapcache_grant_io grant_io;
};

/* From the guest's point of view of the device. */
enum mapcache_access {
	MAPCACHE_READ,		/* device-readable: mapped read-only if a grant */
	MAPCACHE_WRITE,		/* device-writable */
};

struct mapcache_segment {
	gpa_t addr;
	uint32_t len;		/* bytes */
};

/*
 * @f and @g are borrowed until mapcache_close(); @g may be NULL, then every
 * grant address is -EFAULT. @stats is borrowed too and is not cleared.
 * -EINVAL for a configuration out of range; *mc is NULL after a failure.
 */
int mapcache_open(struct mapcache **mc, const struct mapcache_config *config,
		  struct xen_foreign *f, struct xen_grant *g,
		  struct mapcache_stats *stats);

/* All pins and maps must have been given back. */
void mapcache_close(struct mapcache *mc);

/*
 * Pins. @pin is the caller's, zeroed or after mapcache_unpin(). The whole
 * range is reachable or the call fails with nothing left behind. mapcache_unpin
 * of a pin that is not held does nothing. To read a grant it is enough that it
 * was granted to read, and then nothing can write there; foreign memory is
 * writable in any case.
 */
struct mapcache_pin {
	void *addr;		/* first byte of the range, NULL: not held */
	void *base;		/* of the mapping */
	uint32_t pages;
	uint32_t grant;		/* which tier */
};

int mapcache_pin(struct mapcache *mc, gpa_t addr, uint32_t len,
		 enum mapcache_access access, struct mapcache_pin *pin);
void mapcache_unpin(struct mapcache *mc, struct mapcache_pin *pin);

/*
 * Maps. The arrays are the caller's and outlive the map; @max_iov bounds both.
 * A segment gives one iovec for each bucket it touches; too many for the arrays
 * is -ENOBUFS.
 */
struct mapcache_map {
	struct iovec *iov;	/* set by the caller, filled by map */
	uint16_t *bucket;	/* set by the caller: what unmap releases */
	uint32_t max_iov;	/* set by the caller */
	uint32_t niov;
	uint32_t nbuckets;
	void *grants;		/* one object for all granted pages, or NULL */
	uint32_t grant_pages;
};

/* All @n segments or none. A segment of no bytes gives no iovec. */
int mapcache_map(struct mapcache *mc, const struct mapcache_segment seg[],
		 uint32_t n, enum mapcache_access access,
		 struct mapcache_map *map);

/*
 * When it returns, no grant of @map is mapped any more, as far as the kernel
 * lets anybody know. Does nothing for a map that holds nothing.
 */
void mapcache_unmap(struct mapcache *mc, struct mapcache_map *map);

/*
 * Copies. Queued copies run, at the latest, in mapcache_copy_run(), in no
 * certain order. *err must stay valid until then; it is never cleared, only
 * set to -errno by the first failure among the copies that share it. Host
 * memory must be ordinary memory of the process.
 */
void mapcache_copy_to_host(struct mapcache *mc, gpa_t from, uint32_t len,
			   void *to, int *err);
void mapcache_copy_to_guest(struct mapcache *mc, gpa_t to, uint32_t len,
			    const void *from, int *err);
void mapcache_copy_run(struct mapcache *mc);

/*
 * Guest memory has moved (IOREQ_TYPE_INVALIDATE): unmap every bucket that no
 * map holds, and never hand out the others again. Grants and pins stay.
 */
void mapcache_invalidate(struct mapcache *mc);

#endif
