// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The register machine as a guest sees it, by the offsets and values of the
 * specification (virtio 1.2: 2.1, 2.2, 3.1 and the table in 4.2.2).
 */
#include "tests/unit/unit.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "backend/vmmio.h"

#define MAX_QUEUE  64u
#define QUEUES     3u
#define CONFIG_LEN 60u

enum {
	MAGIC = 0x000, VERSION_REG = 0x004, DEVICE_ID = 0x008,
	VENDOR_ID = 0x00c, DEVICE_FEATURES = 0x010, DEVICE_SEL = 0x014,
	DRIVER_FEATURES = 0x020, DRIVER_SEL = 0x024, QUEUE_SEL = 0x030,
	QUEUE_MAX = 0x034, QUEUE_NUM = 0x038, QUEUE_READY = 0x044,
	QUEUE_NOTIFY = 0x050, ISR = 0x060, ACK = 0x064, STATUS = 0x070,
	DESC = 0x080, DRIVER = 0x090, DEVICE = 0x0a0, SHM_SEL = 0x0ac,
	SHM_LEN = 0x0b0, SHM_BASE = 0x0b8, QUEUE_RESET = 0x0c0,
	GENERATION = 0x0fc, CONFIG = 0x100,
};

enum { S_ACK = 1, S_DRIVER = 2, S_DRIVER_OK = 4, S_FEATURES_OK = 8,
	S_NEEDS_RESET = 64, S_FAILED = 128 };

#define FLUSH         (UINT64_C(1) << 9)
#define MQ            (UINT64_C(1) << 12)
#define INDIRECT      (UINT64_C(1) << 28)
#define EVENT_IDX     (UINT64_C(1) << 29)
#define VERSION_1     (UINT64_C(1) << 32)
#define PLATFORM      (UINT64_C(1) << 33)
#define RING_RESET    (UINT64_C(1) << 40)
#define OFFERED       (FLUSH | MQ | INDIRECT | EVENT_IDX | VERSION_1 | \
		       PLATFORM | RING_RESET)

struct machine {
	struct state_disk reg;
	struct vdev v;
	uint8_t config[CONFIG_LEN];
};

static int machine_setup(void **state)
{
	static struct machine m;

	memset(&m, 0, sizeof(m));
	m.v = (struct vdev){
		.reg = &m.reg, .offered = OFFERED, .num_queues = QUEUES,
		.queue_size_max = MAX_QUEUE, .device_id = 2,
	};
	for (uint32_t i = 0; i < CONFIG_LEN; i++)
		m.config[i] = (uint8_t)(i + 1);
	vdev_reset(&m.v);
	*state = &m;
	return 0;
}

static uint32_t get(struct machine *m, uint64_t offset)
{
	return (uint32_t)vmmio_read(&m->v, offset, 4, m->config, CONFIG_LEN);
}

/* Write, and do at once what the write asks for. */
static enum vdev_effect_kind put(struct machine *m, uint64_t offset,
				 uint32_t value)
{
	struct vdev_effect e = vmmio_write(&m->v, offset, 4, value, CONFIG_LEN);

	if (e.kind == VDEV_ENABLE_QUEUE)
		vdev_queue_enabled(&m->v, e.queue);
	else if (e.kind == VDEV_STOP_QUEUE)
		vdev_queue_stopped(&m->v, e.queue);
	else if (e.kind == VDEV_RESET_DEVICE)
		vdev_reset(&m->v);
	return e.kind;
}

static void put_features(struct machine *m, uint64_t features)
{
	put(m, DRIVER_SEL, 0);
	put(m, DRIVER_FEATURES, (uint32_t)features);
	put(m, DRIVER_SEL, 1);
	put(m, DRIVER_FEATURES, (uint32_t)(features >> 32));
}

static bool negotiate(struct machine *m, uint64_t features)
{
	put(m, STATUS, 0);
	put(m, STATUS, S_ACK);
	put(m, STATUS, S_ACK | S_DRIVER);
	put_features(m, features);
	put(m, STATUS, S_ACK | S_DRIVER | S_FEATURES_OK);
	return get(m, STATUS) & S_FEATURES_OK;
}

static void set_up_queue(struct machine *m, uint32_t q)
{
	put(m, QUEUE_SEL, q);
	put(m, QUEUE_NUM, 16);
	put(m, DESC, 0x1000);
	put(m, DESC + 4, 1);
	put(m, DRIVER, 0x2000);
	put(m, DRIVER + 4, 2);
	put(m, DEVICE, 0x3000);
	put(m, DEVICE + 4, 3);
}

static void start(struct machine *m)
{
	assert_true(negotiate(m, OFFERED));
	set_up_queue(m, 0);
	assert_int_equal(put(m, QUEUE_READY, 1), VDEV_ENABLE_QUEUE);
	assert_int_equal(put(m, STATUS, 15), VDEV_DRIVER_OK);
	assert_int_equal(get(m, STATUS), 15);
}

/* --- the map --------------------------------------------------------------- */

static void a_driver_finds_a_block_device(void **state)
{
	struct machine *m = *state;

	assert_int_equal(get(m, MAGIC), 0x74726976);
	assert_int_equal(get(m, VERSION_REG), 2);
	assert_int_equal(get(m, DEVICE_ID), 2);
	assert_int_equal(get(m, VENDOR_ID), 0x4e4558);
	assert_int_equal(get(m, STATUS), 0);
	assert_int_equal(get(m, QUEUE_MAX), MAX_QUEUE);
	for (uint32_t i = 0; i < 4; i++) {
		put(m, SHM_SEL, i);
		assert_int_equal(get(m, SHM_LEN), UINT32_MAX);
		assert_int_equal(get(m, SHM_LEN + 4), UINT32_MAX);
		assert_int_equal(get(m, SHM_BASE), UINT32_MAX);
		assert_int_equal(get(m, SHM_BASE + 4), UINT32_MAX);
	}
	m->reg.generation = 77;
	assert_int_equal(get(m, GENERATION), 77);
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

	start(m);
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

	start(m);
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
		put(m, offset, value);
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
	e = vmmio_write(&m->v, CONFIG + 56, 8, 0, CONFIG_LEN);
	assert_int_equal(e.kind, VDEV_NOTHING);
	e = vmmio_write(&m->v, UINT64_MAX - 7, 8, 0, CONFIG_LEN);
	assert_int_equal(e.kind, VDEV_NOTHING);
}

/* --- features -------------------------------------------------------------- */

static void features_are_offered_in_words(void **state)
{
	static const uint32_t beyond[] = { 2, 3, 4, 32, 64, 0x80000000,
					   UINT32_MAX };
	struct machine *m = *state;

	put(m, DEVICE_SEL, 0);
	assert_int_equal(get(m, DEVICE_FEATURES), (uint32_t)OFFERED);
	put(m, DEVICE_SEL, 1);
	assert_int_equal(get(m, DEVICE_FEATURES), OFFERED >> 32);
	for (size_t i = 0; i < ARRAY_SIZE(beyond); i++) {
		put(m, DEVICE_SEL, beyond[i]);
		assert_int_equal(get(m, DEVICE_FEATURES), 0);
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
		assert_true(negotiate(m, f | VERSION_1));
		assert_int_equal(m->reg.features, f | VERSION_1);
		assert_false(negotiate(m, f));
	}
}

static void a_bit_that_was_not_offered_is_refused(void **state)
{
	struct machine *m = *state;

	for (int bit = 0; bit < 64; bit++) {
		uint64_t f = UINT64_C(1) << bit;

		assert_int_equal(negotiate(m, f | VERSION_1), !(f & ~OFFERED));
	}
	/* The driver may think again. */
	assert_false(negotiate(m, OFFERED | 1));
	put_features(m, OFFERED);
	put(m, STATUS, S_ACK | S_DRIVER | S_FEATURES_OK);
	assert_true(get(m, STATUS) & S_FEATURES_OK);
}

static void words_beyond_hold_nothing_to_accept(void **state)
{
	static const uint32_t beyond[] = { 2, 3, 32, 33, 0x80000000,
					   UINT32_MAX };
	struct machine *m = *state;

	for (size_t i = 0; i < ARRAY_SIZE(beyond); i++) {
		put(m, STATUS, 0);
		put(m, STATUS, S_ACK | S_DRIVER);
		put_features(m, OFFERED);
		put(m, DRIVER_SEL, beyond[i]);
		put(m, DRIVER_FEATURES, 0);
		put(m, STATUS, S_ACK | S_DRIVER | S_FEATURES_OK);
		assert_true(get(m, STATUS) & S_FEATURES_OK);

		put(m, STATUS, 0);
		put(m, STATUS, S_ACK | S_DRIVER);
		put_features(m, OFFERED);
		put(m, DRIVER_SEL, beyond[i]);
		put(m, DRIVER_FEATURES, 1);
		put(m, STATUS, S_ACK | S_DRIVER | S_FEATURES_OK);
		assert_false(get(m, STATUS) & S_FEATURES_OK);
	}
}

static void features_are_frozen_once_agreed(void **state)
{
	struct machine *m = *state;

	assert_true(negotiate(m, VERSION_1 | FLUSH));
	put_features(m, OFFERED);
	assert_int_equal(m->reg.features, VERSION_1 | FLUSH);
	put(m, DRIVER_SEL, 2);
	put(m, DRIVER_FEATURES, 1);
	assert_int_equal(m->reg.features, VERSION_1 | FLUSH);
}

/* --- status ---------------------------------------------------------------- */

static void bits_out_of_order_are_ignored(void **state)
{
	struct machine *m = *state;

	put(m, STATUS, S_DRIVER);
	assert_int_equal(get(m, STATUS), 0);
	put(m, STATUS, S_DRIVER_OK);
	assert_int_equal(get(m, STATUS), 0);
	put(m, STATUS, S_ACK);
	put_features(m, OFFERED);
	put(m, STATUS, S_ACK | S_FEATURES_OK);
	assert_int_equal(get(m, STATUS), S_ACK);
	put(m, STATUS, S_ACK | S_DRIVER);
	assert_int_equal(put(m, STATUS, S_ACK | S_DRIVER | S_DRIVER_OK),
			 VDEV_NOTHING);
	assert_int_equal(get(m, STATUS), S_ACK | S_DRIVER);
	/* Neither a bit nobody knows, nor one that is the device's. */
	put(m, STATUS, 0x30 | S_NEEDS_RESET | 0xffffff00 | S_ACK | S_DRIVER);
	assert_int_equal(get(m, STATUS), S_ACK | S_DRIVER);
	/* Nothing is taken back. */
	put(m, STATUS, S_ACK);
	assert_int_equal(get(m, STATUS), S_ACK | S_DRIVER);
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
			put_features(m, f);
			walk_features(&w, f);
		} else if (what == 4 && i % 8 == 0) {
			vdev_needs_reset(&m->v);
			w.status |= S_NEEDS_RESET;
		} else {
			if (what < 14)
				v = likely[dice_below(&d, 8)];
			else if (what == 14)
				v = 0;
			put(m, STATUS, v);
			walk_status(&w, v);
		}
		assert_int_equal(get(m, STATUS), w.status);
		seen[w.status]++;
	}
	for (size_t i = 0; i < ARRAY_SIZE(likely); i++)
		assert_true(seen[likely[i]] > 100);
}

/* --- queues ---------------------------------------------------------------- */

static void a_queue_holds_what_was_written(void **state)
{
	struct machine *m = *state;
	const struct state_queue *q = &m->reg.queue[1];

	assert_true(negotiate(m, OFFERED));
	set_up_queue(m, 1);
	assert_int_equal(q->num, 16);
	assert_int_equal(q->desc, 0x100001000);
	assert_int_equal(q->driver, 0x200002000);
	assert_int_equal(q->device, 0x300003000);
	assert_int_equal(get(m, QUEUE_READY), 0);
	assert_int_equal(put(m, QUEUE_READY, 1), VDEV_ENABLE_QUEUE);
	assert_int_equal(get(m, QUEUE_READY), 1);
	put(m, QUEUE_SEL, 0);
	assert_int_equal(get(m, QUEUE_READY), 0);
}

static void a_ready_queue_is_frozen(void **state)
{
	struct machine *m = *state;
	struct state_queue before;

	assert_true(negotiate(m, OFFERED));
	set_up_queue(m, 0);
	put(m, QUEUE_READY, 1);
	before = m->reg.queue[0];
	put(m, QUEUE_NUM, 32);
	for (uint32_t r = DESC; r <= DEVICE + 4; r += 4)
		put(m, r, 0xffff0000);
	assert_int_equal(put(m, QUEUE_READY, 1), VDEV_NOTHING);
	assert_int_equal(put(m, QUEUE_READY, 2), VDEV_NOTHING);
	assert_int_equal(put(m, QUEUE_READY, UINT32_MAX), VDEV_NOTHING);
	assert_memory_equal(&before, &m->reg.queue[0], sizeof(before));
}

static void a_queue_of_a_wrong_size_is_never_ready(void **state)
{
	static const uint32_t bad[] = { 0, 3, 5, 63, MAX_QUEUE + 1,
					2 * MAX_QUEUE, 65535, 65536, 0x80000000,
					UINT32_MAX };
	struct machine *m = *state;

	assert_true(negotiate(m, OFFERED));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		set_up_queue(m, 0);
		put(m, QUEUE_NUM, bad[i]);
		assert_int_equal(put(m, QUEUE_READY, 1), VDEV_NOTHING);
		assert_int_equal(get(m, QUEUE_READY), 0);
	}
	for (uint32_t num = 1; num <= MAX_QUEUE; num *= 2) {
		set_up_queue(m, 0);
		put(m, QUEUE_NUM, num);
		assert_int_equal(put(m, QUEUE_READY, 1), VDEV_ENABLE_QUEUE);
		assert_int_equal(put(m, QUEUE_READY, 0), VDEV_STOP_QUEUE);
	}
}

static void a_queue_that_does_not_exist_is_harmless(void **state)
{
	static const uint32_t beyond[] = { QUEUES, 8, 255, 0x80000000,
					   UINT32_MAX };
	struct machine *m = *state;
	struct state_disk before;

	assert_true(negotiate(m, OFFERED));
	for (size_t i = 0; i < ARRAY_SIZE(beyond); i++) {
		put(m, QUEUE_SEL, beyond[i]);
		before = m->reg;
		assert_int_equal(get(m, QUEUE_MAX), 0);
		assert_int_equal(get(m, QUEUE_READY), 0);
		set_up_queue(m, beyond[i]);
		assert_int_equal(put(m, QUEUE_READY, 1), VDEV_NOTHING);
		assert_int_equal(put(m, QUEUE_READY, 0), VDEV_NOTHING);
		assert_int_equal(put(m, QUEUE_RESET, 1), VDEV_NOTHING);
		assert_memory_equal(&before, &m->reg, sizeof(before));
	}
}

static void ready_needs_aligned_addresses(void **state)
{
	static const struct {
		uint32_t reg;
		uint32_t align;
	} part[] = { { DESC, 16 }, { DRIVER, 2 }, { DEVICE, 4 } };
	struct machine *m = *state;

	assert_true(negotiate(m, OFFERED));
	for (size_t i = 0; i < ARRAY_SIZE(part); i++) {
		for (uint32_t low = 1; low < 32; low++) {
			bool ok = low % part[i].align == 0;

			set_up_queue(m, 0);
			put(m, part[i].reg, 0x7000 + low);
			assert_int_equal(put(m, QUEUE_READY, 1), ok ?
					 VDEV_ENABLE_QUEUE : VDEV_NOTHING);
			put(m, QUEUE_READY, 0);
		}
		set_up_queue(m, 0);
		put(m, part[i].reg, 0);
		put(m, part[i].reg + 4, 0);
		assert_int_equal(put(m, QUEUE_READY, 1), VDEV_NOTHING);
	}
}

static void ready_needs_agreed_features(void **state)
{
	struct machine *m = *state;

	put(m, STATUS, S_ACK | S_DRIVER);
	set_up_queue(m, 0);
	assert_int_equal(put(m, QUEUE_READY, 1), VDEV_NOTHING);
	/* Without MQ there is one queue. */
	assert_true(negotiate(m, VERSION_1));
	set_up_queue(m, 1);
	assert_int_equal(put(m, QUEUE_READY, 1), VDEV_NOTHING);
	set_up_queue(m, 0);
	assert_int_equal(put(m, QUEUE_READY, 1), VDEV_ENABLE_QUEUE);
}

/* The ring is let go first: until then the register says what is. */
static void a_queue_stops_when_it_was_let_go(void **state)
{
	struct machine *m = *state;
	struct vdev_effect e;

	start(m);
	for (int i = 0; i < 3; i++) {
		e = vmmio_write(&m->v, QUEUE_READY, 4, 0, CONFIG_LEN);
		assert_int_equal(e.kind, VDEV_STOP_QUEUE);
		assert_int_equal(e.queue, 0);
		assert_int_equal(get(m, QUEUE_READY), 1);
	}
	vdev_queue_stopped(&m->v, 0);
	assert_int_equal(get(m, QUEUE_READY), 0);
	assert_int_equal(m->reg.queue[0].num, MAX_QUEUE);
	assert_int_equal(m->reg.queue[0].desc, 0);
	assert_int_equal(put(m, QUEUE_READY, 0), VDEV_NOTHING);
}

static void a_queue_can_be_reset_and_enabled_again(void **state)
{
	struct machine *m = *state;

	start(m);
	m->reg.queue[0].last_avail = 99;
	m->reg.queue[0].in_flight[3] = 1;
	assert_int_equal(put(m, QUEUE_RESET, 0), VDEV_NOTHING);
	assert_int_equal(put(m, QUEUE_RESET, 2), VDEV_NOTHING);
	assert_int_equal(put(m, QUEUE_RESET, 1), VDEV_STOP_QUEUE);
	assert_int_equal(get(m, QUEUE_RESET), 0);
	assert_int_equal(get(m, QUEUE_READY), 0);
	set_up_queue(m, 0);
	put(m, QUEUE_NUM, 8);
	assert_int_equal(put(m, QUEUE_READY, 1), VDEV_ENABLE_QUEUE);
	assert_int_equal(get(m, QUEUE_RESET), 0);
	assert_int_equal(m->reg.queue[0].num, 8);
	assert_int_equal(m->reg.queue[0].last_avail, 0);
	assert_int_equal(m->reg.queue[0].in_flight[3], 0);
	/* Not without the feature. */
	assert_true(negotiate(m, OFFERED & ~RING_RESET));
	set_up_queue(m, 0);
	put(m, QUEUE_READY, 1);
	assert_int_equal(put(m, QUEUE_RESET, 1), VDEV_NOTHING);
	assert_int_equal(get(m, QUEUE_READY), 1);
}

static void a_kick_needs_a_queue_that_runs(void **state)
{
	struct machine *m = *state;
	struct vdev_effect e;

	assert_true(negotiate(m, OFFERED));
	set_up_queue(m, 0);
	assert_int_equal(put(m, QUEUE_NOTIFY, 0), VDEV_NOTHING);
	put(m, QUEUE_READY, 1);
	/* C-G 1: nothing before DRIVER_OK. */
	assert_int_equal(put(m, QUEUE_NOTIFY, 0), VDEV_NOTHING);
	put(m, STATUS, 15);
	e = vmmio_write(&m->v, QUEUE_NOTIFY, 4, 0, CONFIG_LEN);
	assert_int_equal(e.kind, VDEV_KICK);
	assert_int_equal(e.queue, 0);
	assert_int_equal(put(m, QUEUE_NOTIFY, 1), VDEV_NOTHING);
	assert_int_equal(put(m, QUEUE_NOTIFY, QUEUES), VDEV_NOTHING);
	assert_int_equal(put(m, QUEUE_NOTIFY, 0xffff), VDEV_NOTHING);
	assert_int_equal(put(m, QUEUE_NOTIFY, 0x80000000), VDEV_NOTHING);
	assert_int_equal(put(m, QUEUE_NOTIFY, UINT32_MAX), VDEV_NOTHING);
	put(m, STATUS, 15 | S_FAILED);
	assert_int_equal(put(m, QUEUE_NOTIFY, 0), VDEV_NOTHING);
}

/* --- reset, interrupts ----------------------------------------------------- */

static void a_reset_clears_everything(void **state)
{
	struct machine *m = *state;

	start(m);
	vdev_interrupt(&m->v, 1);
	vdev_interrupt(&m->v, 2);
	put(m, DEVICE_SEL, 1);
	put(m, DRIVER_SEL, 1);
	put(m, QUEUE_SEL, 2);
	m->reg.queue[0].last_avail = 5;
	m->reg.queue[0].used = 5;
	m->reg.queue[0].in_flight[0] = 5;
	m->reg.queue[0].vector = 1;
	m->reg.config_vector = 1;
	assert_int_equal(put(m, STATUS, 0), VDEV_RESET_DEVICE);
	assert_int_equal(m->reg.config_vector, STATE_NO_VECTOR);
	assert_int_equal(get(m, STATUS), 0);
	assert_int_equal(get(m, ISR), 0);
	assert_int_equal(get(m, DEVICE_FEATURES), (uint32_t)OFFERED);
	assert_int_equal(m->reg.features, 0);
	assert_int_equal(m->reg.driver_features_sel, 0);
	for (uint32_t q = 0; q < QUEUES; q++) {
		struct state_queue fresh = {
			.num = MAX_QUEUE, .vector = STATE_NO_VECTOR,
		};

		put(m, QUEUE_SEL, q);
		assert_int_equal(get(m, QUEUE_READY), 0);
		assert_memory_equal(&m->reg.queue[q], &fresh, sizeof(fresh));
	}
	start(m);
}

/* C-G 7, 8: the status reads 0 only when all is let go. */
static void a_reset_takes_the_time_it_takes(void **state)
{
	struct machine *m = *state;
	struct vdev_effect e;

	start(m);
	e = vmmio_write(&m->v, STATUS, 4, 0, CONFIG_LEN);
	assert_int_equal(e.kind, VDEV_RESET_DEVICE);
	assert_int_equal(get(m, STATUS), 15);
	assert_int_equal(get(m, QUEUE_READY), 1);
}

static void an_interrupt_stands_until_acknowledged(void **state)
{
	struct machine *m = *state;

	start(m);
	assert_int_equal(get(m, ISR), 0);
	assert_true(vdev_interrupt(&m->v, 1));
	assert_int_equal(get(m, ISR), 1);
	assert_false(vdev_interrupt(&m->v, 1));
	assert_true(vdev_interrupt(&m->v, 3));
	assert_int_equal(get(m, ISR), 3);
	assert_false(vdev_interrupt(&m->v, 3));
	put(m, ACK, 1);
	assert_int_equal(get(m, ISR), 2);
	assert_true(vdev_interrupt(&m->v, 1));
	put(m, ACK, 0xfffffffc);
	assert_int_equal(get(m, ISR), 3);
	put(m, ACK, UINT32_MAX);
	assert_int_equal(get(m, ISR), 0);
	/* Read-only. */
	put(m, ISR, 3);
	assert_int_equal(get(m, ISR), 0);
}

static void needs_reset_is_said_once(void **state)
{
	struct machine *m = *state;

	/* C-G 2: a notification only if the driver is there to see it. */
	assert_false(vdev_needs_reset(&m->v));
	assert_int_equal(get(m, STATUS), S_NEEDS_RESET);
	assert_false(vdev_asks_for_reset(&m->v));
	start(m);
	assert_true(vdev_needs_reset(&m->v));
	assert_int_equal(get(m, STATUS), 15 | S_NEEDS_RESET);
	assert_true(vdev_asks_for_reset(&m->v));
	assert_false(vdev_needs_reset(&m->v));
	/* Nothing goes on, and the driver can't wish it away. */
	put(m, STATUS, 15);
	assert_int_equal(get(m, STATUS), 15 | S_NEEDS_RESET);
	assert_int_equal(put(m, QUEUE_NOTIFY, 0), VDEV_NOTHING);
	set_up_queue(m, 1);
	assert_int_equal(put(m, QUEUE_READY, 1), VDEV_NOTHING);
	assert_int_equal(put(m, STATUS, 0), VDEV_RESET_DEVICE);
	assert_int_equal(get(m, STATUS), 0);
	start(m);
}

#define MACHINE(test) cmocka_unit_test_setup(test, machine_setup)

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
		MACHINE(a_queue_holds_what_was_written),
		MACHINE(a_ready_queue_is_frozen),
		MACHINE(a_queue_of_a_wrong_size_is_never_ready),
		MACHINE(a_queue_that_does_not_exist_is_harmless),
		MACHINE(ready_needs_aligned_addresses),
		MACHINE(ready_needs_agreed_features),
		MACHINE(a_queue_stops_when_it_was_let_go),
		MACHINE(a_queue_can_be_reset_and_enabled_again),
		MACHINE(a_kick_needs_a_queue_that_runs),
		MACHINE(a_reset_clears_everything),
		MACHINE(a_reset_takes_the_time_it_takes),
		MACHINE(an_interrupt_stands_until_acknowledged),
		MACHINE(needs_reset_is_said_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
