// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Too little of everything: a kernel that takes no more requests, and buffers for
 * less than is asked for. A request is done later or fails once, and in either
 * case gives back what it had.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>

#include "backend/aio.h"
#include "tests/unit/corridor.h"
#include "tests/unit/corridor_image.h"
#include "tests/unit/refusal.h"

#define AIO_ENTRIES 128u	/* of the corridor's ring */

static uint32_t fillers;	/* of the ring: a tag that is no request's */

/* --- a kernel that takes no more ---------------------------------------------- */

/* No room, and none is made. */
static void take_no_more(struct corridor *c, int err)
{
	for (uint32_t i = 0; i < AIO_ENTRIES; i++)
		assert_int_equal(aio_queue_fdatasync(c->engine.aio, 3,
						     &fillers), 0);
	refusal = err;
}

/* What made the ring full is done; nothing of a request is among it. */
static void take_again(struct corridor *c)
{
	struct aio_event e;

	refusal = 0;
	assert_int_equal(aio_submit(c->engine.aio), 0);
	for (uint32_t i = 0; i < AIO_ENTRIES; i++) {
		while (!aio_reap(c->engine.aio, &e))
			assert_int_equal(aio_wait(c->engine.aio, -1), 0);
		assert_ptr_equal(e.tag, &fillers);
	}
	assert_false(aio_reap(c->engine.aio, &e));
}

/* All buffers there are, at once: none was lost. */
static void assert_all_buffers(struct corridor *c)
{
	uint64_t stalls = c->stats.stalls;
	struct io io[4];

	corridor_forget(c);
	for (uint32_t i = 0; i < 4; i++) {
		io[i] = io_make(c, T_IN, i * 2048, 0, MIB, true);
		guest_offer(&c->ring, io[i].head);
	}
	corridor_run(c);
	for (uint32_t i = 0; i < 4; i++) {
		uint32_t id, len;

		assert_int_equal(io_status(&io[i]), OK);
		assert_is_image(c, io[i].data, i * MIB, MIB);
		assert_true(guest_take(&c->ring, &id, &len));
	}
	assert_int_equal(c->stats.stalls, stalls);
}

static void a_refused_request_fails_once(void **state)
{
	static const struct {
		uint32_t type, len;
		bool device_writes, data;
	} requests[] = {
		{ T_IN, 4096, true, true }, { T_IN, 512 << 10, true, true },
		{ T_OUT, 4096, false, true }, { T_OUT, 512 << 10, false, true },
		{ T_FLUSH, 0, false, false },
	};
	struct corridor *c = *state;
	bool in_memory = corridor_image_in_memory(c);
	struct io io[ARRAY_SIZE(requests)];
	uint32_t failed = 0, taken = 0, id, len;

	corridor_again(c, 128, 4 * MIB);
	for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
		io[i] = io_make(c, requests[i].type, 0, 64, requests[i].len,
				requests[i].device_writes);
		guest_offer(&c->ring, io[i].head);
	}
	take_no_more(c, -EAGAIN);
	corridor_run(c);
	take_again(c);
	/* In any order: what is in memory may end after what is refused. */
	while (guest_take(&c->ring, &id, &len)) {
		size_t i = 0;
		bool ok;

		while (io[i].head != id)
			assert_true(++i < ARRAY_SIZE(requests));
		ok = in_memory && requests[i].data;
		assert_true(len <= 1 || ok);
		assert_int_equal(io_status(&io[i]), ok ? OK : IOERR);
		failed += !ok;
		io[i].head = UINT16_MAX;	/* comes once */
		taken++;
	}
	assert_int_equal(taken, ARRAY_SIZE(requests));
	assert_int_equal(c->stats.failed, failed);
	assert_int_equal(c->stats.flushes, 0);
	assert_all_buffers(c);
}

/* The first piece is done, the next one finds no room. */
static void a_request_fails_in_its_middle(void **state)
{
	struct corridor *c = *state;

	if (corridor_image_in_memory(c))
		skip();
	corridor_again(c, 128, 4 * MIB);
	for (uint32_t turn = 0; turn < 2; turn++) {
		struct io io = io_make(c, turn ? T_OUT : T_IN, 0, 8,
				       2 * MIB + 4096, !turn);

		guest_offer(&c->ring, io.head);
		queue_serve(&c->q, &c->terms);
		assert_int_equal(aio_submit(c->engine.aio), 0);
		while (!aio_ready(c->engine.aio))
			assert_int_equal(aio_wait(c->engine.aio, -1), 0);
		take_no_more(c, -EAGAIN);
		corridor_return_some(c);
		take_again(c);
		corridor_run(c);
		corridor_take(c, io.head);
		assert_int_equal(io_status(&io), IOERR);
		assert_int_equal(guest_used(&c->ring), 0);
		assert_all_buffers(c);
		corridor_forget(c);
	}
	assert_int_equal(c->stats.failed, 2);
}

/* Zeroes are made by calls of their own, and flushed by another. */
static void ranges_are_refused_and_then_not(void **state)
{
	struct corridor *c = *state;
	struct io io;

	c->terms.writeback = 0;
	for (uint32_t turn = 0; turn < 4; turn++) {
		uint32_t type = turn < 2 ? T_WRITE_ZEROES : T_DISCARD;

		io = io_make(c, type, 0, 40, 16, false);
		*(uint8_t *)fake_ram(io.data) = 8;
		memset((uint8_t *)fake_ram(io.data) + 1, 0, 15);
		*((uint8_t *)fake_ram(io.data) + 8) = 8;
		guest_offer(&c->ring, io.head);
		if (turn % 2 == 0)
			take_no_more(c, -EBUSY);
		corridor_run(c);
		if (turn % 2 == 0)
			take_again(c);
		corridor_take(c, io.head);
		assert_int_equal(io_status(&io), turn % 2 ? OK : IOERR);
		if (!turn)
			assert_no_zero(c, 8 * 512, 8 * 512);
	}
	assert_int_equal(guest_used(&c->ring), 0);
	assert_int_equal(c->stats.failed, 2);
	assert_int_equal(c->stats.write_zeroes + c->stats.discards, 2);
}

/* --- few buffers ----------------------------------------------------------------- */

/*
 * A write that comes while others wait does not take the room that becomes free
 * before them, and is done all the same.
 */
static void who_comes_late_waits_behind(void **state)
{
	struct corridor *c = *state;
	struct io large[3], small;

	corridor_again(c, 256, MIB);
	for (uint32_t i = 0; i < 3; i++) {
		large[i] = io_make(c, T_OUT, i * 2048, 0, MIB, false);
		guest_fill(large[i].data, MIB);
		guest_offer(&c->ring, large[i].head);
	}
	queue_serve(&c->q, &c->terms);
	small = io_make(c, T_OUT, 3 * 2048, 5, 4096, false);
	guest_fill(small.data, 4096);
	guest_offer(&c->ring, small.head);
	corridor_run(c);
	assert_int_equal(guest_used(&c->ring), 4);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(io_status(&large[i]), OK);
		assert_is_image(c, large[i].data, i * MIB, MIB);
	}
	assert_int_equal(io_status(&small), OK);
	assert_is_image(c, small.data, 3 * MIB, 4096);
	if (c->mode->direct)
		assert_int_equal(c->stats.stalls, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CORRIDOR(a_refused_request_fails_once),
		CORRIDOR(a_request_fails_in_its_middle),
		CORRIDOR(ranges_are_refused_and_then_not),
		CORRIDOR(who_comes_late_waits_behind),
	};

	return corridor_main(tests, ARRAY_SIZE(tests));
}
