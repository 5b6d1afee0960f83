/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counters of one mapcache. The list is the one place where a counter is
 * named: the struct, and whoever prints it, come from it. The caller owns the
 * struct, so it can lie in memory shared with a reader; the mapcache is the
 * only writer.
 */
#ifndef MAPCACHE_STATS_H
#define MAPCACHE_STATS_H

#include <stdint.h>

/* name, what it counts */
#define MAPCACHE_STATS(X) \
	X(foreign_maps, "bucket map calls") \
	X(foreign_unmaps, "bucket unmap calls") \
	X(foreign_pages, "foreign pages mapped at this moment") \
	X(foreign_bad_pages, "pages of mapped buckets that could not be mapped") \
	X(hits, "bucket look-ups that found the bucket") \
	X(misses, "bucket look-ups that had to map") \
	X(evictions, "buckets unmapped to make room") \
	X(invalidations, "invalidate requests from Xen") \
	X(stale, "buckets kept past an invalidation by a pin, at this moment") \
	X(grant_maps, "grant map calls") \
	X(grant_unmaps, "grant unmap calls") \
	X(grant_pages, "grants mapped at this moment") \
	X(copies, "grant copy calls") \
	X(copy_segments, "segments of grant copy calls") \
	X(copy_bytes, "bytes moved by grant copy") \
	X(memcpy_bytes, "bytes moved through mappings") \
	X(failures, "guest addresses that could not be reached") \
	X(unmap_failures, "unmap calls that failed")

#define MAPCACHE_STATS_FIELD(name, help) uint64_t name;

struct mapcache_stats {
	MAPCACHE_STATS(MAPCACHE_STATS_FIELD)
};

#endif
