// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * virtio-mmio as a transport: an access that waits while another vCPU goes on. Its
 * disk is on the bench of PCI's, beside one that nobody uses. Its registers have
 * tests of their own (test_vmmio).
 */
#include "tests/unit/unit.h"

#include <string.h>
#include <unistd.h>

#include "tests/unit/pci_bench.h"

#define BASE UINT64_C(0x2000200)

enum {			/* virtio 1.2, 4.2.2 */
	MMIO_FEATURES = 0x20, MMIO_FEATURES_SEL = 0x24, MMIO_QUEUE_SEL = 0x30,
	MMIO_QUEUE_NUM = 0x38, MMIO_QUEUE_READY = 0x44, MMIO_NOTIFY = 0x50,
	MMIO_STATUS = 0x70, MMIO_DESC = 0x80, MMIO_DRIVER = 0x90,
	MMIO_DEVICE = 0xa0, MMIO_QUEUE_RESET = 0xc0,
};

static struct bench mmio;

static enum device_answer hand_in(struct bench_access *a)
{
	uint64_t offset;

	assert_true(transport_owns(mmio.reg, &a->acc, &offset));
	return transport_access(&mmio.t, &mmio.dev, offset, &a->acc, &a->effect);
}

static struct bench_access write_of(uint32_t reg, uint32_t value)
{
	return (struct bench_access){
		.acc = { .kind = IOREQ_MMIO_WRITE, .addr = BASE + reg,
			 .size = 4, .data = value },
	};
}

static void put(uint32_t reg, uint32_t value)
{
	struct bench_access a = write_of(reg, value);

	assert_int_equal(hand_in(&a), DEVICE_DONE);
}

static uint32_t get(uint32_t reg)
{
	struct bench_access a = {
		.acc = { .kind = IOREQ_MMIO_READ, .addr = BASE + reg, .size = 4 },
	};

	assert_int_equal(hand_in(&a), DEVICE_DONE);
	return (uint32_t)a.acc.data;
}

static void put_address(uint32_t reg, uint64_t at)
{
	uint64_t addr = guest_addr(mmio.c, at);

	put(reg, (uint32_t)addr);
	put(reg + 4, (uint32_t)(addr >> 32));
}

static void plug(struct bench *b)
{
	struct proto_disk desc = {
		.slot = (SLOT + 1) % STATE_MAX_DISKS, .transport = STATE_MMIO,
		.base = BASE, .irq = 33, .size = IMAGE_SIZE, .block_size = 512,
		.flags = b->c->mode->direct ? PROTO_DISK_DIRECT : 0,
		.physical_block_size = 4096, .num_queues = 2,
		.queue_size = NUM, .name = "dom1/xvda",
	};

	mmio = (struct bench){ .c = b->c, .t = b->t };
	mmio.reg = &b->t.disk[desc.slot];
	transport_init(mmio.reg, &desc);
	assert_int_equal(device_open(&mmio.dev, &desc, dup(b->c->image),
				     mmio.reg, false, &b->c->engine), 0);
	assert_int_equal(transport_open(&mmio.t, &mmio.dev, false), 0);
}

static void unplug(void)
{
	assert_int_equal(transport_close(&mmio.t, mmio.reg), 0);
	mmio.reg->used = 0;
	device_close(&mmio.dev);
	xen.edges = 0;
}

/* Up to DRIVER_OK, with queue 0. */
static void start(void)
{
	uint64_t features = mmio.dev.vdev.offered & ~(UINT64_C(1) << 29);

	put(MMIO_STATUS, 0);
	put(MMIO_STATUS, 3);
	for (uint32_t word = 0; word < 2; word++) {
		put(MMIO_FEATURES_SEL, word);
		put(MMIO_FEATURES, (uint32_t)(features >> 32 * word));
	}
	put(MMIO_STATUS, 11);
	memset(fake_ram(PAGE), 0, 4 * PAGE);
	put(MMIO_QUEUE_SEL, 0);
	put(MMIO_QUEUE_NUM, NUM);
	put_address(MMIO_DESC, PAGE);
	put_address(MMIO_DRIVER, 2 * PAGE);
	put_address(MMIO_DEVICE, 3 * PAGE + 64);
	put(MMIO_QUEUE_READY, 1);
	guest_ring_init(&mmio.c->ring, fake_ram(PAGE), fake_ram(2 * PAGE),
			fake_ram(3 * PAGE + 64), NUM, 0);
	mmio.c->next_desc = 0;
	put(MMIO_STATUS, 15);
	assert_int_equal(get(MMIO_STATUS), 15);
	bench_run(&mmio);
}

/* Another vCPU selects another queue while one waits for its answer. */
static void an_access_that_waits_means_what_it_meant(void **state)
{
	static const struct {
		uint32_t reg, value;
	} how[] = {
		{ MMIO_QUEUE_RESET, 1 }, { MMIO_QUEUE_READY, 0 }, { MMIO_STATUS, 0 },
	};

	plug(*state);
	for (size_t i = 0; i < ARRAY_SIZE(how); i++) {
		struct bench_access a = write_of(how[i].reg, how[i].value);
		struct io io;

		start();
		io = bench_offer(&mmio);
		put(MMIO_NOTIFY, 0);
		device_serve(&mmio.dev);
		assert_false(device_idle(&mmio.dev));
		assert_int_equal(hand_in(&a), DEVICE_WAIT);
		put(MMIO_QUEUE_SEL, 1);
		bench_run(&mmio);
		assert_int_equal(hand_in(&a), DEVICE_DONE);
		put(MMIO_QUEUE_SEL, 0);
		assert_int_equal(get(MMIO_QUEUE_READY), 0);
		assert_int_equal(get(MMIO_STATUS),
				 how[i].reg == MMIO_STATUS ? 0 : 15);
		corridor_take(mmio.c, io.head);
		assert_int_equal(io_status(&io), OK);
		assert_true(xen.edges > i);
		corridor_forget(mmio.c);
	}
	put(MMIO_STATUS, 0);
	unplug();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BENCH(an_access_that_waits_means_what_it_meant),
	};

	return corridor_main(tests, ARRAY_SIZE(tests));
}
