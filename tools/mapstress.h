/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside mapstress only: the pages that a guest shares, as the parts see them.
 */
#ifndef TOOLS_MAPSTRESS_H
#define TOOLS_MAPSTRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "mapcache/mapcache.h"
#include "tools/mapshare.h"

/* Pages of one call, at the most. */
#define STRESS_BATCH 256u

struct view {
	struct xen_foreign *foreign;
	struct xen_grant *grant;
	struct mapcache *mc;		/* holds the root and the directory */
	struct mapcache_stats stats;	/* of that mapcache */
	struct mapcache_pin root_pin;
	struct mapcache_pin dir_pin[SHARE_DIRS_MAX];
	struct share_root *root;
	uint32_t npages;
	uint64_t seed;			/* of the guest's pattern */
	uint64_t *stamp;		/* what we wrote to each page; 0: nothing */
	uint64_t random;
	uint64_t faults;		/* things that must not be */
};

/* A look at a page's entry. Only as good as its state, see tools/mapshare.h. */
struct sight {
	uint32_t page;
	uint32_t word;
	uint32_t ref;
	uint32_t flags;
	uint64_t gfn;
};

/* Zeroed before. -errno: said why, and nothing is open or mapped. */
int view_open(struct view *v, uint32_t domid, uint32_t root);
/*
 * Has the guest take everything back, looks that nothing of it can be mapped any
 * more, and closes.
 */
void view_end(struct view *v);

struct sight view_look(const struct view *v, uint32_t page);
/* The page was the one that @before saw, all the time since. */
bool view_same(const struct view *v, const struct sight *before);
/* That many pages from @page on are lasting, with references (or frames) in a
 * row; at most @max. 0: @page itself is not lasting. */
uint32_t view_run(const struct view *v, uint32_t page, uint32_t max,
		  bool frames);
gpa_t view_grant(const struct sight *s);
gpa_t view_frame(const struct sight *s);

/* Say what is wrong, and count it. */
void view_fault(struct view *v, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* @len bytes from @offset of the page that @s saw are what they must be. */
void view_check(struct view *v, const struct sight *s, const uint8_t *bytes,
		uint32_t offset, uint32_t len, const char *how);

/* What random steps did, for people and for --json. */
#define STEPS_COUNTERS(X) \
	X(steps, "steps") \
	X(maps, "maps") \
	X(map_pages, "pages of maps") \
	X(copies, "copies of pages") \
	X(pins, "pins") \
	X(refused, "maps and copies that failed because a page was taken back") \
	X(read_only, "writes that failed because a page is for reading") \
	X(no_room, "maps that failed because the budget was used up") \
	X(held, "maps that were held while a page of theirs was taken back")

struct steps_result {
#define STEPS_FIELD(name, what) uint64_t name;
	STEPS_COUNTERS(STEPS_FIELD)
#undef STEPS_FIELD
	struct mapcache_stats stats;
};

/* Random steps for @seconds in a mapcache of its own. -errno: no such cache. */
int steps_run(struct view *v, const struct mapcache_config *config,
	      double seconds, struct steps_result *out);

/*
 * Map lasting pages over and over until that fails or @max are mapped. Returns
 * how many were mapped at once; -errno: no such cache.
 */
int64_t limit_find(struct view *v, uint32_t max, bool *met);

/* Nanoseconds of one call for so many pages; 0: could not be measured. */
struct cost {
	uint32_t pages;
	double grant_map, grant_unmap, copy_from, copy_to;
	double foreign_map, foreign_unmap;
};

#define COST_ROWS 9u	/* 1, 2, 4 … STRESS_BATCH pages */

/* The mean of @repeat calls each. */
int cost_measure(struct view *v, uint32_t repeat, struct cost row[COST_ROWS]);

uint64_t nanoseconds(void);

#endif
