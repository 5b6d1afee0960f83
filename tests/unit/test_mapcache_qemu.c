// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Eight mistakes of QEMU's mapcache, each by the commit that mended it: they
 * are easy to make again.
 */
#include "tests/unit/unit.h"


#include "tests/unit/world.h"

/* 88fb705600: a cached read-only mapping was returned to a writer. */
static void qemu_a_reader_does_not_lend_to_a_writer(void **state)
{
	struct world *w = *state;
	static struct held reader, writer;

	fake_grant(1, 1, false);
	assert_int_equal(hold(w, &reader, GRANT(1, 0), PAGE, MAPCACHE_READ),
			 0);
	assert_int_equal(hold(w, &writer, GRANT(1, 0), PAGE, MAPCACHE_WRITE),
			 0);
	assert_true(fake_crashes(write_byte, reader.iov[0].iov_base));
	assert_false(fake_crashes(write_byte, writer.iov[0].iov_base));
	let_go(w, &reader);
	assert_int_equal(fake_in_use(1), 1);
	let_go(w, &writer);
	assert_int_equal(fake_in_use(1), 0);
}

/* a021a2dd8b: a lock counter of eight bits. */
static void qemu_three_hundred_maps_of_one_page(void **state)
{
	static struct held h[300];
	struct world *w = *state;

	for (uint32_t i = 0; i < 300; i++)
		assert_int_equal(hold(w, &h[i], gpa(PAGE), PAGE,
				      MAPCACHE_READ), 0);
	assert_int_equal(fake.live_foreign, 1);
	for (uint32_t i = 0; i < 299; i++) {
		let_go(w, &h[i]);
		/* Whoever believes that nobody holds it would evict it. */
		for (uint32_t b = 1; b < 6; b++)
			peek(w, gpa((i + b) % 60 * BUCKET + BUCKET));
		assert_holds(&h[299], PAGE, PAGE);
	}
	mapcache_invalidate(w->mc);
	assert_int_equal(fake.live_foreign, 1);
	let_go(w, &h[299]);
	assert_int_equal(fake.live_foreign, 0);
}

/* 7fb394ad8a: ranges of different size at one place shared what they held. */
static void qemu_ranges_of_different_size_overlap(void **state)
{
	static const uint32_t lens[] = { 1, PAGE, BUCKET, 2 * BUCKET - PAGE,
					 PAGE + 1, 2 };
	static struct held h[ARRAY_SIZE(lens)];
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(lens); i++)
		assert_int_equal(hold(w, &h[i], gpa(PAGE), lens[i],
				      MAPCACHE_WRITE), 0);
	for (size_t i = 0; i < ARRAY_SIZE(lens); i++) {
		for (size_t j = i; j < ARRAY_SIZE(lens); j++)
			assert_holds(&h[j], PAGE, lens[j]);
		let_go(w, &h[i]);
	}
	assert_int_equal(fake.live_foreign, 2);
}

/* a4b20f737c: of two mappings alike, the wrong one was released. */
static void qemu_twins_are_released_one_by_one(void **state)
{
	struct world *w = *state;
	static struct held h[3];

	assert_int_equal(hold(w, &h[0], gpa(0), PAGE, MAPCACHE_READ), 0);
	mapcache_invalidate(w->mc);
	assert_int_equal(hold(w, &h[1], gpa(0), PAGE, MAPCACHE_READ), 0);
	mapcache_invalidate(w->mc);
	assert_int_equal(hold(w, &h[2], gpa(0), PAGE, MAPCACHE_READ), 0);
	assert_int_equal(fake.live_foreign, 3);
	let_go(w, &h[1]);
	assert_holds(&h[0], 0, PAGE);
	assert_holds(&h[2], 0, PAGE);
	let_go(w, &h[2]);
	assert_holds(&h[0], 0, PAGE);
	let_go(w, &h[0]);
	assert_int_equal(fake.live_foreign, 1);

	fake_grant(1, 1, false);
	assert_int_equal(hold(w, &h[0], GRANT(1, 0), 9, MAPCACHE_READ), 0);
	assert_int_equal(hold(w, &h[1], GRANT(1, 0), 9, MAPCACHE_READ), 0);
	let_go(w, &h[0]);
	assert_holds(&h[1], PAGE, 9);
	let_go(w, &h[1]);
	fake_end_access(1);
}

/* 872cb9cced: unmapping the first of a hash chain lost those behind it. */
static void qemu_chains_survive_the_loss_of_any_entry(void **state)
{
	struct mapcache_config config = usual;
	struct world *w = *state;
	struct dice d = { 872 };

	config.foreign_budget = 32 * BUCKET;
	world_again(w, &config);
	for (uint32_t i = 0; i < 64; i++)
		peek(w, gpa(i * BUCKET));
	/* Whatever is cached is found: no bucket is ever mapped twice. */
	for (uint32_t i = 0; i < 2000; i++) {
		uint32_t before = fake.live_foreign;

		peek(w, gpa(dice_below(&d, 64) * BUCKET));
		assert_int_equal(fake.live_foreign, before);
		assert_int_equal(before, 32);
	}
	assert_int_equal(w->stats.foreign_maps,
			 w->stats.foreign_unmaps + 32);
	mapcache_invalidate(w->mc);
	assert_int_equal(fake.live_foreign, 0);
}

/* 123acd816d: the first entry of a hash chain was never unmapped. */
static void qemu_first_entries_are_unmapped_too(void **state)
{
	struct world *w = *state;
	static struct held h;

	for (uint32_t i = 0; i < 64; i++) {
		fake_grant(i, i, false);
		assert_int_equal(hold(w, &h, GRANT(i, 0), PAGE,
				      MAPCACHE_WRITE), 0);
		let_go(w, &h);
		fake_end_access(i);
		assert_int_equal(hold(w, &h, gpa(i * BUCKET), 1,
				      MAPCACHE_WRITE), 0);
		mapcache_invalidate(w->mc);
		assert_int_equal(fake.live_foreign, 1);
		let_go(w, &h);
		assert_int_equal(fake.live_foreign, 0);
	}
}

/* 3e81a71c9f: a new view was put over a live one (MAP_FIXED). */
static void qemu_a_live_view_is_never_replaced(void **state)
{
	struct world *w = *state;
	static struct held h[2];

	fake_hole(1, true);
	assert_int_equal(hold(w, &h[0], gpa(0), PAGE, MAPCACHE_READ), 0);
	fake_hole(1, false);
	assert_int_equal(hold(w, &h[1], gpa(0), 2 * PAGE, MAPCACHE_READ), 0);
	assert_ptr_not_equal(h[0].iov[0].iov_base, h[1].iov[0].iov_base);
	assert_holds(&h[0], 0, PAGE);
	assert_holds(&h[1], 0, 2 * PAGE);
	let_go(w, &h[0]);
	assert_holds(&h[1], 0, 2 * PAGE);
	let_go(w, &h[1]);
}

/* 68adcc784b: an invalidate dropped grants that were in use. */
static void qemu_an_invalidate_leaves_grants_alone(void **state)
{
	struct world *w = *state;
	struct mapcache_pin pin = { 0 };
	static struct held h;

	fake_grant(1, 1, false);
	fake_grant(2, 2, false);
	assert_int_equal(hold(w, &h, GRANT(1, 0), PAGE, MAPCACHE_WRITE), 0);
	assert_int_equal(mapcache_pin(w->mc, GRANT(2, 0), PAGE,
				      MAPCACHE_WRITE, &pin), 0);
	mapcache_invalidate(w->mc);
	assert_int_equal(fake.live_grants, 2);
	assert_holds(&h, PAGE, PAGE);
	assert_memory_equal(pin.addr, fake_ram(2 * PAGE), PAGE);
	let_go(w, &h);
	mapcache_unpin(w->mc, &pin);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD(qemu_a_reader_does_not_lend_to_a_writer),
		WORLD(qemu_three_hundred_maps_of_one_page),
		WORLD(qemu_ranges_of_different_size_overlap),
		WORLD(qemu_twins_are_released_one_by_one),
		WORLD(qemu_chains_survive_the_loss_of_any_entry),
		WORLD(qemu_first_entries_are_unmapped_too),
		WORLD(qemu_a_live_view_is_never_replaced),
		WORLD(qemu_an_invalidate_leaves_grants_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
