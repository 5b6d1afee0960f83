// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The mapcache over a pretend guest: what is mapped, for how long, what is
 * never touched, and that a failure leaves nothing behind.
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

/* Were the hole touched, the program would not live to see the error. */
static void a_hole_is_not_touched_and_asked_for_again(void **state)
{
	struct world *w = *state;
	static struct held h;
	uint32_t maps;

	fake_hole(5, true);
	assert_int_equal(peek(w, gpa(5 * PAGE)), -EFAULT);
	assert_int_equal(peek(w, gpa(4 * PAGE + 4095)), 0);
	assert_int_equal(peek(w, gpa(6 * PAGE)), 0);
	assert_int_equal(hold(w, &h, gpa(4 * PAGE), PAGE, MAPCACHE_WRITE), 0);
	let_go(w, &h);
	for (uint32_t len = PAGE + 1; len <= 3 * PAGE; len++)
		assert_int_equal(hold(w, &h, gpa(4 * PAGE), len,
				      MAPCACHE_WRITE), -EFAULT);
	assert_int_equal(hold(w, &h, gpa(5 * PAGE + 4095), 2, MAPCACHE_READ),
			 -EFAULT);
	assert_int_equal(w->stats.foreign_bad_pages, 1);

	/* One page is asked for again, not the bucket. */
	maps = fake.foreign_maps;
	assert_int_equal(peek(w, gpa(5 * PAGE)), -EFAULT);
	assert_int_equal(fake.foreign_maps, maps + 1);
	assert_int_equal(fake.live_foreign, 1);
	fake_hole(5, false);
	assert_int_equal(peek(w, gpa(5 * PAGE)), 0);
	assert_int_equal(fake.foreign_maps, maps + 3);
	assert_int_equal(fake.live_foreign, 1);
}

/* The new view and the old one live side by side until the old is let go. */
static void a_hole_is_filled_beside_a_pinned_bucket(void **state)
{
	struct world *w = *state;
	static struct held h;

	fake_hole(5, true);
	assert_int_equal(hold(w, &h, gpa(0), PAGE, MAPCACHE_READ), 0);
	fake_hole(5, false);
	assert_int_equal(peek(w, gpa(5 * PAGE)), 0);
	assert_int_equal(fake.live_foreign, 2);
	assert_int_equal(w->stats.stale, 1);
	assert_holds(&h, 0, PAGE);
	let_go(w, &h);
	assert_int_equal(fake.live_foreign, 1);
}

static void memory_that_does_not_exist_is_a_fault(void **state)
{
	struct world *w = *state;
	static struct held h;

	assert_int_equal(peek(w, gpa(RAM)), -EFAULT);
	assert_int_equal(peek(w, gpa(GPA_GRANT_BIT - 1)), -EFAULT);
	assert_int_equal(hold(w, &h, gpa(RAM - 1), 2, MAPCACHE_READ), -EFAULT);
	assert_int_equal(hold(w, &h, gpa(GPA_GRANT_BIT - 1), 2,
			      MAPCACHE_READ), -EFAULT);
	assert_int_equal(hold(w, &h, gpa(GPA_NOWHERE), 1, MAPCACHE_READ),
			 -EFAULT);
	assert_int_equal(hold(w, &h, gpa(UINT64_MAX), UINT32_MAX,
			      MAPCACHE_READ), -EFAULT);
	assert_int_equal(h.map.niov, 0);
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

static void a_pin_that_fails_leaves_nothing(void **state)
{
	struct world *w = *state;
	struct mapcache_pin pin = { 0 };

	fake_hole(3, true);
	fake_grant(50, 40, false);
	fake_grant(60, 40, true);
	assert_int_equal(mapcache_pin(w->mc, gpa(2 * PAGE), 3 * PAGE,
				      MAPCACHE_WRITE, &pin),
			 -EFAULT);
	assert_int_equal(mapcache_pin(w->mc, gpa(RAM - 1), 2,
				      MAPCACHE_WRITE, &pin), -EFAULT);
	assert_int_equal(mapcache_pin(w->mc, GRANT(50, 0), PAGE + 1,
				      MAPCACHE_WRITE, &pin),
			 -EFAULT);
	/* A ring that the device can't write is of no use. */
	assert_int_equal(mapcache_pin(w->mc, GRANT(60, 0), 1,
				      MAPCACHE_WRITE, &pin), -EFAULT);
	assert_int_equal(mapcache_pin(w->mc, gpa(0), 0,
				      MAPCACHE_WRITE, &pin), -EFAULT);
	assert_int_equal(mapcache_pin(w->mc, gpa(0), BUCKET + 1,
				      MAPCACHE_WRITE, &pin),
			 -ENOBUFS);
	assert_int_equal(mapcache_pin(w->mc, gpa(UINT64_MAX), 1,
				      MAPCACHE_WRITE, &pin),
			 -EFAULT);
	assert_null(pin.addr);
	assert_int_equal(fake.live_foreign + fake.live_grants, 0);
}

/* --- failures from outside ------------------------------------------------- */

/* A bit of everything; every outcome is fine that leaves nothing mapped. */
static void use_everything(struct world *w)
{
	struct mapcache_segment seg[3] = {
		{ GRANT(10, 0), 5000 }, { gpa(BUCKET - 1), BUCKET + 2 },
		{ GRANT(20, 9), 9 },
	};
	struct mapcache_pin pin[2] = { 0 };
	static struct held h[2];
	uint8_t bytes[5000];
	int err = 0;

	if (mapcache_pin(w->mc, gpa(9), 9000, MAPCACHE_WRITE, &pin[0]))
		assert_null(pin[0].addr);
	if (mapcache_pin(w->mc, GRANT(10, 0), 9, MAPCACHE_WRITE, &pin[1]))
		assert_null(pin[1].addr);
	if (hold_segments(w, &h[0], seg, 3, MAPCACHE_WRITE))
		assert_int_equal(h[0].map.niov, 0);
	mapcache_copy_to_host(w->mc, GRANT(10, 3), 5000, bytes, &err);
	mapcache_copy_to_host(w->mc, gpa(5 * BUCKET - 3), 6, bytes, &err);
	mapcache_copy_run(w->mc);
	mapcache_invalidate(w->mc);
	if (hold_segments(w, &h[1], seg, 3, MAPCACHE_READ))
		assert_int_equal(h[1].map.niov, 0);
	mapcache_copy_to_guest(w->mc, GRANT(10, 4095), 1, bytes, &err);
	mapcache_copy_to_guest(w->mc, GRANT(20, 0), 4096, bytes, &err);
	mapcache_copy_run(w->mc);
	let_go(w, &h[0]);
	let_go(w, &h[1]);
	mapcache_unpin(w->mc, &pin[0]);
	mapcache_unpin(w->mc, &pin[1]);
	mapcache_invalidate(w->mc);
}

static void each_outside_call_may_fail(void **state)
{
	struct mapcache_config config = usual;
	struct world *w = *state;
	uint32_t k = 0;

	for (int io = 0; io < 2; io++) {
		config.grant_io = io ? MAPCACHE_GRANT_MAP :
				       MAPCACHE_GRANT_COPY;
		world_again(w, &config);
		fake_grant(10, 10, false);
		fake_grant(11, 11, false);
		fake_grant(20, 12, false);
		k = 0;
		do {
			k++;
			fake_fail_call(k, k % 2 ? -ENOMEM : -EINVAL);
			use_everything(w);
			assert_int_equal(fake.live_foreign, 0);
			assert_int_equal(fake.live_grants, 0);
		} while (k <= fake_calls());
		assert_true(k > 8);
		assert_int_equal(w->stats.foreign_pages, 0);
		assert_int_equal(w->stats.grant_pages, 0);
	}
}

/*
 * What can't be unmapped is counted, once, and is nobody's any more: its slot
 * is free, and the same address is mapped anew.
 */
static void each_unmap_may_fail(void **state)
{
	struct world *w = *state;
	struct mapcache_pin pin;
	static struct held h;

	/* Dropped by an invalidation, and by an eviction. */
	assert_int_equal(peek(w, gpa(0)), 0);
	fake_fail_unmap(1, -EIO);
	mapcache_invalidate(w->mc);
	assert_int_equal(w->stats.unmap_failures, 1);
	fake_fail_unmap(1, -EIO);
	for (uint32_t i = 0; i < 5; i++)
		assert_int_equal(peek(w, gpa(i * BUCKET)), 0);
	assert_int_equal(w->stats.unmap_failures, 2);
	assert_int_equal(fake.live_foreign, 4);

	/* At the last release of what is stale. */
	assert_int_equal(hold(w, &h, gpa(0), PAGE, MAPCACHE_READ), 0);
	mapcache_invalidate(w->mc);
	fake_fail_unmap(1, -EIO);
	let_go(w, &h);
	assert_int_equal(w->stats.unmap_failures, 3);
	assert_int_equal(w->stats.stale, 0);

	/* Of a page that is only looked at. */
	fake_hole(5, true);
	assert_int_equal(peek(w, gpa(5 * PAGE)), -EFAULT);
	fake_fail_unmap(1, -EIO);
	assert_int_equal(peek(w, gpa(5 * PAGE)), -EFAULT);
	assert_int_equal(w->stats.unmap_failures, 4);

	/* Of a ring that is not all there, and of one that was. */
	fake_fail_unmap(1, -EIO);
	assert_int_equal(mapcache_pin(w->mc, gpa(4 * PAGE), 2 * PAGE,
				      MAPCACHE_WRITE, &pin), -EFAULT);
	assert_int_equal(w->stats.unmap_failures, 5);
	fake_hole(5, false);
	assert_int_equal(mapcache_pin(w->mc, gpa(4 * PAGE), 2 * PAGE,
				      MAPCACHE_WRITE, &pin), 0);
	fake_fail_unmap(1, -EIO);
	mapcache_unpin(w->mc, &pin);
	assert_int_equal(w->stats.unmap_failures, 6);

	/* Of grants, of a request and of a ring. */
	fake_grant(10, 10, false);
	assert_int_equal(hold(w, &h, GRANT(10, 0), 9, MAPCACHE_READ), 0);
	fake_fail_unmap(1, -EIO);
	let_go(w, &h);
	assert_int_equal(w->stats.unmap_failures, 7);
	assert_int_equal(mapcache_pin(w->mc, GRANT(10, 0), 9, MAPCACHE_WRITE,
				      &pin), 0);
	fake_fail_unmap(1, -EIO);
	mapcache_unpin(w->mc, &pin);
	assert_int_equal(w->stats.unmap_failures, 8);
	assert_int_equal(w->stats.grant_pages, 0);

	mapcache_invalidate(w->mc);
	assert_int_equal(fake.live_foreign + fake.live_grants, 0);
	assert_int_equal(peek(w, gpa(5 * PAGE)), 0);
	assert_int_equal(w->stats.unmap_failures, fake.lost);
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
		WORLD(a_hole_is_not_touched_and_asked_for_again),
		WORLD(a_hole_is_filled_beside_a_pinned_bucket),
		WORLD(memory_that_does_not_exist_is_a_fault),
		WORLD(a_segment_of_no_bytes_gives_no_iovec),
		WORLD(an_invalidate_drops_what_nobody_holds),
		WORLD(a_stale_bucket_is_never_handed_out_again),
		WORLD(a_pin_is_contiguous_and_private),
		WORLD(a_pin_that_fails_leaves_nothing),
		WORLD(each_outside_call_may_fail),
		WORLD(each_unmap_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
