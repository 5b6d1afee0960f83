// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Images on a kernel that does not say how a file is open, or does not change it.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "backend/image.h"

static int refused_command = -1;
static char path[] = "/tmp/image.XXXXXX", text[1024];

int fcntl(int fd, int command, ...)
{
	unsigned long arg;
	va_list ap;

	va_start(ap, command);
	arg = va_arg(ap, unsigned long);
	va_end(ap);
	if (command == refused_command) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_fcntl, fd, command, arg);
}

static int open_without(int command, struct image *image)
{
	int ret;

	refused_command = command;
	ret = image_open(image, path, false, IMAGE_AUTO, text, sizeof(text));
	refused_command = -1;
	return ret;
}

static void without_its_flags_it_is_refused(void **state)
{
	struct image image;
	int fd = mkstemp(path), got, set;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 1 << 20), 0);
	got = open_without(F_GETFL, &image);
	/* What it would have been with all of them. */
	assert_true(got || !(fcntl(image.fd, F_GETFL) & O_APPEND));
	image_close(&image);
	set = open_without(F_SETFL, &image);
	image_close(&image);
	assert_int_equal(open_without(-1, &image) ||
			 fcntl(image.fd, F_GETFL) & O_APPEND, 0);
	image_close(&image);
	close(fd);
	unlink(path);
	assert_int_equal(got, -EIO);
	assert_int_equal(set, -EIO);
	assert_non_null(strstr(text, "can't be set to wait: Input/output error"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_its_flags_it_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
