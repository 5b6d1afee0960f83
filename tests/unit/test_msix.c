// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * MSI-X (PCI 3.0, 6.8.2): what is signalled is sent once, when it may be.
 */
#include "tests/unit/unit.h"

#include <string.h>

#include "backend/msix.h"

#define VECTORS 5u

enum { ENABLE = 0x8000, MASK_ALL = 0x4000 };
enum { ADDRESS = 0, ADDRESS_HIGH = 4, DATA = 8, CONTROL = 12 };

static int setup(void **state)
{
	static struct state_msix m;

	memset(&m, 0xee, sizeof(m));
	msix_init(&m);
	*state = &m;
	return 0;
}

static void put(struct state_msix *m, uint32_t vector, uint32_t word,
		uint32_t value)
{
	msix_write_table(m, VECTORS, 16 * vector + word, 4, value);
}

static uint32_t get(struct state_msix *m, uint32_t vector, uint32_t word)
{
	return (uint32_t)msix_read_table(m, VECTORS, 16 * vector + word, 4);
}

static void program(struct state_msix *m, uint32_t vector)
{
	put(m, vector, ADDRESS, 0xfee00000 + (vector << 12));
	put(m, vector, ADDRESS_HIGH, vector);
	put(m, vector, DATA, 0x4000 + vector);
	put(m, vector, CONTROL, 0);
}

/* Everything that may be sent now, as a set of vectors. */
static uint32_t send(struct state_msix *m)
{
	struct msix_message msg;
	uint32_t sent = 0;
	int v;

	while ((v = msix_next(m, 0, &msg)) >= 0) {
		assert_true(v < (int)VECTORS);
		assert_false(sent >> v & 1);
		sent |= 1u << v;
		assert_int_equal(msg.address, (uint64_t)get(m, (uint32_t)v,
				 ADDRESS_HIGH) << 32 |
				 get(m, (uint32_t)v, ADDRESS));
		assert_int_equal(msg.data, get(m, (uint32_t)v, DATA));
		msix_sent(m, v);
	}
	return sent;
}

static void begins_masked_and_off(void **state)
{
	struct state_msix *m = *state;

	assert_false(msix_enabled(m));
	assert_int_equal(msix_read_pending(m, 0, 8), 0);
	for (uint32_t i = 0; i < VECTORS; i++) {
		assert_int_equal(get(m, i, ADDRESS), 0);
		assert_int_equal(get(m, i, DATA), 0);
		assert_int_equal(get(m, i, CONTROL), 1);
	}
}

static void a_signal_is_sent_once(void **state)
{
	struct state_msix *m = *state;

	m->control = ENABLE;
	for (uint32_t i = 0; i < VECTORS; i++) {
		program(m, i);
		msix_signal(m, VECTORS, i);
		msix_signal(m, VECTORS, i);
		assert_int_equal(send(m), 1u << i);
		assert_int_equal(send(m), 0);
	}
}

static void what_is_masked_waits(void **state)
{
	struct state_msix *m = *state;

	m->control = ENABLE;
	program(m, 0);
	program(m, 1);
	put(m, 1, CONTROL, 1);
	msix_signal(m, VECTORS, 0);
	msix_signal(m, VECTORS, 1);
	assert_int_equal(send(m), 1);
	assert_int_equal(msix_read_pending(m, 0, 8), 2);
	assert_int_equal(msix_read_pending(m, 0, 4), 2);
	/* What the entry says when it is sent counts. */
	put(m, 1, DATA, 77);
	put(m, 1, CONTROL, 0);
	assert_int_equal(send(m), 2);
	assert_int_equal(msix_read_pending(m, 0, 8), 0);

	m->control = ENABLE | MASK_ALL;
	msix_signal(m, VECTORS, 0);
	msix_signal(m, VECTORS, 1);
	assert_int_equal(send(m), 0);
	assert_int_equal(msix_read_pending(m, 0, 8), 3);
	m->control = 0;
	assert_int_equal(send(m), 0);
	m->control = ENABLE;
	assert_int_equal(send(m), 3);
}

static void a_failed_send_is_tried_again(void **state)
{
	struct state_msix *m = *state;
	struct msix_message msg;

	m->control = ENABLE;
	program(m, 3);
	msix_signal(m, VECTORS, 3);
	assert_int_equal(msix_next(m, 4, &msg), -1);
	assert_int_equal(msix_next(m, 0, &msg), 3);
	assert_int_equal(msix_next(m, 0, &msg), 3);
	msix_sent(m, 3);
	assert_int_equal(msix_next(m, 0, &msg), -1);
}

static void a_vector_that_is_none_is_nothing(void **state)
{
	static const uint32_t none[] = { VECTORS, VECTORS + 1, 31, 32, 33,
					 STATE_NO_VECTOR, UINT32_MAX };
	struct state_msix *m = *state;

	m->control = ENABLE;
	memset(m->table, 0, sizeof(m->table));
	for (size_t i = 0; i < ARRAY_SIZE(none); i++)
		msix_signal(m, VECTORS, none[i]);
	assert_int_equal(m->pending, 0);
	assert_int_equal(send(m), 0);
}

/* 6.8.2: dwords and qwords. What is behind the table is not there. */
static void the_table_takes_whole_words(void **state)
{
	static const uint32_t sizes[] = { 0, 1, 2, 3, 4, 8, 16 };
	struct state_msix *m = *state;
	uint32_t model[VECTORS * 4];

	for (uint32_t i = 0; i < VECTORS; i++)
		program(m, i);
	for (uint32_t i = 0; i < VECTORS * 4; i++)
		model[i] = get(m, i / 4, i % 4 * 4);
	for (uint64_t at = 0; at < 0x1000; at++) {
		for (size_t k = 0; k < ARRAY_SIZE(sizes); k++) {
			uint32_t size = sizes[k];
			bool ok = (size == 4 || size == 8) && at % size == 0 &&
				  at < VECTORS * 16;
			uint64_t value = (at + size) * 0x0101010101010101;

			msix_write_table(m, VECTORS, at, size, value);
			for (uint32_t i = 0; ok && i < size / 4; i++) {
				uint32_t word = (uint32_t)(value >> 32 * i);
				uint64_t n = at / 4 + i;

				model[n] = n % 4 == 3 ? word & 1 : word;
			}
			for (uint32_t i = 0; i < VECTORS * 4; i++)
				assert_int_equal(get(m, i / 4, i % 4 * 4),
						 model[i]);
			value = msix_read_table(m, VECTORS, at, size);
			if (!ok)
				assert_int_equal(value, 0);
			else if (size == 4)
				assert_int_equal(value, model[at / 4]);
			else
				assert_int_equal(value, model[at / 4] |
					(uint64_t)model[at / 4 + 1] << 32);
			/* Pending bits are one qword. */
			m->pending = 0x15;
			value = msix_read_pending(m, at, size);
			assert_int_equal(value, at == 0 &&
					 (size == 4 || size == 8) ? 0x15 : 0);
			m->pending = 0;
		}
	}
	msix_write_table(m, VECTORS, UINT64_MAX - 3, 4, 1);
	assert_int_equal(msix_read_table(m, VECTORS, UINT64_MAX - 7, 8), 0);
}

/* A guest's table may hold anything: what is pending is sent, or waits. */
static void nothing_is_lost_and_nothing_made_up(void **state)
{
	struct state_msix *m = *state;
	struct dice d = { 99 };
	uint32_t owed = 0;

	for (uint32_t i = 0; i < 100000; i++) {
		uint32_t v = dice_below(&d, VECTORS + 2);

		switch (dice_below(&d, 4)) {
		case 0:
			msix_signal(m, VECTORS, v);
			owed |= v < VECTORS ? 1u << v : 0;
			break;
		case 1:
			msix_write_table(m, VECTORS, dice_below(&d, 24) * 4,
					 4u << dice_below(&d, 2),
					 dice_roll(&d));
			break;
		case 2:
			m->control = dice_below(&d, 4) << 14;
			break;
		default:
			owed &= ~send(m);
		}
		assert_int_equal(m->pending, owed);
	}
}

#define MSIX(test) cmocka_unit_test_setup(test, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		MSIX(begins_masked_and_off),
		MSIX(a_signal_is_sent_once),
		MSIX(what_is_masked_waits),
		MSIX(a_failed_send_is_tried_again),
		MSIX(a_vector_that_is_none_is_nothing),
		MSIX(the_table_takes_whole_words),
		MSIX(nothing_is_lost_and_nothing_made_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
