// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * State files. What is in one is the worker's, so it is copied before it is
 * checked, and only the copy is used. A file that is half made (we were killed
 * in between) is no state, and the guest it was for has not run yet.
 */
#include "backend/statefile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define STATEFILE_NAME_LEN 24
#define STATEFILE_TRIES    100

static void statefile_name(char *name, uint32_t domid)
{
	snprintf(name, STATEFILE_NAME_LEN, "%u.state", domid);
}

static int statefile_lock(int fd)
{
	if (!flock(fd, LOCK_EX | LOCK_NB))
		return 0;
	return errno == EWOULDBLOCK ? -EBUSY : -errno;
}

int statefile_read(int fd, struct state *state)
{
	ssize_t n = pread(fd, state, sizeof(*state), 0);

	if (n < 0)
		return -errno;
	return n == sizeof(*state) ? 0 : -EINVAL;
}

static int statefile_check(int fd, uint32_t domid, const uint8_t uuid[16])
{
	struct state *copy;
	struct stat st;
	int ret;

	if (fstat(fd, &st))
		return -errno;
	copy = malloc(sizeof(*copy));
	if (!copy)
		return -ENOMEM;
	ret = statefile_read(fd, copy);
	if (!ret)
		ret = state_check(copy, (uint64_t)st.st_size, domid, uuid);
	free(copy);
	return ret;
}

/*
 * Does the name still lead to what was locked? Whoever had the lock before may
 * have removed the file, and another may have made a new one.
 */
static int statefile_verify(int dir, const char *name, int fd)
{
	struct stat have, want;

	if (fstat(fd, &have))
		return -errno;
	if (fstatat(dir, name, &want, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? -ESTALE : -errno;
	if (have.st_dev != want.st_dev || have.st_ino != want.st_ino)
		return -ESTALE;
	return 0;
}

/*
 * Open and locked, whatever is in it. @flags: O_CREAT, or 0. A file that is
 * replaced over and over is one that others want as well.
 */
static int statefile_get(int dir, uint32_t domid, int flags)
{
	char name[STATEFILE_NAME_LEN];
	int fd, ret;

	statefile_name(name, domid);
	for (int i = 0; i < STATEFILE_TRIES; i++) {
		fd = openat(dir, name,
			    O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0600);
		if (fd < 0)
			return -errno;
		ret = statefile_lock(fd);
		if (!ret)
			ret = statefile_verify(dir, name, fd);
		if (!ret)
			return fd;
		close(fd);
		if (ret != -ESTALE)
			return ret;
	}
	return -EBUSY;
}

int statefile_open(int dir, uint32_t domid, const uint8_t uuid[16])
{
	int fd = statefile_get(dir, domid, 0);
	int ret;

	if (fd < 0)
		return fd;
	ret = statefile_check(fd, domid, uuid);
	if (!ret)
		return fd;
	close(fd);
	return ret;
}

bool statefile_is_locked(int dir, uint32_t domid)
{
	int fd = statefile_get(dir, domid, 0);

	if (fd >= 0)
		close(fd);
	return fd == -EBUSY;
}

static int statefile_fill(int fd, uint32_t domid, const uint8_t uuid[16])
{
	struct state *state;
	ssize_t n;
	int ret = 0;

	/* Nothing is left of what was there, and half of it is no state. */
	if (ftruncate(fd, 0) || ftruncate(fd, sizeof(*state)))
		return -errno;
	state = calloc(1, sizeof(*state));
	if (!state)
		return -ENOMEM;
	state_init(state, domid, uuid);
	/* The memory has to exist: a worker can't handle a full tmpfs. */
	n = pwrite(fd, state, sizeof(*state), 0);
	if (n != sizeof(*state))
		ret = n < 0 ? -errno : -ENOSPC;
	free(state);
	return ret;
}

int statefile_create(int dir, uint32_t domid, const uint8_t uuid[16],
		     bool *found)
{
	int fd = statefile_get(dir, domid, O_CREAT);
	int ret;

	*found = false;
	if (fd < 0)
		return fd;
	*found = !statefile_check(fd, domid, uuid);
	ret = *found ? 0 : statefile_fill(fd, domid, uuid);
	if (!ret)
		return fd;
	statefile_remove(dir, domid, fd);
	close(fd);
	return ret;
}

void statefile_remove(int dir, uint32_t domid, int fd)
{
	char name[STATEFILE_NAME_LEN];

	statefile_name(name, domid);
	if (!statefile_verify(dir, name, fd))
		unlinkat(dir, name, 0);
}

int statefile_sweep(int dir, uint32_t domid)
{
	int fd = statefile_get(dir, domid, 0);

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	statefile_remove(dir, domid, fd);
	close(fd);
	return 0;
}

int statefile_for_each(int dir, void (*each)(void *arg, uint32_t domid),
		       void *arg)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *e;
	unsigned long domid;
	char *end;
	DIR *d;

	if (fd < 0)
		return -errno;
	d = fdopendir(fd);
	if (!d) {
		close(fd);
		return -ENOMEM;
	}
	while ((e = readdir(d))) {
		domid = strtoul(e->d_name, &end, 10);
		if (end != e->d_name && !strcmp(end, ".state") &&
		    domid <= UINT16_MAX)
			each(arg, (uint32_t)domid);
	}
	closedir(d);
	return 0;
}
