/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside mapcache/ only: the tiers and what they share.
 */
#ifndef MAPCACHE_INTERNAL_H
#define MAPCACHE_INTERNAL_H

#include <errno.h>
#include <stdbool.h>
#include <sys/queue.h>

#include "mapcache/mapcache.h"
#include "xen/foreign.h"
#include "xen/grant.h"

/*
 * A bucket slot.
 *   free      addr NULL; on no list; nothing may be touched
 *   cached    in its hash chain; found by look-ups, evicted if not pinned
 *   stale     pinned when it was invalidated: in no chain, unmapped at the
 *             last unpin
 */
struct bucket {
	LIST_ENTRY(bucket) chain;
	uint64_t index;		/* guest address / bucket size */
	uint8_t *addr;
	uint64_t *valid;	/* a bit per page: may be touched */
	uint32_t pins;
	bool referenced;	/* since the CLOCK hand was last here */
	bool stale;
};

LIST_HEAD(bucket_chain, bucket);

struct foreign_tier {
	struct xen_foreign *xen;
	uint32_t bucket_size;
	uint32_t bucket_shift;
	uint32_t bucket_pages;
	uint32_t nbuckets;
	uint32_t npinned;	/* buckets with a pin */
	uint32_t hand;		/* of the CLOCK */
	uint32_t hash_mask;
	struct bucket *bucket;
	struct bucket_chain *hash;
	uint64_t *bitmaps;
	int *err;		/* scratch of one map call */
};

struct grant_tier {
	struct xen_grant *xen;	/* NULL: no grants here */
	uint32_t budget;	/* pages */
	uint32_t live;		/* pages of maps; pins don't count */
	uint32_t *refs;		/* scratch of one map call */
};

struct copy_batch {
	uint32_t n;
	struct xen_grant_copy op[XEN_GRANT_COPY_MAX];
	int *err[XEN_GRANT_COPY_MAX];
};

struct mapcache {
	struct foreign_tier foreign;
	struct grant_tier grant;
	enum mapcache_grant_io grant_io;
	struct copy_batch copy;
	struct mapcache_stats *stats;
};

int foreign_init(struct mapcache *mc, const struct mapcache_config *config,
		 struct xen_foreign *xen);
void foreign_fini(struct mapcache *mc);
int foreign_pin(struct mapcache *mc, gpa_t addr, uint32_t len,
		struct mapcache_pin *pin);
void foreign_unpin(struct mapcache *mc, struct mapcache_pin *pin);
int foreign_map(struct mapcache *mc, const struct mapcache_segment *seg,
		struct mapcache_map *map);
void foreign_release(struct mapcache *mc, uint16_t bucket);
void foreign_invalidate(struct mapcache *mc);
/*
 * The longest run of reachable bytes at @addr, at most @len: host address in
 * *host, length returned, or -errno. Good until the next call into the tier.
 */
int64_t foreign_peek(struct mapcache *mc, gpa_t addr, uint32_t len,
		     uint8_t **host);

int grant_init(struct mapcache *mc, const struct mapcache_config *config,
	       struct xen_grant *xen);
void grant_fini(struct mapcache *mc);
int grant_pin(struct mapcache *mc, gpa_t addr, uint32_t len,
	      enum mapcache_access access, struct mapcache_pin *pin);
void grant_unpin(struct mapcache *mc, struct mapcache_pin *pin);
/* The granted ones of @seg[], in one object; fills their iovecs. */
int grant_map(struct mapcache *mc, const struct mapcache_segment seg[],
	      uint32_t n, enum mapcache_access access,
	      struct mapcache_map *map);
void grant_unmap(struct mapcache *mc, struct mapcache_map *map);

#endif
