// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the kernel is asked for, so that data is where it is said to be: this file's
 * io_uring_submit_and_get_events() looks at each request on its way.
 */
#include "tests/unit/unit.h"

#include <dlfcn.h>
#include <liburing.h>
#include <string.h>
#include <sys/uio.h>

#include "tests/unit/corridor.h"
#include "tests/unit/corridor_image.h"

static struct {
	uint32_t stable, plain;		/* writes */
	uint32_t syncs;			/* of data */
	uint32_t other;			/* syncs of anything else */
} asked;

static void look_at(const struct io_uring_sqe *sqe)
{
	switch (sqe->opcode) {
	case IORING_OP_WRITE:
	case IORING_OP_WRITE_FIXED:
	case IORING_OP_WRITEV:
		if (sqe->rw_flags == RWF_DSYNC)
			asked.stable++;
		else
			asked.plain++;
		break;
	case IORING_OP_FSYNC:
		if (sqe->fsync_flags == IORING_FSYNC_DATASYNC && !sqe->len)
			asked.syncs++;
		else
			asked.other++;
		break;
	default:
		break;
	}
}

int io_uring_submit_and_get_events(struct io_uring *ring)
{
	static int (*next)(struct io_uring *);

	if (!next)
		*(void **)&next = dlsym(RTLD_NEXT, __func__);
	for (unsigned int i = ring->sq.sqe_head; i != ring->sq.sqe_tail; i++)
		look_at(&ring->sq.sqes[i & ring->sq.ring_mask]);
	return next(ring);
}

/* Whole or in pieces, aligned or not. */
static void write_some(struct corridor *c)
{
	static const uint32_t lens[] = { 512, 65536, 2 * MIB + 4096 };

	for (size_t i = 0; i < ARRAY_SIZE(lens); i++) {
		struct io io;

		assert_int_equal(io_do(c, T_OUT, 8 * i, lens[i], false, &io),
				 OK);
		corridor_forget(c);
	}
}

static void writes_are_as_stable_as_the_driver_wants(void **state)
{
	struct corridor *c = *state;

	if (corridor_image_in_memory(c))
		skip();
	memset(&asked, 0, sizeof(asked));
	c->terms.writeback = 0;
	write_some(c);
	assert_true(asked.stable >= 3);
	assert_int_equal(asked.plain, 0);
	memset(&asked, 0, sizeof(asked));
	c->terms.writeback = 1;
	write_some(c);
	assert_true(asked.plain >= 3);
	assert_int_equal(asked.stable, 0);
	/* Neither is more than the driver asked for. */
	assert_int_equal(asked.syncs + asked.other, 0);
}

static void a_flush_is_one_of_the_image(void **state)
{
	struct corridor *c = *state;

	memset(&asked, 0, sizeof(asked));
	assert_int_equal(io_do(c, T_FLUSH, 0, 0, false, NULL), OK);
	assert_int_equal(asked.syncs, 1);
	assert_int_equal(asked.other, 0);
}

/* And if the kernel can't, the driver hears of it. */
static void a_flush_that_fails_is_an_error(void **state)
{
	struct corridor *c = *state;

	c->answers = ANSWER_ERROR;
	assert_int_equal(io_do(c, T_FLUSH, 0, 0, false, NULL), IOERR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CORRIDOR(writes_are_as_stable_as_the_driver_wants),
		CORRIDOR(a_flush_is_one_of_the_image),
		CORRIDOR(a_flush_that_fails_is_an_error),
	};

	return corridor_main(tests, ARRAY_SIZE(tests));
}
