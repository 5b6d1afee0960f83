// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The registers in BAR 0 as a driver sees them, by the structures of virtio
 * 1.2, 4.1.4.3 to 4.1.4.8. What they do once decoded is test_vmmio's: both lead
 * to the same machine.
 */
#include "tests/unit/unit.h"

#include <stdbool.h>
#include <string.h>

#include "backend/msix.h"
#include "backend/vpci.h"

#define MAX_QUEUE  64u
#define QUEUES     3u
#define CONFIG_LEN 60u
#define NO_VECTOR  0xffffu

/* struct virtio_pci_common_cfg */
enum {
	DEVICE_SEL = 0, DEVICE_FEATURES = 4, DRIVER_SEL = 8,
	DRIVER_FEATURES = 12, CONFIG_VECTOR = 16, NUM_QUEUES = 18, STATUS = 20,
	GENERATION = 21, QUEUE_SEL = 22, QUEUE_SIZE = 24, QUEUE_VECTOR = 26,
	QUEUE_ENABLE = 28, QUEUE_NOTIFY_OFF = 30, DESC = 32, DRIVER = 40,
	DEVICE = 48, NOTIFY_DATA = 56, QUEUE_RESET = 58, COMMON_LEN = 60,
};

enum { ISR = VPCI_ISR, CONFIG = VPCI_DEVICE, NOTIFY = VPCI_NOTIFY,
	TABLE = VPCI_MSIX_TABLE, PENDING = VPCI_MSIX_PENDING };

#define FLUSH      (UINT64_C(1) << 9)
#define MQ         (UINT64_C(1) << 12)
#define VERSION_1  (UINT64_C(1) << 32)
#define RING_RESET (UINT64_C(1) << 40)
#define OFFERED    (FLUSH | MQ | VERSION_1 | RING_RESET)

struct machine {
	struct state_disk reg;
	struct vdev v;
	uint8_t config[CONFIG_LEN];
};

static int setup(void **state)
{
	static struct machine m;

	memset(&m, 0, sizeof(m));
	m.v = (struct vdev){
		.reg = &m.reg, .offered = OFFERED, .num_queues = QUEUES,
		.queue_size_max = MAX_QUEUE, .device_id = 2,
	};
	for (uint32_t i = 0; i < CONFIG_LEN; i++)
		m.config[i] = (uint8_t)(i + 1);
	msix_init(&m.reg.pci.msix);
	vdev_reset(&m.v);
	*state = &m;
	return 0;
}

static uint64_t read_at(struct machine *m, uint64_t at, uint32_t size)
{
	return vpci_read(&m->v, at, size, m->config, CONFIG_LEN);
}

/* Do at once what the write asks for. */
static enum vdev_effect_kind write_at(struct machine *m, uint64_t at,
				      uint32_t size, uint64_t value)
{
	struct vdev_effect e = vpci_write(&m->v, at, size, value, CONFIG_LEN);

	if (e.kind == VDEV_ENABLE_QUEUE)
		vdev_queue_enabled(&m->v, e.queue);
	else if (e.kind == VDEV_STOP_QUEUE)
		vdev_queue_stopped(&m->v, e.queue);
	else if (e.kind == VDEV_RESET_DEVICE)
		vdev_reset(&m->v);
	else if (e.kind == VDEV_FEATURES)
		vdev_features_agreed(&m->v);
	return e.kind;
}

/* The width of each field, 0 between them. */
static uint32_t width(uint64_t at)
{
	if (at < CONFIG_VECTOR || (at >= DESC && at < NOTIFY_DATA))
		return at % 4 ? 0 : 4;
	if (at == STATUS || at == GENERATION)
		return 1;
	return at < COMMON_LEN && at % 2 == 0 ? 2 : 0;
}

static uint32_t get(struct machine *m, uint32_t field)
{
	return (uint32_t)read_at(m, field, width(field));
}

static enum vdev_effect_kind put(struct machine *m, uint32_t field,
				 uint32_t value)
{
	return write_at(m, field, width(field), value);
}

static void negotiate(struct machine *m, uint64_t features)
{
	put(m, STATUS, 0);
	put(m, STATUS, 1);
	put(m, STATUS, 3);
	for (uint32_t word = 0; word < 2; word++) {
		put(m, DRIVER_SEL, word);
		put(m, DRIVER_FEATURES, (uint32_t)(features >> 32 * word));
		assert_int_equal(get(m, DRIVER_FEATURES),
				 (uint32_t)(features >> 32 * word));
	}
	assert_int_equal(put(m, STATUS, 11), VDEV_FEATURES);
	assert_int_equal(get(m, STATUS), 11);
}

static void set_up_queue(struct machine *m, uint32_t q)
{
	put(m, QUEUE_SEL, q);
	put(m, QUEUE_SIZE, 16);
	put(m, DESC, 0x1000);
	put(m, DESC + 4, 1);
	put(m, DRIVER, 0x2000);
	put(m, DRIVER + 4, 2);
	put(m, DEVICE, 0x3000);
	put(m, DEVICE + 4, 3);
}

static void start(struct machine *m)
{
	negotiate(m, OFFERED);
	for (uint32_t q = 0; q < QUEUES; q++) {
		set_up_queue(m, q);
		assert_int_equal(put(m, QUEUE_ENABLE, 1), VDEV_ENABLE_QUEUE);
	}
	assert_int_equal(put(m, STATUS, 15), VDEV_DRIVER_OK);
}

/* --- the map --------------------------------------------------------------- */

static void a_driver_finds_its_way(void **state)
{
	struct machine *m = *state;

	assert_int_equal(get(m, NUM_QUEUES), QUEUES);
	assert_int_equal(get(m, STATUS), 0);
	assert_int_equal(get(m, CONFIG_VECTOR), NO_VECTOR);
	for (uint32_t q = 0; q < QUEUES; q++) {
		put(m, QUEUE_SEL, q);
		assert_int_equal(get(m, QUEUE_SEL), q);
		assert_int_equal(get(m, QUEUE_SIZE), MAX_QUEUE);
		assert_int_equal(get(m, QUEUE_VECTOR), NO_VECTOR);
		assert_int_equal(get(m, QUEUE_ENABLE), 0);
		assert_int_equal(get(m, QUEUE_NOTIFY_OFF), q);
	}
	put(m, DEVICE_SEL, 0);
	assert_int_equal(get(m, DEVICE_FEATURES), (uint32_t)OFFERED);
	put(m, DEVICE_SEL, 1);
	assert_int_equal(get(m, DEVICE_FEATURES), OFFERED >> 32);
	put(m, DEVICE_SEL, 2);
	assert_int_equal(get(m, DEVICE_FEATURES), 0);
	put(m, DRIVER_SEL, 2);
	assert_int_equal(get(m, DRIVER_FEATURES), 0);
	m->reg.generation = 0x17e;
	assert_int_equal(get(m, GENERATION), 0x7e);
}

static void a_queue_is_set_up_and_reads_back(void **state)
{
	struct machine *m = *state;

	start(m);
	for (uint32_t q = 0; q < QUEUES; q++) {
		const struct state_queue *sq = &m->reg.queue[q];

		assert_int_equal(sq->ready, 1);
		assert_int_equal(sq->desc, 0x100001000);
		assert_int_equal(sq->driver, 0x200002000);
		assert_int_equal(sq->device, 0x300003000);
		put(m, QUEUE_SEL, q);
		assert_int_equal(get(m, QUEUE_ENABLE), 1);
		assert_int_equal(get(m, QUEUE_SIZE), 16);
		assert_int_equal(get(m, DESC), 0x1000);
		assert_int_equal(get(m, DESC + 4), 1);
		assert_int_equal(get(m, DRIVER), 0x2000);
		assert_int_equal(get(m, DRIVER + 4), 2);
		assert_int_equal(get(m, DEVICE), 0x3000);
		assert_int_equal(get(m, DEVICE + 4), 3);
		/* It is enabled: nothing of it changes (4.1.4.3.2). */
		put(m, DESC, 0x9000);
		put(m, QUEUE_SIZE, 32);
		assert_int_equal(put(m, QUEUE_ENABLE, 0), VDEV_NOTHING);
		assert_int_equal(put(m, QUEUE_ENABLE, 2), VDEV_NOTHING);
		assert_int_equal(get(m, DESC), 0x1000);
		assert_int_equal(get(m, QUEUE_SIZE), 16);
		assert_int_equal(get(m, QUEUE_ENABLE), 1);
	}
	put(m, STATUS, 0);
	assert_int_equal(get(m, STATUS), 0);
	put(m, QUEUE_SEL, 0);
	assert_int_equal(get(m, QUEUE_ENABLE), 0);
	assert_int_equal(get(m, QUEUE_SIZE), MAX_QUEUE);
}

static void a_queue_that_does_not_exist_has_size_0(void **state)
{
	static const uint32_t none[] = { QUEUES, QUEUES + 1, 8, 255, 0x8000,
					 0xffff };
	struct machine *m = *state;
	struct state_disk before;

	negotiate(m, OFFERED);
	for (size_t i = 0; i < ARRAY_SIZE(none); i++) {
		put(m, QUEUE_SEL, none[i]);
		before = m->reg;
		assert_int_equal(get(m, QUEUE_SIZE), 0);
		assert_int_equal(get(m, QUEUE_ENABLE), 0);
		assert_int_equal(get(m, QUEUE_VECTOR), NO_VECTOR);
		for (uint32_t at = QUEUE_SIZE; at < COMMON_LEN; at++)
			if (width(at))
				assert_int_equal(put(m, at, 1), VDEV_NOTHING);
		assert_memory_equal(&before, &m->reg, sizeof(before));
	}
}

static void a_queue_is_reset(void **state)
{
	struct machine *m = *state;

	start(m);
	put(m, QUEUE_SEL, 1);
	put(m, QUEUE_VECTOR, 2);
	assert_int_equal(put(m, QUEUE_RESET, 2), VDEV_NOTHING);
	assert_int_equal(get(m, QUEUE_ENABLE), 1);
	assert_int_equal(put(m, QUEUE_RESET, 1), VDEV_STOP_QUEUE);
	assert_int_equal(get(m, QUEUE_RESET), 0);
	assert_int_equal(get(m, QUEUE_ENABLE), 0);
	assert_int_equal(get(m, QUEUE_SIZE), MAX_QUEUE);
	assert_int_equal(get(m, QUEUE_VECTOR), NO_VECTOR);
	put(m, QUEUE_SEL, 0);
	assert_int_equal(get(m, QUEUE_ENABLE), 1);
	negotiate(m, OFFERED & ~RING_RESET);
	assert_int_equal(put(m, QUEUE_RESET, 1), VDEV_NOTHING);
}

/* --- vectors --------------------------------------------------------------- */

/* 4.1.5.1.2.1: what can't be mapped reads back as NO_VECTOR. */
static void a_vector_outside_the_table_is_none(void **state)
{
	static const uint32_t none[] = { QUEUES + 1, QUEUES + 2, 0x7fff, 0xfffe,
					 NO_VECTOR };
	struct machine *m = *state;

	for (uint32_t v = 0; v <= QUEUES; v++) {
		put(m, CONFIG_VECTOR, v);
		assert_int_equal(get(m, CONFIG_VECTOR), v);
		put(m, QUEUE_SEL, v % QUEUES);
		put(m, QUEUE_VECTOR, v);
		assert_int_equal(get(m, QUEUE_VECTOR), v);
	}
	for (size_t i = 0; i < ARRAY_SIZE(none); i++) {
		put(m, CONFIG_VECTOR, 1);
		put(m, QUEUE_VECTOR, 1);
		put(m, CONFIG_VECTOR, none[i]);
		put(m, QUEUE_VECTOR, none[i]);
		assert_int_equal(get(m, CONFIG_VECTOR), NO_VECTOR);
		assert_int_equal(get(m, QUEUE_VECTOR), NO_VECTOR);
	}
}

static void the_table_is_behind_its_page(void **state)
{
	struct machine *m = *state;
	const struct state_msix *msix = &m->reg.pci.msix;

	for (uint32_t i = 0; i < 4 * (QUEUES + 1); i++)
		write_at(m, TABLE + 4 * i, 4, 0x1000 + 2 * i);
	for (uint32_t i = 0; i < 4 * (QUEUES + 1); i++)
		assert_int_equal(read_at(m, TABLE + 4 * i, 4),
				 i % 4 == 3 ? 0 : 0x1000 + 2 * i);
	assert_int_equal(msix->table[QUEUES][2], 0x1000 + 2 * (4 * QUEUES + 2));
	/* There are no more entries than vectors. */
	write_at(m, TABLE + 16 * (QUEUES + 1), 4, 1);
	assert_int_equal(read_at(m, TABLE + 16 * (QUEUES + 1), 4), 0);
	assert_int_equal(msix->table[QUEUES + 1][0], 0);
	/* Nobody writes pending bits. */
	m->reg.pci.msix.pending = 5;
	write_at(m, PENDING, 8, UINT64_MAX);
	assert_int_equal(read_at(m, PENDING, 8), 5);
}

/* --- interrupt status ------------------------------------------------------ */

static void reading_the_interrupt_status_clears_it(void **state)
{
	static const uint32_t elsewhere[] = { 1, 2, 3, 4, 0x100, 0xfff };
	struct machine *m = *state;

	for (uint32_t size = 1; size <= 4; size *= 2) {
		vdev_interrupt(&m->v, VDEV_ISR_QUEUE | VDEV_ISR_CONFIG);
		for (size_t i = 0; i < ARRAY_SIZE(elsewhere); i++)
			assert_int_equal(read_at(m, ISR + elsewhere[i], 1), 0);
		write_at(m, ISR, size, UINT32_MAX);
		assert_int_equal(read_at(m, ISR, size), 3);
		assert_int_equal(read_at(m, ISR, size), 0);
	}
}

/* --- kicks ----------------------------------------------------------------- */

static void each_queue_is_kicked_at_its_own_address(void **state)
{
	struct machine *m = *state;

	/* Nothing is served before the driver says it is ready. */
	negotiate(m, OFFERED);
	assert_int_equal(write_at(m, NOTIFY, 2, 0), VDEV_NOTHING);
	start(m);
	for (uint32_t q = 0; q < QUEUES; q++) {
		for (uint32_t size = 2; size <= 4; size += 2) {
			struct vdev_effect e;

			put(m, QUEUE_SEL, q);
			/* What is written does not matter, where it is does. */
			e = vpci_write(&m->v, NOTIFY +
				       4 * get(m, QUEUE_NOTIFY_OFF), size,
				       q ^ 0xffff, CONFIG_LEN);
			assert_int_equal(e.kind, VDEV_KICK);
			assert_int_equal(e.queue, q);
		}
	}
}

static void kicks_elsewhere_are_none(void **state)
{
	struct machine *m = *state;

	start(m);
	for (uint32_t at = 0; at < VPCI_REGION; at++) {
		for (uint32_t size = 1; size <= 8; size *= 2) {
			if (at % 4 == 0 && at / 4 < QUEUES &&
			    (size == 2 || size == 4))
				continue;
			assert_int_equal(write_at(m, NOTIFY + at, size, 0),
					 VDEV_NOTHING);
			assert_int_equal(read_at(m, NOTIFY + at, size), 0);
		}
	}
	put(m, QUEUE_SEL, 1);
	put(m, QUEUE_RESET, 1);
	assert_int_equal(write_at(m, NOTIFY + 4, 2, 1), VDEV_NOTHING);
	/* A bus that lets it reach no memory. */
	m->reg.held = 1;
	assert_int_equal(write_at(m, NOTIFY, 2, 0), VDEV_NOTHING);
	m->reg.held = 0;
	assert_int_equal(write_at(m, NOTIFY, 2, 0), VDEV_KICK);
	put(m, STATUS, 15 | 128);
	assert_int_equal(write_at(m, NOTIFY, 2, 0), VDEV_NOTHING);
}

/* --- everything else ------------------------------------------------------- */

static void the_configuration_is_behind_its_page(void **state)
{
	struct machine *m = *state;
	struct vdev_effect e;

	for (uint32_t size = 1; size <= 8; size *= 2) {
		for (uint32_t at = 0; at < CONFIG_LEN + 16; at++) {
			uint64_t want = 0;

			for (uint32_t i = size; i-- > 0;)
				want = want << 8 | (at + i < CONFIG_LEN ?
						    at + i + 1 : 0);
			assert_int_equal(read_at(m, CONFIG + at, size),
					 at % size ? 0 : want);
		}
	}
	e = vpci_write(&m->v, CONFIG + 32, 1, 0xab, CONFIG_LEN);
	assert_int_equal(e.kind, VDEV_CONFIG_WRITE);
	assert_int_equal(e.offset, 32);
	assert_int_equal(e.data, 0xab);
	e = vpci_write(&m->v, CONFIG + CONFIG_LEN, 1, 0, CONFIG_LEN);
	assert_int_equal(e.kind, VDEV_NOTHING);
}

/* Of the common structure, in another width or beside a field. */
static void a_field_has_one_width(void **state)
{
	struct machine *m = *state;
	struct state_disk before;

	start(m);
	before = m->reg;
	for (uint32_t at = 0; at < VPCI_REGION; at++) {
		for (uint32_t size = 1; size <= 8; size *= 2) {
			if (size == width(at))
				continue;
			assert_int_equal(write_at(m, at, size, 1),
					 VDEV_NOTHING);
			assert_int_equal(write_at(m, at, size, 0),
					 VDEV_NOTHING);
			assert_int_equal(read_at(m, at, size), 0);
		}
	}
	assert_memory_equal(&before, &m->reg, sizeof(before));
}

static void what_can_only_be_read_stays(void **state)
{
	static const uint32_t fields[] = { DEVICE_FEATURES, NUM_QUEUES,
					   GENERATION, QUEUE_NOTIFY_OFF,
					   NOTIFY_DATA };
	static const uint32_t values[] = { 0, 1, 2, UINT32_MAX };
	struct machine *m = *state;
	struct state_disk before;

	start(m);
	before = m->reg;
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		for (size_t k = 0; k < ARRAY_SIZE(values); k++)
			assert_int_equal(put(m, fields[i], values[k]),
					 VDEV_NOTHING);
	/* Behind the last region. */
	for (uint64_t at = PENDING; at < PENDING + 0x4000; at += 4) {
		write_at(m, at, 4, UINT32_MAX);
		if (at >= PENDING + 8)
			assert_int_equal(read_at(m, at, 4), 0);
	}
	write_at(m, UINT64_MAX - 3, 4, 1);
	assert_int_equal(read_at(m, UINT64_MAX - 3, 4), 0);
	assert_memory_equal(&before, &m->reg, sizeof(before));
}

static void garbage_does_no_harm(void **state)
{
	struct machine *m = *state;
	struct dice d = { 43 };

	for (uint32_t i = 0; i < 300000; i++) {
		uint64_t at = dice_below(&d, 4) ?
			dice_below(&d, COMMON_LEN) : dice_below(&d, 0x8000);
		uint32_t size = 1u << dice_below(&d, 4);

		if (width(at) && dice_below(&d, 4))
			size = width(at);
		read_at(m, dice_below(&d, 0x9000), 1u << dice_below(&d, 4));
		write_at(m, at, size, dice_roll(&d) >> dice_below(&d, 64));
		for (uint32_t q = 0; q < QUEUES; q++) {
			const struct state_queue *sq = &m->reg.queue[q];

			assert_true(sq->num <= MAX_QUEUE);
			assert_true(!(sq->num & (sq->num - 1)));
			assert_true(sq->ready <= 1);
			assert_true(!sq->ready || sq->num);
			assert_true(sq->vector <= QUEUES ||
				    sq->vector == NO_VECTOR);
		}
		assert_true(!(m->reg.features & ~OFFERED) ||
			    !(m->reg.status & 8));
		assert_true(m->reg.queue_sel <= UINT16_MAX);
	}
}

#define MACHINE(test) cmocka_unit_test_setup(test, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		MACHINE(a_driver_finds_its_way),
		MACHINE(a_queue_is_set_up_and_reads_back),
		MACHINE(a_queue_that_does_not_exist_has_size_0),
		MACHINE(a_queue_is_reset),
		MACHINE(a_vector_outside_the_table_is_none),
		MACHINE(the_table_is_behind_its_page),
		MACHINE(reading_the_interrupt_status_clears_it),
		MACHINE(each_queue_is_kicked_at_its_own_address),
		MACHINE(kicks_elsewhere_are_none),
		MACHINE(the_configuration_is_behind_its_page),
		MACHINE(a_field_has_one_width),
		MACHINE(what_can_only_be_read_stays),
		MACHINE(garbage_does_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
