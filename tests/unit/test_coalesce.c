// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How many requests to wait for, with guests that are played: time is a
 * number, so nothing here sleeps.
 */
#include "tests/unit/unit.h"

#include <stdbool.h>

#include "backend/coalesce.h"

#define US  INT64_C(1000)
#define MS  INT64_C(1000000)
#define MAX 32u

/*
 * A guest that has @depth requests at a time and makes one every @pace until
 * all are there; it waits for their completion, which comes @latency after
 * they were taken.
 */
struct player {
	uint32_t depth;
	int64_t pace;
	int64_t latency;
	int64_t stop;		/* each kick stops it that long */
	uint32_t burst;		/* made while the kick is on its way */
	int64_t now;
	uint32_t waited;	/* rounds in which time ran out */
	uint32_t kicked;	/* rounds that a kick ended */
	int64_t longest;	/* wait behind the last request, ns */
};

/* One drain: from arming to taking. Returns how many were asked for. */
static uint32_t play_round(struct coalesce *c, struct player *p)
{
	uint32_t asked = coalesce_arm(c, p->now), there = 0;
	int64_t start = p->now, late;

	assert_true(asked >= 1 && asked <= c->max);
	assert_int_equal(c->deadline != 0, asked > 1);
	p->now += p->latency;
	while (there < p->depth && !coalesce_ripe(c, there, p->now)) {
		p->now += p->pace;
		there++;
	}
	if (there >= asked) {
		p->kicked++;
		p->now += p->stop;
		there += p->burst;
		if (there > p->depth)
			there = p->depth;
	} else {
		/* The guest has no more, and waits for us. */
		late = c->deadline > p->now ? c->deadline - p->now : 0;
		assert_true(c->deadline != 0);
		assert_true(c->deadline - start <= COALESCE_WAIT_MAX_NS);
		p->now += late;
		p->longest = late > p->longest ? late : p->longest;
		p->waited++;
		assert_true(coalesce_ripe(c, there, p->now));
	}
	coalesce_taken(c, there, p->now);
	return asked;
}

static void play(struct coalesce *c, struct player *p, uint32_t rounds)
{
	while (rounds--)
		play_round(c, p);
}

static void a_deep_guest_is_asked_for_batches(void **state)
{
	struct player p = { .depth = 64, .pace = 2 * US, .now = MS };
	struct coalesce c;

	(void)state;
	coalesce_init(&c, MAX);
	assert_int_equal(c.batch, 1);
	play(&c, &p, 60);
	assert_int_equal(c.batch, MAX);
	assert_int_equal(p.waited, 0);
	/* And stays there, without ever asking for more than there may be. */
	play(&c, &p, 2000);
	assert_int_equal(c.batch, MAX);
	assert_int_equal(p.waited, 0);
}

static void it_goes_back_for_a_shallow_guest(void **state)
{
	struct player p = { .depth = 64, .pace = 2 * US, .now = MS };
	struct coalesce c;

	(void)state;
	coalesce_init(&c, MAX);
	play(&c, &p, 100);
	p.depth = 4;
	p.waited = 0;
	play(&c, &p, 10);
	assert_int_equal(c.batch, 4);
	assert_in_range(p.waited, 3, 4);
	p.depth = 1;
	play(&c, &p, 10);
	assert_int_equal(c.batch, 1);
	p.waited = 0;
	play(&c, &p, 16);
	assert_in_range(p.waited, 0, 2);
}

static void one_request_at_a_time_is_hardly_delayed(void **state)
{
	struct player p = { .depth = 1, .pace = 1 * US, .latency = 80 * US,
			    .now = MS };
	struct coalesce c;

	(void)state;
	coalesce_init(&c, MAX);
	for (uint32_t i = 0; i < 10000; i++) {
		uint32_t waited = p.waited;
		uint32_t asked = play_round(&c, &p);

		assert_true(asked <= 2);
		/* Only a trial waits. */
		assert_int_equal(p.waited - waited, asked - 1);
		assert_int_equal(c.batch, 1);
	}
	/* 16 to 1024 drains between trials, twice as many each time. */
	assert_in_range(p.waited, 10, 20);
	assert_true(p.longest <= COALESCE_WAIT_MAX_NS);
}

static void a_slow_guest_is_never_kept_waiting(void **state)
{
	struct player p = { .depth = 1, .pace = 3 * MS, .now = MS };
	struct coalesce c;
	uint32_t waited;

	(void)state;
	coalesce_init(&c, MAX);
	/* Its pace is learned from the first rounds. */
	play(&c, &p, 15);
	waited = p.waited;
	play(&c, &p, 5000);
	assert_int_equal(p.waited, waited);
}

/*
 * On a slow host a kick may cost as much as the guest is slow. What it then has
 * at a time is seen from what lies there when one was asked for.
 */
static void a_deep_guest_slowed_by_its_kicks_is_found_out(void **state)
{
	struct player p = { .depth = 32, .pace = 2 * US, .stop = 6 * MS,
			    .burst = 1, .now = MS };
	struct coalesce c;

	(void)state;
	coalesce_init(&c, MAX);
	play(&c, &p, 200);
	assert_in_range(c.batch, MAX / 2, MAX);
	assert_int_equal(p.waited, 0);
}

/*
 * Its first request kicks, the others come while that one is answered: a drain
 * of one and a drain of many by turns.
 */
static void a_crowd_behind_each_kick_is_found_out(void **state)
{
	struct player p = { .depth = 32, .pace = 2 * US, .stop = 12 * MS,
			    .now = MS };
	struct coalesce c;

	(void)state;
	coalesce_init(&c, MAX);
	for (uint32_t i = 0; i < 100; i++) {
		p.burst = i % 2 ? 4 : 0;
		play_round(&c, &p);
	}
	assert_in_range(c.batch, 8, MAX);
}

/* Also after it was long alone, and trials had become rare. */
static void a_guest_that_has_become_deep_is_found_out_soon(void **state)
{
	struct player p = { .depth = 1, .pace = 100 * US, .now = MS };
	struct coalesce c;

	(void)state;
	coalesce_init(&c, MAX);
	play(&c, &p, 5000);
	assert_int_equal(c.trial_every, COALESCE_TRIAL_MAX);
	p.depth = 32;
	p.burst = 1;
	play(&c, &p, 40);
	assert_int_equal(c.batch, MAX);
}

/* Two and one in turns: no reason to wait for two each time. */
static void a_pair_now_and_then_is_no_crowd(void **state)
{
	struct player p = { .pace = 10 * US, .burst = 1, .now = MS };
	struct coalesce c;

	(void)state;
	coalesce_init(&c, MAX);
	for (uint32_t i = 0; i < 10000; i++) {
		p.depth = 1 + i % 2;
		play_round(&c, &p);
	}
	assert_in_range(c.batch, 1, 2);
	assert_true(p.waited < 100);
}

/* Nor are 24 where 16 were asked for: 32 would have to be waited for. */
static void a_depth_between_two_batches_is_tried_rarely(void **state)
{
	struct player p = { .depth = 24, .pace = 1 * US, .burst = 24,
			    .now = MS };
	struct coalesce c;

	(void)state;
	coalesce_init(&c, MAX);
	play(&c, &p, 5000);
	assert_int_equal(c.batch, 16);
	assert_true(p.waited < 20);
}

static void an_empty_round_keeps_the_batch(void **state)
{
	struct player p = { .depth = 64, .pace = 2 * US, .now = MS };
	struct coalesce c;

	(void)state;
	coalesce_init(&c, MAX);
	play(&c, &p, 100);
	for (int i = 0; i < 100; i++) {
		uint32_t asked = coalesce_arm(&c, p.now);

		if (i == 0)
			assert_int_equal(asked, MAX);
		else
			assert_in_range(asked, 1, 1);
		/* Nothing comes until time is up, or something looks. */
		p.now += COALESCE_WAIT_MAX_NS;
		assert_true(coalesce_ripe(&c, 0, p.now) || asked == 1);
		coalesce_taken(&c, 0, p.now);
		assert_int_equal(c.batch, MAX);
	}
	/* The first request kicks at once, and then it is as it was. */
	assert_int_equal(coalesce_arm(&c, p.now), 1);
	assert_int_equal(c.deadline, 0);
	assert_true(coalesce_ripe(&c, 1, p.now));
	coalesce_taken(&c, 1, p.now);
	assert_int_equal(coalesce_arm(&c, p.now), MAX);
}

static void never_more_than_the_most(void **state)
{
	static const uint32_t most[] = { 0, 1, 2, 3, 5, 128 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(most); i++) {
		struct player p = { .depth = 256, .pace = US, .now = MS };
		struct coalesce c;

		coalesce_init(&c, most[i]);
		play(&c, &p, 500);
		assert_true(c.batch <= (most[i] ? most[i] : 1));
		assert_true(c.batch * 2 > most[i]);
	}
}

/* Any course of events: bounded waits, sane numbers. */
static void at_random_it_stays_in_bounds(void **state)
{
	struct dice d = { 99 };
	struct coalesce c;
	int64_t now = MS;

	(void)state;
	coalesce_init(&c, MAX);
	for (uint32_t i = 0; i < 200000; i++) {
		uint32_t asked, found = dice_below(&d, 3) ?
			dice_below(&d, 2 * MAX) : 0;

		if (dice_below(&d, 10)) {
			asked = coalesce_arm(&c, now);
			assert_in_range(asked, 1, MAX);
			assert_true(!c.deadline ||
				    (c.deadline >= now + COALESCE_WAIT_MIN_NS &&
				     c.deadline <= now + COALESCE_WAIT_MAX_NS));
		}
		now += dice_roll(&d) % (1u << dice_below(&d, 30));
		coalesce_ripe(&c, found, now);
		coalesce_taken(&c, found, now);
		assert_in_range(c.batch, 1, MAX);
		assert_in_range(c.trial_every, COALESCE_TRIAL_MIN,
				COALESCE_TRIAL_MAX);
		assert_true(c.entry_ns >= 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_deep_guest_is_asked_for_batches),
		cmocka_unit_test(it_goes_back_for_a_shallow_guest),
		cmocka_unit_test(one_request_at_a_time_is_hardly_delayed),
		cmocka_unit_test(a_slow_guest_is_never_kept_waiting),
		cmocka_unit_test(a_deep_guest_slowed_by_its_kicks_is_found_out),
		cmocka_unit_test(a_crowd_behind_each_kick_is_found_out),
		cmocka_unit_test(a_guest_that_has_become_deep_is_found_out_soon),
		cmocka_unit_test(a_pair_now_and_then_is_no_crowd),
		cmocka_unit_test(a_depth_between_two_batches_is_tried_rarely),
		cmocka_unit_test(an_empty_round_keeps_the_batch),
		cmocka_unit_test(never_more_than_the_most),
		cmocka_unit_test(at_random_it_stays_in_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
