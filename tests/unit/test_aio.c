// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Block I/O on real files, with what the kernel offers and without: the data is
 * the same. An image in memory is read and written at once, as far as there is
 * room for the events.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <linux/falloc.h>
#include <linux/magic.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "backend/aio.h"

#define ENTRIES 16u
#define BLOCK   4096u
#define BLOCKS  64u
#define SLOT    3u
#define DONE    1024u	/* as many events of one in memory are kept */

static uint8_t buf[BLOCKS * BLOCK] __attribute__((aligned(4096)));
static uint8_t back[BLOCK] __attribute__((aligned(4096)));
static struct aio *aio;
static int image;

static int begin_with(int fd)
{
	image = fd;
	if (fd < 0 || ftruncate(fd, sizeof(buf)) || aio_open(&aio, ENTRIES))
		return -1;
	return aio_register_file(aio, SLOT, fd);
}

static int temporary(void)
{
	char path[] = "/tmp/test_aio.XXXXXX";
	int fd = mkstemp(path);

	unlink(path);
	return fd;
}

static int on_disk(void **state)
{
	(void)state;
	return begin_with(temporary()) ||
		aio_register_buffer(aio, buf, sizeof(buf));
}

/*
 * Who may not have so many descriptors can't register files. liburing would
 * raise the limit, so there is no way back: these are the last tests.
 */
static int on_disk_plainly(void **state)
{
	const struct rlimit few = { AIO_MAX_FILES - 1, AIO_MAX_FILES - 1 };

	(void)state;
	return setrlimit(RLIMIT_NOFILE, &few) || begin_with(temporary());
}

static int in_memory(void **state)
{
	(void)state;
	return begin_with(memfd_create("image", MFD_CLOEXEC));
}

static int end(void **state)
{
	(void)state;
	aio_unregister_file(aio, SLOT);
	aio_close(aio);
	return close(image);
}

/* The next event, of whatever it is. */
static struct aio_event next(void)
{
	struct aio_event e = { .result = 1 };

	while (!aio_reap(aio, &e))
		assert_int_equal(aio_wait(aio, -1), 0);
	return e;
}

static void expect(const void *tag, int result)
{
	struct aio_event e = next();

	assert_ptr_equal(e.tag, tag);
	assert_int_equal(e.result, result);
}

static void fill(uint8_t seed)
{
	for (size_t i = 0; i < sizeof(buf); i++)
		buf[i] = (uint8_t)(i / BLOCK + seed);
}

static void image_holds(uint64_t offset, uint8_t byte)
{
	assert_int_equal(pread(image, back, BLOCK, (off_t)offset), BLOCK);
	for (size_t i = 0; i < BLOCK; i++)
		assert_int_equal(back[i], byte);
}

static void data_goes_where_it_should(void **state)
{
	struct iovec iov[2] = { { buf, BLOCK }, { buf + 2 * BLOCK, BLOCK } };
	int a, b, c, d;

	(void)state;
	fill(1);
	assert_int_equal(aio_queue_write_fixed(aio, SLOT, buf, BLOCK, 0, false,
					       &a), 0);
	expect(&a, BLOCK);
	assert_int_equal(aio_queue_write_fixed(aio, SLOT, buf + BLOCK, BLOCK,
					       BLOCK, true, &b), 0);
	expect(&b, BLOCK);
	assert_int_equal(aio_queue_writev(aio, SLOT, iov, 2, 4 * BLOCK, true,
					  &c), 0);
	expect(&c, 2 * BLOCK);
	assert_int_equal(aio_queue_fdatasync(aio, SLOT, &d), 0);
	expect(&d, 0);
	image_holds(0, 1);
	image_holds(BLOCK, 2);
	image_holds(4 * BLOCK, 1);
	image_holds(5 * BLOCK, 3);

	memset(buf, 0, sizeof(buf));
	assert_int_equal(aio_queue_read_fixed(aio, SLOT, buf, BLOCK, BLOCK,
					      &a), 0);
	expect(&a, BLOCK);
	assert_int_equal(buf[0], 2);
	assert_int_equal(aio_queue_readv(aio, SLOT, iov, 2, 4 * BLOCK, &b), 0);
	expect(&b, 2 * BLOCK);
	assert_int_equal(buf[BLOCK - 1], 1);
	assert_int_equal(buf[2 * BLOCK], 3);
	assert_int_equal(buf[BLOCK], 0);
}

static void behind_the_end_there_is_nothing(void **state)
{
	struct iovec iov = { buf, BLOCK };
	int tag;

	(void)state;
	assert_int_equal(aio_queue_readv(aio, SLOT, &iov, 1, sizeof(buf),
					 &tag), 0);
	expect(&tag, 0);
}

static void an_error_is_the_kernels(void **state)
{
	struct iovec iov = { buf, BLOCK };
	int reading, tag;
	char path[32];

	(void)state;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", image);
	reading = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(reading >= 0);
	assert_int_equal(aio_register_file(aio, SLOT + 1, reading), 0);
	assert_int_equal(aio_queue_writev(aio, SLOT + 1, &iov, 1, 0, false,
					  &tag), 0);
	expect(&tag, -EBADF);
	aio_unregister_file(aio, SLOT + 1);
	close(reading);
	assert_int_equal(aio_register_file(aio, SLOT + 1, -1), -EBADF);
}

static void blocks_are_given_back(void **state)
{
	int tag;

	(void)state;
	fill(1);
	assert_int_equal(pwrite(image, buf, sizeof(buf), 0), sizeof(buf));
	assert_int_equal(aio_queue_fallocate(aio, SLOT, FALLOC_FL_PUNCH_HOLE |
					     FALLOC_FL_KEEP_SIZE, BLOCK, BLOCK,
					     &tag), 0);
	expect(&tag, 0);
	image_holds(0, 1);
	image_holds(BLOCK, 0);
	image_holds(2 * BLOCK, 3);
}

/* More than the ring has entries: it is submitted in between. */
static void a_full_ring_is_submitted(void **state)
{
	uint32_t tags[8 * ENTRIES] = { 0 };
	struct iovec iov = { buf, BLOCK };

	(void)state;
	fill(1);
	for (uint32_t i = 0; i < 8 * ENTRIES; i++) {
		while (aio_queue_writev(aio, SLOT, &iov, 1, i % BLOCKS * BLOCK,
					false, &tags[i]) == -EBUSY)
			assert_int_equal(aio_wait(aio, 0), 0);
	}
	assert_int_equal(aio_submit(aio), 0);
	for (uint32_t i = 0; i < 8 * ENTRIES; i++)
		++*(uint32_t *)next().tag;
	for (uint32_t i = 0; i < 8 * ENTRIES; i++)
		assert_int_equal(tags[i], 1);
	assert_int_equal(aio_ready(aio), 0);
}

/* They come in order; when there is no room for more, the kernel does it. */
static void what_is_done_at_once_waits_to_be_reaped(void **state)
{
	static uint32_t tags[DONE + 8];
	struct iovec iov = { buf, 1 };
	struct aio_event e;

	(void)state;
	memset(tags, 0, sizeof(tags));
	for (uint32_t i = 0; i < DONE + 8; i++)
		assert_int_equal(aio_queue_writev(aio, SLOT, &iov, 1, i, false,
						  &tags[i]), 0);
	assert_int_equal(aio_ready(aio), DONE);
	for (uint32_t i = 0; i < DONE; i++) {
		assert_true(aio_reap(aio, &e));
		assert_ptr_equal(e.tag, &tags[i]);
		assert_int_equal(e.result, 1);
	}
	for (uint32_t i = 0; i < 8; i++)
		++*(uint32_t *)next().tag;
	for (uint32_t i = DONE; i < DONE + 8; i++)
		assert_int_equal(tags[i], 1);
}

/* What fstatfs() says of a device is said of /dev, which is in memory. */
static void a_device_is_none_that_lives_in_memory(void **state)
{
	int fd = open("/dev/zero", O_RDWR | O_CLOEXEC), tag;
	struct iovec iov = { back, BLOCK };
	struct statfs fs;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(fstatfs(fd, &fs), 0);
	if (fs.f_type != TMPFS_MAGIC && fs.f_type != RAMFS_MAGIC) {
		close(fd);
		skip();
	}
	memset(back, 1, sizeof(back));
	assert_int_equal(aio_register_file(aio, SLOT + 1, fd), 0);
	assert_int_equal(aio_queue_readv(aio, SLOT + 1, &iov, 1, 0, &tag), 0);
	assert_int_equal(aio_ready(aio), 0);
	expect(&tag, BLOCK);
	assert_int_equal(back[BLOCK - 1], 0);
	aio_unregister_file(aio, SLOT + 1);
	close(fd);
}

static void a_descriptor_wakes_whoever_waits(void **state)
{
	int pipes[5][2], tags[5];
	char byte;

	(void)state;
	for (int i = 0; i < 5; i++) {
		assert_int_equal(pipe2(pipes[i], O_NONBLOCK), 0);
		assert_int_equal(aio_watch(aio, pipes[i][0], &tags[i]),
				 i < 4 ? 0 : -ENOSPC);
	}
	for (int turn = 0; turn < 3; turn++) {
		for (int i = 0; i < 4; i++) {
			struct aio_event e;

			assert_int_equal(write(pipes[i][1], "x", 1), 1);
			e = next();
			assert_ptr_equal(e.tag, &tags[i]);
			assert_true(e.result > 0);
			assert_int_equal(read(pipes[i][0], &byte, 1), 1);
		}
	}
	for (int i = 0; i < 5; i++) {
		close(pipes[i][0]);
		close(pipes[i][1]);
	}
}

static void nothing_is_no_error(void **state)
{
	struct aio_event e;

	(void)state;
	assert_int_equal(aio_submit(aio), 0);
	assert_int_equal(aio_wait(aio, 0), 0);
	assert_int_equal(aio_wait(aio, 1000000), 0);
	assert_false(aio_reap(aio, &e));
	aio_close(NULL);
}

static void what_there_is_can_be_told(void **state)
{
	char text[128];

	(void)state;
	aio_describe(aio, text, sizeof(text));
	assert_int_equal(strncmp(text, "io_uring with ", 14), 0);
	assert_non_null(strstr(text, "registered files, registered buffers"));
}

static void so_can_what_there_is_not(void **state)
{
	char text[128];

	(void)state;
	aio_describe(aio, text, sizeof(text));
	assert_non_null(strstr(text, "plain files, plain buffers"));
}

#define ON_DISK(f) cmocka_unit_test_setup_teardown(f, on_disk, end)
#define PLAINLY(f) cmocka_unit_test_setup_teardown(f, on_disk_plainly, end)
#define IN_MEMORY(f) cmocka_unit_test_setup_teardown(f, in_memory, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_DISK(data_goes_where_it_should),
		ON_DISK(behind_the_end_there_is_nothing),
		ON_DISK(an_error_is_the_kernels),
		ON_DISK(blocks_are_given_back),
		ON_DISK(a_full_ring_is_submitted),
		ON_DISK(a_descriptor_wakes_whoever_waits),
		ON_DISK(nothing_is_no_error),
		ON_DISK(what_there_is_can_be_told),
		IN_MEMORY(data_goes_where_it_should),
		IN_MEMORY(behind_the_end_there_is_nothing),
		IN_MEMORY(an_error_is_the_kernels),
		IN_MEMORY(a_device_is_none_that_lives_in_memory),
		IN_MEMORY(what_is_done_at_once_waits_to_be_reaped),
		PLAINLY(so_can_what_there_is_not),
		PLAINLY(data_goes_where_it_should),
		PLAINLY(behind_the_end_there_is_nothing),
		PLAINLY(an_error_is_the_kernels),
		PLAINLY(blocks_are_given_back),
		PLAINLY(a_full_ring_is_submitted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
