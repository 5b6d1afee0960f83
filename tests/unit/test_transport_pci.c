// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A disk as a PCI function: what Xen is asked to do when the guest moves its
 * BAR, masks its messages or forbids it to reach memory. Xen is a model here:
 * the ranges and functions of one ioreq server, a pin, and what was sent.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "backend/aio.h"
#include "backend/log.h"
#include "backend/transport.h"
#include "backend/vpci.h"
#include "tests/unit/corridor.h"
#include "xen/irq.h"

#define NUM  64u
#define SLOT 20u
#define BAR  0xf1000000u

/* Configuration space (PCI 3.0, 6.1), and where our capabilities are. */
enum { COMMAND = 4, BAR0 = 0x10, MSIX_CONTROL = 0x42, ACCESS = 0x90 };
enum { MEMORY = 2, MASTER = 4, INTX_OFF = 0x400 };
enum { MSIX_ON = 0x8000, MSIX_MASK_ALL = 0x4000 };

/* struct virtio_pci_common_cfg */
enum {
	DRIVER_SEL = 8, DRIVER_FEATURES = 12, CONFIG_VECTOR = 16, STATUS = 20,
	QUEUE_SIZE = 24, QUEUE_VECTOR = 26, QUEUE_ENABLE = 28, DESC = 32,
	DRIVER = 40, DEVICE = 48,
};

/* --- Xen ------------------------------------------------------------------- */

static struct {
	uint64_t range[4];	/* starts, 0: free */
	uint32_t range_calls;
	uint32_t functions;	/* bit per slot */
	uint32_t level;		/* of the pin of SLOT */
	uint32_t level_calls;
	uint32_t messages;
	uint64_t address;	/* of the last */
	uint32_t data;
	int fail_range, fail_irq;	/* what the next calls answer */
	uint32_t fail_data;	/* 0, or the one message that fail_irq is for */
} xen;

int ioreq_add_range(struct xen_ioreq *io, uint64_t base, uint64_t size)
{
	int room = -1;

	(void)io;
	assert_int_equal(size, STATE_PCI_BAR);
	xen.range_calls++;
	if (xen.fail_range)
		return xen.fail_range;
	for (int i = 0; i < (int)ARRAY_SIZE(xen.range); i++) {
		if (!xen.range[i])
			room = i;
		else if (base < xen.range[i] + size && xen.range[i] < base + size)
			return -EEXIST;
	}
	assert_true(room >= 0);
	xen.range[room] = base;
	return 0;
}

int ioreq_remove_range(struct xen_ioreq *io, uint64_t base, uint64_t size)
{
	(void)io;
	assert_int_equal(size, STATE_PCI_BAR);
	for (size_t i = 0; i < ARRAY_SIZE(xen.range); i++) {
		if (xen.range[i] != base)
			continue;
		xen.range[i] = 0;
		return 0;
	}
	return -ENOENT;
}

int ioreq_add_pci(struct xen_ioreq *io, uint32_t slot)
{
	(void)io;
	if (xen.functions >> slot & 1)
		return -EEXIST;
	xen.functions |= 1u << slot;
	return 0;
}

int ioreq_remove_pci(struct xen_ioreq *io, uint32_t slot)
{
	(void)io;
	if (!(xen.functions >> slot & 1))
		return -ENOENT;
	xen.functions &= ~(1u << slot);
	return 0;
}

int irq_raise(struct xen_dm *dm, uint32_t irq)
{
	(void)dm;
	(void)irq;
	fail_msg("an edge, on PCI");
	return 0;
}

int irq_set_intx(struct xen_dm *dm, uint32_t slot, uint32_t level)
{
	(void)dm;
	xen.level_calls++;
	if (xen.fail_irq)
		return xen.fail_irq;
	if (slot == SLOT)
		xen.level = level;
	return 0;
}

int irq_send_msi(struct xen_dm *dm, uint64_t address, uint32_t data)
{
	(void)dm;
	if (xen.fail_irq && (!xen.fail_data || xen.fail_data == data))
		return xen.fail_irq;
	xen.messages++;
	xen.address = address;
	xen.data = data;
	return 0;
}

/* Is this all that the server has? 0: nothing. */
static bool only_range(uint64_t base)
{
	uint32_t n = 0;
	bool found = !base;

	for (size_t i = 0; i < ARRAY_SIZE(xen.range); i++) {
		n += xen.range[i] != 0;
		found = found || xen.range[i] == base;
	}
	return found && n == (base != 0);
}

/* --- the disk -------------------------------------------------------------- */

static struct state_disk disks[STATE_MAX_DISKS];

struct bench {
	struct corridor *c;
	struct transport t;
	struct device dev;
	struct state_disk *reg;
};

static void bench_open(struct bench *b, uint32_t slot, bool attach)
{
	struct proto_disk desc = {
		.slot = slot, .transport = STATE_PCI, .pci_slot = slot,
		.flags = b->c->mode->direct ? PROTO_DISK_DIRECT : 0,
		.size = IMAGE_SIZE, .block_size = 512,
		.physical_block_size = 4096, .num_queues = 1,
		.queue_size = NUM, .name = "dom1/xvde",
	};

	desc.slot %= STATE_MAX_DISKS;
	b->t.disk = disks;
	b->reg = &disks[desc.slot];
	if (!attach)
		transport_init(b->reg, &desc);
	assert_int_equal(device_open(&b->dev, &desc, dup(b->c->image), b->reg,
				     attach, &b->c->engine), 0);
	assert_int_equal(transport_open(&b->t, &b->dev, attach), 0);
}

static int bench_setup(void **state)
{
	static struct bench b;

	log_init("test", 0);
	memset(&xen, 0, sizeof(xen));
	memset(&b, 0, sizeof(b));
	memset(disks, 0, sizeof(disks));
	corridor_setup(state);
	b.c = *state;
	queue_stop(&b.c->q);
	bench_open(&b, SLOT, false);
	*state = &b;
	return 0;
}

static int bench_teardown(void **state)
{
	struct bench *b = *state;
	void *corridor = b->c;

	xen.fail_irq = xen.fail_range = 0;
	assert_int_equal(transport_close(&b->t, b->reg), 0);
	device_close(&b->dev);
	assert_true(only_range(0));
	assert_int_equal(xen.functions, 0);
	assert_int_equal(xen.level, 0);
	return corridor_teardown(&corridor);
}

/* A kill of the worker, and another. */
static void bench_kill(struct bench *b)
{
	device_close(&b->dev);
	bench_open(b, SLOT, true);
	device_resume(&b->dev);
}

static enum device_answer act(struct bench *b, enum ioreq_kind kind,
			      uint64_t addr, uint32_t size, uint64_t *data)
{
	struct ioreq_access acc = {
		.kind = kind, .sbdf = b->reg->pci.slot << 3, .addr = addr,
		.size = size, .data = *data,
	};
	enum device_answer answer;
	uint64_t offset;

	assert_true(transport_owns(b->reg, &acc, &offset));
	answer = transport_access(&b->t, &b->dev, offset, &acc);
	*data = acc.data;
	return answer;
}

static uint32_t cfg_get(struct bench *b, uint32_t reg, uint32_t size)
{
	uint64_t data = 0;

	assert_int_equal(act(b, IOREQ_CONFIG_READ, reg, size, &data),
			 DEVICE_DONE);
	return (uint32_t)data;
}

static enum device_answer cfg_put(struct bench *b, uint32_t reg, uint32_t size,
				  uint32_t value)
{
	uint64_t data = value;

	return act(b, IOREQ_CONFIG_WRITE, reg, size, &data);
}

static uint64_t get(struct bench *b, uint64_t at, uint32_t size)
{
	uint64_t data = 0;

	assert_int_equal(act(b, IOREQ_MMIO_READ, b->reg->pci.window + at, size,
			     &data), DEVICE_DONE);
	return data;
}

static void put(struct bench *b, uint64_t at, uint32_t size, uint64_t data)
{
	assert_int_equal(act(b, IOREQ_MMIO_WRITE, b->reg->pci.window + at, size,
			     &data), DEVICE_DONE);
}

static void notify(struct bench *b)
{
	device_publish(&b->dev);
	if (b->dev.events || b->dev.irq_owed)
		(void)!transport_notify(&b->t, &b->dev);
}

/* Until nothing is in flight. */
static void run(struct bench *b)
{
	struct engine *e = &b->c->engine;
	struct aio_event event;

	for (uint32_t i = 0; i < 20000; i++) {
		device_serve(&b->dev);
		assert_int_equal(aio_submit(e->aio), 0);
		while (aio_reap(e->aio, &event))
			request_complete(event.tag, event.result);
		engine_settle(e, queue_return);
		notify(b);
		if (device_idle(&b->dev))
			return;
		aio_wait(e->aio, 1000000000);
	}
	fail_msg("requests stay in flight");
}

static void put_address(struct bench *b, uint64_t field, uint64_t at)
{
	uint64_t addr = guest_addr(b->c, at);

	put(b, field, 4, (uint32_t)addr);
	put(b, field + 4, 4, addr >> 32);
}

/* Without it each batch that comes back is told of. */
#define EVENT_IDX (UINT64_C(1) << 29)

/* As a driver does: BAR, decoding, mastering, then the device. */
static void start_with(struct bench *b, uint32_t command)
{
	uint64_t features = b->dev.vdev.offered & ~EVENT_IDX;

	cfg_put(b, BAR0, 4, BAR);
	cfg_put(b, COMMAND, 2, command);
	put(b, STATUS, 1, 0);
	put(b, STATUS, 1, 1);
	put(b, STATUS, 1, 3);
	for (uint32_t word = 0; word < 2; word++) {
		put(b, DRIVER_SEL, 4, word);
		put(b, DRIVER_FEATURES, 4, (uint32_t)(features >> 32 * word));
	}
	put(b, STATUS, 1, 11);
	memset(fake_ram(PAGE), 0, 4 * PAGE);
	put(b, QUEUE_SIZE, 2, NUM);
	put_address(b, DESC, PAGE);
	put_address(b, DRIVER, 2 * PAGE);
	put_address(b, DEVICE, 3 * PAGE + 64);
	put(b, QUEUE_ENABLE, 2, 1);
	guest_ring_init(&b->c->ring, fake_ram(PAGE), fake_ram(2 * PAGE),
			fake_ram(3 * PAGE + 64), NUM, 0);
	b->c->next_desc = 0;
	put(b, STATUS, 1, 15);
	assert_int_equal(get(b, STATUS, 1), 15);
	/* The first look at the ring comes without a kick. */
	run(b);
}

static void start(struct bench *b)
{
	start_with(b, MEMORY | MASTER);
}

static void program(struct bench *b, uint32_t vector, uint32_t address)
{
	put(b, VPCI_MSIX_TABLE + 16 * vector, 4, address);
	put(b, VPCI_MSIX_TABLE + 16 * vector + 4, 4, 0);
	put(b, VPCI_MSIX_TABLE + 16 * vector + 8, 4, 0x4040 + vector);
	put(b, VPCI_MSIX_TABLE + 16 * vector + 12, 4, 0);
}

static void start_msix(struct bench *b)
{
	start(b);
	cfg_put(b, MSIX_CONTROL, 2, MSIX_ON);
	program(b, 0, 0xfee00000);
	program(b, 1, 0xfee01000);
	put(b, CONFIG_VECTOR, 2, 0);
	put(b, QUEUE_VECTOR, 2, 1);
}

static struct io offer(struct bench *b)
{
	struct io io = io_make(b->c, T_IN, 0, 0, 4096, true);

	guest_offer(&b->c->ring, io.head);
	return io;
}

static void came_back(struct bench *b, const struct io *io)
{
	corridor_take(b->c, io->head);
	assert_int_equal(io_status(io), OK);
	corridor_forget(b->c);
}

static void request_done(struct bench *b)
{
	struct io io = offer(b);

	put(b, VPCI_NOTIFY, 2, 0);
	run(b);
	came_back(b, &io);
}

/* --- where it is ----------------------------------------------------------- */

static void nothing_is_there_until_it_is_decoded(void **state)
{
	struct bench *b = *state;
	struct ioreq_access acc = { .kind = IOREQ_MMIO_WRITE, .addr = BAR };
	uint64_t offset;

	assert_int_equal(xen.functions, 1u << SLOT);
	assert_true(only_range(0));
	cfg_put(b, BAR0, 4, BAR);
	assert_true(only_range(0));
	assert_false(transport_owns(b->reg, &acc, &offset));
	cfg_put(b, COMMAND, 2, MEMORY);
	assert_true(only_range(BAR));
	assert_true(transport_owns(b->reg, &acc, &offset));
	acc.addr = BAR + STATE_PCI_BAR - 1;
	assert_true(transport_owns(b->reg, &acc, &offset));
	acc.addr = BAR + STATE_PCI_BAR;
	assert_false(transport_owns(b->reg, &acc, &offset));
	acc.addr = BAR - 1;
	assert_false(transport_owns(b->reg, &acc, &offset));
	cfg_put(b, COMMAND, 2, 0);
	assert_true(only_range(0));
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
		assert_true(only_range(want));
		if (i % 1000 == 0)
			bench_kill(b);
	}
}

/* Over another disk of ours: that one stays reachable, this one is not. */
static void two_bars_at_one_place(void **state)
{
	static struct bench other;
	struct bench *b = *state;

	other = (struct bench){ .c = b->c };
	bench_open(&other, SLOT + 1, false);
	cfg_put(b, BAR0, 4, BAR);
	cfg_put(b, COMMAND, 2, MEMORY);
	cfg_put(&other, BAR0, 4, BAR);
	cfg_put(&other, COMMAND, 2, MEMORY);
	/* Not for a moment: a kill then would leave it so. */
	assert_int_equal(xen.range_calls, 1);
	assert_int_equal(b->reg->pci.window, BAR);
	assert_int_equal(other.reg->pci.window, 0);
	cfg_put(&other, BAR0, 4, BAR + STATE_PCI_BAR);
	assert_int_equal(other.reg->pci.window, BAR + STATE_PCI_BAR);
	/* Back, and away from there: the first never noticed. */
	cfg_put(&other, BAR0, 4, BAR);
	assert_int_equal(get(b, STATUS, 1), 0);
	assert_true(only_range(BAR));
	assert_int_equal(transport_close(&other.t, other.reg), 0);
	device_close(&other.dev);
	assert_true(only_range(BAR));
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
	start(b);
	request_done(b);
}

static void another_worker_finds_everything_in_place(void **state)
{
	struct bench *b = *state;
	struct io io;

	start(b);
	request_done(b);
	bench_kill(b);
	assert_true(only_range(BAR));
	assert_int_equal(xen.functions, 1u << SLOT);
	io = offer(b);
	put(b, VPCI_NOTIFY, 2, 0);
	bench_kill(b);
	run(b);
	came_back(b, &io);
	/* Killed after the state named the new place, before Xen heard of it. */
	ioreq_remove_range(NULL, BAR, STATE_PCI_BAR);
	bench_kill(b);
	assert_true(only_range(BAR));
	request_done(b);
}

/* --- kicks ----------------------------------------------------------------- */

/* virtio 1.2, 4.1.4.9: the way in for firmware without a mapping. */
static void a_kick_through_configuration_space(void **state)
{
	struct bench *b = *state;
	struct io io;

	start(b);
	io = offer(b);
	cfg_put(b, COMMAND, 2, MASTER);
	assert_true(only_range(0));
	run(b);
	assert_int_equal(guest_used(&b->c->ring), 0);
	cfg_put(b, ACCESS + 4, 1, 0);
	cfg_put(b, ACCESS + 8, 4, VPCI_NOTIFY);
	cfg_put(b, ACCESS + 12, 4, 2);
	cfg_put(b, ACCESS + 16, 2, 0);
	run(b);
	came_back(b, &io);
	cfg_put(b, ACCESS + 8, 4, STATUS);
	cfg_put(b, ACCESS + 12, 4, 1);
	assert_int_equal(cfg_get(b, ACCESS + 16, 1), 15);
	cfg_put(b, ACCESS + 8, 4, STATE_PCI_BAR);
	assert_int_equal(cfg_get(b, ACCESS + 16, 1), 0);
	cfg_put(b, ACCESS + 16, 1, 0);
	cfg_put(b, ACCESS + 8, 4, STATUS);
	assert_int_equal(cfg_get(b, ACCESS + 16, 1), 15);
}

/* --- the pin --------------------------------------------------------------- */

static void the_level_is_up_until_the_status_is_read(void **state)
{
	struct bench *b = *state;

	start(b);
	assert_int_equal(xen.level_calls, 0);
	for (int i = 0; i < 3; i++) {
		request_done(b);
		assert_int_equal(xen.level, 1);
		request_done(b);
		assert_int_equal(get(b, VPCI_ISR, 1), 1);
		assert_int_equal(xen.level, 0);
		assert_int_equal(get(b, VPCI_ISR, 1), 0);
	}
	assert_int_equal(xen.level_calls, 6);
	assert_int_equal(xen.messages, 0);
	assert_int_equal(b->reg->stats.irqs, 3);
}

static void the_level_goes_with_its_switch(void **state)
{
	struct bench *b = *state;

	start(b);
	cfg_put(b, COMMAND, 2, MEMORY | MASTER | INTX_OFF);
	request_done(b);
	assert_int_equal(xen.level, 0);
	cfg_put(b, COMMAND, 2, MEMORY | MASTER);
	assert_int_equal(xen.level, 1);
	cfg_put(b, COMMAND, 2, MEMORY | MASTER | INTX_OFF);
	assert_int_equal(xen.level, 0);
	cfg_put(b, COMMAND, 2, MEMORY | MASTER);
	assert_int_equal(xen.level, 1);
	put(b, STATUS, 1, 0);
	assert_int_equal(xen.level, 0);
}

static void a_level_that_fails_is_tried_again(void **state)
{
	struct bench *b = *state;

	start(b);
	xen.fail_irq = -EAGAIN;
	request_done(b);
	assert_int_equal(xen.level, 0);
	assert_true(b->dev.irq_owed);
	notify(b);
	assert_true(b->dev.irq_owed);
	xen.fail_irq = 0;
	notify(b);
	assert_false(b->dev.irq_owed);
	assert_int_equal(xen.level, 1);
	xen.fail_irq = -EAGAIN;
	assert_int_equal(get(b, VPCI_ISR, 1), 1);
	assert_int_equal(xen.level, 1);
	xen.fail_irq = 0;
	notify(b);
	assert_int_equal(xen.level, 0);
}

static void a_level_outlives_the_worker(void **state)
{
	struct bench *b = *state;

	start(b);
	request_done(b);
	bench_kill(b);
	notify(b);
	assert_int_equal(xen.level, 1);
	assert_int_equal(get(b, VPCI_ISR, 1), 1);
	assert_int_equal(xen.level, 0);
	/* Killed between the read and the call: nobody knows the level. */
	xen.level = 1;
	bench_kill(b);
	assert_int_equal(get(b, VPCI_ISR, 1) & ~1u, 0);
	assert_int_equal(xen.level, 0);
}

/* --- messages -------------------------------------------------------------- */

static void a_queue_has_its_own_message(void **state)
{
	struct bench *b = *state;

	start_msix(b);
	for (uint32_t i = 1; i <= 3; i++) {
		request_done(b);
		assert_int_equal(xen.messages, i);
		assert_int_equal(xen.address, 0xfee01000);
		assert_int_equal(xen.data, 0x4041);
	}
	assert_int_equal(xen.level_calls, 0);
	assert_int_equal(b->reg->stats.irqs, 3);
	/* Another for changes, which the interrupt status tells too. */
	assert_int_equal(get(b, VPCI_ISR, 1), 0);
	b->dev.events = DEVICE_EVENT_CONFIG;
	notify(b);
	assert_int_equal(xen.messages, 4);
	assert_int_equal(xen.data, 0x4040);
	assert_int_equal(get(b, VPCI_ISR, 1), 2);
	/* A queue without a vector interrupts nobody. */
	put(b, QUEUE_VECTOR, 2, 0xffff);
	request_done(b);
	assert_int_equal(xen.messages, 4);
}

static void a_masked_message_waits(void **state)
{
	struct bench *b = *state;
	uint64_t control = VPCI_MSIX_TABLE + 16 + 12;

	start_msix(b);
	put(b, control, 4, 1);
	request_done(b);
	assert_int_equal(xen.messages, 0);
	assert_int_equal(get(b, VPCI_MSIX_PENDING, 4), 2);
	put(b, control, 4, 0);
	assert_int_equal(xen.messages, 1);
	assert_int_equal(get(b, VPCI_MSIX_PENDING, 4), 0);
	cfg_put(b, MSIX_CONTROL, 2, MSIX_ON | MSIX_MASK_ALL);
	request_done(b);
	assert_int_equal(xen.messages, 1);
	cfg_put(b, MSIX_CONTROL, 2, MSIX_ON);
	assert_int_equal(xen.messages, 2);
	/* A reset takes what waits with it, switching off too. */
	put(b, control, 4, 1);
	request_done(b);
	put(b, STATUS, 1, 0);
	assert_int_equal(get(b, VPCI_MSIX_PENDING, 4), 0);
	start_msix(b);
	put(b, control, 4, 1);
	request_done(b);
	cfg_put(b, MSIX_CONTROL, 2, 0);
	cfg_put(b, MSIX_CONTROL, 2, MSIX_ON);
	put(b, control, 4, 0);
	assert_int_equal(xen.messages, 2);
}

static void what_waits_when_messages_end_is_told_by_the_pin(void **state)
{
	struct bench *b = *state;

	start_msix(b);
	put(b, VPCI_MSIX_TABLE + 16 + 12, 4, 1);
	request_done(b);
	assert_int_equal(xen.messages, 0);
	assert_int_equal(xen.level, 0);
	cfg_put(b, MSIX_CONTROL, 2, 0);
	assert_int_equal(xen.level, 1);
	assert_int_equal(get(b, VPCI_ISR, 1), 1);
	assert_int_equal(xen.level, 0);
	/* Nothing waited: nothing is told. */
	cfg_put(b, MSIX_CONTROL, 2, MSIX_ON);
	cfg_put(b, MSIX_CONTROL, 2, 0);
	assert_int_equal(get(b, VPCI_ISR, 1), 0);
	assert_int_equal(xen.level, 0);
}

static void a_message_that_fails_is_sent_again(void **state)
{
	struct bench *b = *state;

	start_msix(b);
	xen.fail_irq = -EAGAIN;
	request_done(b);
	assert_true(b->dev.irq_owed);
	xen.fail_irq = 0;
	notify(b);
	assert_false(b->dev.irq_owed);
	assert_int_equal(xen.messages, 1);
	notify(b);
	assert_int_equal(xen.messages, 1);
	/* Also by the next worker, and once more for good measure. */
	xen.fail_irq = -EAGAIN;
	request_done(b);
	bench_kill(b);
	xen.fail_irq = 0;
	notify(b);
	assert_true(xen.messages >= 2);
	assert_int_equal(xen.data, 0x4041);
}

static void a_message_that_fails_holds_up_no_other(void **state)
{
	struct bench *b = *state;

	start_msix(b);
	xen.fail_irq = -EAGAIN;
	xen.fail_data = 0x4040;
	b->dev.events = DEVICE_EVENT_CONFIG;
	request_done(b);
	assert_int_equal(xen.messages, 1);
	assert_int_equal(xen.data, 0x4041);
	assert_true(b->dev.irq_owed);
	assert_int_equal(get(b, VPCI_MSIX_PENDING, 4), 1);
	xen.fail_irq = 0;
	notify(b);
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

	start_msix(b);
	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
		program(b, 1, addresses[i]);
		request_done(b);
		assert_int_equal(xen.messages, 0);
		assert_false(b->dev.irq_owed);
		assert_int_equal(get(b, VPCI_MSIX_PENDING, 4), 0);
	}
	program(b, 1, 0xfee00000);
	/* Xen can't make sense of it, or finds no CPU that it is for. */
	xen.fail_irq = -EINVAL;
	request_done(b);
	assert_false(b->dev.irq_owed);
	xen.fail_irq = -ESRCH;
	request_done(b);
	assert_false(b->dev.irq_owed);
	assert_int_equal(get(b, VPCI_MSIX_PENDING, 4), 0);
	xen.fail_irq = 0;
	request_done(b);
	assert_int_equal(xen.messages, 1);
}

/* --- mastering ------------------------------------------------------------- */

static void without_mastering_nothing_is_touched(void **state)
{
	struct bench *b = *state;
	uint32_t messages;
	struct io io;

	start_msix(b);
	request_done(b);
	messages = xen.messages;
	cfg_put(b, COMMAND, 2, MEMORY);
	io = offer(b);
	put(b, VPCI_NOTIFY, 2, 0);
	run(b);
	assert_int_equal(io_status(&io), NO_STATUS);
	b->dev.events = DEVICE_EVENT_QUEUE(0);
	notify(b);
	assert_int_equal(xen.messages, messages);
	bench_kill(b);
	run(b);
	assert_int_equal(io_status(&io), NO_STATUS);
	/* No kick is needed any more, and what waited is sent. */
	cfg_put(b, COMMAND, 2, MEMORY | MASTER);
	assert_true(xen.messages > messages);
	run(b);
	came_back(b, &io);
}

static void a_function_begins_without_mastering(void **state)
{
	struct bench *b = *state;
	struct io io;

	start_with(b, MEMORY);
	io = offer(b);
	put(b, VPCI_NOTIFY, 2, 0);
	run(b);
	assert_int_equal(io_status(&io), NO_STATUS);
	cfg_put(b, COMMAND, 1, MEMORY | MASTER);
	run(b);
	came_back(b, &io);
}

static void the_end_of_mastering_waits_for_requests(void **state)
{
	struct bench *b = *state;
	struct io io, next;

	start(b);
	io = offer(b);
	put(b, VPCI_NOTIFY, 2, 0);
	device_serve(&b->dev);
	assert_false(device_idle(&b->dev));
	assert_int_equal(cfg_put(b, COMMAND, 2, MEMORY), DEVICE_WAIT);
	assert_true(cfg_get(b, COMMAND, 2) & MASTER);
	/* Nothing new is begun meanwhile. */
	next = offer(b);
	put(b, VPCI_NOTIFY, 2, 0);
	run(b);
	assert_int_equal(cfg_put(b, COMMAND, 2, MEMORY), DEVICE_DONE);
	assert_false(cfg_get(b, COMMAND, 2) & MASTER);
	assert_int_equal(io_status(&io), OK);
	assert_int_equal(io_status(&next), NO_STATUS);
	cfg_put(b, COMMAND, 2, MEMORY | MASTER);
	run(b);
	corridor_take(b->c, io.head);
	came_back(b, &next);
}

#define BENCH(test) cmocka_unit_test_setup_teardown(test, bench_setup, \
						    bench_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BENCH(nothing_is_there_until_it_is_decoded),
		BENCH(the_range_is_where_the_bar_is),
		BENCH(two_bars_at_one_place),
		BENCH(a_range_that_xen_refuses),
		BENCH(another_worker_finds_everything_in_place),
		BENCH(a_kick_through_configuration_space),
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
		BENCH(without_mastering_nothing_is_touched),
		BENCH(a_function_begins_without_mastering),
		BENCH(the_end_of_mastering_waits_for_requests),
	};

	return corridor_main(tests, ARRAY_SIZE(tests));
}
