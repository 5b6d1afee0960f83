// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A driver on another CPU that rewrites what the device is reading. It chooses
 * from a few values, so whatever the device believes must be one of them, and
 * the same in all places: a field that is read twice shows as a sum that does
 * not add up.
 */
#include "tests/unit/unit.h"

#include <endian.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "tests/unit/ring.h"

#define ENTRIES 8u
#define ROUNDS  400000u		/* of the device, and … */
#define FLIPS   2000000u	/* … of the driver, at the least */

struct flipper {
	struct ring ring;
	pthread_t thread;
	atomic_bool stop;
	atomic_uint flips;
};

static void store16(uint16_t *at, uint32_t value)
{
	__atomic_store_n(at, htole16((uint16_t)value), __ATOMIC_RELAXED);
}

static void flip_desc(struct vring_desc *d, struct dice *dice)
{
	static const uint32_t lens[] = { 0, 1, 512, 0x10000000 };
	uint32_t roll = dice_below(dice, 1u << 16);

	__atomic_store_n(&d->addr, htole64(roll & 1 ? 4096 : UINT64_MAX),
			 __ATOMIC_RELAXED);
	__atomic_store_n(&d->len, htole32(lens[roll >> 1 & 3]),
			 __ATOMIC_RELAXED);
	store16(&d->flags, roll >> 3 & 3);
	store16(&d->next, roll >> 5 & 15);
}

static void *flip(void *arg)
{
	struct flipper *f = arg;
	struct guest_ring *g = &f->ring.guest;
	struct dice dice = { 99 };

	while (!atomic_load(&f->stop)) {
		flip_desc(&g->desc[dice_below(&dice, ENTRIES)], &dice);
		store16(&g->avail->ring[dice_below(&dice, ENTRIES)],
			dice_below(&dice, 2 * ENTRIES));
		atomic_fetch_add_explicit(&f->flips, 1, memory_order_relaxed);
	}
	return NULL;
}

static int flipper_setup(void **state)
{
	static struct flipper f;
	struct dice dice = { 98 };

	ring_open(&f.ring, ENTRIES, 0, true);
	/* The zeroes of a fresh table are none of the values. */
	for (uint32_t i = 0; i < ENTRIES; i++)
		flip_desc(&f.ring.guest.desc[i], &dice);
	atomic_store(&f.stop, false);
	atomic_store(&f.flips, 0);
	assert_int_equal(pthread_create(&f.thread, NULL, flip, &f), 0);
	*state = &f;
	return 0;
}

static int flipper_teardown(void **state)
{
	struct flipper *f = *state;

	atomic_store(&f->stop, true);
	pthread_join(f->thread, NULL);
	ring_close(&f->ring);
	return 0;
}

static void assert_adds_up(const struct chain *c)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < c->nseg; i++) {
		uint32_t len = c->seg[i].len;

		assert_true(len == 1 || len == 512 || len == 0x10000000);
		assert_true(c->seg[i].addr.raw == 4096 ||
			    c->seg[i].addr.raw == GPA_NOWHERE);
		bytes += len;
	}
	assert_true(c->nseg <= ENTRIES && c->nread <= c->nseg);
	assert_true(c->readable + c->writable == bytes);
}

static void what_is_judged_is_what_is_used(void **state)
{
	struct flipper *f = *state;
	struct ring *r = &f->ring;
	uint32_t taken = 0;

	for (uint32_t i = 0; i < ROUNDS || atomic_load(&f->flips) < FLIPS;
	     i++) {
		uint16_t head = UINT16_MAX;

		guest_set_avail_idx(&r->guest, (uint16_t)(i + 1));
		assert_int_equal(vring_pending(&r->vr), 1);
		if (!vring_pop(&r->vr, &head))
			continue;
		assert_true(head < ENTRIES);
		assert_true(r->pos.in_flight[head] & STATE_TAKEN);
		ring_read(r, head);
		assert_adds_up(&r->chain);
		vring_push(&r->vr, head, 0);
		assert_int_equal(vring_publish(&r->vr), 1);
		taken++;
	}
	assert_true(taken > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_judged_is_what_is_used,
						flipper_setup,
						flipper_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
