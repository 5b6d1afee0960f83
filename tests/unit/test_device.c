// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A disk as a driver meets it through its registers: what is mapped when, what
 * its configuration says, when a write is stable. One queue, whose ring lies
 * where the corridor's was.
 */
#include "tests/unit/unit.h"

#include <endian.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <linux/virtio_blk.h>

#include "backend/aio.h"
#include "backend/device.h"
#include "backend/log.h"
#include "backend/vmmio.h"
#include "tests/unit/corridor.h"

#define NUM  64u
#define SLOT 5u

/* Registers and bits of virtio 1.2, 4.2.2 and 2.1. */
enum {
	DRIVER_FEATURES = 0x020, DRIVER_SEL = 0x024, QUEUE_NUM = 0x038,
	QUEUE_READY = 0x044, QUEUE_NOTIFY = 0x050, STATUS = 0x070,
	DESC = 0x080, DRIVER = 0x090, DEVICE = 0x0a0, QUEUE_RESET = 0x0c0,
	GENERATION = 0x0fc, CONFIG = 0x100,
};
enum { S_FEATURES_OK = 11, S_DRIVER_OK = 15, S_NEEDS_RESET = 64 };

#define FLUSH      (UINT64_C(1) << 9)
#define CONFIG_WCE (UINT64_C(1) << 11)
#define VERSION_1  (UINT64_C(1) << 32)

struct bench {
	struct corridor *c;
	struct device dev;
	struct state_disk reg;
};

static void bench_open(struct bench *b, uint32_t flags)
{
	struct proto_disk desc = {
		.slot = SLOT, .base = 0x2000000, .irq = 33,
		.flags = flags | (b->c->mode->direct ? PROTO_DISK_DIRECT : 0),
		.size = IMAGE_SIZE, .block_size = 512,
		.physical_block_size = 4096, .num_queues = 1,
		.queue_size = NUM, .name = "dom1/xvdb",
	};

	memset(&b->reg, 0, sizeof(b->reg));
	assert_int_equal(device_open(&b->dev, &desc, dup(b->c->image), &b->reg,
				     false, &b->c->engine), 0);
}

/* The corridor's own queue steps aside. */
static int bench_setup(void **state)
{
	static struct bench b;

	corridor_setup(state);
	b.c = *state;
	queue_stop(&b.c->q);
	bench_open(&b, PROTO_DISK_DISCARD);
	*state = &b;
	return 0;
}

static int bench_teardown(void **state)
{
	struct bench *b = *state;
	void *corridor = b->c;

	device_close(&b->dev);
	return corridor_teardown(&corridor);
}

static void bench_again(struct bench *b, uint32_t flags)
{
	device_close(&b->dev);
	bench_open(b, flags);
}

static uint64_t get(struct bench *b, uint64_t offset, uint32_t size)
{
	return vmmio_read(&b->dev.vdev, offset, size, &b->dev.config,
			  BLK_CONFIG_LEN);
}

static enum device_answer put(struct bench *b, uint64_t offset, uint32_t size,
			      uint64_t value)
{
	struct vdev_effect e = vmmio_write(&b->dev.vdev, offset, size, value,
					   BLK_CONFIG_LEN);

	return device_apply(&b->dev, &e);
}

static void put_done(struct bench *b, uint64_t offset, uint32_t value)
{
	assert_int_equal(put(b, offset, 4, value), DEVICE_DONE);
}

static void put_address(struct bench *b, uint64_t offset, uint64_t at)
{
	uint64_t addr = guest_addr(b->c, at);

	put_done(b, offset, (uint32_t)addr);
	put_done(b, offset + 4, (uint32_t)(addr >> 32));
}

static void negotiate(struct bench *b, uint64_t features)
{
	put_done(b, STATUS, 0);
	put_done(b, STATUS, 1);
	put_done(b, STATUS, 3);
	for (uint32_t word = 0; word < 2; word++) {
		put_done(b, DRIVER_SEL, word);
		put_done(b, DRIVER_FEATURES, (uint32_t)(features >> 32 * word));
	}
	put_done(b, STATUS, S_FEATURES_OK);
	assert_int_equal(get(b, STATUS, 4), S_FEATURES_OK);
}

static void enable_queue(struct bench *b)
{
	put_done(b, QUEUE_NUM, NUM);
	put_address(b, DESC, PAGE);
	put_address(b, DRIVER, 2 * PAGE);
	put_address(b, DEVICE, 3 * PAGE + 64);
	put_done(b, QUEUE_READY, 1);
	guest_ring_init(&b->c->ring, fake_ram(PAGE), fake_ram(2 * PAGE),
			fake_ram(3 * PAGE + 64), NUM, 0);
	b->c->next_desc = 0;
}

static void start(struct bench *b, uint64_t features)
{
	negotiate(b, features);
	memset(fake_ram(PAGE), 0, 4 * PAGE);
	enable_queue(b);
	assert_int_equal(get(b, QUEUE_READY, 4), 1);
	put_done(b, STATUS, S_DRIVER_OK);
	assert_int_equal(get(b, STATUS, 4), S_DRIVER_OK);
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
		device_publish(&b->dev);
		if (device_idle(&b->dev))
			return;
		aio_wait(e->aio, 1000000000);
	}
	fail_msg("requests stay in flight");
}

static void request_done(struct bench *b, uint32_t type)
{
	struct io io = io_make(b->c, type, 0, 0, type == T_FLUSH ? 0 : 4096,
			       type == T_IN);

	guest_offer(&b->c->ring, io.head);
	put_done(b, QUEUE_NOTIFY, 0);
	run(b);
	corridor_take(b->c, io.head);
	assert_int_equal(io_status(&io), OK);
	corridor_forget(b->c);
}

/* Mappings of the ring, one way or the other. */
static uint32_t live(struct bench *b)
{
	mapcache_invalidate(b->c->engine.mc);
	return fake.live_grants + fake.live_foreign;
}

/* --- what is mapped when --------------------------------------------------- */

/* C-M 9, 10, C-X 3: not before it is ready, and no longer than it is. */
static void a_ring_is_let_go_before_the_answer(void **state)
{
	struct bench *b = *state;

	assert_int_equal(live(b), 0);
	negotiate(b, b->dev.vdev.offered);
	assert_int_equal(live(b), 0);
	for (int how = 0; how < 3; how++) {
		start(b, b->dev.vdev.offered);
		assert_int_equal(live(b), 3);
		request_done(b, T_IN);
		if (how == 0)
			put_done(b, QUEUE_READY, 0);
		else if (how == 1)
			put_done(b, QUEUE_RESET, 1);
		else
			put_done(b, STATUS, 0);
		assert_int_equal(get(b, QUEUE_READY, 4), 0);
		assert_int_equal(live(b), 0);
		/* A kick moves nothing: the ring is the guest's again. */
		memset(fake_ram(PAGE), 0xff, 4 * PAGE);
		put_done(b, QUEUE_NOTIFY, 0);
		run(b);
		for (uint32_t i = 0; i < 4 * PAGE; i++)
			assert_int_equal(*(uint8_t *)fake_ram(PAGE + i), 0xff);
	}
}

/* C-G 7, C-M 10: the answer waits for what is in flight, and reads as before. */
static void a_stop_waits_for_requests(void **state)
{
	static const struct {
		uint64_t reg;
		uint32_t value;
	} how[] = { { STATUS, 0 }, { QUEUE_READY, 0 }, { QUEUE_RESET, 1 } };
	struct bench *b = *state;

	for (size_t i = 0; i < ARRAY_SIZE(how); i++) {
		struct io io;

		start(b, b->dev.vdev.offered);
		io = io_make(b->c, T_IN, 8, 100, 65536, true);
		guest_offer(&b->c->ring, io.head);
		put_done(b, QUEUE_NOTIFY, 0);
		device_serve(&b->dev);
		assert_false(device_idle(&b->dev));
		assert_int_equal(put(b, how[i].reg, 4, how[i].value),
				 DEVICE_WAIT);
		assert_int_equal(get(b, STATUS, 4), S_DRIVER_OK);
		assert_int_equal(get(b, QUEUE_READY, 4), 1);
		run(b);
		/* It came back before the ring went. */
		put_done(b, how[i].reg, how[i].value);
		assert_int_equal(get(b, QUEUE_READY, 4), 0);
		corridor_take(b->c, io.head);
		assert_int_equal(io_status(&io), OK);
		assert_int_equal(live(b), 0);
		corridor_forget(b->c);
	}
}

/* C-S 7, 12: descriptors and available ring could not be written if we tried. */
static void the_drivers_parts_are_mapped_to_read(void **state)
{
	struct bench *b = *state;

	if (!b->c->mode->grants)
		return;
	fake_grant(FIRST_REF + 1, 1, true);
	fake_grant(FIRST_REF + 2, 2, true);
	start(b, b->dev.vdev.offered);
	request_done(b, T_IN);
	request_done(b, T_OUT);
	put_done(b, STATUS, 0);
	/* The used ring has to be written. */
	fake_grant(FIRST_REF + 3, 3, true);
	log_init("test", 0);
	negotiate(b, b->dev.vdev.offered);
	enable_queue(b);
	assert_int_equal(get(b, QUEUE_READY, 4), 0);
	assert_true(get(b, STATUS, 4) & S_NEEDS_RESET);
	assert_int_equal(live(b), 0);
	fake_grant(FIRST_REF + 3, 3, false);
}

/* C-G 2, C-X 4. */
static void a_ring_out_of_reach_costs_the_device_until_a_reset(void **state)
{
	struct bench *b = *state;
	uint64_t bad = guest_bad_addr(b->c);

	log_init("test", 0);
	negotiate(b, b->dev.vdev.offered);
	put_done(b, QUEUE_NUM, NUM);
	put_address(b, DESC, PAGE);
	put_address(b, DRIVER, 2 * PAGE);
	put_done(b, DEVICE, (uint32_t)bad);
	put_done(b, DEVICE + 4, (uint32_t)(bad >> 32));
	put_done(b, QUEUE_READY, 1);
	assert_int_equal(get(b, QUEUE_READY, 4), 0);
	assert_int_equal(get(b, STATUS, 4), S_FEATURES_OK | S_NEEDS_RESET);
	assert_int_equal(live(b), 0);
	start(b, b->dev.vdev.offered);
	request_done(b, T_IN);
}

/* C-G 1, 8: an entry that waits is taken at DRIVER_OK, not before. */
static void nothing_is_taken_before_driver_ok(void **state)
{
	struct bench *b = *state;
	struct io io;

	negotiate(b, b->dev.vdev.offered);
	memset(fake_ram(PAGE), 0, 4 * PAGE);
	enable_queue(b);
	io = io_make(b->c, T_IN, 0, 0, 512, true);
	guest_offer(&b->c->ring, io.head);
	put_done(b, QUEUE_NOTIFY, 0);
	run(b);
	assert_int_equal(guest_used(&b->c->ring), 0);
	assert_int_equal(b->dev.events, 0);
	put_done(b, STATUS, S_DRIVER_OK);
	run(b);
	corridor_take(b->c, io.head);
	assert_int_equal(io_status(&io), OK);
	corridor_forget(b->c);
}

/* --- the configuration ----------------------------------------------------- */

/* C-B 33: and of one byte, 0 or 1, with CONFIG_WCE. */
static void writeback_is_the_one_field_to_write(void **state)
{
	const uint64_t wce = offsetof(struct virtio_blk_config, wce);
	struct bench *b = *state;
	struct virtio_blk_config before;

	start(b, b->dev.vdev.offered);
	before = b->dev.config;
	assert_int_equal(get(b, CONFIG + wce, 1), 1);
	for (uint32_t size = 1; size <= 8; size *= 2)
		for (uint64_t at = 0; at < 0x100; at += size)
			if (at != wce || size != 1)
				put(b, CONFIG + at, size, 0);
	put(b, CONFIG + wce, 1, 2);
	put(b, CONFIG + wce, 1, 0xff);
	assert_memory_equal(&before, &b->dev.config, sizeof(before));
	put(b, CONFIG + wce, 1, 0);
	assert_int_equal(get(b, CONFIG + wce, 1), 0);
	put(b, CONFIG + wce, 1, 1);
	assert_int_equal(get(b, CONFIG + wce, 1), 1);

	start(b, b->dev.vdev.offered & ~CONFIG_WCE);
	put(b, CONFIG + wce, 1, 0);
	assert_memory_equal(&before, &b->dev.config, sizeof(before));
}

/* C-B 2. */
static void writeback_begins_as_the_features_say(void **state)
{
	const uint64_t wce = CONFIG + offsetof(struct virtio_blk_config, wce);
	struct bench *b = *state;

	negotiate(b, VERSION_1 | CONFIG_WCE | FLUSH);
	assert_int_equal(get(b, wce, 1), 1);
	negotiate(b, VERSION_1 | CONFIG_WCE);
	assert_int_equal(get(b, wce, 1), 0);
	put_done(b, STATUS, 0);
	assert_int_equal(get(b, wce, 1), 1);
	bench_again(b, PROTO_DISK_WRITETHROUGH);
	assert_int_equal(get(b, wce, 1), 0);
	negotiate(b, VERSION_1 | CONFIG_WCE | FLUSH);
	assert_int_equal(get(b, wce, 1), 0);
}

/* A kill before it has taken effect leaves nothing agreed. */
static void what_is_agreed_has_taken_effect(void **state)
{
	struct bench *b = *state;
	struct vdev_effect e;

	put_done(b, STATUS, 0);
	put_done(b, STATUS, 1);
	put_done(b, STATUS, 3);
	put_done(b, DRIVER_SEL, 1);
	put_done(b, DRIVER_FEATURES, VERSION_1 >> 32);
	put_done(b, DRIVER_SEL, 0);
	put_done(b, DRIVER_FEATURES, (uint32_t)CONFIG_WCE);
	e = vmmio_write(&b->dev.vdev, STATUS, 4, S_FEATURES_OK, BLK_CONFIG_LEN);
	assert_int_equal(get(b, STATUS, 4), 3);
	assert_int_equal(device_apply(&b->dev, &e), DEVICE_DONE);
	assert_int_equal(get(b, STATUS, 4), S_FEATURES_OK);
	assert_int_equal(b->dev.vdev.reg->writeback, 0);
}

/* C-G 20, C-M 15: the generation is another one when a field has changed, and
 * nothing but writeback does. */
static void a_change_of_configuration_is_counted(void **state)
{
	const uint64_t wce = CONFIG + offsetof(struct virtio_blk_config, wce);
	struct bench *b = *state;
	struct virtio_blk_config before = b->dev.config;
	uint64_t generation;

	for (int i = 0; i < 3; i++) {
		start(b, b->dev.vdev.offered);
		generation = get(b, GENERATION, 4);
		request_done(b, T_OUT);
		request_done(b, T_FLUSH);
		put(b, wce, 1, 1);
		assert_int_equal(get(b, GENERATION, 4), generation);
		put(b, wce, 1, 0);
		assert_int_not_equal(get(b, GENERATION, 4), generation);
		generation = get(b, GENERATION, 4);
		put_done(b, STATUS, 0);
		assert_int_not_equal(get(b, GENERATION, 4), generation);
		generation = get(b, GENERATION, 4);
		assert_memory_equal(&before, &b->dev.config, sizeof(before));
		/* What is agreed may change it, too. */
		negotiate(b, VERSION_1 | CONFIG_WCE);
		assert_int_equal(get(b, wce, 1), 0);
		assert_int_not_equal(get(b, GENERATION, 4), generation);
	}
}

/* --- C-B 13 ---------------------------------------------------------------- */

/* The write that is under way. */
static bool write_is_stable(struct bench *b)
{
	struct io io = io_make(b->c, T_OUT, 0, 0, 4096, false);
	bool stable;

	guest_offer(&b->c->ring, io.head);
	put_done(b, QUEUE_NOTIFY, 0);
	device_serve(&b->dev);
	assert_int_equal(b->dev.queue[0].in_flight, 1);
	stable = b->dev.queue[0].slot[io.head].stable;
	run(b);
	corridor_take(b->c, io.head);
	corridor_forget(b->c);
	return stable;
}

static void writes_are_stable_as_the_driver_was_told(void **state)
{
	const uint64_t wce = CONFIG + offsetof(struct virtio_blk_config, wce);
	struct bench *b = *state;

	start(b, VERSION_1);
	assert_true(write_is_stable(b));
	start(b, VERSION_1 | CONFIG_WCE);
	assert_true(write_is_stable(b));
	start(b, VERSION_1 | FLUSH);
	assert_false(write_is_stable(b));
	start(b, VERSION_1 | FLUSH | CONFIG_WCE);
	assert_false(write_is_stable(b));
	put(b, wce, 1, 0);
	assert_true(write_is_stable(b));
	put(b, wce, 1, 1);
	assert_false(write_is_stable(b));
}

#define BENCH(test) cmocka_unit_test_setup_teardown(test, bench_setup, \
						    bench_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BENCH(a_ring_is_let_go_before_the_answer),
		BENCH(a_stop_waits_for_requests),
		BENCH(the_drivers_parts_are_mapped_to_read),
		BENCH(a_ring_out_of_reach_costs_the_device_until_a_reset),
		BENCH(nothing_is_taken_before_driver_ok),
		BENCH(writeback_is_the_one_field_to_write),
		BENCH(writeback_begins_as_the_features_say),
		BENCH(what_is_agreed_has_taken_effect),
		BENCH(a_change_of_configuration_is_counted),
		BENCH(writes_are_stable_as_the_driver_was_told),
	};

	return corridor_main(tests, ARRAY_SIZE(tests));
}
