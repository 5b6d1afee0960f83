// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the tests of the mapcache share. The guest's memory is random, but the
 * same in every run, so that bytes from the wrong place are noticed.
 */
#include "tests/unit/unit.h"

#include <string.h>

#include "tests/unit/world.h"

const struct mapcache_config usual = {
	.bucket_size = BUCKET,
	.foreign_budget = 4 * BUCKET,
	.grant_budget = 1024,
	.grant_io = MAPCACHE_GRANT_COPY,
};

static void world_open(struct world *w, const struct mapcache_config *config)
{
	struct dice d = { 1 };

	fake_open(RAM / PAGE);
	for (uint32_t i = 0; i < RAM; i += 8) {
		uint64_t v = dice_roll(&d);

		memcpy(fake_ram(i), &v, sizeof(v));
	}
	*w = (struct world){ 0 };
	xen_foreign_open(&w->f, 1, MAPCACHE_BUCKET_MAX / PAGE);
	xen_grant_open(&w->g, 1, 65536);
	assert_int_equal(mapcache_open(&w->mc, config, w->f, w->g, &w->stats),
			 0);
}

int world_setup(void **state)
{
	static struct world w;

	world_open(&w, &usual);
	*state = &w;
	return 0;
}

/* Closing finds a leak: fake_close() dies if anything is still mapped. */
int world_teardown(void **state)
{
	struct world *w = *state;

	mapcache_close(w->mc);
	assert_int_equal(w->stats.unmap_failures, fake.lost);
	assert_int_equal(w->stats.foreign_pages, 0);
	assert_int_equal(w->stats.grant_pages, 0);
	assert_int_equal(w->stats.stale, 0);
	xen_foreign_close(w->f);
	xen_grant_close(w->g);
	fake_close();
	return 0;
}

void world_again(struct world *w, const struct mapcache_config *config)
{
	void *state = w;

	world_teardown(&state);
	world_open(w, config);
}

int hold_segments(struct world *w, struct held *h,
		  const struct mapcache_segment *seg, uint32_t n,
		  enum mapcache_access access)
{
	h->map = (struct mapcache_map){
		.iov = h->iov, .bucket = h->bucket, .max_iov = MAX_IOV,
	};
	return mapcache_map(w->mc, seg, n, access, &h->map);
}

int hold(struct world *w, struct held *h, gpa_t addr, uint32_t len,
	 enum mapcache_access access)
{
	struct mapcache_segment seg = { addr, len };

	return hold_segments(w, h, &seg, 1, access);
}

void let_go(struct world *w, struct held *h)
{
	mapcache_unmap(w->mc, &h->map);
}

void assert_holds(const struct held *h, uint32_t addr, uint32_t len)
{
	uint32_t at = 0;

	for (uint32_t i = 0; i < h->map.niov; i++) {
		assert_memory_equal(h->iov[i].iov_base, fake_ram(addr + at),
				    h->iov[i].iov_len);
		at += (uint32_t)h->iov[i].iov_len;
	}
	assert_int_equal(at, len);
}

int peek(struct world *w, gpa_t addr)
{
	uint8_t byte;
	int err = 0;

	mapcache_copy_to_host(w->mc, addr, 1, &byte, &err);
	mapcache_copy_run(w->mc);
	if (!err && !gpa_is_grant(addr))
		assert_int_equal(byte, *(uint8_t *)fake_ram(addr.raw));
	return err;
}

void read_byte(void *p)
{
	(void)*(volatile uint8_t *)p;
}

void write_byte(void *p)
{
	*(volatile uint8_t *)p = 1;
}
