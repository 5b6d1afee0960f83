// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The register machine as a guest sees it: the map, configuration space, features
 * and the status. Queues are in test_vmmio_queue.c.
 */
#include "tests/unit/unit.h"

#include <string.h>

#include "tests/unit/machine.h"

/* --- the map --------------------------------------------------------------- */

static void a_driver_finds_a_block_device(void **state)
{
	struct machine *m = *state;

	assert_int_equal(machine_get(m, MAGIC), 0x74726976);
	assert_int_equal(machine_get(m, VERSION_REG), 2);
	assert_int_equal(machine_get(m, DEVICE_ID), 2);
	assert_int_equal(machine_get(m, VENDOR_ID), 0x4e4558);
	assert_int_equal(machine_get(m, STATUS), 0);
	assert_int_equal(machine_get(m, QUEUE_MAX), MAX_QUEUE);
	for (uint32_t i = 0; i < 4; i++) {
		machine_put(m, SHM_SEL, i);
		assert_int_equal(machine_get(m, SHM_LEN), UINT32_MAX);
		assert_int_equal(machine_get(m, SHM_LEN + 4), UINT32_MAX);
		assert_int_equal(machine_get(m, SHM_BASE), UINT32_MAX);
		assert_int_equal(machine_get(m, SHM_BASE + 4), UINT32_MAX);
	}
	m->reg.generation = 77;
	assert_int_equal(machine_get(m, GENERATION), 77);
}

static bool among(uint64_t offset, const uint16_t list[], size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == offset)
			return true;
	return false;
}

static void what_is_not_readable_reads_as_zero(void **state)
{
	static const uint16_t readable[] = {
		MAGIC, VERSION_REG, DEVICE_ID, VENDOR_ID, DEVICE_FEATURES,
		QUEUE_MAX, QUEUE_READY, ISR, STATUS, SHM_LEN, SHM_LEN + 4,
		SHM_BASE, SHM_BASE + 4, QUEUE_RESET, GENERATION,
	};
	struct machine *m = *state;
	struct state_disk before;

	machine_start(m);
	before = m->reg;
	for (uint64_t offset = 0; offset < 0x1000; offset++) {
		for (uint32_t size = 1; size <= 8; size *= 2) {
			uint64_t v = vmmio_read(&m->v, offset, size, m->config,
						CONFIG_LEN);

			if (size < 8)
				assert_int_equal(v >> (8 * size), 0);
			if (offset < CONFIG &&
			    (size != 4 || !among(offset, readable,
						 ARRAY_SIZE(readable))))
				assert_int_equal(v, 0);
			if (offset >= CONFIG + CONFIG_LEN)
				assert_int_equal(v, 0);
		}
	}
	assert_memory_equal(&before, &m->reg, sizeof(before));
}

static void what_is_not_writable_stays(void **state)
{
	static const uint16_t writable[] = {
		DEVICE_SEL, DRIVER_FEATURES, DRIVER_SEL, QUEUE_SEL, QUEUE_NUM,
		QUEUE_READY, QUEUE_NOTIFY, ACK, STATUS, DESC, DESC + 4, DRIVER,
		DRIVER + 4, DEVICE, DEVICE + 4, SHM_SEL, QUEUE_RESET,
	};
	static const uint64_t values[] = { 0, 1, 2, 3, 0xff, UINT32_MAX,
					   UINT64_MAX };
	struct machine *m = *state;
	struct state_disk before;

	machine_start(m);
	before = m->reg;
	for (uint64_t offset = 0; offset < 0x1000; offset++) {
		for (size_t k = 0; k < 4 * ARRAY_SIZE(values); k++) {
			uint32_t size = 1u << k % 4;
			struct vdev_effect e;

			if (size == 4 && among(offset, writable,
					       ARRAY_SIZE(writable)))
				continue;
			e = vmmio_write(&m->v, offset, size, values[k / 4],
					CONFIG_LEN);
			if (offset < CONFIG || offset % size ||
			    offset + size > CONFIG + CONFIG_LEN)
				assert_int_equal(e.kind, VDEV_NOTHING);
			else
				assert_int_equal(e.kind, VDEV_CONFIG_WRITE);
			assert_memory_equal(&before, &m->reg, sizeof(before));
		}
	}
}

/* Anything, anywhere, with whatever it asks for done: nothing goes wrong. */
static void garbage_does_no_harm(void **state)
{
	struct machine *m = *state;
	struct dice d = { 42 };

	for (uint32_t i = 0; i < 300000; i++) {
		uint64_t offset = dice_below(&d, 4) ?
			dice_below(&d, 0x100 / 4) * 4 : dice_below(&d, 0x400);
		uint32_t value = (uint32_t)dice_roll(&d) >> dice_below(&d, 32);

		vmmio_read(&m->v, offset, 1u << dice_below(&d, 4), m->config,
			   CONFIG_LEN);
		machine_put(m, offset, value);
		for (uint32_t q = 0; q < QUEUES; q++) {
			const struct state_queue *sq = &m->reg.queue[q];

			assert_true(sq->num <= MAX_QUEUE);
			assert_true(!(sq->num & (sq->num - 1)));
			assert_true(sq->ready <= 1);
			assert_true(!sq->ready || sq->num);
		}
		assert_true(!(m->reg.status & S_FEATURES_OK) ||
			    !(m->reg.features & ~OFFERED));
	}
}

/* --- configuration space --------------------------------------------------- */

static void the_configuration_is_little_endian_bytes(void **state)
{
	struct machine *m = *state;

	for (uint32_t size = 1; size <= 8; size *= 2) {
		for (uint32_t at = 0; at < CONFIG_LEN + 16; at++) {
			uint64_t want = 0;

			for (uint32_t i = size; i-- > 0;)
				want = want << 8 | (at + i < CONFIG_LEN ?
						    at + i + 1 : 0);
			if (at % size)
				want = 0;
			assert_int_equal(vmmio_read(&m->v, CONFIG + at, size,
						    m->config, CONFIG_LEN),
					 want);
		}
	}
	/* Across its end: 56 to 59 are there, 60 to 63 are not. */
	assert_int_equal(vmmio_read(&m->v, CONFIG + 56, 8, m->config,
				    CONFIG_LEN), 0x3c3b3a39);
	assert_int_equal(vmmio_read(&m->v, UINT64_MAX - 7, 8, m->config,
				    CONFIG_LEN), 0);
}

static void a_configuration_write_is_handed_on(void **state)
{
	struct machine *m = *state;
	struct vdev_effect e = vmmio_write(&m->v, CONFIG + 32, 1, 0xab,
					   CONFIG_LEN);

	assert_int_equal(e.kind, VDEV_CONFIG_WRITE);
	assert_int_equal(e.offset, 32);
	assert_int_equal(e.size, 1);
	assert_int_equal(e.data, 0xab);
	assert_int_equal(vmmio_write(&m->v, CONFIG + 56, 8, 0, CONFIG_LEN).kind,
			 VDEV_NOTHING);
	assert_int_equal(vmmio_write(&m->v, UINT64_MAX - 7, 8, 0,
				     CONFIG_LEN).kind, VDEV_NOTHING);
}

/* --- features -------------------------------------------------------------- */

/* To all that is offered, and to @features in the window @sel. */
static bool agrees_beyond(struct machine *m, uint32_t sel, uint32_t features)
{
	machine_put(m, STATUS, 0);
	machine_put(m, STATUS, S_ACK | S_DRIVER);
	machine_put_features(m, OFFERED);
	machine_put(m, DRIVER_SEL, sel);
	machine_put(m, DRIVER_FEATURES, features);
	machine_put(m, STATUS, S_ACK | S_DRIVER | S_FEATURES_OK);
	return machine_get(m, STATUS) & S_FEATURES_OK;
}

static void features_are_offered_in_words(void **state)
{
	static const uint32_t beyond[] = { 2, 3, 4, 32, 64, 0x80000000,
					   UINT32_MAX };
	struct machine *m = *state;

	machine_put(m, DEVICE_SEL, 0);
	assert_int_equal(machine_get(m, DEVICE_FEATURES), (uint32_t)OFFERED);
	machine_put(m, DEVICE_SEL, 1);
	assert_int_equal(machine_get(m, DEVICE_FEATURES), OFFERED >> 32);
	for (size_t i = 0; i < ARRAY_SIZE(beyond); i++) {
		machine_put(m, DEVICE_SEL, beyond[i]);
		assert_int_equal(machine_get(m, DEVICE_FEATURES), 0);
	}
}

static void every_subset_with_version_1_is_accepted(void **state)
{
	static const uint64_t optional[] = { FLUSH, MQ, INDIRECT, EVENT_IDX,
					     PLATFORM, RING_RESET };
	struct machine *m = *state;

	for (uint32_t set = 0; set < 1u << ARRAY_SIZE(optional); set++) {
		uint64_t f = 0;

		for (size_t i = 0; i < ARRAY_SIZE(optional); i++)
			if (set >> i & 1)
				f |= optional[i];
		assert_true(machine_negotiate(m, f | VERSION_1));
		assert_int_equal(m->reg.features, f | VERSION_1);
		assert_false(machine_negotiate(m, f));
	}
}

static void a_bit_that_was_not_offered_is_refused(void **state)
{
	struct machine *m = *state;

	for (int bit = 0; bit < 64; bit++) {
		uint64_t f = UINT64_C(1) << bit;

		assert_int_equal(machine_negotiate(m, f | VERSION_1), !(f & ~OFFERED));
	}
	/* The driver may think again. */
	assert_false(machine_negotiate(m, OFFERED | 1));
	machine_put_features(m, OFFERED);
	machine_put(m, STATUS, S_ACK | S_DRIVER | S_FEATURES_OK);
	assert_true(machine_get(m, STATUS) & S_FEATURES_OK);
}

static void words_beyond_hold_nothing_to_accept(void **state)
{
	static const uint32_t beyond[] = { 2, 3, 32, 33, 0x80000000,
					   UINT32_MAX };
	struct machine *m = *state;

	for (size_t i = 0; i < ARRAY_SIZE(beyond); i++) {
		assert_true(agrees_beyond(m, beyond[i], 0));
		assert_false(agrees_beyond(m, beyond[i], 1));
	}
}

static void features_are_frozen_once_agreed(void **state)
{
	struct machine *m = *state;

	assert_true(machine_negotiate(m, VERSION_1 | FLUSH));
	machine_put_features(m, OFFERED);
	assert_int_equal(m->reg.features, VERSION_1 | FLUSH);
	machine_put(m, DRIVER_SEL, 2);
	machine_put(m, DRIVER_FEATURES, 1);
	assert_int_equal(m->reg.features, VERSION_1 | FLUSH);
}

/* --- status ---------------------------------------------------------------- */

static void bits_out_of_order_are_ignored(void **state)
{
	struct machine *m = *state;

	machine_put(m, STATUS, S_DRIVER);
	assert_int_equal(machine_get(m, STATUS), 0);
	machine_put(m, STATUS, S_DRIVER_OK);
	assert_int_equal(machine_get(m, STATUS), 0);
	machine_put(m, STATUS, S_ACK);
	machine_put_features(m, OFFERED);
	machine_put(m, STATUS, S_ACK | S_FEATURES_OK);
	assert_int_equal(machine_get(m, STATUS), S_ACK);
	machine_put(m, STATUS, S_ACK | S_DRIVER);
	assert_int_equal(machine_put(m, STATUS, S_ACK | S_DRIVER | S_DRIVER_OK),
			 VDEV_NOTHING);
	assert_int_equal(machine_get(m, STATUS), S_ACK | S_DRIVER);
	/* Neither a bit nobody knows, nor one that is the device's. */
	machine_put(m, STATUS, 0x30 | S_NEEDS_RESET | 0xffffff00 | S_ACK | S_DRIVER);
	assert_int_equal(machine_get(m, STATUS), S_ACK | S_DRIVER);
	/* Nothing is taken back. */
	machine_put(m, STATUS, S_ACK);
	assert_int_equal(machine_get(m, STATUS), S_ACK | S_DRIVER);
}

/*
 * The rules in the specification's words (2.1, 3.1): bits are only added;
 * DRIVER after ACKNOWLEDGE, FEATURES_OK after DRIVER and if the features are
 * good, DRIVER_OK by a write of its own after FEATURES_OK; FAILED always.
 */
struct walk {
	uint32_t status;
	uint64_t features;
};

static void walk_status(struct walk *w, uint32_t value)
{
	bool agreed = w->status & S_FEATURES_OK;
	uint32_t known = S_ACK | S_DRIVER | S_DRIVER_OK | S_FEATURES_OK |
			 S_FAILED;

	if (!value) {
		*w = (struct walk){ 0 };
		return;
	}
	if (w->status & known & ~value)
		return;
	w->status |= value & (S_ACK | S_FAILED);
	if (w->status & S_ACK)
		w->status |= value & S_DRIVER;
	if (w->status & S_DRIVER && w->features & VERSION_1 &&
	    !(w->features & ~OFFERED))
		w->status |= value & S_FEATURES_OK;
	if (agreed)
		w->status |= value & S_DRIVER_OK;
}

static void walk_features(struct walk *w, uint64_t features)
{
	if (!(w->status & S_FEATURES_OK))
		w->features = features;
}

static void a_random_walk_follows_the_rules(void **state)
{
	static const uint32_t likely[] = { 1, 3, 3, 11, 11, 15, 15, 143 };
	struct machine *m = *state;
	struct dice d = { 7 };
	struct walk w = { 0 };
	uint32_t seen[256] = { 0 };

	for (uint32_t i = 0; i < 200000; i++) {
		uint32_t what = dice_below(&d, 16);
		uint64_t f = what & 1 ? OFFERED : VERSION_1 |
			     UINT64_C(1) << dice_below(&d, 64);
		uint32_t v = dice_below(&d, 256);

		if (what < 4) {
			machine_put_features(m, f);
			walk_features(&w, f);
		} else if (what == 4 && i % 8 == 0) {
			vdev_needs_reset(&m->v);
			w.status |= S_NEEDS_RESET;
		} else {
			if (what < 14)
				v = likely[dice_below(&d, 8)];
			else if (what == 14)
				v = 0;
			machine_put(m, STATUS, v);
			walk_status(&w, v);
		}
		assert_int_equal(machine_get(m, STATUS), w.status);
		seen[w.status]++;
	}
	for (size_t i = 0; i < ARRAY_SIZE(likely); i++)
		assert_true(seen[likely[i]] > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MACHINE(a_driver_finds_a_block_device),
		MACHINE(what_is_not_readable_reads_as_zero),
		MACHINE(what_is_not_writable_stays),
		MACHINE(garbage_does_no_harm),
		MACHINE(the_configuration_is_little_endian_bytes),
		MACHINE(a_configuration_write_is_handed_on),
		MACHINE(features_are_offered_in_words),
		MACHINE(every_subset_with_version_1_is_accepted),
		MACHINE(a_bit_that_was_not_offered_is_refused),
		MACHINE(words_beyond_hold_nothing_to_accept),
		MACHINE(features_are_frozen_once_agreed),
		MACHINE(bits_out_of_order_are_ignored),
		MACHINE(a_random_walk_follows_the_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
