// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The mapcache over a pretend guest: what can't be mapped is never touched, and
 * a failure leaves nothing behind.
 */
#include "tests/unit/unit.h"

#include <errno.h>

#include "tests/unit/world.h"

/* --- memory that is not there ---------------------------------------------- */

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
		WORLD(a_hole_is_not_touched_and_asked_for_again),
		WORLD(a_hole_is_filled_beside_a_pinned_bucket),
		WORLD(memory_that_does_not_exist_is_a_fault),
		WORLD(a_pin_that_fails_leaves_nothing),
		WORLD(each_outside_call_may_fail),
		WORLD(each_unmap_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
