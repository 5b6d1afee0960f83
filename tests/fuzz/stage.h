/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a story of a worker in a process of its own plays: a guest in the
 * simulated Xen with two disks that the story is about and one that is used
 * honestly (honest.h), and what must hold of all of them.
 */
#ifndef TESTS_FUZZ_STAGE_H
#define TESTS_FUZZ_STAGE_H

#include "tests/fuzz/guest_steps.h"
#include "tests/fuzz/honest.h"
#include "tests/fuzz/memory_sim.h"
#include "tests/fuzz/servant.h"

struct stage {
	struct sim_world *world;
	struct sim_dom *dom;
	struct gvcpu vcpu;
	struct memory memory;
	struct servant servant;
	struct honest honest;
	struct proto_disk own;		/* the honest one */
	int own_image;
	uint32_t at_rest;		/* pages of the guest that are mapped */
	char *counters_file;
	uint8_t *counters;		/* that the worker has mapped, too */
	uint8_t *counted;		/* what it counted in the last story */

	/* of the story that plays */
	struct proto_disk disk[DISKS];
	int image, direct;		/* without the page cache */
	bool replaced;			/* the worker, in this story */
	bool killed;			/* and not asked to */
};

#define OWN_FRAME 0xdf8u	/* of the honest disk: no story names it (UNNAMED) */
#define GUARDS    8u		/* frames on both sides of its own */
#define GUARD     0xb7		/* what is in them */

/*
 * A guest, and a worker for it that is told @how: grant_io, bit 2: few grants.
 * @counted has COUNTERS_MAX bytes.
 */
void stage_open(struct stage *st, struct sim_world *world, uint8_t how,
		uint8_t *counted);
/* Worker and guest end; nothing of either stays. */
void stage_close(struct stage *st);

/*
 * The disks of a story come; nobody has touched them yet. @direct is @image for
 * those that want it so.
 */
void stage_begin(struct stage *st, const struct proto_disk disk[DISKS],
		 int image, int direct);
/*
 * They go: after a reset of both, and disk @tried is seen to work then, or just
 * so, with whatever is under way. All that must hold is looked at.
 */
void stage_end(struct stage *st, bool reset, uint32_t tried, bool grants);

/* All accesses that the guest has decided on. */
void stage_act(struct stage *st);
/* A worker ends, told to or not, and the next one goes on. */
void stage_replace(struct stage *st, bool killed);

/* Pages of the guest that anybody has mapped now. */
uint32_t stage_pages(struct stage *st);
/* Says what Xen has to say, and what became of the worker; that is all. */
__attribute__((noreturn))
void stage_lost(struct stage *st, const char *what);

/* MUST(), and the worker's own words before the end. */
#define HOLDS(st, what) do {						\
	if (!(what)) {							\
		fprintf(stderr, "%s:%d: broken: %s\n", __FILE__,	\
			__LINE__, #what);				\
		stage_lost(st, #what);					\
	}								\
} while (0)

#endif
