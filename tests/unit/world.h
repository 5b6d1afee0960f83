/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A mapcache over a pretend guest (fake_xen.h) whose memory is full of noise,
 * for the tests of the mapcache.
 */
#ifndef TESTS_UNIT_WORLD_H
#define TESTS_UNIT_WORLD_H

#include <stdint.h>

#include "mapcache/mapcache.h"
#include "tests/unit/fake_xen.h"

#define PAGE   4096u
#define BUCKET MAPCACHE_BUCKET_MIN	/* 16 pages */
#define RAM    (64u * BUCKET)
#define NOBODY 9000u			/* a reference that is never granted */

#define GRANT(ref, offset) \
	gpa(UINT64_C(1) << 63 | (uint64_t)(ref) << 12 | (offset))

struct world {
	struct xen_foreign *f;
	struct xen_grant *g;
	struct mapcache *mc;
	struct mapcache_stats stats;
};

/* Four buckets, plenty of grants, copies by grant copy. */
extern const struct mapcache_config usual;

/* For cmocka; *state becomes the world. Teardown finds what is still mapped. */
int world_setup(void **state);
int world_teardown(void **state);
/* A fresh world with another configuration. */
void world_again(struct world *w, const struct mapcache_config *config);

#define WORLD(test) cmocka_unit_test_setup_teardown(test, world_setup, \
						    world_teardown)

#define MAX_IOV 600

/* A map with the arrays that it needs. */
struct held {
	struct mapcache_map map;
	struct iovec iov[MAX_IOV];
	uint16_t bucket[MAX_IOV];
};

int hold(struct world *w, struct held *h, gpa_t addr, uint32_t len,
	 enum mapcache_access access);
int hold_segments(struct world *w, struct held *h,
		  const struct mapcache_segment *seg, uint32_t n,
		  enum mapcache_access access);
void let_go(struct world *w, struct held *h);
/* The bytes of a map are those of the guest's memory from @addr on. */
void assert_holds(const struct held *h, uint32_t addr, uint32_t len);
/* Look at one byte, by a copy: 0 or the copy's error. */
int peek(struct world *w, gpa_t addr);

/* For fake_crashes(). */
void read_byte(void *p);
void write_byte(void *p);

#endif
