// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A disk as a PCI function: what Xen is asked to do when the guest moves its BAR
 * or forbids it to reach memory. Interrupts are in test_transport_pci_irq.c.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>

#include "tests/unit/pci_bench.h"

/* --- where it is ----------------------------------------------------------- */

static void nothing_is_there_until_it_is_decoded(void **state)
{
	struct bench *b = *state;
	struct ioreq_access acc = { .kind = IOREQ_MMIO_WRITE, .addr = BAR };
	uint64_t offset;

	assert_int_equal(xen.functions, 1u << SLOT);
	assert_true(xen_only_range(0));
	cfg_put(b, BAR0, 4, BAR);
	assert_true(xen_only_range(0));
	assert_false(transport_owns(b->reg, &acc, &offset));
	cfg_put(b, COMMAND, 2, MEMORY);
	assert_true(xen_only_range(BAR));
	assert_true(transport_owns(b->reg, &acc, &offset));
	acc.addr = BAR + STATE_PCI_BAR - 1;
	assert_true(transport_owns(b->reg, &acc, &offset));
	acc.addr = BAR + STATE_PCI_BAR;
	assert_false(transport_owns(b->reg, &acc, &offset));
	acc.addr = BAR - 1;
	assert_false(transport_owns(b->reg, &acc, &offset));
	cfg_put(b, COMMAND, 2, 0);
	assert_true(xen_only_range(0));
	acc.addr = BAR;
	assert_false(transport_owns(b->reg, &acc, &offset));
	/* Another device's configuration space, another function's. */
	acc = (struct ioreq_access){ .kind = IOREQ_CONFIG_WRITE };
	for (acc.sbdf = 0; acc.sbdf < 0x20000; acc.sbdf++)
		assert_int_equal(transport_owns(b->reg, &acc, &offset),
				 acc.sbdf == SLOT << 3);
}

static void the_range_is_where_the_bar_is(void **state)
{
	struct bench *b = *state;
	struct dice d = { 5 };

	for (uint32_t i = 0; i < 20000; i++) {
		uint32_t reg = dice_below(&d, 2) ? BAR0 : COMMAND;
		uint32_t size = 1u << dice_below(&d, 3);
		uint32_t want;

		cfg_put(b, reg + dice_below(&d, 4), size,
			(uint32_t)dice_roll(&d));
		want = cfg_get(b, COMMAND, 2) & MEMORY ?
		       cfg_get(b, BAR0, 4) : 0;
		assert_int_equal(b->reg->pci.window, want);
		assert_true(xen_only_range(want));
		if (i % 1000 == 0)
			bench_kill(b);
	}
}

/* Another disk, whose BAR is where that of @b is. */
static struct bench other;

static void plug_other(struct bench *b)
{
	other = (struct bench){ .c = b->c };
	bench_open(&other, SLOT + 1, false);
	cfg_put(b, BAR0, 4, BAR);
	cfg_put(b, COMMAND, 2, MEMORY);
	cfg_put(&other, BAR0, 4, BAR);
	cfg_put(&other, COMMAND, 2, MEMORY);
}

static void unplug_other(void)
{
	assert_int_equal(transport_close(&other.t, other.reg), 0);
	other.reg->used = 0;
	device_close(&other.dev);
}

/* Over another disk of ours: that one stays reachable, this one is not. */
static void two_bars_at_one_place(void **state)
{
	struct bench *b = *state;

	plug_other(b);
	/* Not for a moment: a kill then would leave it so. */
	assert_int_equal(xen.range_calls, 1);
	assert_int_equal(b->reg->pci.window, BAR);
	assert_int_equal(other.reg->pci.window, 0);
	cfg_put(&other, BAR0, 4, BAR + STATE_PCI_BAR);
	assert_int_equal(other.reg->pci.window, BAR + STATE_PCI_BAR);
	/* The place of one that leaves is the other's that wants it. */
	cfg_put(b, BAR0, 4, BAR + STATE_PCI_BAR);
	assert_int_equal(b->reg->pci.window, 0);
	cfg_put(&other, BAR0, 4, BAR);
	assert_int_equal(other.reg->pci.window, BAR);
	assert_int_equal(b->reg->pci.window, BAR + STATE_PCI_BAR);
	cfg_put(b, BAR0, 4, BAR);
	cfg_put(&other, COMMAND, 2, 0);
	assert_int_equal(b->reg->pci.window, BAR);
	/* Back, and away from there: the first never noticed. */
	cfg_put(&other, COMMAND, 2, MEMORY);
	cfg_put(&other, BAR0, 4, BAR + STATE_PCI_BAR);
	cfg_put(&other, BAR0, 4, BAR);
	assert_int_equal(bar_get(b, STATUS, 1), 0);
	assert_true(xen_only_range(BAR));
	cfg_put(b, BAR0, 4, BAR + STATE_PCI_BAR);
	cfg_put(&other, BAR0, 4, BAR);
	cfg_put(b, BAR0, 4, BAR);
	assert_true(xen_only_range(BAR));
	unplug_other();
	assert_int_equal(b->reg->pci.window, BAR);
	assert_true(xen_only_range(BAR));
}

static void a_range_that_xen_refuses(void **state)
{
	struct bench *b = *state;

	xen.fail_range = -ENOMEM;
	cfg_put(b, BAR0, 4, BAR);
	cfg_put(b, COMMAND, 2, MEMORY);
	assert_int_equal(b->reg->pci.window, 0);
	assert_int_equal(cfg_get(b, BAR0, 4), BAR);
	assert_int_equal(xen.range_calls, 1);
	/* Not with each access, but when it is written again. */
	for (uint32_t reg = 0; reg < 0x100; reg += 4)
		cfg_get(b, reg, 4);
	cfg_put(b, MSIX_CONTROL, 2, MSIX_ON);
	cfg_put(b, MSIX_CONTROL, 2, 0);
	/* This is no write at all. */
	cfg_put(b, COMMAND + 1, 4, MEMORY);
	assert_int_equal(xen.range_calls, 1);
	cfg_put(b, COMMAND, 2, MEMORY);
	assert_int_equal(xen.range_calls, 2);
	xen.fail_range = 0;
	bench_start(b);
	bench_request(b);
}

/* The place of another, which it would have had when that one leaves. */
static void a_place_that_is_left_and_refused(void **state)
{
	struct bench *b = *state;

	plug_other(b);
	xen.fail_range = -ENOMEM;
	cfg_put(b, COMMAND, 2, 0);
	assert_int_equal(xen.range_calls, 2);
	assert_int_equal(b->reg->pci.window, 0);
	assert_int_equal(other.reg->pci.window, 0);
	assert_int_equal(cfg_get(&other, BAR0, 4), BAR);
	assert_int_equal(b->t.limit.lines, 1);
	/* Neither for good nor with each access. */
	xen.fail_range = 0;
	cfg_put(&other, MSIX_CONTROL, 2, MSIX_ON);
	cfg_put(&other, MSIX_CONTROL, 2, 0);
	assert_int_equal(xen.range_calls, 2);
	cfg_put(&other, COMMAND, 2, MEMORY);
	assert_int_equal(other.reg->pci.window, BAR);
	assert_true(xen_only_range(BAR));
	/* Nor when it is another place that is left. */
	xen.fail_range = -ENOMEM;
	cfg_put(&other, BAR0, 4, BAR + 2 * STATE_PCI_BAR);
	assert_int_equal(other.reg->pci.window, 0);
	xen.fail_range = 0;
	cfg_put(b, BAR0, 4, BAR + STATE_PCI_BAR);
	cfg_put(b, COMMAND, 2, MEMORY);
	cfg_put(b, COMMAND, 2, 0);
	assert_int_equal(other.reg->pci.window, 0);
	assert_true(xen_only_range(0));
	unplug_other();
}

/* The place is nobody's then, but the server has its range. */
static void a_range_that_can_not_be_removed(void **state)
{
	struct bench *b = *state;

	cfg_put(b, BAR0, 4, BAR);
	cfg_put(b, COMMAND, 2, MEMORY);
	xen.fail_remove = -ENOMEM;
	cfg_put(b, COMMAND, 2, 0);
	xen.fail_remove = 0;
	assert_int_equal(b->reg->pci.window, 0);
	assert_true(xen_only_range(BAR));
	cfg_put(b, COMMAND, 2, MEMORY);
	assert_int_equal(b->reg->pci.window, BAR);
	bench_start(b);
	bench_request(b);
}

static void another_worker_finds_everything_in_place(void **state)
{
	struct bench *b = *state;
	struct io io;

	bench_start(b);
	bench_request(b);
	bench_kill(b);
	assert_true(xen_only_range(BAR));
	assert_int_equal(xen.functions, 1u << SLOT);
	io = bench_offer(b);
	bar_put(b, VPCI_NOTIFY, 2, 0);
	bench_kill(b);
	bench_run(b);
	bench_came_back(b, &io);
	/* Killed after the state named the new place, before Xen heard of it. */
	ioreq_remove_range(NULL, BAR, STATE_PCI_BAR);
	bench_kill(b);
	assert_true(xen_only_range(BAR));
	bench_request(b);
}

/* --- kicks ----------------------------------------------------------------- */

/* virtio 1.2, 4.1.4.9: the way in for firmware without a mapping. */
static void a_kick_through_configuration_space(void **state)
{
	struct bench *b = *state;
	struct io io;

	bench_start(b);
	io = bench_offer(b);
	cfg_put(b, COMMAND, 2, MASTER);
	assert_true(xen_only_range(0));
	bench_run(b);
	assert_int_equal(guest_used(&b->c->ring), 0);
	cfg_put(b, ACCESS + 4, 1, 0);
	cfg_put(b, ACCESS + 8, 4, VPCI_NOTIFY);
	cfg_put(b, ACCESS + 12, 4, 2);
	cfg_put(b, ACCESS + 16, 2, 0);
	bench_run(b);
	bench_came_back(b, &io);
	cfg_put(b, ACCESS + 8, 4, STATUS);
	cfg_put(b, ACCESS + 12, 4, 1);
	assert_int_equal(cfg_get(b, ACCESS + 16, 1), 15);
	cfg_put(b, ACCESS + 8, 4, STATE_PCI_BAR);
	assert_int_equal(cfg_get(b, ACCESS + 16, 1), 0);
	cfg_put(b, ACCESS + 16, 1, 0);
	cfg_put(b, ACCESS + 8, 4, STATUS);
	assert_int_equal(cfg_get(b, ACCESS + 16, 1), 15);
}

/* --- mastering ------------------------------------------------------------- */

static void without_mastering_nothing_is_touched(void **state)
{
	struct bench *b = *state;
	uint32_t messages;
	struct io io;

	bench_start_msix(b);
	bench_request(b);
	messages = xen.messages;
	cfg_put(b, COMMAND, 2, MEMORY);
	io = bench_offer(b);
	bar_put(b, VPCI_NOTIFY, 2, 0);
	bench_run(b);
	assert_int_equal(io_status(&io), NO_STATUS);
	b->dev.events = DEVICE_EVENT_QUEUE(0);
	bench_notify(b);
	assert_int_equal(xen.messages, messages);
	bench_kill(b);
	bench_run(b);
	assert_int_equal(io_status(&io), NO_STATUS);
	/* No kick is needed any more, and what waited is sent. */
	cfg_put(b, COMMAND, 2, MEMORY | MASTER);
	assert_true(xen.messages > messages);
	bench_run(b);
	bench_came_back(b, &io);
}

static void a_function_begins_without_mastering(void **state)
{
	struct bench *b = *state;
	struct io io;

	bench_start_with(b, MEMORY);
	io = bench_offer(b);
	bar_put(b, VPCI_NOTIFY, 2, 0);
	bench_run(b);
	assert_int_equal(io_status(&io), NO_STATUS);
	cfg_put(b, COMMAND, 1, MEMORY | MASTER);
	bench_run(b);
	bench_came_back(b, &io);
}

/* C-P 20: nor is what a device says of itself in a ring. */
static void without_mastering_no_ring_is_written_to(void **state)
{
	struct bench *b = *state;
	uint16_t *flags = fake_ram(3 * PAGE + 64);
	struct io io;

	bench_start_with(b, MEMORY);
	*flags = 0x5a5a;
	bar_put(b, QUEUE_RESET, 2, 1);
	bar_put_ring(b);
	assert_int_equal(*flags, 0x5a5a);
	bench_kill(b);
	bench_run(b);
	assert_int_equal(*flags, 0x5a5a);
	cfg_put(b, COMMAND, 1, MEMORY | MASTER);
	assert_int_equal(*flags, 0);
	io = bench_offer(b);
	bar_put(b, VPCI_NOTIFY, 2, 0);
	bench_run(b);
	bench_came_back(b, &io);
}

static void the_end_of_mastering_waits_for_requests(void **state)
{
	struct bench *b = *state;
	struct io io, next;

	bench_start(b);
	io = bench_offer(b);
	bar_put(b, VPCI_NOTIFY, 2, 0);
	device_serve(&b->dev);
	assert_false(device_idle(&b->dev));
	assert_int_equal(cfg_put(b, COMMAND, 2, MEMORY), DEVICE_WAIT);
	assert_true(cfg_get(b, COMMAND, 2) & MASTER);
	/* Nothing new is begun meanwhile. */
	next = bench_offer(b);
	bar_put(b, VPCI_NOTIFY, 2, 0);
	bench_run(b);
	assert_int_equal(cfg_put(b, COMMAND, 2, MEMORY), DEVICE_DONE);
	assert_false(cfg_get(b, COMMAND, 2) & MASTER);
	assert_int_equal(io_status(&io), OK);
	assert_int_equal(io_status(&next), NO_STATUS);
	cfg_put(b, COMMAND, 2, MEMORY | MASTER);
	bench_run(b);
	corridor_take(b->c, io.head);
	bench_came_back(b, &next);
}

/* Another vCPU selects and points elsewhere while one waits for its answer. */
static void an_access_that_waits_means_what_it_meant(void **state)
{
	static const struct {
		enum ioreq_kind kind;
		uint64_t at, data;	/* of the access that waits */
		uint32_t size;
	} how[] = {
		{ IOREQ_MMIO_WRITE, BAR + QUEUE_RESET, 1, 2 },
		{ IOREQ_MMIO_WRITE, BAR + STATUS, 0, 1 },
		{ IOREQ_CONFIG_WRITE, ACCESS + 16, 0, 1 },
	};
	struct bench *b = *state;

	for (size_t i = 0; i < ARRAY_SIZE(how); i++) {
		struct bench_access a = {
			.acc = { .kind = how[i].kind, .addr = how[i].at,
				 .size = how[i].size, .data = how[i].data },
		};
		struct io io;

		bench_start(b);
		cfg_put(b, ACCESS + 8, 4, STATUS);
		cfg_put(b, ACCESS + 12, 4, 1);
		io = bench_offer(b);
		bar_put(b, VPCI_NOTIFY, 2, 0);
		device_serve(&b->dev);
		assert_false(device_idle(&b->dev));
		assert_int_equal(bench_hand_in(b, &a), DEVICE_WAIT);
		bar_put(b, QUEUE_SELECT, 2, 1);
		cfg_put(b, ACCESS + 8, 4, VPCI_ISR);
		bench_run(b);
		assert_int_equal(bench_hand_in(b, &a), DEVICE_DONE);
		bar_put(b, QUEUE_SELECT, 2, 0);
		assert_int_equal(bar_get(b, QUEUE_ENABLE, 2), 0);
		if (a.acc.addr != BAR + QUEUE_RESET)
			assert_int_equal(bar_get(b, STATUS, 1), 0);
		corridor_take(b->c, io.head);
		assert_int_equal(io_status(&io), OK);
		bar_put(b, STATUS, 1, 0);
		corridor_forget(b->c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BENCH(nothing_is_there_until_it_is_decoded),
		BENCH(the_range_is_where_the_bar_is),
		BENCH(two_bars_at_one_place),
		BENCH(a_range_that_xen_refuses),
		BENCH(a_place_that_is_left_and_refused),
		BENCH(a_range_that_can_not_be_removed),
		BENCH(another_worker_finds_everything_in_place),
		BENCH(a_kick_through_configuration_space),
		BENCH(without_mastering_nothing_is_touched),
		BENCH(a_function_begins_without_mastering),
		BENCH(without_mastering_no_ring_is_written_to),
		BENCH(the_end_of_mastering_waits_for_requests),
		BENCH(an_access_that_waits_means_what_it_meant),
	};

	return corridor_main(tests, ARRAY_SIZE(tests));
}
