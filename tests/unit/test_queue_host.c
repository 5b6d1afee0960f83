// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A host that fails: an image that has shrunk, answers that are errors, calls into
 * Xen. The request that it happens to fails or is done otherwise, comes back once,
 * and the next one works.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "backend/log.h"
#include "tests/unit/corridor.h"
#include "tests/unit/corridor_image.h"

static void assert_untouched(uint64_t at, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		assert_int_equal(*(uint8_t *)fake_ram(at + i), UNTOUCHED);
}

static void what_cannot_be_read_leaves_memory_alone(void **state)
{
	struct corridor *c = *state;
	struct io io;

	log_init("test", 0);
	assert_int_equal(ftruncate(c->image, 4096), 0);
	assert_int_equal(io_do(c, T_IN, 8, 16384, true, &io), IOERR);
	assert_untouched(io.data, 16384);
	assert_int_equal(io_do(c, T_IN, 1000, 2 * MIB, true, &io), IOERR);
	assert_untouched(io.data, 2 * MIB);
	assert_int_equal(c->stats.failed, 2);
	assert_int_equal(ftruncate(c->image, IMAGE_SIZE), 0);
	corridor_goes_on(c);
}

/* The first half is there: what comes is the disk's, or nothing. */
static void what_is_half_read_is_no_one_elses(void **state)
{
	struct corridor *c = *state;
	static uint8_t image[32768];
	struct io io;

	log_init("test", 0);
	image_read(c, image, 0, sizeof(image));
	assert_int_equal(ftruncate(c->image, 16384), 0);
	assert_int_equal(io_do(c, T_IN, 0, 32768, true, &io), IOERR);
	for (uint32_t i = 0; i < 32768; i++) {
		uint8_t is = *(uint8_t *)fake_ram(io.data + i);

		assert_true(is == UNTOUCHED || (i < 16384 && is == image[i]));
	}
	assert_int_equal(ftruncate(c->image, IMAGE_SIZE), 0);
	corridor_goes_on(c);
}

static void an_error_is_an_error(void **state)
{
	static const uint32_t types[] = { T_IN, T_OUT, T_FLUSH,
					  T_WRITE_ZEROES, T_DISCARD };
	static const uint32_t lens[] = { 8192, MIB + 512, 0, 16, 16 };
	struct corridor *c = *state;

	log_init("test", 0);
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		struct io io = io_make(c, types[i], 0, 0, lens[i], !i);

		if (lens[i] == 16) {
			memset(fake_ram(io.data), 0, 16);
			*(uint8_t *)fake_ram(io.data + 8) = 1;
		}
		c->answers = ANSWER_ERROR;
		io_chain(c, io.head);
		assert_int_equal(io_status(&io), IOERR);
		assert_int_equal(c->stats.failed, i + 1);
		c->answers = ANSWER_TRUE;
		corridor_goes_on(c);
	}
}

/* Eight sectors from the eighth on; with @unmap blocks may be given back. */
static struct io range_make(struct corridor *c, uint32_t type, bool unmap)
{
	struct io io = io_make(c, type, 0, 40, 16, false);
	uint8_t *r = fake_ram(io.data);

	memset(r, 0, 16);
	r[0] = r[8] = 8;
	r[12] = unmap;
	return io;
}

/* It would go on for ever behind what is done. */
static void a_device_that_moves_nothing_has_failed(void **state)
{
	static const uint32_t types[] = { T_IN, T_OUT };
	struct corridor *c = *state;

	log_init("test", 0);
	c->backing.can_punch = c->backing.can_zero_range = false;
	for (uint32_t i = 0; i < 3; i++) {
		struct io io = i < 2 ? io_make(c, types[i], 0, 0, 4096, !i) :
				       range_make(c, T_WRITE_ZEROES, false);

		c->answers = ANSWER_NOTHING;
		io_chain(c, io.head);
		assert_int_equal(io_status(&io), IOERR);
		c->answers = ANSWER_TRUE;
		corridor_goes_on(c);
	}
	assert_int_equal(c->stats.failed, 3);
}

/* Zeroes are made in another way then, and that way is not tried again. */
static void what_an_image_cannot_is_done_otherwise(void **state)
{
	struct corridor *c = *state;

	c->answers = ANSWER_CANNOT;
	for (uint32_t i = 0; i < 2; i++) {
		struct io io = range_make(c, T_WRITE_ZEROES, true);

		assert_int_equal(io_chain(c, io.head), 1);
		assert_int_equal(io_status(&io), OK);
		assert_zeroes(c, 8 * 512, 8 * 512);
		assert_false(c->backing.can_punch);
		assert_false(c->backing.can_zero_range);
		assert_int_equal(io_do(c, T_OUT, 8, 8 * 512, false, NULL), OK);
		corridor_forget(c);
	}
	/* By three answers, and by one. */
	assert_int_equal(c->nanswers, 4 + 2);
	assert_int_equal(c->stats.write_zeroes, 2);
}

/* Not even to write: that is a failure, there is no other way. */
static void an_image_that_cannot_be_written_is_none(void **state)
{
	struct corridor *c = *state;
	struct io io = range_make(c, T_WRITE_ZEROES, false);

	log_init("test", 0);
	c->backing.can_punch = c->backing.can_zero_range = false;
	c->answers = ANSWER_CANNOT;
	io_chain(c, io.head);
	assert_int_equal(io_status(&io), IOERR);
	assert_int_equal(c->stats.failed, 1);
	assert_int_equal(c->nanswers, 1);
	c->answers = ANSWER_TRUE;
	corridor_goes_on(c);
}

/* Advice, which need not be taken. */
static void a_discard_that_an_image_cannot_is_done(void **state)
{
	struct corridor *c = *state;
	struct io io = range_make(c, T_DISCARD, false);

	c->answers = ANSWER_CANNOT;
	io_chain(c, io.head);
	assert_int_equal(io_status(&io), OK);
	assert_false(c->backing.can_punch);
	assert_true(c->backing.can_zero_range);
	assert_int_equal(c->stats.failed, 0);
}

static void a_range_is_tried_again(void **state)
{
	struct corridor *c = *state;

	for (uint32_t i = 0; i < 3; i++) {
		struct io io = range_make(c, i < 2 ? T_WRITE_ZEROES : T_DISCARD,
					  i == 1);

		c->answers = ANSWER_AGAIN;
		c->nanswers = 0;
		io_chain(c, io.head);
		assert_int_equal(io_status(&io), OK);
		/* What can't zero, as tmpfs, is written to: twice again. */
		assert_int_equal(c->nanswers,
				 i || c->backing.can_zero_range ? 2 : 4);
		if (i < 2)
			assert_zeroes(c, 8 * 512, 8 * 512);
		c->answers = ANSWER_TRUE;
		corridor_goes_on(c);
	}
	assert_int_equal(c->stats.failed, 0);
}

/* A batch of everything, and the k-th call into Xen fails, for all k. */
static void each_outside_call_may_fail(void **state)
{
	struct corridor *c = *state;
	struct io io[7];
	uint32_t k = 0, id, len, n;

	log_init("test", 0);
	do {
		io[0] = io_make(c, T_IN, 0, 100, 8192, true);
		io[1] = io_make(c, T_OUT, 100, 200, 200000 / 512 * 512, false);
		io[2] = io_make(c, T_FLUSH, 0, 0, 0, false);
		io[3] = io_make(c, T_GET_ID, 0, 0, 20, true);
		io[4] = io_make(c, T_IN, 9, 0, MIB + 4096, true);
		io[5] = io_make(c, T_WRITE_ZEROES, 0, 0, 16, false);
		memset(fake_ram(io[5].data), 0, 16);
		io[6] = (struct io){ .status = io[5].status };
		io[6].head = guest_indirect(c, (struct part[]){
			{ guest_addr(c, io[2].header), 16, false },
			{ guest_addr(c, guest_alloc(c, 0, 1, true)), 1, true },
			}, 2, 2);
		for (uint32_t i = 0; i < 7; i++)
			guest_offer(&c->ring, io[i].head);
		mapcache_invalidate(c->engine.mc);
		fake_fail_call(++k, -ENOMEM);
		corridor_run(c);
		for (n = 0; guest_take(&c->ring, &id, &len); n++)
			;
		assert_int_equal(n, 7);
		corridor_forget(c);
	} while (k <= fake_calls());
	assert_true(k >= 4);
	fake_fail_call(0, 0);
	corridor_goes_on(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CORRIDOR(what_cannot_be_read_leaves_memory_alone),
		CORRIDOR(what_is_half_read_is_no_one_elses),
		CORRIDOR(an_error_is_an_error),
		CORRIDOR(a_device_that_moves_nothing_has_failed),
		CORRIDOR(what_an_image_cannot_is_done_otherwise),
		CORRIDOR(an_image_that_cannot_be_written_is_none),
		CORRIDOR(a_discard_that_an_image_cannot_is_done),
		CORRIDOR(a_range_is_tried_again),
		CORRIDOR(each_outside_call_may_fail),
	};

	return corridor_main(tests, ARRAY_SIZE(tests));
}
