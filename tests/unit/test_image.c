// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Images: what is refused and in which words, who holds the locks and for how
 * long, and what is found out about files and, where root has loop devices,
 * about block devices.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backend/image.h"

#define MIB (1u << 20)

static char dir[32], path[64], text[1024];
static struct image image, other;

static int begin(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/test_image.XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	/* One test is somebody else for a while. */
	chmod(dir, 0755);
	snprintf(path, sizeof(path), "%s/image", dir);
	image.fd = other.fd = -1;
	return 0;
}

static int end(void **state)
{
	(void)state;
	image_close(&image);
	image_close(&other);
	remove(path);
	return rmdir(dir);
}

static void make(off_t size)
{
	int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0644);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, size), 0);
	close(fd);
}

static int open_at(struct image *i, const char *at, bool read_only)
{
	text[0] = '\0';
	return image_open(i, at, read_only, IMAGE_AUTO, text, sizeof(text));
}

static void refused(const char *at, bool read_only, int err, const char *why)
{
	assert_int_equal(open_at(&image, at, read_only), err);
	assert_int_equal(image.fd, -1);
	if (!strstr(text, at) || !strstr(text, why))
		fail_msg("'%s' does not say '%s' of %s", text, why, at);
}

static void what_is_no_image_is_refused(void **state)
{
	(void)state;
	refused(path, false, -ENOENT, "does not exist");
	refused(dir, false, -EISDIR, "is a directory");
	refused("/dev/null", false, -ENOTBLK, "neither a file nor");
	assert_int_equal(mkfifo(path, 0600), 0);
	refused(path, true, -ENOTBLK, "neither a file nor");
}

static void a_size_is_whole_sectors(void **state)
{
	(void)state;
	make(0);
	refused(path, false, -EINVAL, "is empty");
	make(1000);
	refused(path, false, -EINVAL, "has 1000 bytes, which is no multiple of 512");
	make(512);
	assert_int_equal(open_at(&image, path, false), 0);
	assert_int_equal(image.size, 512);
}

static void no_permission_is_meant_so(void **state)
{
	(void)state;
	make(MIB);
	assert_int_equal(chmod(path, 0), 0);
	refused(path, false, -EACCES, "no read permission (mode 000)");
	assert_int_equal(chmod(path, 0444), 0);
	refused(path, false, -EACCES, "no write permission (mode 444)");
	assert_int_equal(open_at(&image, path, true), 0);
}

static void what_is_somebody_elses_is_not_opened(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	make(MIB);
	assert_int_equal(chmod(path, 0400), 0);
	assert_int_equal(seteuid(65534), 0);
	refused(path, true, -EACCES, "permission denied");
	assert_int_equal(seteuid(0), 0);
}

/* A program at path, once it is that. */
static pid_t run_program(void)
{
	char command[128], exe[64];
	pid_t pid;

	snprintf(command, sizeof(command), "cp /bin/sleep %s", path);
	assert_int_equal(system(command), 0);
	pid = fork();
	if (!pid) {
		execl(path, path, "60", NULL);
		_exit(127);
	}
	snprintf(command, sizeof(command), "/proc/%d/exe", (int)pid);
	for (int i = 0; i < 500; i++) {
		ssize_t n = readlink(command, exe, sizeof(exe) - 1);

		exe[n > 0 ? n : 0] = '\0';
		if (!strcmp(exe, path))
			return pid;
		usleep(10000);
	}
	fail_msg("%s does not run", path);
	return pid;
}

static void a_program_that_runs_is_not_written(void **state)
{
	pid_t pid = run_program();

	(void)state;
	refused(path, false, -ETXTBSY, "is a program or swap file in use");
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void nothing_is_changed_by_looking(void **state)
{
	static char before[MIB], after[MIB];
	struct stat st;
	FILE *f;

	(void)state;
	make(MIB);
	memset(before, 'x', sizeof(before));
	f = fopen(path, "r+");
	assert_non_null(f);
	assert_int_equal(fwrite(before, 1, MIB, f), MIB);
	fclose(f);
	assert_int_equal(open_at(&image, path, false), 0);
	image_close(&image);
	f = fopen(path, "r");
	assert_non_null(f);
	assert_int_equal(fread(after, 1, MIB, f), MIB);
	assert_memory_equal(before, after, MIB);
	fclose(f);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, MIB);
}

static void a_file_is_measured(void **state)
{
	(void)state;
	make(MIB);
	assert_int_equal(open_at(&image, path, false), 0);
	assert_false(image.block || image.read_only || image.lapsed);
	assert_int_equal(image.size, MIB);
	assert_int_equal(image.block_size, 512);
	assert_true(image.physical_block_size >= 512);
	assert_true(image.discard_align >= 512);
	image_close(&image);
	assert_int_equal(open_at(&image, path, true), 0);
	assert_true(image.read_only);
	assert_false(image.discard);
}

/* Whether it can be had is the file system's business, but it has one answer. */
static void direct_is_had_or_refused(void **state)
{
	bool can;
	int ret;

	(void)state;
	make(MIB);
	assert_int_equal(open_at(&image, path, false), 0);
	can = image.direct;
	assert_int_equal(!!(fcntl(image.fd, F_GETFL) & O_DIRECT), can);
	image_close(&image);
	ret = image_open(&image, path, false, IMAGE_ON, text, sizeof(text));
	assert_int_equal(ret, can ? 0 : -EINVAL);
	assert_true(can || strstr(text, "use direct=auto or off"));
	image_close(&image);
	assert_int_equal(image_open(&image, path, false, IMAGE_OFF, text,
				    sizeof(text)), 0);
	assert_false(image.direct);
	assert_false(fcntl(image.fd, F_GETFL) & O_DIRECT);
}

/* A file of sysfs has a size and can be locked, but that is all. */
static void direct_is_refused_in_words(void **state)
{
	const char *const at = "/sys/kernel/uevent_seqnum";
	struct stat st;

	(void)state;
	if (stat(at, &st) || !st.st_size || st.st_size % 512)
		skip();
	assert_int_equal(image_open(&image, at, true, IMAGE_ON, text,
				    sizeof(text)), -EINVAL);
	assert_non_null(strstr(text, "is on a file system without direct I/O"));
	assert_int_equal(open_at(&image, at, true), 0);
	assert_false(image.direct || image.discard);
}

static void a_writer_is_alone(void **state)
{
	int fd;

	(void)state;
	make(MIB);
	assert_int_equal(open_at(&other, path, false), 0);
	refused(path, false, -EBUSY, "is locked by another process");
	refused(path, true, -EBUSY, "is locked by another process");
	image_close(&other);
	fd = open(path, O_RDONLY);
	assert_int_equal(flock(fd, LOCK_SH), 0);
	refused(path, false, -EBUSY, "is locked by another process");
	close(fd);
	assert_int_equal(open_at(&image, path, false), 0);
}

static void readers_share(void **state)
{
	(void)state;
	make(MIB);
	assert_int_equal(open_at(&image, path, true), 0);
	assert_int_equal(open_at(&other, path, true), 0);
	image_close(&image);
	refused(path, false, -EBUSY, "is locked");
}

/* The worker's descriptor is a duplicate of the manager's. */
static void the_lock_is_the_open_files(void **state)
{
	int worker;

	(void)state;
	make(MIB);
	assert_int_equal(open_at(&other, path, false), 0);
	worker = dup(other.fd);
	image_close(&other);
	refused(path, false, -EBUSY, "is locked");
	close(worker);
	assert_int_equal(open_at(&other, path, false), 0);
	worker = dup(other.fd);
	image_release(&other);
	assert_int_equal(open_at(&image, path, false), 0);
	close(worker);
	/* One that is not open has nothing to release. */
	image_release(&other);
}

static void it_is_retaken_when_the_old_one_is_gone(void **state)
{
	int worker;

	(void)state;
	make(MIB);
	assert_int_equal(open_at(&image, path, false), 0);
	worker = dup(image.fd);
	image_lapse(&image);
	assert_true(image.lapsed);
	image_lapse(&image);
	assert_int_equal(image_retake(&image, path, text, sizeof(text)),
			 -EBUSY);
	assert_true(image.lapsed);
	close(worker);
	/* Wherever its name is by now. */
	assert_int_equal(unlink(path), 0);
	assert_int_equal(image_retake(&image, path, text, sizeof(text)), 0);
	assert_false(image.lapsed);
	assert_int_equal(!!(fcntl(image.fd, F_GETFL) & O_DIRECT), image.direct);
	assert_int_equal(pwrite(image.fd, text, 0, 0), 0);
}

/* As many as there are now and no more, or what there were before. */
static void allow_descriptors(bool allow)
{
	static struct rlimit before;
	struct rlimit none;

	if (!allow)
		assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 3;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, allow ? &before : &none), 0);
}

static void without_descriptors_nothing_is_opened(void **state)
{
	(void)state;
	make(MIB);
	allow_descriptors(false);
	refused(path, false, -EMFILE, "can't be opened: ");
	allow_descriptors(true);
}

static void without_descriptors_it_is_lost_and_said(void **state)
{
	(void)state;
	make(MIB);
	assert_int_equal(open_at(&image, path, false), 0);
	allow_descriptors(false);
	image_lapse(&image);
	allow_descriptors(true);
	assert_int_equal(image.fd, -1);
	assert_int_equal(image_retake(&image, path, text, sizeof(text)),
			 -EBADF);
	assert_non_null(strstr(text, "could not be kept open"));
}

static void to_retake_it_is_tried_again(void **state)
{
	(void)state;
	make(MIB);
	assert_int_equal(open_at(&image, path, false), 0);
	image_lapse(&image);
	allow_descriptors(false);
	assert_int_equal(image_retake(&image, path, text, sizeof(text)),
			 -EMFILE);
	allow_descriptors(true);
	assert_true(image.lapsed);
	assert_int_equal(image_retake(&image, path, text, sizeof(text)), 0);
}

static void a_sentence_that_is_too_long_is_cut(void **state)
{
	char little[16];

	(void)state;
	memset(little, 'x', sizeof(little));
	assert_int_equal(image_open(&image, path, false, IMAGE_AUTO, little, 8),
			 -ENOENT);
	assert_int_equal(strlen(little), 7);
	assert_int_equal(little[8], 'x');
}

/* --- block devices ----------------------------------------------------------------- */

/* A loop device over the file, or -1. */
static int loop_attach(char *name, size_t len, bool read_only)
{
	struct loop_info64 info = { .lo_flags = LO_FLAGS_AUTOCLEAR };
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	int number = control < 0 ? -1 : ioctl(control, LOOP_CTL_GET_FREE);
	int file = open(path, read_only ? O_RDONLY : O_RDWR);
	int fd = -1;

	if (read_only)
		info.lo_flags |= LO_FLAGS_READ_ONLY;
	snprintf(name, len, "/dev/loop%d", number);
	if (number >= 0)
		fd = open(name, read_only ? O_RDONLY : O_RDWR);
	if (fd >= 0 && (ioctl(fd, LOOP_SET_FD, file) ||
			ioctl(fd, LOOP_SET_STATUS64, &info))) {
		close(fd);
		fd = -1;
	}
	close(file);
	close(control);
	return fd;
}

/* A device of a megabyte, where there are any. */
static int begin_device(char *name, size_t len, bool read_only)
{
	int fd;

	make(MIB);
	fd = loop_attach(name, len, read_only);
	if (fd < 0)
		skip();
	return fd;
}

static void a_device_is_measured(void **state)
{
	char loop[32];
	int fd;

	(void)state;
	fd = begin_device(loop, sizeof(loop), false);
	assert_int_equal(open_at(&image, loop, false), 0);
	assert_true(image.block);
	assert_int_equal(image.size, MIB);
	assert_int_equal(image.block_size, 512);
	assert_true(image.physical_block_size >= 512);
	image_release(&image);
	if (!ioctl(fd, LOOP_SET_BLOCK_SIZE, 4096)) {
		assert_int_equal(open_at(&image, loop, false), 0);
		assert_int_equal(image.block_size, 4096);
		assert_int_equal(image.physical_block_size, 4096);
	}
	close(fd);
}

/* Another guest and a mount are kept out, and so is a reader. */
static void a_device_has_one_writer(void **state)
{
	char loop[32];
	int fd;

	(void)state;
	fd = begin_device(loop, sizeof(loop), false);
	assert_int_equal(open_at(&other, loop, false), 0);
	for (int i = 0; i < 2; i++) {
		refused(loop, false, -EBUSY, "is in use: mounted, part of");
		refused(loop, true, -EBUSY, "is locked by another process");
		/* The same once it was retaken for the next worker. */
		image_lapse(&other);
		assert_int_equal(image_retake(&other, loop, text,
					      sizeof(text)), 0);
	}
	close(fd);
}

static void a_read_only_device_is_refused_for_writing(void **state)
{
	char loop[32];
	int fd;

	(void)state;
	fd = begin_device(loop, sizeof(loop), true);
	assert_true(open_at(&image, loop, false) < 0);
	assert_non_null(strstr(text, "make the disk read-only"));
	assert_int_equal(open_at(&image, loop, true), 0);
	assert_false(image.discard);
	image_close(&image);
	close(fd);
}

#define WITH_DIR(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DIR(what_is_no_image_is_refused),
		WITH_DIR(a_size_is_whole_sectors),
		WITH_DIR(no_permission_is_meant_so),
		WITH_DIR(what_is_somebody_elses_is_not_opened),
		WITH_DIR(a_program_that_runs_is_not_written),
		WITH_DIR(nothing_is_changed_by_looking),
		WITH_DIR(a_file_is_measured),
		WITH_DIR(direct_is_had_or_refused),
		WITH_DIR(direct_is_refused_in_words),
		WITH_DIR(a_writer_is_alone),
		WITH_DIR(readers_share),
		WITH_DIR(the_lock_is_the_open_files),
		WITH_DIR(it_is_retaken_when_the_old_one_is_gone),
		WITH_DIR(without_descriptors_nothing_is_opened),
		WITH_DIR(without_descriptors_it_is_lost_and_said),
		WITH_DIR(to_retake_it_is_tried_again),
		WITH_DIR(a_sentence_that_is_too_long_is_cut),
		WITH_DIR(a_device_is_measured),
		WITH_DIR(a_device_has_one_writer),
		WITH_DIR(a_read_only_device_is_refused_for_writing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
