// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests at random, the same in every run: sane but for a few descriptors, and
 * of any shape. They come back in order, with no more than was written.
 */
#include "tests/unit/unit.h"

#include <string.h>

#include "backend/log.h"
#include "tests/unit/corridor.h"

#define FUZZ_FRAMES 64u

/* Requests that are sane but for a few descriptors, over a few pages. */
static struct {
	struct dice dice;
} fuzz;

static bool one_in(uint32_t n)
{
	return !dice_below(&fuzz.dice, n);
}

static uint64_t fuzz_addr(struct corridor *c)
{
	uint32_t page = FIRST_FRAME + dice_below(&fuzz.dice, FUZZ_FRAMES);
	uint64_t at = page * PAGE + dice_below(&fuzz.dice, PAGE / 16) * 16;

	switch (dice_below(&fuzz.dice, 60)) {
	case 0:
		return guest_bad_addr(c);
	case 1:
		return dice_roll(&fuzz.dice);
	case 2:
		return at;
	default:
		return guest_addr(c, at);
	}
}

/* Header, data, status, header, data, ... */
static void fuzz_descriptors(struct corridor *c)
{
	static const uint32_t lens[] = { 16, 1, 512, 4096, 48, 1024 };

	for (uint16_t i = 0; i < c->ring.num; i++) {
		uint32_t len = i % 3 == 0 ? 16 : i % 3 == 1 ? 1024 : 1;
		uint16_t flags = i % 3 == 2 ? 0 : VRING_DESC_F_NEXT;
		uint16_t next = (uint16_t)(i + 1);

		if (i % 3 == 2 || (i % 3 == 1 && !one_in(3)))
			flags |= VRING_DESC_F_WRITE;
		if (one_in(12))
			flags ^= (uint16_t)dice_below(&fuzz.dice, 8);
		if (one_in(12))
			next = (uint16_t)dice_below(&fuzz.dice, 70);
		if (one_in(12))
			len = lens[dice_below(&fuzz.dice, ARRAY_SIZE(lens))];
		if (one_in(60))
			len = (uint32_t)dice_roll(&fuzz.dice) >>
			      dice_below(&fuzz.dice, 32);
		guest_desc(&c->ring.desc[i], fuzz_addr(c), len, flags, next);
	}
}

/* Each page is full of headers, and of tables that look alike. */
static void fuzz_memory(void)
{
	static const uint32_t types[] = { T_IN, T_IN, T_OUT, T_FLUSH, T_GET_ID,
					  T_DISCARD, T_WRITE_ZEROES, 77 };

	for (uint32_t f = FIRST_FRAME; f < FIRST_FRAME + FUZZ_FRAMES; f++) {
		uint32_t type = types[dice_below(&fuzz.dice, 8)];
		uint8_t *page = fake_ram(f * PAGE);

		for (uint32_t i = 0; i < PAGE; i += 16) {
			memset(page + i, 0, 16);
			memcpy(page + i, &type, 4);
			page[i + 8] = (uint8_t)dice_below(&fuzz.dice, 32);
		}
		fake_grant(FIRST_REF + f, f, one_in(8));
	}
}

static void fuzz_take(struct corridor *c, uint64_t expected)
{
	bool seen[64] = { false };
	uint32_t id, len;

	for (; guest_take(&c->ring, &id, &len); expected--) {
		assert_true(id < 64 && !seen[id]);
		seen[id] = true;
	}
	assert_int_equal(expected, 0);
	assert_false(c->q.broken);
	for (uint32_t f = FIRST_FRAME; f < FIRST_FRAME + FUZZ_FRAMES; f++)
		fake_end_access(FIRST_REF + f);
}

static void garbage_comes_back_in_order(void **state)
{
	struct corridor *c = *state;

	log_init("test", 0);
	fuzz.dice.state = 0xb10c;
	for (uint32_t round = 0; round < 100; round++) {
		uint64_t pushes = c->stats.pushes;

		fuzz_memory();
		fuzz_descriptors(c);
		for (uint32_t i = 0; i < 60; i++)
			guest_offer(&c->ring, (uint16_t)(one_in(4) ?
				dice_below(&fuzz.dice, 66) :
				dice_below(&fuzz.dice, 21) * 3));
		corridor_run(c);
		fuzz_take(c, c->stats.pushes - pushes);
	}
	assert_true(c->stats.reads > 100);
	assert_true(c->stats.writes > 20);
	assert_true(c->stats.refused > 100);
	assert_true(c->stats.malformed > 100);
	corridor_goes_on(c);
}

/* A length is never more than was written, whatever the request was. */
static void a_length_is_never_too_long(void **state)
{
	static const uint32_t types[] = { T_IN, T_IN, T_IN, T_OUT, T_FLUSH,
					  T_GET_ID, T_DISCARD, 99 };
	struct corridor *c = *state;
	struct dice d = { 2024 };

	log_init("test", 0);
	for (uint32_t round = 0; round < 400; round++) {
		uint32_t in = dice_below(&d, 3) * 512 + dice_below(&d, 4) / 3;
		uint32_t out = dice_below(&d, 5) * 512 + dice_below(&d, 8) / 5;
		uint64_t header = io_header(c, types[dice_below(&d, 8)],
					    dice_below(&d, IMAGE_SIZE / 500));
		uint64_t data = guest_alloc(c, dice_below(&d, PAGE), in + 1,
					    false);
		uint64_t room = guest_alloc(c, dice_below(&d, PAGE), out + 1,
					    true);
		uint32_t cut = dice_below(&d, out + 1);
		struct part part[] = {
			{ guest_addr(c, header), 16, false },
			{ guest_addr(c, data), in, false },
			{ guest_addr(c, room), cut, true },
			{ guest_addr(c, room + cut), out + 1 - cut, true },
		};
		uint32_t len;

		if (!dice_below(&d, 8))
			part[2 + dice_below(&d, 2)].addr = guest_bad_addr(c);
		len = io_parts(c, part, 4);
		assert_true(len <= out + 1);
		if (part[2].addr == guest_addr(c, room))
			assert_null(memchr(fake_ram(room), UNTOUCHED, len));
		else
			assert_true(!len || !cut);
		corridor_forget(c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CORRIDOR(garbage_comes_back_in_order),
		CORRIDOR(a_length_is_never_too_long),
	};

	return corridor_main(tests, ARRAY_SIZE(tests));
}
