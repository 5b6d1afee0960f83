// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The mapcache over a pretend guest: what is mapped, and for how long.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>

#include "mapcache/internal.h"
#include "tests/unit/world.h"

/* --- configuration --------------------------------------------------------- */

static void an_impossible_configuration_is_refused(void **state)
{
	static const uint32_t sizes[] = { 0, 1, 4096, 32768, 3 * BUCKET,
					  2 * MAPCACHE_BUCKET_MAX };
	struct world *w = *state;
	struct mapcache *mc = w->mc;

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct mapcache_config config = usual;

		config.bucket_size = sizes[i];
		assert_int_equal(mapcache_open(&mc, &config, w->f, w->g,
					       &w->stats), -EINVAL);
		assert_null(mc);
	}
	mapcache_close(NULL);
}

/*
 * A map names its buckets by numbers of 16 bits; no budget makes more of them.
 * The last one is held and let go of like any other.
 */
static void each_bucket_has_a_number(void **state)
{
	struct mapcache_config config = usual;
	struct world *w = *state;
	static struct held h;

	config.foreign_budget = (UINT16_MAX + UINT64_C(10)) * BUCKET;
	world_again(w, &config);
	w->mc->foreign.hand = w->mc->foreign.nbuckets - 1;
	assert_int_equal(hold(w, &h, gpa(0), 1, MAPCACHE_READ), 0);
	mapcache_invalidate(w->mc);
	assert_int_equal(fake.live_foreign, 1);
	let_go(w, &h);
	assert_int_equal(fake.live_foreign, 0);
}

/* --- the foreign tier ------------------------------------------------------ */

static void a_bucket_is_mapped_once(void **state)
{
	struct world *w = *state;

	assert_int_equal(peek(w, gpa(0)), 0);
	assert_int_equal(peek(w, gpa(BUCKET - 1)), 0);
	assert_int_equal(w->stats.misses, 1);
	assert_int_equal(w->stats.hits, 1);
	assert_int_equal(peek(w, gpa(BUCKET)), 0);
	assert_int_equal(w->stats.misses, 2);
	assert_int_equal(fake.foreign_maps, 2);
	assert_int_equal(fake.live_foreign_pages, 2 * BUCKET / PAGE);
	assert_int_equal(w->stats.foreign_pages, 2 * BUCKET / PAGE);
}

static void what_is_cached_stays_in_the_budget(void **state)
{
	struct world *w = *state;

	for (uint32_t i = 0; i < 32; i++) {
		assert_int_equal(peek(w, gpa(i * BUCKET)), 0);
		assert_true(fake.live_foreign <= 4);
	}
	assert_int_equal(w->stats.evictions, 28);
}

static void a_bucket_in_use_is_never_evicted(void **state)
{
	struct world *w = *state;
	static struct held h[3];

	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(hold(w, &h[i], gpa(i * BUCKET + 5), 100,
				      MAPCACHE_WRITE), 0);
	for (uint32_t i = 3; i < 32; i++)
		assert_int_equal(peek(w, gpa(i * BUCKET)), 0);
	assert_int_equal(fake.live_foreign, 4);
	for (uint32_t i = 0; i < 3; i++) {
		assert_holds(&h[i], i * BUCKET + 5, 100);
		let_go(w, &h[i]);
	}
}

static void what_is_used_often_stays(void **state)
{
	struct world *w = *state;
	uint64_t misses;

	for (uint32_t i = 1; i < 40; i++) {
		peek(w, gpa(0));
		peek(w, gpa(i * BUCKET));
	}
	/* 39 cold ones, and less than half as many for the hot one. */
	misses = w->stats.misses - 39;
	assert_true(misses < 20);
}

static void one_bucket_is_left_for_copies(void **state)
{
	struct world *w = *state;
	static struct held h[4];

	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(hold(w, &h[i], gpa(i * BUCKET), 1,
				      MAPCACHE_READ), 0);
	assert_int_equal(hold(w, &h[3], gpa(3 * BUCKET), 1, MAPCACHE_READ),
			 -ENOBUFS);
	assert_int_equal(h[3].map.niov, 0);
	/* No failure of an address; and another pin of a pinned one is free. */
	assert_int_equal(w->stats.failures, 0);
	assert_int_equal(hold(w, &h[3], gpa(2 * BUCKET), 1, MAPCACHE_READ), 0);
	assert_int_equal(peek(w, gpa(9 * BUCKET)), 0);
	for (uint32_t i = 0; i < 4; i++)
		let_go(w, &h[i]);
}

static void a_range_may_cross_buckets(void **state)
{
	struct world *w = *state;
	static struct held h;
	struct mapcache_segment seg = { gpa(BUCKET - 10), BUCKET + 20 };
	static uint8_t copy[BUCKET + 20];
	int err = 0;

	assert_int_equal(hold_segments(w, &h, &seg, 1, MAPCACHE_READ), 0);
	assert_int_equal(h.map.niov, 3);
	assert_int_equal(h.iov[0].iov_len, 10);
	assert_int_equal(h.iov[1].iov_len, BUCKET);
	assert_int_equal(h.iov[2].iov_len, 10);
	assert_holds(&h, BUCKET - 10, BUCKET + 20);
	let_go(w, &h);

	mapcache_copy_to_host(w->mc, seg.addr, seg.len, copy, &err);
	assert_int_equal(err, 0);
	assert_memory_equal(copy, fake_ram(BUCKET - 10), sizeof(copy));
	memset(copy, 0xa5, sizeof(copy));
	mapcache_copy_to_guest(w->mc, seg.addr, seg.len, copy, &err);
	assert_int_equal(err, 0);
	assert_memory_equal(copy, fake_ram(BUCKET - 10), sizeof(copy));
}

static void more_iovecs_than_fit_is_no_map(void **state)
{
	struct world *w = *state;
	static struct held h;
	struct mapcache_segment seg[3] = {
		{ gpa(0), 1 }, { gpa(BUCKET - 1), 2 }, { GRANT(1, 0), 1 },
	};

	fake_grant(1, 1, false);
	for (uint32_t max = 0; max < 4; max++) {
		h.map = (struct mapcache_map){
			.iov = h.iov, .bucket = h.bucket, .max_iov = max,
		};
		assert_int_equal(mapcache_map(w->mc, seg, 3, MAPCACHE_READ,
					      &h.map), -ENOBUFS);
		assert_int_equal(h.map.niov, 0);
		assert_int_equal(fake.live_grants, 0);
	}
	h.map.max_iov = 4;
	assert_int_equal(mapcache_map(w->mc, seg, 3, MAPCACHE_READ, &h.map),
			 0);
	assert_int_equal(h.map.niov, 4);
	let_go(w, &h);
}

static void a_segment_of_no_bytes_gives_no_iovec(void **state)
{
	struct world *w = *state;
	static struct held h;
	struct mapcache_segment seg[3] = {
		{ gpa(0), 0 }, { GRANT(NOBODY, 0), 0 }, { gpa(7), 3 },
	};

	assert_int_equal(hold_segments(w, &h, seg, 3, MAPCACHE_READ), 0);
	assert_int_equal(h.map.niov, 1);
	assert_holds(&h, 7, 3);
	let_go(w, &h);
	assert_int_equal(hold_segments(w, &h, seg, 2, MAPCACHE_READ), 0);
	assert_int_equal(h.map.niov, 0);
	let_go(w, &h);
	let_go(w, &h);
}

/* --- invalidation ---------------------------------------------------------- */

static void an_invalidate_drops_what_nobody_holds(void **state)
{
	struct world *w = *state;

	for (uint32_t i = 0; i < 4; i++)
		peek(w, gpa(i * BUCKET));
	mapcache_invalidate(w->mc);
	assert_int_equal(fake.live_foreign, 0);
	assert_int_equal(w->stats.invalidations, 1);
	assert_int_equal(peek(w, gpa(0)), 0);
	assert_int_equal(w->stats.misses, 5);
}

static void a_stale_bucket_is_never_handed_out_again(void **state)
{
	struct world *w = *state;
	static struct held old, new;
	void *was;

	assert_int_equal(hold(w, &old, gpa(0), PAGE, MAPCACHE_WRITE), 0);
	mapcache_invalidate(w->mc);
	mapcache_invalidate(w->mc);
	assert_int_equal(w->stats.stale, 1);
	assert_int_equal(fake.live_foreign, 1);
	assert_int_equal(hold(w, &new, gpa(0), PAGE, MAPCACHE_WRITE), 0);
	assert_ptr_not_equal(old.iov[0].iov_base, new.iov[0].iov_base);
	assert_int_equal(fake.live_foreign, 2);
	was = old.iov[0].iov_base;
	assert_holds(&old, 0, PAGE);
	let_go(w, &old);
	assert_int_equal(w->stats.stale, 0);
	assert_int_equal(fake.live_foreign, 1);
	assert_true(fake_crashes(read_byte, was));
	assert_holds(&new, 0, PAGE);
	let_go(w, &new);
	assert_int_equal(fake.live_foreign, 1);
}

/* --- pins ------------------------------------------------------------------ */

static void a_pin_is_contiguous_and_private(void **state)
{
	struct world *w = *state;
	struct mapcache_pin pin[2] = { 0 };

	for (uint32_t i = 0; i < 4; i++)
		fake_grant(50 + i, 40 + i, false);
	assert_int_equal(mapcache_pin(w->mc, gpa(BUCKET - 100), 8292,
				      MAPCACHE_WRITE, &pin[0]),
			 0);
	assert_memory_equal(pin[0].addr, fake_ram(BUCKET - 100), 8292);
	assert_int_equal(fake.live_foreign_pages, 3);
	assert_int_equal(mapcache_pin(w->mc, GRANT(50, 16), 4 * PAGE - 16,
				      MAPCACHE_WRITE, &pin[1]), 0);
	assert_memory_equal(pin[1].addr, fake_ram(40 * PAGE + 16),
			    4 * PAGE - 16);
	memset(pin[0].addr, 1, 8292);
	memset(pin[1].addr, 2, 4 * PAGE - 16);
	mapcache_invalidate(w->mc);
	assert_int_equal(*(uint8_t *)pin[0].addr, 1);
	mapcache_unpin(w->mc, &pin[0]);
	mapcache_unpin(w->mc, &pin[1]);
	mapcache_unpin(w->mc, &pin[1]);
	assert_int_equal(fake.live_foreign + fake.live_grants, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD(an_impossible_configuration_is_refused),
		WORLD(each_bucket_has_a_number),
		WORLD(a_bucket_is_mapped_once),
		WORLD(what_is_cached_stays_in_the_budget),
		WORLD(a_bucket_in_use_is_never_evicted),
		WORLD(what_is_used_often_stays),
		WORLD(one_bucket_is_left_for_copies),
		WORLD(a_range_may_cross_buckets),
		WORLD(more_iovecs_than_fit_is_no_map),
		WORLD(a_segment_of_no_bytes_gives_no_iovec),
		WORLD(an_invalidate_drops_what_nobody_holds),
		WORLD(a_stale_bucket_is_never_handed_out_again),
		WORLD(a_pin_is_contiguous_and_private),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
