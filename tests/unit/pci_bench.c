// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A PCI disk between a driver and a model of Xen.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "backend/aio.h"
#include "backend/log.h"
#include "backend/vmmio.h"
#include "tests/unit/pci_bench.h"
#include "xen/irq.h"

/* --- Xen ------------------------------------------------------------------- */

struct bench_xen xen;

static struct state_disk disks[STATE_MAX_DISKS];

/* A BAR is aligned to its size; so no window of virtio-mmio is here. */
static uint64_t window_size(uint64_t base)
{
	return base % STATE_PCI_BAR ? VMMIO_WINDOW_SIZE : STATE_PCI_BAR;
}

int ioreq_add_range(struct xen_ioreq *io, uint64_t base, uint64_t size)
{
	int room = -1;

	(void)io;
	assert_int_equal(size, window_size(base));
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
	assert_int_equal(size, window_size(base));
	if (xen.fail_remove)
		return xen.fail_remove;
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
	xen.edges++;
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
bool xen_only_range(uint64_t base)
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

void bench_open(struct bench *b, uint32_t slot, bool attach)
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

int bench_setup(void **state)
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

int bench_teardown(void **state)
{
	struct bench *b = *state;
	void *corridor = b->c;

	xen.fail_irq = xen.fail_range = xen.fail_remove = 0;
	assert_int_equal(transport_close(&b->t, b->reg), 0);
	device_close(&b->dev);
	assert_true(xen_only_range(0));
	assert_int_equal(xen.functions, 0);
	assert_int_equal(xen.level, 0);
	/* PCI has none. */
	assert_int_equal(xen.edges, 0);
	return corridor_teardown(&corridor);
}

/* A kill of the worker, and another. */
void bench_kill(struct bench *b)
{
	device_close(&b->dev);
	bench_open(b, SLOT, true);
	device_resume(&b->dev);
}

enum device_answer bench_hand_in(struct bench *b, struct bench_access *a)
{
	uint64_t offset;

	a->acc.sbdf = b->reg->pci.slot << 3;
	assert_true(transport_owns(b->reg, &a->acc, &offset));
	return transport_access(&b->t, &b->dev, offset, &a->acc, &a->effect);
}

static enum device_answer bench_act(struct bench *b, enum ioreq_kind kind,
			      uint64_t addr, uint32_t size, uint64_t *data)
{
	struct bench_access a = {
		.acc = { .kind = kind, .addr = addr, .size = size,
			 .data = *data },
	};
	enum device_answer answer = bench_hand_in(b, &a);

	*data = a.acc.data;
	return answer;
}

uint32_t cfg_get(struct bench *b, uint32_t reg, uint32_t size)
{
	uint64_t data = 0;

	assert_int_equal(bench_act(b, IOREQ_CONFIG_READ, reg, size, &data),
			 DEVICE_DONE);
	return (uint32_t)data;
}

enum device_answer cfg_put(struct bench *b, uint32_t reg, uint32_t size,
				  uint32_t value)
{
	uint64_t data = value;

	return bench_act(b, IOREQ_CONFIG_WRITE, reg, size, &data);
}

uint64_t bar_get(struct bench *b, uint64_t at, uint32_t size)
{
	uint64_t data = 0;

	assert_int_equal(bench_act(b, IOREQ_MMIO_READ, b->reg->pci.window + at, size,
			     &data), DEVICE_DONE);
	return data;
}

void bar_put(struct bench *b, uint64_t at, uint32_t size, uint64_t data)
{
	assert_int_equal(bench_act(b, IOREQ_MMIO_WRITE, b->reg->pci.window + at, size,
			     &data), DEVICE_DONE);
}

void bench_notify(struct bench *b)
{
	device_publish(&b->dev);
	if (b->dev.events || b->dev.irq_owed)
		(void)!transport_notify(&b->t, &b->dev);
}

/* Until nothing is in flight. */
void bench_run(struct bench *b)
{
	struct engine *e = &b->c->engine;
	struct aio_event event;

	for (uint32_t i = 0; i < 20000; i++) {
		device_serve(&b->dev);
		assert_int_equal(aio_submit(e->aio), 0);
		while (aio_reap(e->aio, &event))
			request_complete(event.tag, event.result);
		engine_settle(e, queue_return);
		bench_notify(b);
		if (device_idle(&b->dev))
			return;
		aio_wait(e->aio, 1000000000);
	}
	fail_msg("requests stay in flight");
}

static void bar_put_address(struct bench *b, uint64_t field, uint64_t at)
{
	uint64_t addr = guest_addr(b->c, at);

	bar_put(b, field, 4, (uint32_t)addr);
	bar_put(b, field + 4, 4, addr >> 32);
}

/* Without it each batch that comes back is told of. */
#define EVENT_IDX (UINT64_C(1) << 29)

/* As a driver does: BAR, decoding, mastering, then the device. */
void bar_put_ring(struct bench *b)
{
	bar_put(b, QUEUE_SIZE, 2, NUM);
	bar_put_address(b, DESC, PAGE);
	bar_put_address(b, DRIVER, 2 * PAGE);
	bar_put_address(b, DEVICE, 3 * PAGE + 64);
	bar_put(b, QUEUE_ENABLE, 2, 1);
}

void bench_start_with(struct bench *b, uint32_t command)
{
	uint64_t features = b->dev.vdev.offered & ~EVENT_IDX;

	cfg_put(b, BAR0, 4, BAR);
	cfg_put(b, COMMAND, 2, command);
	bar_put(b, STATUS, 1, 0);
	bar_put(b, STATUS, 1, 1);
	bar_put(b, STATUS, 1, 3);
	for (uint32_t word = 0; word < 2; word++) {
		bar_put(b, DRIVER_SEL, 4, word);
		bar_put(b, DRIVER_FEATURES, 4, (uint32_t)(features >> 32 * word));
	}
	bar_put(b, STATUS, 1, 11);
	memset(fake_ram(PAGE), 0, 4 * PAGE);
	bar_put_ring(b);
	guest_ring_init(&b->c->ring, fake_ram(PAGE), fake_ram(2 * PAGE),
			fake_ram(3 * PAGE + 64), NUM, 0);
	b->c->next_desc = 0;
	bar_put(b, STATUS, 1, 15);
	assert_int_equal(bar_get(b, STATUS, 1), 15);
	/* The first look at the ring comes without a kick. */
	bench_run(b);
}

void bench_start(struct bench *b)
{
	bench_start_with(b, MEMORY | MASTER);
}

void msix_program(struct bench *b, uint32_t vector, uint32_t address)
{
	bar_put(b, VPCI_MSIX_TABLE + 16 * vector, 4, address);
	bar_put(b, VPCI_MSIX_TABLE + 16 * vector + 4, 4, 0);
	bar_put(b, VPCI_MSIX_TABLE + 16 * vector + 8, 4, 0x4040 + vector);
	bar_put(b, VPCI_MSIX_TABLE + 16 * vector + 12, 4, 0);
}

void bench_start_msix(struct bench *b)
{
	bench_start(b);
	cfg_put(b, MSIX_CONTROL, 2, MSIX_ON);
	msix_program(b, 0, 0xfee00000);
	msix_program(b, 1, 0xfee01000);
	bar_put(b, CONFIG_VECTOR, 2, 0);
	bar_put(b, QUEUE_VECTOR, 2, 1);
}

struct io bench_offer(struct bench *b)
{
	struct io io = io_make(b->c, T_IN, 0, 0, 4096, true);

	guest_offer(&b->c->ring, io.head);
	return io;
}

void bench_came_back(struct bench *b, const struct io *io)
{
	corridor_take(b->c, io->head);
	assert_int_equal(io_status(io), OK);
	corridor_forget(b->c);
}

void bench_request(struct bench *b)
{
	struct io io = bench_offer(b);

	bar_put(b, VPCI_NOTIFY, 2, 0);
	bench_run(b);
	bench_came_back(b, &io);
}
