// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The buddy system: blocks never overlap, and what is given back becomes whole
 * again, in whatever order.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>

#include "backend/pool.h"

#define MIB   (1u << 20)
#define SIZE  (4u * MIB)
#define PAGES (SIZE / POOL_PAGE)

static int pool_setup(void **state)
{
	struct pool *p;

	assert_int_equal(pool_open(&p, SIZE), 0);
	*state = p;
	return 0;
}

/* As much can be got as at the beginning: all is merged. */
static int pool_teardown(void **state)
{
	struct pool *p = *state;

	for (uint32_t i = 0; i < SIZE / MIB; i++)
		assert_non_null(pool_get(p, MIB));
	assert_null(pool_get(p, 1));
	pool_close(p);
	return 0;
}

static void a_pool_is_whole_blocks(void **state)
{
	struct pool *p;

	(void)state;
	assert_int_equal(pool_open(&p, 0), -EINVAL);
	assert_null(p);
	assert_int_equal(pool_open(&p, MIB - 1), -EINVAL);
	assert_int_equal(pool_open(&p, UINT64_MAX), -EINVAL);
	assert_int_equal(pool_open(&p, 2 * MIB - 1), 0);
	assert_int_equal(pool_size(p), MIB);
	assert_int_equal((uintptr_t)pool_base(p) % POOL_PAGE, 0);
	pool_close(p);
	pool_close(NULL);
}

static void a_block_is_a_power_of_two_of_pages(void **state)
{
	static const uint32_t lens[] = { 1, 4095, 4096, 4097, 8192, 8193,
					 65536, 65537, MIB - 1, MIB };
	static const uint32_t fit[] = { 1024, 1024, 1024, 512, 512, 256, 64,
					32, 4, 4 };
	struct pool *p = *state;
	static void *block[PAGES + 1];

	for (size_t i = 0; i < ARRAY_SIZE(lens); i++) {
		uint32_t n = 0;

		while ((block[n] = pool_get(p, lens[i])))
			n++;
		assert_int_equal(n, fit[i]);
		while (n--)
			pool_put(p, block[n], lens[i]);
	}
	pool_put(p, NULL, 5);
}

static void shuffle(struct dice *d, void *list[], uint32_t n)
{
	for (uint32_t i = n; i > 1; i--) {
		uint32_t j = dice_below(d, i);
		void *t = list[i - 1];

		list[i - 1] = list[j];
		list[j] = t;
	}
}

static void pages_given_back_in_any_order_are_whole_again(void **state)
{
	struct pool *p = *state;
	static void *block[PAGES + 1];
	struct dice d = { 5 };

	for (int round = 0; round < 20; round++) {
		for (uint32_t i = 0; i < PAGES; i++) {
			block[i] = pool_get(p, POOL_PAGE);
			assert_non_null(block[i]);
			memset(block[i], (int)i, POOL_PAGE);
		}
		assert_null(pool_get(p, 1));
		for (uint32_t i = 0; i < PAGES; i++)
			assert_int_equal(*(uint8_t *)block[i], (uint8_t)i);
		shuffle(&d, block, PAGES);
		for (uint32_t i = 0; i < PAGES; i++)
			pool_put(p, block[i], POOL_PAGE);
		assert_non_null(block[0] = pool_get(p, MIB));
		pool_put(p, block[0], MIB);
	}
}

struct got {
	uint8_t *block;
	uint32_t len;
};

static void check_apart(const struct got *g, const struct got *all, uint32_t n,
			struct pool *p)
{
	uint8_t *base = pool_base(p);

	assert_true(g->block >= base && g->block + g->len <= base + SIZE);
	assert_int_equal((g->block - base) % POOL_PAGE, 0);
	for (uint32_t i = 0; i < n; i++)
		assert_true(&all[i] == g || !all[i].block ||
			    g->block + g->len <= all[i].block ||
			    all[i].block + all[i].len <= g->block);
}

static void blocks_of_all_sizes_never_overlap(void **state)
{
	static struct got got[300];
	struct pool *p = *state;
	struct dice d = { 77 };
	uint32_t refused = 0;

	for (uint32_t i = 0; i < 50000; i++) {
		struct got *g = &got[dice_below(&d, ARRAY_SIZE(got))];

		if (g->block) {
			pool_put(p, g->block, g->len);
			g->block = NULL;
			continue;
		}
		g->len = 1 + (uint32_t)(dice_roll(&d) %
					(MIB >> dice_below(&d, 9)));
		g->block = pool_get(p, g->len);
		if (g->block)
			check_apart(g, got, ARRAY_SIZE(got), p);
		else
			refused++;
	}
	assert_true(refused > 100);
	for (uint32_t i = 0; i < ARRAY_SIZE(got); i++)
		pool_put(p, got[i].block, got[i].len);
}

/* A free block is found however the others lie. */
static void room_in_the_middle_is_found(void **state)
{
	struct pool *p = *state;
	static void *block[PAGES + 1];

	for (uint32_t i = 0; i < PAGES; i++)
		block[i] = pool_get(p, 1);
	/* Low addresses are used first, so these are pages 64 to 127. */
	for (uint32_t i = 64; i < 128; i++)
		pool_put(p, block[i], 1);
	block[64] = pool_get(p, 64 * POOL_PAGE);
	assert_non_null(block[64]);
	assert_null(pool_get(p, 1));
	pool_put(p, block[64], 64 * POOL_PAGE);
	for (uint32_t i = 0; i < PAGES; i++)
		if (i < 64 || i >= 128)
			pool_put(p, block[i], 1);
}

#define POOL(test) cmocka_unit_test_setup_teardown(test, pool_setup, \
						   pool_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pool_is_whole_blocks),
		POOL(a_block_is_a_power_of_two_of_pages),
		POOL(pages_given_back_in_any_order_are_whole_again),
		POOL(blocks_of_all_sizes_never_overlap),
		POOL(room_in_the_middle_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
