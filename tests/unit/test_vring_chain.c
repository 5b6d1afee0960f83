// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Chains of descriptors: the legal shapes, and the lies.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/ring.h"

#define N VRING_DESC_F_NEXT
#define W VRING_DESC_F_WRITE
#define I VRING_DESC_F_INDIRECT

#define NUM 8

static int ring_setup(void **state)
{
	static struct ring r;

	ring_open(&r, NUM, 0, true);
	*state = &r;
	return 0;
}

static int ring_teardown(void **state)
{
	ring_close(*state);
	return 0;
}

static void put(struct ring *r, uint16_t i, uint64_t addr, uint32_t len,
		uint16_t flags, uint16_t next)
{
	guest_desc(&r->guest.desc[i], addr, len, flags, next);
}

static void assert_segment(const struct ring *r, uint32_t i, uint64_t addr,
			   uint32_t len)
{
	assert_int_equal(r->chain.seg[i].addr.raw, addr);
	assert_int_equal(r->chain.seg[i].len, len);
}

/* A malformed chain offers no status byte unless its end is known. */
static void assert_malformed(struct ring *r, uint16_t head)
{
	assert_int_equal(ring_read(r, head), CHAIN_MALFORMED);
	assert_false(r->chain.ends_writable);
	assert_true(r->chain.nseg <= NUM);
}

/* --- direct ---------------------------------------------------------------- */

static void readable_comes_before_writable(void **state)
{
	struct ring *r = *state;

	put(r, 2, 0x1000, 16, N, 7);
	put(r, 7, 0x2000, 512, N, 0);
	put(r, 0, 0x3000, 100, N | W, 1);
	put(r, 1, UINT64_C(1) << 63 | 0x4fff, 1, W, 99);
	assert_int_equal(ring_read(r, 2), CHAIN_END);
	assert_int_equal(r->chain.head, 2);
	assert_int_equal(r->chain.nseg, 4);
	assert_int_equal(r->chain.nread, 2);
	assert_int_equal(r->chain.readable, 528);
	assert_int_equal(r->chain.writable, 101);
	assert_true(r->chain.ends_writable);
	assert_segment(r, 0, 0x1000, 16);
	assert_segment(r, 1, 0x2000, 512);
	assert_segment(r, 2, 0x3000, 100);
	assert_segment(r, 3, UINT64_C(1) << 63 | 0x4fff, 1);
}

static void a_chain_may_use_the_whole_table(void **state)
{
	struct ring *r = *state;

	for (uint16_t i = 0; i < NUM; i++)
		put(r, i, i * 4096u, 1, i < NUM - 1 ? N : 0,
		    (uint16_t)(i + 1));
	assert_int_equal(ring_read(r, 0), CHAIN_END);
	assert_int_equal(r->chain.nseg, NUM);
}

static void a_loop_ends(void **state)
{
	struct ring *r = *state;

	put(r, 3, 0x1000, 16, N, 3);
	assert_malformed(r, 3);
	put(r, 3, 0x1000, 16, N | W, 3);
	assert_malformed(r, 3);
	put(r, 4, 0x1000, 16, N, 5);
	put(r, 5, 0x1000, 16, N, 4);
	assert_malformed(r, 4);
	put(r, 6, 0, 0, N, 6);
	assert_malformed(r, 6);
}

static void a_next_beyond_the_table_is_malformed(void **state)
{
	static const uint16_t nexts[] = { NUM, NUM + 1, 255, 32768, 65535 };
	struct ring *r = *state;

	for (size_t i = 0; i < ARRAY_SIZE(nexts); i++) {
		put(r, 0, 0x1000, 16, N | W, nexts[i]);
		assert_malformed(r, 0);
	}
}

/* Its end is known, and so is its status byte: it gets an answer. */
static void readable_after_writable_is_malformed(void **state)
{
	struct ring *r = *state;

	put(r, 0, 0x1000, 16, N | W, 1);
	put(r, 1, 0x2000, 16, N, 2);
	put(r, 2, 0x3000, 1, W, 0);
	assert_int_equal(ring_read(r, 0), CHAIN_MALFORMED);
	assert_true(r->chain.ends_writable);
	assert_segment(r, r->chain.nseg - 1, 0x3000, 1);
	put(r, 1, 0x2000, 16, 0, 0);
	assert_malformed(r, 0);
}

static void descriptors_of_no_bytes_are_passed_over(void **state)
{
	struct ring *r = *state;

	put(r, 0, 0x1000, 0, N, 1);
	put(r, 1, 0x2000, 16, N, 2);
	put(r, 2, 0x3000, 0, N | W, 3);
	put(r, 3, 0x4000, 0, N, 4);
	put(r, 4, 0x5000, 1, N | W, 5);
	put(r, 5, UINT64_MAX, 0, W, 6);
	assert_int_equal(ring_read(r, 0), CHAIN_END);
	assert_int_equal(r->chain.nseg, 2);
	assert_int_equal(r->chain.nread, 1);
	assert_segment(r, 0, 0x2000, 16);
	assert_segment(r, 1, 0x5000, 1);

	/* All of them. */
	for (uint16_t i = 0; i < NUM; i++)
		put(r, i, 0, 0, i < NUM - 1 ? N : 0, (uint16_t)(i + 1));
	assert_int_equal(ring_read(r, 0), CHAIN_END);
	assert_int_equal(r->chain.nseg, 0);
	assert_false(r->chain.ends_writable);
}

static void a_range_that_cannot_exist_goes_nowhere(void **state)
{
	static const struct {
		uint64_t addr;
		uint32_t len;
	} bad[] = {
		{ UINT64_MAX, 1 },
		{ UINT64_MAX, UINT32_MAX },
		{ (UINT64_C(1) << 63) - 1, 2 },
		{ (UINT64_C(1) << 63) - 0xfff, UINT32_MAX },
		{ UINT64_C(1) << 63 | UINT64_C(0xffffffff) << 12, 4097 },
		{ UINT64_C(1) << 63 | UINT64_C(1) << 44, 1 },
	};
	struct ring *r = *state;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		put(r, 0, bad[i].addr, bad[i].len, W, 0);
		assert_int_equal(ring_read(r, 0), CHAIN_END);
		assert_false(gpa_range_ok(r->chain.seg[0].addr, 1));
		assert_false(gpa_range_ok(gpa_add(r->chain.seg[0].addr,
						  bad[i].len - 1), 1));
		assert_int_equal(r->chain.writable, bad[i].len);
	}
	put(r, 0, (UINT64_C(1) << 63) - 1, 1, 0, 0);
	assert_int_equal(ring_read(r, 0), CHAIN_END);
	assert_true(gpa_range_ok(r->chain.seg[0].addr, 1));
}

static void lengths_add_up_in_64_bits(void **state)
{
	struct ring *r = *state;

	for (uint16_t i = 0; i < NUM; i++)
		put(r, i, 0, UINT32_MAX, (uint16_t)((i < 7 ? N : 0) |
						    (i < 4 ? 0 : W)),
		    (uint16_t)(i + 1));
	assert_int_equal(ring_read(r, 0), CHAIN_END);
	assert_int_equal(r->chain.readable, 4 * (uint64_t)UINT32_MAX);
	assert_int_equal(r->chain.writable, 4 * (uint64_t)UINT32_MAX);
}

/* --- indirect -------------------------------------------------------------- */

/*
 * Walk @n entries of a table as its owner would: a copy of each, on demand.
 * The block has their exact size.
 */
static enum chain_answer walk(struct ring *r, const struct vring_desc *entries,
			      uint32_t n)
{
	struct vring_desc *table = malloc(n * sizeof(*table));
	enum chain_answer answer = CHAIN_NEXT;

	memcpy(table, entries, n * sizeof(*table));
	chain_enter_table(&r->chain);
	while (answer == CHAIN_NEXT) {
		assert_true(r->chain.next < n);
		answer = vring_chain_add(&r->vr, &r->chain,
					 &table[r->chain.next]);
	}
	free(table);
	return answer;
}

static void a_table_is_a_chain_of_its_own(void **state)
{
	struct ring *r = *state;
	struct vring_desc t[3];

	guest_desc(&t[0], 0x1000, 16, N, 2);
	guest_desc(&t[1], 0x3000, 1, W, 0);
	guest_desc(&t[2], 0x2000, 512, N | W, 1);
	/* 2.7.5.3.2: WRITE on the descriptor of the table is ignored. */
	for (uint16_t flags = I; flags <= (I | W); flags += W) {
		put(r, 6, 0xabc0, sizeof(t), flags, 0);
		assert_int_equal(ring_read(r, 6), CHAIN_TABLE);
		assert_int_equal(r->chain.table.addr.raw, 0xabc0);
		assert_int_equal(r->chain.table.len, sizeof(t));
		assert_int_equal(walk(r, t, 3), CHAIN_END);
		assert_int_equal(r->chain.nseg, 3);
		assert_int_equal(r->chain.nread, 1);
		assert_int_equal(r->chain.writable, 513);
		assert_segment(r, 0, 0x1000, 16);
		assert_segment(r, 1, 0x2000, 512);
		assert_segment(r, 2, 0x3000, 1);
	}
}

static void a_table_may_follow_descriptors(void **state)
{
	struct ring *r = *state;
	struct vring_desc t[2];

	put(r, 0, 0x1000, 8, N, 1);
	put(r, 1, 0x2000, 8, N, 2);
	put(r, 2, 0x9000, sizeof(t), I, 0);
	guest_desc(&t[0], 0x3000, 512, N | W, 1);
	guest_desc(&t[1], 0x4000, 1, W, 0);
	assert_int_equal(ring_read(r, 0), CHAIN_TABLE);
	assert_int_equal(walk(r, t, 2), CHAIN_END);
	assert_int_equal(r->chain.nseg, 4);
	assert_int_equal(r->chain.nread, 2);
	assert_segment(r, 0, 0x1000, 8);
	assert_segment(r, 1, 0x2000, 8);
	assert_segment(r, 2, 0x3000, 512);
	assert_segment(r, 3, 0x4000, 1);
}

static void a_table_is_whole_descriptors(void **state)
{
	static const uint32_t bad[] = { 0, 1, 15, 17, 31, 16 * NUM + 1,
					UINT32_MAX };
	static const uint32_t good[] = { 16, 32, 16 * NUM, 16 * (NUM + 1),
					 16 * 65536, UINT32_MAX - 15 };
	struct ring *r = *state;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		put(r, 0, 0x1000, bad[i], I, 0);
		assert_malformed(r, 0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		put(r, 0, 0x1000, good[i], I, 0);
		assert_int_equal(ring_read(r, 0), CHAIN_TABLE);
	}
}

static void a_table_that_cannot_exist_is_malformed(void **state)
{
	struct ring *r = *state;

	put(r, 0, UINT64_MAX - 15, 16, I, 0);
	assert_malformed(r, 0);
	put(r, 0, (UINT64_C(1) << 63) - 16, 32, I, 0);
	assert_malformed(r, 0);
}

static void a_table_ends_its_chain(void **state)
{
	struct ring *r = *state;

	put(r, 0, 0x1000, 16, I | N, 1);
	put(r, 1, 0x2000, 16, 0, 0);
	assert_malformed(r, 0);
}

static void without_the_feature_there_are_no_tables(void **state)
{
	struct ring *r = *state;

	r->vr.indirect = false;
	put(r, 0, 0x1000, 16, I, 0);
	assert_malformed(r, 0);
}

static void a_table_holds_no_table(void **state)
{
	struct ring *r = *state;
	struct vring_desc t[2];

	put(r, 0, 0x1000, sizeof(t), I, 0);
	guest_desc(&t[0], 0x1000, 16, N, 1);
	guest_desc(&t[1], 0x1000, 16, I, 0);
	assert_int_equal(ring_read(r, 0), CHAIN_TABLE);
	assert_int_equal(walk(r, t, 2), CHAIN_MALFORMED);
	assert_false(r->chain.ends_writable);
}

static void a_loop_in_a_table_ends(void **state)
{
	struct ring *r = *state;
	struct vring_desc t[2];

	put(r, 0, 0x1000, sizeof(t), I, 0);
	guest_desc(&t[0], 0x1000, 16, N, 1);
	guest_desc(&t[1], 0x1000, 16, N, 0);
	assert_int_equal(ring_read(r, 0), CHAIN_TABLE);
	assert_int_equal(walk(r, t, 2), CHAIN_MALFORMED);
	guest_desc(&t[0], 0x1000, 0, N, 0);
	assert_int_equal(ring_read(r, 0), CHAIN_TABLE);
	assert_int_equal(walk(r, t, 2), CHAIN_MALFORMED);
}

static void next_stays_inside_the_table(void **state)
{
	static const uint16_t nexts[] = { 2, NUM, 65535 };
	struct ring *r = *state;
	struct vring_desc t[2] = { 0 };

	put(r, 0, 0x1000, sizeof(t), I, 0);
	for (size_t i = 0; i < ARRAY_SIZE(nexts); i++) {
		guest_desc(&t[0], 0x1000, 16, N | W, nexts[i]);
		assert_int_equal(ring_read(r, 0), CHAIN_TABLE);
		assert_int_equal(walk(r, t, 2), CHAIN_MALFORMED);
		assert_false(r->chain.ends_writable);
	}
}

/* 2.7.5.3.1 bounds the chain, not the table. */
static void a_big_table_may_hold_a_short_chain(void **state)
{
	struct ring *r = *state;
	static struct vring_desc t[1000];

	put(r, 0, 0x1000, sizeof(t), I, 0);
	guest_desc(&t[0], 0x1000, 16, N, 999);
	guest_desc(&t[999], 0x2000, 1, W, 0);
	assert_int_equal(ring_read(r, 0), CHAIN_TABLE);
	assert_int_equal(walk(r, t, 1000), CHAIN_END);
	assert_int_equal(r->chain.nseg, 2);
}

static void a_chain_is_no_longer_than_the_queue(void **state)
{
	struct ring *r = *state;
	struct vring_desc t[NUM + 1];

	put(r, 0, 0x1000, sizeof(t), I, 0);
	for (uint16_t i = 0; i <= NUM; i++)
		guest_desc(&t[i], i * 4096u, 1, N, (uint16_t)(i + 1));
	guest_desc(&t[NUM - 1], 0, 1, W, 0);
	assert_int_equal(ring_read(r, 0), CHAIN_TABLE);
	assert_int_equal(walk(r, t, NUM + 1), CHAIN_END);
	assert_int_equal(r->chain.nseg, NUM);
	/* One more is one too many. */
	guest_desc(&t[NUM - 1], 0, 1, N | W, NUM);
	guest_desc(&t[NUM], 0, 1, W, 0);
	assert_int_equal(ring_read(r, 0), CHAIN_TABLE);
	assert_int_equal(walk(r, t, NUM + 1), CHAIN_MALFORMED);
	assert_true(r->chain.nseg <= NUM);
	/* So is a full table behind another descriptor. */
	guest_desc(&t[NUM - 1], 0, 1, W, 0);
	put(r, 1, 0x1000, 1, N, 0);
	assert_int_equal(ring_read(r, 1), CHAIN_TABLE);
	assert_int_equal(walk(r, t, NUM + 1), CHAIN_MALFORMED);
	assert_true(r->chain.nseg <= NUM);
}

/* --- at random ------------------------------------------------------------- */

/* Whatever the bytes are: no more segments than room, no endless walk. */
static void garbage_is_bounded(void **state)
{
	struct ring *r = *state;
	struct dice d = { 11 };
	struct vring_desc t[64];

	for (uint32_t k = 0; k < 50000; k++) {
		uint32_t sum_w = 0;

		for (uint16_t i = 0; i < NUM; i++)
			put(r, i, dice_roll(&d) >> dice_below(&d, 64),
			    dice_below(&d, 4) ? dice_below(&d, 65) * 16 : 0,
			    (uint16_t)dice_below(&d, 8),
			    (uint16_t)dice_below(&d, NUM + 1));
		for (uint16_t i = 0; i < 64; i++)
			guest_desc(&t[i], dice_roll(&d), dice_below(&d, 99),
				   (uint16_t)(dice_below(&d, 40) ? N : W),
				   (uint16_t)dice_below(&d, 65));
		if (ring_read(r, (uint16_t)dice_below(&d, NUM)) == CHAIN_TABLE)
			walk(r, t, r->chain.table.len / 16 < 64 ?
			     r->chain.table.len / 16 : 64);
		assert_true(r->chain.nseg <= NUM);
		assert_true(r->chain.nread <= r->chain.nseg);
		for (uint32_t i = r->chain.nread; i < r->chain.nseg; i++)
			sum_w += r->chain.seg[i].len;
		if (!r->chain.bad_order)
			assert_int_equal(sum_w, r->chain.writable);
		assert_true(!r->chain.ends_writable || r->chain.writable);
	}
}

#define RING(test) cmocka_unit_test_setup_teardown(test, ring_setup, \
						   ring_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RING(readable_comes_before_writable),
		RING(a_chain_may_use_the_whole_table),
		RING(a_loop_ends),
		RING(a_next_beyond_the_table_is_malformed),
		RING(readable_after_writable_is_malformed),
		RING(descriptors_of_no_bytes_are_passed_over),
		RING(a_range_that_cannot_exist_goes_nowhere),
		RING(lengths_add_up_in_64_bits),
		RING(a_table_is_a_chain_of_its_own),
		RING(a_table_may_follow_descriptors),
		RING(a_table_is_whole_descriptors),
		RING(a_table_that_cannot_exist_is_malformed),
		RING(a_table_ends_its_chain),
		RING(without_the_feature_there_are_no_tables),
		RING(a_table_holds_no_table),
		RING(a_loop_in_a_table_ends),
		RING(next_stays_inside_the_table),
		RING(a_big_table_may_hold_a_short_chain),
		RING(a_chain_is_no_longer_than_the_queue),
		RING(garbage_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
