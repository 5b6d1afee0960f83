// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The mapcache's grants: mapped for exactly as long as they are held, with the
 * protection of their direction, or copied in batches.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>

#include "tests/unit/world.h"

/* --- grants ---------------------------------------------------------------- */

static uint32_t pages_by_counting(uint32_t offset, uint32_t len)
{
	return (offset + len - 1) / PAGE + 1;
}

/* Neighbours are not granted: one page too many would fail. */
static void as_many_grants_as_a_range_touches(void **state)
{
	static const uint32_t offsets[] = { 0, 1, 15, 16, 2047, 2048, 4080,
					    4094, 4095 };
	static const uint32_t lens[] = { 1, 2, 15, 16, 17, 2048, 4080, 4094,
					 4095, 4096, 4097, 8191, 8192, 8193,
					 12287, 12288, 12289 };
	struct world *w = *state;
	static struct held h;

	for (size_t i = 0; i < ARRAY_SIZE(offsets) * ARRAY_SIZE(lens); i++) {
		uint32_t offset = offsets[i % ARRAY_SIZE(offsets)];
		uint32_t len = lens[i / ARRAY_SIZE(offsets)];
		uint32_t pages = pages_by_counting(offset, len);
		uint8_t copy[12289];
		int err = 0;

		for (uint32_t p = 0; p < pages; p++)
			fake_grant(100 + p, 8 + p, true);
		assert_int_equal(hold(w, &h, GRANT(100, offset), len,
				      MAPCACHE_READ), 0);
		assert_int_equal(fake.live_grant_pages, pages);
		assert_int_equal(h.map.niov, 1);
		assert_holds(&h, 8 * PAGE + offset, len);
		let_go(w, &h);
		mapcache_copy_to_host(w->mc, GRANT(100, offset), len, copy,
				      &err);
		mapcache_copy_run(w->mc);
		assert_int_equal(err, 0);
		assert_memory_equal(copy, fake_ram(8 * PAGE + offset), len);
		for (uint32_t p = 0; p < pages; p++)
			fake_end_access(100 + p);
	}
}

static void direction_decides_protection(void **state)
{
	struct world *w = *state;
	struct mapcache_pin pin = { 0 };
	static struct held h;

	fake_grant(1, 1, true);
	fake_grant(2, 2, false);
	assert_int_equal(mapcache_pin(w->mc, GRANT(1, 0), 9, MAPCACHE_WRITE,
				      &pin), -EFAULT);
	assert_int_equal(mapcache_pin(w->mc, GRANT(1, 0), 9, MAPCACHE_READ,
				      &pin), 0);
	assert_true(fake_crashes(write_byte, pin.addr));
	mapcache_unpin(w->mc, &pin);
	assert_int_equal(hold(w, &h, GRANT(1, 0), 9, MAPCACHE_READ), 0);
	assert_true(fake_crashes(write_byte, h.iov[0].iov_base));
	let_go(w, &h);
	assert_int_equal(hold(w, &h, GRANT(1, 0), 9, MAPCACHE_WRITE), -EFAULT);
	assert_int_equal(hold(w, &h, GRANT(2, 0), 9, MAPCACHE_READ), 0);
	assert_true(fake_crashes(write_byte, h.iov[0].iov_base));
	let_go(w, &h);
	assert_int_equal(hold(w, &h, GRANT(2, 0), 9, MAPCACHE_WRITE), 0);
	assert_false(fake_crashes(write_byte, h.iov[0].iov_base));
	let_go(w, &h);
}

static void a_grant_is_gone_when_the_map_is(void **state)
{
	struct world *w = *state;
	static struct held h;

	fake_grant(1, 1, false);
	assert_int_equal(hold(w, &h, GRANT(1, 0), 9, MAPCACHE_WRITE), 0);
	assert_int_equal(fake_in_use(1), 1);
	let_go(w, &h);
	fake_end_access(1);
	assert_true(fake_crashes(read_byte, h.iov[0].iov_base));
}

static void one_request_may_mix_both_tiers(void **state)
{
	struct world *w = *state;
	static struct held h;
	struct mapcache_segment seg[5] = {
		{ GRANT(10, 4000), 200 }, { gpa(BUCKET - 8), 16 },
		{ GRANT(30, 0), 4096 }, { gpa(3), 1 }, { GRANT(30, 5), 1 },
	};

	fake_grant(10, 20, false);
	fake_grant(11, 21, false);
	fake_grant(30, 3, false);
	assert_int_equal(hold_segments(w, &h, seg, 5, MAPCACHE_WRITE), 0);
	assert_int_equal(h.map.niov, 6);
	assert_int_equal(fake.grant_maps, 1);
	assert_int_equal(fake_in_use(30), 2);
	assert_memory_equal(h.iov[0].iov_base, fake_ram(20 * PAGE + 4000), 200);
	assert_memory_equal(h.iov[1].iov_base, fake_ram(BUCKET - 8), 8);
	assert_memory_equal(h.iov[2].iov_base, fake_ram(BUCKET), 8);
	assert_memory_equal(h.iov[3].iov_base, fake_ram(3 * PAGE), 4096);
	assert_memory_equal(h.iov[4].iov_base, fake_ram(3), 1);
	assert_memory_equal(h.iov[5].iov_base, fake_ram(3 * PAGE + 5), 1);
	let_go(w, &h);
	/* A bad one of either tier takes the other with it. */
	seg[4].addr = GRANT(NOBODY, 0);
	assert_int_equal(hold_segments(w, &h, seg, 5, MAPCACHE_WRITE),
			 -EFAULT);
	seg[4].addr = gpa(RAM);
	assert_int_equal(hold_segments(w, &h, seg, 5, MAPCACHE_WRITE),
			 -EFAULT);
	assert_int_equal(fake.live_grants, 0);
}

static void the_grant_budget_holds(void **state)
{
	struct mapcache_config config = usual;
	struct world *w = *state;
	struct mapcache_pin pin = { 0 };
	static struct held h[2];

	config.grant_budget = 8;
	world_again(w, &config);
	for (uint32_t i = 0; i < 16; i++)
		fake_grant(i, i, false);
	assert_int_equal(hold(w, &h[0], GRANT(0, 0), 9 * PAGE, MAPCACHE_READ),
			 -ENOBUFS);
	assert_int_equal(hold(w, &h[0], GRANT(0, 0), 6 * PAGE, MAPCACHE_READ),
			 0);
	assert_int_equal(hold(w, &h[1], GRANT(8, 0), 3 * PAGE, MAPCACHE_READ),
			 -ENOBUFS);
	/* Rings don't come out of it: a busy disk must not stop another. */
	assert_int_equal(mapcache_pin(w->mc, GRANT(8, 0), 3 * PAGE,
				      MAPCACHE_WRITE, &pin), 0);
	assert_int_equal(fake.live_grant_pages, 9);
	mapcache_unpin(w->mc, &pin);
	assert_int_equal(fake.live_grant_pages, 6);
	assert_int_equal(hold(w, &h[1], GRANT(8, 0), 2 * PAGE, MAPCACHE_READ),
			 0);
	let_go(w, &h[0]);
	let_go(w, &h[1]);
	assert_int_equal(mapcache_pin(w->mc, GRANT(0, 0), 8 * PAGE,
				      MAPCACHE_WRITE, &pin), 0);
	mapcache_unpin(w->mc, &pin);
	assert_int_equal(hold(w, &h[0], GRANT(0, 0), UINT32_MAX,
			      MAPCACHE_READ), -ENOBUFS);
}

static void without_gntdev_a_grant_is_a_fault(void **state)
{
	struct world *w = *state;
	struct mapcache_pin pin = { 0 };
	static struct held h;
	struct mapcache *mc;

	fake_grant(1, 1, false);
	assert_int_equal(mapcache_open(&mc, &usual, w->f, NULL, &w->stats), 0);
	mapcache_close(w->mc);
	w->mc = mc;
	assert_int_equal(hold(w, &h, GRANT(1, 0), 9, MAPCACHE_READ), -EFAULT);
	assert_int_equal(mapcache_pin(mc, GRANT(1, 0), 9,
				      MAPCACHE_WRITE, &pin), -EFAULT);
	assert_int_equal(peek(w, GRANT(1, 0)), -EFAULT);
	assert_int_equal(peek(w, gpa(0)), 0);
}

/* --- copies ---------------------------------------------------------------- */

static void one_bad_reference_costs_one_copy(void **state)
{
	struct world *w = *state;
	uint8_t bytes[8] = { 0 };
	int err[8] = { 0 };

	for (uint32_t i = 0; i < 8; i++)
		fake_grant(i, i, i == 5);
	fake_end_access(3);
	for (uint32_t i = 0; i < 8; i++)
		mapcache_copy_to_host(w->mc, GRANT(i, i), 1, &bytes[i],
				      &err[i]);
	assert_int_equal(fake.copies, 0);
	mapcache_copy_run(w->mc);
	assert_int_equal(fake.copies, 1);
	for (uint32_t i = 0; i < 8; i++) {
		assert_int_equal(err[i], i == 3 ? -EFAULT : 0);
		if (i != 3)
			assert_int_equal(bytes[i], *(uint8_t *)
					 fake_ram(i * PAGE + i));
		err[i] = 0;
	}
	for (uint32_t i = 0; i < 8; i++)
		mapcache_copy_to_guest(w->mc, GRANT(i, 0), 1, "!", &err[i]);
	mapcache_copy_run(w->mc);
	for (uint32_t i = 0; i < 8; i++) {
		bool ok = i != 3 && i != 5;

		assert_int_equal(err[i], ok ? 0 : -EFAULT);
		assert_int_equal(*(char *)fake_ram(i * PAGE) == '!', ok);
	}
	mapcache_copy_run(w->mc);
	assert_int_equal(fake.copies, 2);
}

static void copies_that_share_an_error_keep_the_first(void **state)
{
	struct world *w = *state;
	uint8_t byte;
	int err = -EIO;

	fake_grant(1, 1, false);
	mapcache_copy_to_host(w->mc, GRANT(1, 0), 1, &byte, &err);
	mapcache_copy_to_host(w->mc, GRANT(NOBODY, 0), 1, &byte, &err);
	mapcache_copy_to_host(w->mc, gpa(RAM), 1, &byte, &err);
	mapcache_copy_run(w->mc);
	assert_int_equal(err, -EIO);
	assert_int_equal(w->stats.failures, 2);
}

static void a_copy_call_that_fails_fails_them_all(void **state)
{
	struct world *w = *state;
	uint8_t bytes[4];
	int err[4] = { 0 };

	for (uint32_t i = 0; i < 4; i++)
		fake_grant(i, i, false);
	fake_fail_call(1, -ENOMEM);
	for (uint32_t i = 0; i < 4; i++)
		mapcache_copy_to_host(w->mc, GRANT(i, 0), 1, &bytes[i],
				      &err[i]);
	mapcache_copy_run(w->mc);
	for (uint32_t i = 0; i < 4; i++) {
		assert_int_equal(err[i], -ENOMEM);
		err[i] = 0;
	}
	mapcache_copy_to_host(w->mc, GRANT(1, 0), 1, bytes, err);
	mapcache_copy_run(w->mc);
	assert_int_equal(err[0], 0);
}

static void a_batch_has_no_largest_size(void **state)
{
	enum { N = 2 * XEN_GRANT_COPY_MAX + 7 };
	struct world *w = *state;
	static uint8_t bytes[N];
	static int err[N];

	for (uint32_t i = 0; i < N; i++)
		if (i % 1000 != 999)
			fake_grant(i, i % (RAM / PAGE), false);
	for (uint32_t i = 0; i < N; i++)
		mapcache_copy_to_host(w->mc, GRANT(i, i % PAGE), 1, &bytes[i],
				      &err[i]);
	mapcache_copy_run(w->mc);
	assert_int_equal(fake.copies, 3);
	assert_int_equal(w->stats.copy_segments, N);
	for (uint32_t i = 0; i < N; i++) {
		assert_int_equal(err[i], i % 1000 == 999 ? -EFAULT : 0);
		if (!err[i])
			assert_int_equal(bytes[i], *(uint8_t *)fake_ram(
				i % (RAM / PAGE) * PAGE + i % PAGE));
	}
}

static void long_copies_may_go_through_a_mapping(void **state)
{
	struct mapcache_config config = usual;
	struct world *w = *state;
	static uint8_t copy[3 * PAGE];
	int err = 0;

	config.grant_io = MAPCACHE_GRANT_MAP;
	world_again(w, &config);
	for (uint32_t i = 0; i < 4; i++)
		fake_grant(i, i, i == 3);
	mapcache_copy_to_host(w->mc, GRANT(1, 5), 2 * PAGE, copy, &err);
	assert_int_equal(err, 0);
	assert_int_equal(fake.grant_maps, 1);
	assert_int_equal(fake.grant_write_maps, 0);
	assert_int_equal(fake.live_grants, 0);
	assert_memory_equal(copy, fake_ram(PAGE + 5), 2 * PAGE);
	mapcache_copy_to_guest(w->mc, GRANT(0, 0), 2 * PAGE, copy, &err);
	assert_int_equal(err, 0);
	assert_int_equal(fake.grant_write_maps, 1);
	assert_memory_equal(copy, fake_ram(0), 2 * PAGE);
	/* Short ones are copied. */
	mapcache_copy_to_host(w->mc, GRANT(1, 0), PAGE - 1, copy, &err);
	mapcache_copy_run(w->mc);
	assert_int_equal(err, 0);
	assert_int_equal(fake.copies, 1);
	/* Read-only. */
	mapcache_copy_to_guest(w->mc, GRANT(2, 0), 2 * PAGE, copy, &err);
	mapcache_copy_run(w->mc);
	assert_int_equal(err, -EFAULT);
}

/* The contract of -ENOBUFS is that a copy will do. */
static void a_copy_never_needs_the_grant_budget(void **state)
{
	struct mapcache_config config = usual;
	struct world *w = *state;
	static uint8_t copy[4 * PAGE];
	static struct held h;
	int err = 0;

	config.grant_io = MAPCACHE_GRANT_MAP;
	config.grant_budget = 3;
	world_again(w, &config);
	for (uint32_t i = 0; i < 8; i++)
		fake_grant(i, i, false);
	assert_int_equal(hold(w, &h, GRANT(0, 0), 2 * PAGE, MAPCACHE_READ),
			 0);
	mapcache_copy_to_host(w->mc, GRANT(4, 0), 4 * PAGE, copy, &err);
	mapcache_copy_run(w->mc);
	assert_int_equal(err, 0);
	assert_memory_equal(copy, fake_ram(4 * PAGE), 4 * PAGE);
	mapcache_copy_to_guest(w->mc, GRANT(2, 0), 4 * PAGE, copy, &err);
	mapcache_copy_run(w->mc);
	assert_int_equal(err, 0);
	assert_memory_equal(copy, fake_ram(2 * PAGE), 4 * PAGE);
	let_go(w, &h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD(as_many_grants_as_a_range_touches),
		WORLD(direction_decides_protection),
		WORLD(a_grant_is_gone_when_the_map_is),
		WORLD(one_request_may_mix_both_tiers),
		WORLD(the_grant_budget_holds),
		WORLD(without_gntdev_a_grant_is_a_fault),
		WORLD(one_bad_reference_costs_one_copy),
		WORLD(copies_that_share_an_error_keep_the_first),
		WORLD(a_copy_call_that_fails_fails_them_all),
		WORLD(a_batch_has_no_largest_size),
		WORLD(long_copies_may_go_through_a_mapping),
		WORLD(a_copy_never_needs_the_grant_budget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
