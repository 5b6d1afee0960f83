// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The register machine's queues as a guest sees them, and what is left of them,
 * and of interrupts, after a reset.
 */
#include "tests/unit/unit.h"

#include <string.h>

#include "tests/unit/machine.h"

/* --- queues ---------------------------------------------------------------- */

static void a_queue_holds_what_was_written(void **state)
{
	struct machine *m = *state;
	const struct state_queue *q = &m->reg.queue[1];

	assert_true(machine_negotiate(m, OFFERED));
	machine_set_up_queue(m, 1);
	assert_int_equal(q->num, 16);
	assert_int_equal(q->desc, 0x100001000);
	assert_int_equal(q->driver, 0x200002000);
	assert_int_equal(q->device, 0x300003000);
	assert_int_equal(machine_get(m, QUEUE_READY), 0);
	assert_int_equal(machine_put(m, QUEUE_READY, 1), VDEV_ENABLE_QUEUE);
	assert_int_equal(machine_get(m, QUEUE_READY), 1);
	machine_put(m, QUEUE_SEL, 0);
	assert_int_equal(machine_get(m, QUEUE_READY), 0);
}

static void a_ready_queue_is_frozen(void **state)
{
	struct machine *m = *state;
	struct state_queue before;

	assert_true(machine_negotiate(m, OFFERED));
	machine_set_up_queue(m, 0);
	machine_put(m, QUEUE_READY, 1);
	before = m->reg.queue[0];
	machine_put(m, QUEUE_NUM, 32);
	for (uint32_t r = DESC; r <= DEVICE + 4; r += 4)
		machine_put(m, r, 0xffff0000);
	assert_int_equal(machine_put(m, QUEUE_READY, 1), VDEV_NOTHING);
	assert_int_equal(machine_put(m, QUEUE_READY, 2), VDEV_NOTHING);
	assert_int_equal(machine_put(m, QUEUE_READY, UINT32_MAX), VDEV_NOTHING);
	assert_memory_equal(&before, &m->reg.queue[0], sizeof(before));
}

static void a_queue_of_a_wrong_size_is_never_ready(void **state)
{
	static const uint32_t bad[] = { 0, 3, 5, 63, MAX_QUEUE + 1,
					2 * MAX_QUEUE, 65535, 65536, 0x80000000,
					UINT32_MAX };
	struct machine *m = *state;

	assert_true(machine_negotiate(m, OFFERED));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		machine_set_up_queue(m, 0);
		machine_put(m, QUEUE_NUM, bad[i]);
		assert_int_equal(machine_put(m, QUEUE_READY, 1), VDEV_NOTHING);
		assert_int_equal(machine_get(m, QUEUE_READY), 0);
	}
	for (uint32_t num = 1; num <= MAX_QUEUE; num *= 2) {
		machine_set_up_queue(m, 0);
		machine_put(m, QUEUE_NUM, num);
		assert_int_equal(machine_put(m, QUEUE_READY, 1), VDEV_ENABLE_QUEUE);
		assert_int_equal(machine_put(m, QUEUE_READY, 0), VDEV_STOP_QUEUE);
	}
}

static void a_queue_that_does_not_exist_is_harmless(void **state)
{
	static const uint32_t beyond[] = { QUEUES, 8, 255, 0x80000000,
					   UINT32_MAX };
	struct machine *m = *state;
	struct state_disk before;

	assert_true(machine_negotiate(m, OFFERED));
	for (size_t i = 0; i < ARRAY_SIZE(beyond); i++) {
		machine_put(m, QUEUE_SEL, beyond[i]);
		before = m->reg;
		assert_int_equal(machine_get(m, QUEUE_MAX), 0);
		assert_int_equal(machine_get(m, QUEUE_READY), 0);
		machine_set_up_queue(m, beyond[i]);
		assert_int_equal(machine_put(m, QUEUE_READY, 1), VDEV_NOTHING);
		assert_int_equal(machine_put(m, QUEUE_READY, 0), VDEV_NOTHING);
		assert_int_equal(machine_put(m, QUEUE_RESET, 1), VDEV_NOTHING);
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

	assert_true(machine_negotiate(m, OFFERED));
	for (size_t i = 0; i < ARRAY_SIZE(part); i++) {
		for (uint32_t low = 1; low < 32; low++) {
			bool ok = low % part[i].align == 0;

			machine_set_up_queue(m, 0);
			machine_put(m, part[i].reg, 0x7000 + low);
			assert_int_equal(machine_put(m, QUEUE_READY, 1), ok ?
					 VDEV_ENABLE_QUEUE : VDEV_NOTHING);
			machine_put(m, QUEUE_READY, 0);
		}
		machine_set_up_queue(m, 0);
		machine_put(m, part[i].reg, 0);
		machine_put(m, part[i].reg + 4, 0);
		assert_int_equal(machine_put(m, QUEUE_READY, 1), VDEV_NOTHING);
	}
}

static void ready_needs_agreed_features(void **state)
{
	struct machine *m = *state;

	machine_put(m, STATUS, S_ACK | S_DRIVER);
	machine_set_up_queue(m, 0);
	assert_int_equal(machine_put(m, QUEUE_READY, 1), VDEV_NOTHING);
	/* Without MQ there is one queue. */
	assert_true(machine_negotiate(m, VERSION_1));
	machine_set_up_queue(m, 1);
	assert_int_equal(machine_put(m, QUEUE_READY, 1), VDEV_NOTHING);
	machine_set_up_queue(m, 0);
	assert_int_equal(machine_put(m, QUEUE_READY, 1), VDEV_ENABLE_QUEUE);
}

/* The ring is let go first: until then the register says what is. */
static void a_queue_stops_when_it_was_let_go(void **state)
{
	struct machine *m = *state;
	struct vdev_effect e;

	machine_start(m);
	for (int i = 0; i < 3; i++) {
		e = vmmio_write(&m->v, QUEUE_READY, 4, 0, CONFIG_LEN);
		assert_int_equal(e.kind, VDEV_STOP_QUEUE);
		assert_int_equal(e.queue, 0);
		assert_int_equal(machine_get(m, QUEUE_READY), 1);
	}
	vdev_queue_stopped(&m->v, 0);
	assert_int_equal(machine_get(m, QUEUE_READY), 0);
	assert_int_equal(m->reg.queue[0].num, MAX_QUEUE);
	assert_int_equal(m->reg.queue[0].desc, 0);
	assert_int_equal(machine_put(m, QUEUE_READY, 0), VDEV_NOTHING);
}

static void a_queue_can_be_reset_and_enabled_again(void **state)
{
	struct machine *m = *state;

	machine_start(m);
	m->reg.queue[0].last_avail = 99;
	m->reg.queue[0].in_flight[3] = 1;
	assert_int_equal(machine_put(m, QUEUE_RESET, 0), VDEV_NOTHING);
	assert_int_equal(machine_put(m, QUEUE_RESET, 2), VDEV_NOTHING);
	assert_int_equal(machine_put(m, QUEUE_RESET, 1), VDEV_STOP_QUEUE);
	assert_int_equal(machine_get(m, QUEUE_RESET), 0);
	assert_int_equal(machine_get(m, QUEUE_READY), 0);
	machine_set_up_queue(m, 0);
	machine_put(m, QUEUE_NUM, 8);
	assert_int_equal(machine_put(m, QUEUE_READY, 1), VDEV_ENABLE_QUEUE);
	assert_int_equal(machine_get(m, QUEUE_RESET), 0);
	assert_int_equal(m->reg.queue[0].num, 8);
	assert_int_equal(m->reg.queue[0].last_avail, 0);
	assert_int_equal(m->reg.queue[0].in_flight[3], 0);
	/* Not without the feature. */
	assert_true(machine_negotiate(m, OFFERED & ~RING_RESET));
	machine_set_up_queue(m, 0);
	machine_put(m, QUEUE_READY, 1);
	assert_int_equal(machine_put(m, QUEUE_RESET, 1), VDEV_NOTHING);
	assert_int_equal(machine_get(m, QUEUE_READY), 1);
}

static void a_kick_needs_a_queue_that_runs(void **state)
{
	struct machine *m = *state;
	struct vdev_effect e;

	assert_true(machine_negotiate(m, OFFERED));
	machine_set_up_queue(m, 0);
	assert_int_equal(machine_put(m, QUEUE_NOTIFY, 0), VDEV_NOTHING);
	machine_put(m, QUEUE_READY, 1);
	/* C-G 1: nothing before DRIVER_OK. */
	assert_int_equal(machine_put(m, QUEUE_NOTIFY, 0), VDEV_NOTHING);
	machine_put(m, STATUS, 15);
	e = vmmio_write(&m->v, QUEUE_NOTIFY, 4, 0, CONFIG_LEN);
	assert_int_equal(e.kind, VDEV_KICK);
	assert_int_equal(e.queue, 0);
	assert_int_equal(machine_put(m, QUEUE_NOTIFY, 1), VDEV_NOTHING);
	assert_int_equal(machine_put(m, QUEUE_NOTIFY, QUEUES), VDEV_NOTHING);
	assert_int_equal(machine_put(m, QUEUE_NOTIFY, 0xffff), VDEV_NOTHING);
	assert_int_equal(machine_put(m, QUEUE_NOTIFY, 0x80000000), VDEV_NOTHING);
	assert_int_equal(machine_put(m, QUEUE_NOTIFY, UINT32_MAX), VDEV_NOTHING);
	machine_put(m, STATUS, 15 | S_FAILED);
	assert_int_equal(machine_put(m, QUEUE_NOTIFY, 0), VDEV_NOTHING);
}

/* --- reset, interrupts ----------------------------------------------------- */

static void a_reset_clears_everything(void **state)
{
	struct machine *m = *state;

	machine_start(m);
	vdev_interrupt(&m->v, 1);
	vdev_interrupt(&m->v, 2);
	machine_put(m, DEVICE_SEL, 1);
	machine_put(m, DRIVER_SEL, 1);
	machine_put(m, QUEUE_SEL, 2);
	m->reg.queue[0].last_avail = 5;
	m->reg.queue[0].used = 5;
	m->reg.queue[0].in_flight[0] = 5;
	m->reg.queue[0].vector = 1;
	m->reg.config_vector = 1;
	assert_int_equal(machine_put(m, STATUS, 0), VDEV_RESET_DEVICE);
	assert_int_equal(m->reg.config_vector, STATE_NO_VECTOR);
	assert_int_equal(machine_get(m, STATUS), 0);
	assert_int_equal(machine_get(m, ISR), 0);
	assert_int_equal(machine_get(m, DEVICE_FEATURES), (uint32_t)OFFERED);
	assert_int_equal(m->reg.features, 0);
	assert_int_equal(m->reg.driver_features_sel, 0);
	for (uint32_t q = 0; q < QUEUES; q++) {
		struct state_queue fresh = {
			.num = MAX_QUEUE, .vector = STATE_NO_VECTOR,
		};

		machine_put(m, QUEUE_SEL, q);
		assert_int_equal(machine_get(m, QUEUE_READY), 0);
		assert_memory_equal(&m->reg.queue[q], &fresh, sizeof(fresh));
	}
	machine_start(m);
}

/* C-G 7, 8: the status reads 0 only when all is let go. */
static void a_reset_takes_the_time_it_takes(void **state)
{
	struct machine *m = *state;
	struct vdev_effect e;

	machine_start(m);
	e = vmmio_write(&m->v, STATUS, 4, 0, CONFIG_LEN);
	assert_int_equal(e.kind, VDEV_RESET_DEVICE);
	assert_int_equal(machine_get(m, STATUS), 15);
	assert_int_equal(machine_get(m, QUEUE_READY), 1);
}

static void an_interrupt_stands_until_acknowledged(void **state)
{
	struct machine *m = *state;

	machine_start(m);
	assert_int_equal(machine_get(m, ISR), 0);
	assert_true(vdev_interrupt(&m->v, 1));
	assert_int_equal(machine_get(m, ISR), 1);
	assert_false(vdev_interrupt(&m->v, 1));
	assert_true(vdev_interrupt(&m->v, 3));
	assert_int_equal(machine_get(m, ISR), 3);
	assert_false(vdev_interrupt(&m->v, 3));
	machine_put(m, ACK, 1);
	assert_int_equal(machine_get(m, ISR), 2);
	assert_true(vdev_interrupt(&m->v, 1));
	machine_put(m, ACK, 0xfffffffc);
	assert_int_equal(machine_get(m, ISR), 3);
	machine_put(m, ACK, UINT32_MAX);
	assert_int_equal(machine_get(m, ISR), 0);
	/* Read-only. */
	machine_put(m, ISR, 3);
	assert_int_equal(machine_get(m, ISR), 0);
}

static void needs_reset_is_said_once(void **state)
{
	struct machine *m = *state;

	/* C-G 2: a notification only if the driver is there to see it. */
	assert_false(vdev_needs_reset(&m->v));
	assert_int_equal(machine_get(m, STATUS), S_NEEDS_RESET);
	assert_false(vdev_asks_for_reset(&m->v));
	machine_start(m);
	assert_true(vdev_needs_reset(&m->v));
	assert_int_equal(machine_get(m, STATUS), 15 | S_NEEDS_RESET);
	assert_true(vdev_asks_for_reset(&m->v));
	assert_false(vdev_needs_reset(&m->v));
	/* Nothing goes on, and the driver can't wish it away. */
	machine_put(m, STATUS, 15);
	assert_int_equal(machine_get(m, STATUS), 15 | S_NEEDS_RESET);
	assert_int_equal(machine_put(m, QUEUE_NOTIFY, 0), VDEV_NOTHING);
	machine_set_up_queue(m, 1);
	assert_int_equal(machine_put(m, QUEUE_READY, 1), VDEV_NOTHING);
	assert_int_equal(machine_put(m, STATUS, 0), VDEV_RESET_DEVICE);
	assert_int_equal(machine_get(m, STATUS), 0);
	machine_start(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
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
