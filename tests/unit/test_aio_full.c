// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * io_uring without room: a kernel that takes no more requests, and a list of
 * events that nobody takes. Who was refused is told so, what was queued before is
 * done once, and a descriptor that is watched is heard of in the end.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <linux/falloc.h>

#include "backend/aio.h"
#include "tests/unit/refusal.h"

#define ENTRIES 16u
#define BLOCK   512u
#define SLOT    2u

static uint8_t buf[BLOCK] __attribute__((aligned(4096)));
static struct aio *aio;
static uint32_t seen[ENTRIES];
static int image, ends[2], refused, watched;

/* Nothing of a device is done at once, as that of a file in memory would be. */
static int begin(void **state)
{
	(void)state;
	image = open("/dev/zero", O_RDWR | O_CLOEXEC);
	memset(seen, 0, sizeof(seen));
	if (image < 0 || pipe2(ends, O_NONBLOCK | O_CLOEXEC) ||
	    aio_open(&aio, ENTRIES))
		return -1;
	return aio_register_file(aio, SLOT, image);
}

static int end(void **state)
{
	(void)state;
	refusal = 0;
	aio_close(aio);
	close(ends[0]);
	close(ends[1]);
	return close(image);
}

/* As many as there is room for. The vector is looked at when they are taken. */
static void fill_ring(void)
{
	static struct iovec iov = { buf, BLOCK };

	for (uint32_t i = 0; i < ENTRIES; i++)
		assert_int_equal(aio_queue_readv(aio, SLOT, &iov, 1, 0,
						 &seen[i]), 0);
}

static struct aio_event next(void)
{
	struct aio_event e = { .result = 1 };

	while (!aio_reap(aio, &e))
		assert_int_equal(aio_wait(aio, -1), 0);
	return e;
}

/* All that filled the ring is done, once, and nothing else. */
static void assert_done_once(void)
{
	struct aio_event e;

	assert_int_equal(aio_submit(aio), 0);
	for (uint32_t i = 0; i < ENTRIES; i++) {
		e = next();
		assert_ptr_not_equal(e.tag, &refused);
		assert_int_equal(e.result, BLOCK);
		++*(uint32_t *)e.tag;
	}
	for (uint32_t i = 0; i < ENTRIES; i++)
		assert_int_equal(seen[i], 1);
	assert_int_equal(aio_wait(aio, 0), 0);
	assert_false(aio_reap(aio, &e));
}

static void each_kind_is_refused(void)
{
	struct iovec iov = { buf, BLOCK };

	assert_int_equal(aio_queue_fdatasync(aio, SLOT, &refused), -EBUSY);
	assert_int_equal(aio_queue_fallocate(aio, SLOT, FALLOC_FL_PUNCH_HOLE |
					     FALLOC_FL_KEEP_SIZE, 0, BLOCK,
					     &refused), -EBUSY);
	assert_int_equal(aio_queue_read_fixed(aio, SLOT, buf, BLOCK, 0,
					      &refused), -EBUSY);
	assert_int_equal(aio_queue_write_fixed(aio, SLOT, buf, BLOCK, 0, true,
					       &refused), -EBUSY);
	assert_int_equal(aio_queue_readv(aio, SLOT, &iov, 1, 0, &refused),
			 -EBUSY);
	assert_int_equal(aio_queue_writev(aio, SLOT, &iov, 1, 0, false,
					  &refused), -EBUSY);
}

/* It says why, in words for "later" or for worse; either way it took nothing. */
static void what_is_not_taken_is_refused(void **state)
{
	static const int later[] = { -EAGAIN, -EBUSY, -EINTR };

	(void)state;
	fill_ring();
	for (size_t i = 0; i < ARRAY_SIZE(later); i++) {
		refusal = later[i];
		each_kind_is_refused();
		assert_int_equal(aio_submit(aio), 0);
	}
	refusal = -ENOMEM;
	each_kind_is_refused();
	assert_int_equal(aio_submit(aio), -ENOMEM);
	refusal = 0;
	assert_done_once();
	/* And there is room again. */
	assert_int_equal(aio_queue_fdatasync(aio, SLOT, &refused), 0);
	assert_ptr_equal(next().tag, &refused);
}

static void something_is_written(void)
{
	char byte;

	assert_int_equal(write(ends[1], "x", 1), 1);
	assert_ptr_equal(next().tag, &watched);
	assert_int_equal(read(ends[0], &byte, 1), 1);
}

static void a_watch_without_room_is_begun_later(void **state)
{
	(void)state;
	fill_ring();
	refusal = -EAGAIN;
	assert_int_equal(aio_watch(aio, ends[0], &watched), -EBUSY);
	refusal = 0;
	assert_done_once();
	for (int i = 0; i < 3; i++)
		something_is_written();
}

/* A kernel that has nowhere to put an event ends the watch with the last. */
static void a_watch_outlives_a_full_list_of_events(void **state)
{
	uint32_t others = 0, mine = 0;
	char bytes[64];

	(void)state;
	assert_int_equal(aio_watch(aio, ends[0], &watched), 0);
	something_is_written();
	/* Twice as many events as entries find room, and one is too much. */
	for (int i = 0; i < 3; i++) {
		fill_ring();
		assert_int_equal(aio_submit(aio), 0);
		while (aio_ready(aio) < ENTRIES * (i < 2 ? i + 1u : 2u))
			assert_int_equal(aio_wait(aio, 0), 0);
	}
	assert_int_equal(write(ends[1], "y", 1), 1);
	assert_int_equal(aio_wait(aio, 0), 0);
	while (others < 3 * ENTRIES || !mine) {
		struct aio_event e = next();

		mine += e.tag == &watched;
		others += e.tag != &watched;
	}
	assert_true(read(ends[0], bytes, sizeof(bytes)) > 0);
	for (int i = 0; i < 3; i++)
		something_is_written();
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		T(what_is_not_taken_is_refused),
		T(a_watch_without_room_is_begun_later),
		T(a_watch_outlives_a_full_list_of_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
