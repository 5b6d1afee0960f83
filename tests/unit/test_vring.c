// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The two rings of a virtqueue: what is taken and returned, where indices
 * wrap, what a lying index does, who wants to be told of what.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/ring.h"

static void the_parts_have_the_sizes_of_the_standard(void **state)
{
	(void)state;
	assert_int_equal(vring_desc_bytes(1), 16);
	assert_int_equal(vring_desc_bytes(256), 4096);
	/* The last two bytes only with EVENT_IDX. */
	assert_int_equal(vring_avail_bytes(256, false), 516);
	assert_int_equal(vring_avail_bytes(256, true), 518);
	assert_int_equal(vring_used_bytes(256, false), 2052);
	assert_int_equal(vring_used_bytes(256, true), 2054);
}

static void a_chain_goes_there_and_back(void **state)
{
	struct ring r;

	(void)state;
	ring_open(&r, 8, 0, false);
	assert_int_equal(vring_pending(&r.vr), 0);
	ring_offer_one(&r, 5);
	assert_int_equal(vring_pending(&r.vr), 1);
	ring_expect(&r, 5);
	assert_int_equal(vring_pending(&r.vr), 0);
	assert_int_equal(ring_read(&r, 5), CHAIN_END);
	assert_int_equal(r.chain.head, 5);
	assert_int_equal(r.chain.seg[0].addr.raw, 5 * 4096);
	assert_int_equal(r.chain.seg[0].len, 16);
	assert_int_equal(vring_publish(&r.vr), 0);
	vring_push(&r.vr, 5, 77);
	assert_int_equal(guest_used(&r.guest), 0);
	assert_int_equal(vring_publish(&r.vr), 1);
	assert_int_equal(vring_publish(&r.vr), 0);
	ring_expect_used(&r, 5, 77);
	assert_int_equal(guest_used(&r.guest), 0);
	ring_close(&r);
}

static void returns_may_overtake(void **state)
{
	struct ring r;

	(void)state;
	ring_open(&r, 8, 0, false);
	for (uint16_t i = 0; i < 8; i++)
		ring_offer_one(&r, (uint16_t)(i * 3 % 8));
	assert_int_equal(vring_pending(&r.vr), 8);
	for (uint16_t i = 0; i < 8; i++)
		ring_expect(&r, (uint16_t)(i * 3 % 8));
	for (uint16_t i = 0; i < 8; i++)
		vring_push(&r.vr, (uint16_t)(7 - i), i);
	assert_int_equal(vring_publish(&r.vr), 8);
	for (uint16_t i = 0; i < 8; i++)
		ring_expect_used(&r, 7u - i, i);
	ring_close(&r);
}

/* 70000 chains in batches of different size: both indices wrap. */
static void indices_wrap(void **state)
{
	static const uint16_t nums[] = { 1, 2, 8, 256 };

	(void)state;
	for (size_t k = 0; k < ARRAY_SIZE(nums); k++) {
		uint16_t num = nums[k], head = 0;
		uint32_t done = 0, round = 0;
		struct ring r;

		ring_open(&r, num, 0, false);
		while (done < 70000) {
			uint16_t n = (uint16_t)(1 + round++ % num), first = head;

			for (uint16_t i = 0; i < n; i++)
				ring_offer_one(&r, (uint16_t)((first + i) % num));
			assert_int_equal(vring_pending(&r.vr), n);
			for (uint16_t i = 0; i < n; i++)
				ring_expect(&r, (uint16_t)((first + i) % num));
			for (uint16_t i = 0; i < n; i++)
				vring_push(&r.vr, (uint16_t)((first + i) % num),
					   done + i);
			assert_int_equal(vring_publish(&r.vr), n);
			for (uint16_t i = 0; i < n; i++)
				ring_expect_used(&r, (first + i) % num,
						 done + i);
			head = (uint16_t)((first + n) % num);
			done += n;
		}
		ring_close(&r);
	}
}

static void an_index_out_of_reach_breaks_the_queue(void **state)
{
	static const uint16_t starts[] = { 0, 5, 65535, 65530, 32768 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
		uint16_t s = starts[i];
		struct ring r;

		ring_open(&r, 8, s, false);
		guest_set_avail_idx(&r.guest, (uint16_t)(s + 8));
		assert_int_equal(vring_pending(&r.vr), 8);
		guest_set_avail_idx(&r.guest, (uint16_t)(s + 9));
		assert_int_equal(vring_pending(&r.vr), -EPROTO);
		guest_set_avail_idx(&r.guest, (uint16_t)(s + 32768));
		assert_int_equal(vring_pending(&r.vr), -EPROTO);
		guest_set_avail_idx(&r.guest, (uint16_t)(s + 65535));
		assert_int_equal(vring_pending(&r.vr), -EPROTO);
		guest_set_avail_idx(&r.guest, s);
		assert_int_equal(vring_pending(&r.vr), 0);
		ring_close(&r);
	}
}

static void an_entry_that_names_no_head_is_skipped(void **state)
{
	static const uint16_t heads[] = { 8, 9, 255, 256, 32768, 65535 };
	struct ring r;
	uint16_t head = 1;

	(void)state;
	ring_open(&r, 8, 65533, false);
	for (size_t i = 0; i < ARRAY_SIZE(heads); i++)
		guest_offer(&r.guest, heads[i]);
	ring_offer_one(&r, 7);
	for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
		assert_false(vring_pop(&r.vr, &head));
		assert_int_equal(head, 1);
	}
	ring_expect(&r, 7);
	assert_int_equal(vring_pending(&r.vr), 0);
	assert_int_equal(vring_publish(&r.vr), 0);
	ring_close(&r);
}

static void a_head_in_flight_is_not_taken_twice(void **state)
{
	uint16_t head;
	struct ring r;

	(void)state;
	ring_open(&r, 8, 0, false);
	ring_offer_one(&r, 3);
	ring_offer_one(&r, 3);
	ring_expect(&r, 3);
	assert_false(vring_pop(&r.vr, &head));
	/* In a later kick, too; and when it is written but not published. */
	ring_offer_one(&r, 3);
	assert_false(vring_pop(&r.vr, &head));
	vring_push(&r.vr, 3, 1);
	ring_offer_one(&r, 3);
	assert_false(vring_pop(&r.vr, &head));
	assert_int_equal(vring_publish(&r.vr), 1);
	ring_expect_used(&r, 3, 1);
	ring_offer_one(&r, 3);
	ring_expect(&r, 3);
	ring_close(&r);
}

static void positions_say_the_order_of_taking(void **state)
{
	struct ring r;

	(void)state;
	ring_open(&r, 8, 0, false);
	r.pos.taken = STATE_POSITION;	/* the last before the wrap */
	for (uint16_t i = 0; i < 4; i++) {
		ring_offer_one(&r, (uint16_t)(6 - i));
		ring_expect(&r, (uint16_t)(6 - i));
	}
	assert_int_equal(r.pos.in_flight[6], STATE_TAKEN | STATE_POSITION);
	assert_int_equal(r.pos.in_flight[5], STATE_TAKEN | 0);
	assert_int_equal(r.pos.in_flight[4], STATE_TAKEN | 1);
	assert_int_equal(r.pos.in_flight[3], STATE_TAKEN | 2);
	vring_push(&r.vr, 5, 0);
	assert_int_equal(r.pos.in_flight[5], STATE_TAKEN | STATE_DONE | 0);
	vring_publish(&r.vr);
	assert_int_equal(r.pos.in_flight[5], 0);
	assert_int_equal(r.pos.in_flight[6], STATE_TAKEN | STATE_POSITION);
	ring_close(&r);
}

/* What we wrote belongs to the guest: it may be anything at any time. */
static void what_was_written_is_never_read_back(void **state)
{
	struct ring r;

	(void)state;
	ring_open(&r, 8, 0, true);
	for (uint16_t i = 0; i < 100; i++) {
		uint16_t idx = i;

		memset(r.guest.used, 0xa5, GUEST_USED_BYTES(8));
		ring_offer_one(&r, i % 8);
		vring_kicks_off(&r.vr);
		ring_expect(&r, i % 8);
		vring_push(&r.vr, i % 8, i);
		memset(r.guest.used, 0x5a, 4);
		assert_int_equal(vring_publish(&r.vr), 1);
		assert_int_equal(r.guest.used->idx, (uint16_t)(idx + 1));
		guest_used_event(&r.guest, idx);
		r.guest.used->idx = 0x1234;
		assert_true(vring_wants_irq(&r.vr));
		r.guest.used->idx = idx + 1;
		ring_expect_used(&r, i % 8, i);
		vring_kicks_on(&r.vr, 1);
	}
	ring_close(&r);
}

/* --- who wants to be told -------------------------------------------------- */

static void without_event_idx_the_flag_decides(void **state)
{
	struct ring r;

	(void)state;
	ring_open(&r, 8, 0, false);
	for (uint16_t i = 0; i < 4; i++) {
		ring_offer_one(&r, i);
		ring_expect(&r, i);
		vring_push(&r.vr, i, 0);
		vring_publish(&r.vr);
		/* used_event is ignored (virtio 1.2, 2.7.7.1). */
		guest_used_event(&r.guest, i % 2 ? i : 1000);
		guest_avail_flags(&r.guest, i & 2 ?
				  VRING_AVAIL_F_NO_INTERRUPT : 0);
		assert_int_equal(vring_wants_irq(&r.vr), !(i & 2));
	}
	/* Only the lowest bit of the flags is one. */
	guest_avail_flags(&r.guest, 0xfffe);
	assert_true(vring_wants_irq(&r.vr));
	ring_close(&r);
}

/* By counting: is the entry with index @event among those just published? */
static bool event_among(uint16_t event, uint16_t old, uint16_t new)
{
	for (; old != new; old++)
		if (old == event)
			return true;
	return false;
}

static void check_event(uint16_t start, uint16_t n, uint16_t event)
{
	struct ring r;

	ring_open(&r, 8, start, true);
	/* With EVENT_IDX the flag is ignored. */
	guest_avail_flags(&r.guest, VRING_AVAIL_F_NO_INTERRUPT);
	for (uint16_t i = 0; i < n; i++) {
		ring_offer_one(&r, i);
		ring_expect(&r, i);
		vring_push(&r.vr, i, 0);
	}
	assert_int_equal(vring_publish(&r.vr), n);
	guest_used_event(&r.guest, event);
	assert_int_equal(vring_wants_irq(&r.vr),
			 event_among(event, start, (uint16_t)(start + n)));
	/* Nothing new since. */
	assert_false(vring_wants_irq(&r.vr));
	ring_close(&r);
}

static void with_event_idx_the_step_over_it_decides(void **state)
{
	static const uint16_t starts[] = { 0, 1, 100, 32767, 32768, 65528,
					   65534, 65535 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(starts); i++)
		for (uint16_t n = 1; n <= 8; n++)
			for (int e = -10; e <= 10; e++)
				check_event(starts[i], n,
					    (uint16_t)(starts[i] + e));
	check_event(0, 1, 32768);
	check_event(65535, 8, 32767);
}

static void kicks_are_asked_for_by_flag(void **state)
{
	struct ring r;

	(void)state;
	ring_open(&r, 8, 0, false);
	assert_int_equal(guest_used_flags(&r.guest), 0);
	vring_kicks_off(&r.vr);
	assert_int_equal(guest_used_flags(&r.guest), VRING_USED_F_NO_NOTIFY);
	vring_kicks_on(&r.vr, 1);
	assert_int_equal(guest_used_flags(&r.guest), 0);
	/* The two bytes behind the ring are not ours. */
	assert_int_equal(guest_avail_event(&r.guest), 0);
	ring_close(&r);
}

/* Does a driver kick that moves its index from @old to @new (2.7.10)? */
static bool driver_kicks(const struct ring *r, uint16_t old, uint16_t new)
{
	return event_among(guest_avail_event(&r->guest), old, new);
}

static void kicks_are_asked_for_by_event(void **state)
{
	static const uint16_t starts[] = { 0, 65535, 65530, 32767 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
		uint16_t s = starts[i];
		struct ring r;

		ring_open(&r, 8, s, true);
		for (uint16_t after = 1; after <= 8; after++) {
			vring_kicks_on(&r.vr, after);
			for (uint16_t n = 1; n <= 8; n++)
				assert_int_equal(driver_kicks(&r, s,
						 (uint16_t)(s + n)),
						 n >= after);
			/* Also if it moves one by one. */
			assert_true(driver_kicks(&r, (uint16_t)(s + after - 1),
						 (uint16_t)(s + after)));
			/* 2.7.6.1: flags are 0 with EVENT_IDX. */
			vring_kicks_off(&r.vr);
			assert_int_equal(guest_used_flags(&r.guest), 0);
		}
		ring_close(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_parts_have_the_sizes_of_the_standard),
		cmocka_unit_test(a_chain_goes_there_and_back),
		cmocka_unit_test(returns_may_overtake),
		cmocka_unit_test(indices_wrap),
		cmocka_unit_test(an_index_out_of_reach_breaks_the_queue),
		cmocka_unit_test(an_entry_that_names_no_head_is_skipped),
		cmocka_unit_test(a_head_in_flight_is_not_taken_twice),
		cmocka_unit_test(positions_say_the_order_of_taking),
		cmocka_unit_test(what_was_written_is_never_read_back),
		cmocka_unit_test(without_event_idx_the_flag_decides),
		cmocka_unit_test(with_event_idx_the_step_over_it_decides),
		cmocka_unit_test(kicks_are_asked_for_by_flag),
		cmocka_unit_test(kicks_are_asked_for_by_event),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
