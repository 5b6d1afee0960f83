// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * For programs that run in a simulated guest, by LD_PRELOAD: /dev/vda and its
 * neighbours are block devices. Behind each is a socket of that name in the
 * directory $GUEST_DISKS; what the program does to the device is asked there.
 *
 * Threads that use one descriptor at the same time get a connection each, so
 * that as many requests are on their way as the program wants.
 */
/* Both names of each function are wanted, and neither may be a macro. */
#undef _FILE_OFFSET_BITS
#undef _FORTIFY_SOURCE

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/guest/block.h"

#define DEVICES 16
#define LINES 256
#define SECTOR 512

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct device {
	int fd;		/* the program's; 0: none */
	char name[16];
	uint64_t position;
	int idle[LINES];
	unsigned int idles;
} devices[DEVICES];

/* --- connections ------------------------------------------------------------------ */

static int line_open(const char *name)
{
	const char *dir = getenv("GUEST_DISKS");
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd;

	if (!dir || snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/%s", dir,
			     name) >= (int)sizeof(addr.sun_path)) {
		errno = ENOENT;
		return -1;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&addr, sizeof(addr))) {
		syscall(SYS_close, fd);
		errno = ENXIO;
		fd = -1;
	}
	return fd;
}

static struct device *device_of(int fd)
{
	for (int i = 0; fd > 0 && i < DEVICES; i++)
		if (devices[i].fd == fd)
			return &devices[i];
	return NULL;
}

static int line_get(struct device *d)
{
	int line = -1;

	pthread_mutex_lock(&lock);
	if (d->idles)
		line = d->idle[--d->idles];
	pthread_mutex_unlock(&lock);
	return line >= 0 ? line : line_open(d->name);
}

static void line_put(struct device *d, int line, bool sound)
{
	pthread_mutex_lock(&lock);
	if (sound && d->idles < LINES) {
		d->idle[d->idles++] = line;
		line = -1;
	}
	pthread_mutex_unlock(&lock);
	if (line >= 0)
		syscall(SYS_close, line);
}

/* The answer's value; -1 and errno. */
static int64_t device_ask(struct device *d, const struct block_ask *ask,
			  const void *out, void *in)
{
	struct block_answer answer = { .ret = -EIO };
	int line = line_get(d);
	bool sound;

	if (line < 0)
		return -1;
	sound = block_put(line, ask, sizeof(*ask)) &&
		(!out || block_put(line, out, ask->len)) &&
		block_get(line, &answer, sizeof(answer)) &&
		(!in || answer.ret || block_get(line, in, ask->len));
	line_put(d, line, sound);
	if (sound && !answer.ret)
		return (int64_t)answer.value;
	errno = sound ? -answer.ret : EIO;
	return -1;
}

static int64_t device_size(struct device *d)
{
	struct block_ask ask = { .op = BLOCK_OP_SIZE };

	return device_ask(d, &ask, NULL, NULL);
}

/* --- what a program does -------------------------------------------------------------- */

/* What are no whole sectors, a page cache would read whole. */
static ssize_t device_read_bytes(struct device *d, uint32_t op, void *buf,
				 const struct block_ask *wanted)
{
	uint32_t skip = wanted->offset % SECTOR;
	struct block_ask ask = { .op = op, .offset = wanted->offset - skip };
	char *sectors;
	int64_t ret;

	if (op != BLOCK_OP_READ) {
		errno = EINVAL;
		return -1;
	}
	ask.len = (skip + wanted->len + SECTOR - 1) / SECTOR * SECTOR;
	sectors = malloc(ask.len);
	if (!sectors)
		return -1;
	ret = device_ask(d, &ask, NULL, sectors);
	if (ret >= 0)
		memcpy(buf, sectors + skip, wanted->len);
	free(sectors);
	return ret < 0 ? -1 : (ssize_t)wanted->len;
}

static ssize_t device_transfer(struct device *d, uint32_t op, void *buf,
			       size_t len, uint64_t offset)
{
	struct block_ask ask = { .op = op, .offset = offset,
		.align = (uint32_t)((uintptr_t)buf & 4095) };
	int64_t size = device_size(d);

	if (size < 0)
		return -1;
	if (offset > (uint64_t)size)
		offset = (uint64_t)size;
	if (len > (uint64_t)size - offset)
		len = (uint64_t)size - offset;
	ask.len = len < BLOCK_LEN_MAX ? (uint32_t)len : BLOCK_LEN_MAX;
	if (!ask.len)
		return 0;
	if ((ask.offset | ask.len) % SECTOR)
		return device_read_bytes(d, op, buf, &ask);
	if (device_ask(d, &ask, op == BLOCK_OP_WRITE ? buf : NULL,
		       op == BLOCK_OP_READ ? buf : NULL) < 0)
		return -1;
	return (ssize_t)ask.len;
}

static int device_open(const char *name)
{
	struct device *d = NULL;
	int fd = line_open(name);

	if (fd < 0)
		return -1;
	pthread_mutex_lock(&lock);
	for (int i = 0; !d && i < DEVICES; i++)
		if (!devices[i].fd)
			d = &devices[i];
	if (d) {
		*d = (struct device){ .fd = fd };
		snprintf(d->name, sizeof(d->name), "%s", name);
	}
	pthread_mutex_unlock(&lock);
	if (d)
		return fd;
	syscall(SYS_close, fd);
	errno = ENFILE;
	return -1;
}

static int file_open(const char *path, int flags, mode_t mode)
{
	if (!strncmp(path, "/dev/vd", 7) && strlen(path) == 8)
		return device_open(path + 5);
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

static int device_ioctl(struct device *d, unsigned long request, void *arg)
{
	struct block_ask ask = { .op = request == BLKDISCARD ? BLOCK_OP_DISCARD :
				 BLOCK_OP_ZERO };
	uint64_t *number = arg;

	switch (request) {
	case BLKGETSIZE64:
		*number = (uint64_t)device_size(d);
		return (int64_t)*number < 0 ? -1 : 0;
	case BLKSSZGET:
		*(int *)arg = SECTOR;
		return 0;
	case BLKDISCARD:
	case BLKZEROOUT:
		ask.offset = number[0];
		ask.range = number[1];
		return (int)device_ask(d, &ask, NULL, NULL);
	default:
		errno = ENOTTY;
		return -1;
	}
}

/* --- in place of libc's ------------------------------------------------------------------ */

#define MODE(mode, flags) do { \
	va_list ap; \
	va_start(ap, flags); \
	mode = (flags) & (O_CREAT | O_TMPFILE) ? va_arg(ap, mode_t) : 0; \
	va_end(ap); \
} while (0)

int open(const char *path, int flags, ...)
{
	mode_t mode;

	MODE(mode, flags);
	return file_open(path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
	mode_t mode;

	MODE(mode, flags);
	return file_open(path, flags, mode);
}

int __open_2(const char *path, int flags);
int __open_2(const char *path, int flags)
{
	return file_open(path, flags, 0);
}

int __open64_2(const char *path, int flags);
int __open64_2(const char *path, int flags)
{
	return file_open(path, flags, 0);
}

ssize_t pread(int fd, void *buf, size_t len, off_t offset)
{
	struct device *d = device_of(fd);

	return d ? device_transfer(d, BLOCK_OP_READ, buf, len, (uint64_t)offset) :
		syscall(SYS_pread64, fd, buf, len, offset);
}

ssize_t pwrite(int fd, const void *buf, size_t len, off_t offset)
{
	struct device *d = device_of(fd);

	return d ? device_transfer(d, BLOCK_OP_WRITE, (void *)(uintptr_t)buf, len,
				   (uint64_t)offset) :
		syscall(SYS_pwrite64, fd, buf, len, offset);
}

ssize_t pread64(int fd, void *buf, size_t len, off64_t offset)
{
	return pread(fd, buf, len, offset);
}

ssize_t pwrite64(int fd, const void *buf, size_t len, off64_t offset)
{
	return pwrite(fd, buf, len, offset);
}

ssize_t __pread64_chk(int fd, void *buf, size_t len, off64_t offset,
		      size_t room);
ssize_t __pread64_chk(int fd, void *buf, size_t len, off64_t offset,
		      size_t room)
{
	return pread(fd, buf, len < room ? len : room, offset);
}

ssize_t read(int fd, void *buf, size_t len)
{
	struct device *d = device_of(fd);
	ssize_t n;

	if (!d)
		return syscall(SYS_read, fd, buf, len);
	n = device_transfer(d, BLOCK_OP_READ, buf, len, d->position);
	if (n > 0)
		d->position += (uint64_t)n;
	return n;
}

off_t lseek(int fd, off_t offset, int whence)
{
	struct device *d = device_of(fd);

	if (!d)
		return syscall(SYS_lseek, fd, offset, whence);
	if (whence == SEEK_CUR)
		offset += (off_t)d->position;
	else if (whence == SEEK_END)
		offset += (off_t)device_size(d);
	d->position = (uint64_t)offset;
	return offset;
}

off64_t lseek64(int fd, off64_t offset, int whence)
{
	return lseek(fd, offset, whence);
}

int fsync(int fd)
{
	struct block_ask ask = { .op = BLOCK_OP_FLUSH };
	struct device *d = device_of(fd);

	return d ? (int)device_ask(d, &ask, NULL, NULL) :
		(int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
	return device_of(fd) ? fsync(fd) : (int)syscall(SYS_fdatasync, fd);
}

int posix_fadvise64(int fd, off64_t offset, off64_t len, int advice)
{
	if (device_of(fd))
		return 0;
	return syscall(SYS_fadvise64, fd, offset, len, advice) ? errno : 0;
}

int ioctl(int fd, unsigned long request, ...)
{
	struct device *d = device_of(fd);
	va_list ap;
	void *arg;

	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	return d ? device_ioctl(d, request, arg) :
		(int)syscall(SYS_ioctl, fd, request, arg);
}

static int file_stat(const char *function, int fd, void *st, mode_t *mode)
{
	int (*real)(int, void *) =
		(int (*)(int, void *))(uintptr_t)dlsym(RTLD_NEXT, function);
	int ret = real(fd, st);

	if (!ret && device_of(fd))
		*mode = (*mode & 07777u) | S_IFBLK;
	return ret;
}

int fstat(int fd, struct stat *st)
{
	return file_stat("fstat", fd, st, &st->st_mode);
}

int fstat64(int fd, struct stat64 *st)
{
	return file_stat("fstat64", fd, st, &st->st_mode);
}

int close(int fd)
{
	struct device *d = device_of(fd);

	while (d && d->idles)
		syscall(SYS_close, d->idle[--d->idles]);
	if (d)
		d->fd = 0;
	return (int)syscall(SYS_close, fd);
}
