// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The corridor's image, and what the tests compare with it.
 */
#include "tests/unit/corridor_image.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "tests/unit/unit.h"

static void image_fill(int fd)
{
	static uint8_t content[IMAGE_SIZE];
	struct dice d = { 512 };

	for (uint32_t i = 0; !content[IMAGE_SIZE - 1] && i < IMAGE_SIZE;
	     i += 8) {
		uint64_t v = (dice_roll(&d) & 0x1f1f1f1f1f1f1f1f) +
			     0x2121212121212121;

		memcpy(content + i, &v, 8);
	}
	assert_int_equal(pwrite(fd, content, IMAGE_SIZE, 0), IMAGE_SIZE);
}

/* A file without a name. */
static int image_create(void)
{
	const char *dir = getenv("TMPDIR");
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/test_queue.XXXXXX",
		 dir ? dir : "/tmp");
	fd = mkostemp(path, O_CLOEXEC);
	assert_true(fd >= 0);
	unlink(path);
	return fd;
}

/* One file serves all tests of a process, filled again for each. */
int corridor_image_open(bool direct)
{
	static int image = -1;
	char path[32];
	void *sector;
	int fd;

	if (image < 0)
		image = image_create();
	image_fill(image);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", image);
	if (direct) {
		fd = open(path, O_RDWR | O_CLOEXEC | O_DIRECT);
		/* Not every file can do it, or not with sectors of 512 bytes. */
		sector = aligned_alloc(4096, 4096);
		if (fd >= 0 && pread(fd, sector, 512, 512) != 512) {
			close(fd);
			fd = -1;
		}
		free(sector);
		if (fd >= 0)
			return fd;
	}
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

bool corridor_image_in_memory(const struct corridor *c)
{
	struct statfs fs;

	assert_int_equal(fstatfs(c->image, &fs), 0);
	return fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC;
}

void image_read(const struct corridor *c, void *to, uint64_t at, uint32_t len)
{
	void *aligned = aligned_alloc(4096, (len + 4095u) & ~4095u);

	assert_int_equal(at % 512 + len % 512, 0);
	assert_int_equal(pread(c->image, aligned, len, (off_t)at), len);
	memcpy(to, aligned, len);
	free(aligned);
}

void assert_is_image(const struct corridor *c, uint64_t memory, uint64_t at,
		     uint32_t len)
{
	uint8_t *want = malloc(len);

	image_read(c, want, at, len);
	assert_memory_equal(fake_ram(memory), want, len);
	free(want);
}

void assert_zeroes(const struct corridor *c, uint64_t at, uint32_t len)
{
	uint8_t *is = malloc(len);

	image_read(c, is, at, len);
	for (uint32_t i = 0; i < len; i++)
		assert_int_equal(is[i], 0);
	free(is);
}

void guest_fill(uint64_t at, uint32_t len)
{
	static struct dice d = { 80 };

	for (uint32_t i = 0; i < len; i++)
		*(uint8_t *)fake_ram(at + i) =
			(uint8_t)(0x80 | dice_below(&d, 0x20));
}

void assert_no_zero(const struct corridor *c, uint64_t at, uint32_t len)
{
	uint8_t *is = malloc(len);

	image_read(c, is, at, len);
	assert_null(memchr(is, 0, len));
	free(is);
}
