// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How a PCI disk interrupts its guest: by the level of its pin, and by messages
 * that are masked, fail, or are none.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>

#include "tests/unit/pci_bench.h"

/* --- the pin --------------------------------------------------------------- */

static void the_level_is_up_until_the_status_is_read(void **state)
{
	struct bench *b = *state;

	bench_start(b);
	assert_int_equal(xen.level_calls, 0);
	for (int i = 0; i < 3; i++) {
		bench_request(b);
		assert_int_equal(xen.level, 1);
		bench_request(b);
		assert_int_equal(bar_get(b, VPCI_ISR, 1), 1);
		assert_int_equal(xen.level, 0);
		assert_int_equal(bar_get(b, VPCI_ISR, 1), 0);
	}
	assert_int_equal(xen.level_calls, 6);
	assert_int_equal(xen.messages, 0);
	assert_int_equal(b->reg->stats.irqs, 3);
}

static void the_level_goes_with_its_switch(void **state)
{
	struct bench *b = *state;

	bench_start(b);
	cfg_put(b, COMMAND, 2, MEMORY | MASTER | INTX_OFF);
	bench_request(b);
	assert_int_equal(xen.level, 0);
	cfg_put(b, COMMAND, 2, MEMORY | MASTER);
	assert_int_equal(xen.level, 1);
	cfg_put(b, COMMAND, 2, MEMORY | MASTER | INTX_OFF);
	assert_int_equal(xen.level, 0);
	cfg_put(b, COMMAND, 2, MEMORY | MASTER);
	assert_int_equal(xen.level, 1);
	bar_put(b, STATUS, 1, 0);
	assert_int_equal(xen.level, 0);
}

static void a_level_that_fails_is_tried_again(void **state)
{
	struct bench *b = *state;

	bench_start(b);
	xen.fail_irq = -EAGAIN;
	bench_request(b);
	assert_int_equal(xen.level, 0);
	assert_true(b->dev.irq_owed);
	bench_notify(b);
	assert_true(b->dev.irq_owed);
	xen.fail_irq = 0;
	bench_notify(b);
	assert_false(b->dev.irq_owed);
	assert_int_equal(xen.level, 1);
	xen.fail_irq = -EAGAIN;
	assert_int_equal(bar_get(b, VPCI_ISR, 1), 1);
	assert_int_equal(xen.level, 1);
	xen.fail_irq = 0;
	bench_notify(b);
	assert_int_equal(xen.level, 0);
}

static void a_level_outlives_the_worker(void **state)
{
	struct bench *b = *state;

	bench_start(b);
	bench_request(b);
	bench_kill(b);
	bench_notify(b);
	assert_int_equal(xen.level, 1);
	assert_int_equal(bar_get(b, VPCI_ISR, 1), 1);
	assert_int_equal(xen.level, 0);
	/* Killed between the read and the call: nobody knows the level. */
	xen.level = 1;
	bench_kill(b);
	assert_int_equal(bar_get(b, VPCI_ISR, 1) & ~1u, 0);
	assert_int_equal(xen.level, 0);
}

/* --- messages -------------------------------------------------------------- */

static void a_queue_has_its_own_message(void **state)
{
	struct bench *b = *state;

	bench_start_msix(b);
	for (uint32_t i = 1; i <= 3; i++) {
		bench_request(b);
		assert_int_equal(xen.messages, i);
		assert_int_equal(xen.address, 0xfee01000);
		assert_int_equal(xen.data, 0x4041);
	}
	assert_int_equal(xen.level_calls, 0);
	assert_int_equal(b->reg->stats.irqs, 3);
	/* Another for changes, which the interrupt status tells too. */
	assert_int_equal(bar_get(b, VPCI_ISR, 1), 0);
	b->dev.events = DEVICE_EVENT_CONFIG;
	bench_notify(b);
	assert_int_equal(xen.messages, 4);
	assert_int_equal(xen.data, 0x4040);
	assert_int_equal(bar_get(b, VPCI_ISR, 1), 2);
	/* A queue without a vector interrupts nobody. */
	bar_put(b, QUEUE_VECTOR, 2, 0xffff);
	bench_request(b);
	assert_int_equal(xen.messages, 4);
}

static void a_masked_message_waits(void **state)
{
	struct bench *b = *state;
	uint64_t control = VPCI_MSIX_TABLE + 16 + 12;

	bench_start_msix(b);
	bar_put(b, control, 4, 1);
	bench_request(b);
	assert_int_equal(xen.messages, 0);
	assert_int_equal(bar_get(b, VPCI_MSIX_PENDING, 4), 2);
	bar_put(b, control, 4, 0);
	assert_int_equal(xen.messages, 1);
	assert_int_equal(bar_get(b, VPCI_MSIX_PENDING, 4), 0);
	cfg_put(b, MSIX_CONTROL, 2, MSIX_ON | MSIX_MASK_ALL);
	bench_request(b);
	assert_int_equal(xen.messages, 1);
	cfg_put(b, MSIX_CONTROL, 2, MSIX_ON);
	assert_int_equal(xen.messages, 2);
	/* A reset takes what waits with it, switching off too. */
	bar_put(b, control, 4, 1);
	bench_request(b);
	bar_put(b, STATUS, 1, 0);
	assert_int_equal(bar_get(b, VPCI_MSIX_PENDING, 4), 0);
	bench_start_msix(b);
	bar_put(b, control, 4, 1);
	bench_request(b);
	cfg_put(b, MSIX_CONTROL, 2, 0);
	cfg_put(b, MSIX_CONTROL, 2, MSIX_ON);
	bar_put(b, control, 4, 0);
	assert_int_equal(xen.messages, 2);
}

static void what_waits_when_messages_end_is_told_by_the_pin(void **state)
{
	struct bench *b = *state;

	bench_start_msix(b);
	bar_put(b, VPCI_MSIX_TABLE + 16 + 12, 4, 1);
	bench_request(b);
	assert_int_equal(xen.messages, 0);
	assert_int_equal(xen.level, 0);
	cfg_put(b, MSIX_CONTROL, 2, 0);
	assert_int_equal(xen.level, 1);
	assert_int_equal(bar_get(b, VPCI_ISR, 1), 1);
	assert_int_equal(xen.level, 0);
	/* Nothing waited: nothing is told. */
	cfg_put(b, MSIX_CONTROL, 2, MSIX_ON);
	cfg_put(b, MSIX_CONTROL, 2, 0);
	assert_int_equal(bar_get(b, VPCI_ISR, 1), 0);
	assert_int_equal(xen.level, 0);
}

static void a_message_that_fails_is_sent_again(void **state)
{
	struct bench *b = *state;

	bench_start_msix(b);
	xen.fail_irq = -EAGAIN;
	bench_request(b);
	assert_true(b->dev.irq_owed);
	xen.fail_irq = 0;
	bench_notify(b);
	assert_false(b->dev.irq_owed);
	assert_int_equal(xen.messages, 1);
	bench_notify(b);
	assert_int_equal(xen.messages, 1);
	/* Also by the next worker, and once more for good measure. */
	xen.fail_irq = -EAGAIN;
	bench_request(b);
	bench_kill(b);
	xen.fail_irq = 0;
	bench_notify(b);
	assert_true(xen.messages >= 2);
	assert_int_equal(xen.data, 0x4041);
}

static void a_message_that_fails_holds_up_no_other(void **state)
{
	struct bench *b = *state;

	bench_start_msix(b);
	xen.fail_irq = -EAGAIN;
	xen.fail_data = 0x4040;
	b->dev.events = DEVICE_EVENT_CONFIG;
	bench_request(b);
	assert_int_equal(xen.messages, 1);
	assert_int_equal(xen.data, 0x4041);
	assert_true(b->dev.irq_owed);
	assert_int_equal(bar_get(b, VPCI_MSIX_PENDING, 4), 1);
	xen.fail_irq = 0;
	bench_notify(b);
	assert_int_equal(xen.messages, 2);
	assert_int_equal(xen.data, 0x4040);
	assert_false(b->dev.irq_owed);
}

/* A table may hold anything. What is no interrupt is dropped, not repeated. */
static void a_message_that_is_none(void **state)
{
	static const uint32_t addresses[] = { 0, 0x1000, 0xfec00000, 0xfedfffff,
					      0xfef00000, 0xfffff000 };
	struct bench *b = *state;

	bench_start_msix(b);
	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
		msix_program(b, 1, addresses[i]);
		bench_request(b);
		assert_int_equal(xen.messages, 0);
		assert_false(b->dev.irq_owed);
		assert_int_equal(bar_get(b, VPCI_MSIX_PENDING, 4), 0);
	}
	msix_program(b, 1, 0xfee00000);
	/* Xen can't make sense of it, or finds no CPU that it is for. */
	xen.fail_irq = -EINVAL;
	bench_request(b);
	assert_false(b->dev.irq_owed);
	xen.fail_irq = -ESRCH;
	bench_request(b);
	assert_false(b->dev.irq_owed);
	assert_int_equal(bar_get(b, VPCI_MSIX_PENDING, 4), 0);
	xen.fail_irq = 0;
	bench_request(b);
	assert_int_equal(xen.messages, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BENCH(the_level_is_up_until_the_status_is_read),
		BENCH(the_level_goes_with_its_switch),
		BENCH(a_level_that_fails_is_tried_again),
		BENCH(a_level_outlives_the_worker),
		BENCH(a_queue_has_its_own_message),
		BENCH(a_masked_message_waits),
		BENCH(what_waits_when_messages_end_is_told_by_the_pin),
		BENCH(a_message_that_fails_is_sent_again),
		BENCH(a_message_that_fails_holds_up_no_other),
		BENCH(a_message_that_is_none),
	};

	return corridor_main(tests, ARRAY_SIZE(tests));
}
