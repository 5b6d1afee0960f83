// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Opening images. Everything that can be wrong with an image is found out
 * here, while an administrator is still looking, and said in words: the worker
 * only ever sees a descriptor that works.
 *
 * Nothing in an image is changed by looking at it: whether blocks can be given
 * back is tried behind the end of a file and read from sysfs for a device.
 */
#include "backend/image.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "backend/log.h"

#define IMAGE_SECTOR    512u
#define IMAGE_BLOCK_MAX 4096u

struct image_text {
	const char *path;
	char *text;
	size_t len;
};

/* @err, after saying why. */
__attribute__((format(printf, 3, 4)))
static int image_refuse(const struct image_text *t, int err,
			const char *fmt, ...)
{
	va_list ap;
	int n = snprintf(t->text, t->len, "image %s ", t->path);

	if (n < 0 || (size_t)n >= t->len)
		return err;
	va_start(ap, fmt);
	vsnprintf(t->text + n, t->len - (size_t)n, fmt, ap);
	va_end(ap);
	return err;
}

static int image_check_type(const struct image_text *t, mode_t mode,
			    bool read_only)
{
	if (S_ISDIR(mode))
		return image_refuse(t, -EISDIR, "is a directory; needed is a raw image file or a block device");
	if (!S_ISREG(mode) && !S_ISBLK(mode))
		return image_refuse(t, -ENOTBLK, "is neither a file nor a block device");
	/* Root may do everything, but no bit at all is meant to say no. */
	if (!(mode & 0444))
		return image_refuse(t, -EACCES, "has no read permission (mode %03o); chmod u+r", mode & 0777u);
	if (!read_only && !(mode & 0222))
		return image_refuse(t, -EACCES, "has no write permission (mode %03o); chmod u+w, or make the disk read-only", mode & 0777u);
	return 0;
}

static int image_explain_open(const struct image_text *t, int err, bool block)
{
	switch (err) {
	case ENOENT:
		return image_refuse(t, -err, "does not exist");
	case EACCES:
		return image_refuse(t, -err, "can't be opened: permission denied, for it or for a directory on the way");
	case EBUSY:
		return image_refuse(t, -err, "%s", block ?
			"is in use: mounted, part of another device, or somebody's disk" :
			"is in use");
	case EROFS:
		return image_refuse(t, -err, "can't be written (read-only file system or device); make the disk read-only");
	case EPERM:
		return image_refuse(t, -err, "can't be written (is it immutable, lsattr?)");
	case ETXTBSY:
		return image_refuse(t, -err, "is a program or swap file in use");
	case ENXIO:
	case ENODEV:
		return image_refuse(t, -err, "has no device behind it");
	case ENOMEDIUM:
		return image_refuse(t, -err, "has no medium in its drive");
	default:
		return image_refuse(t, -err, "can't be opened: %s",
				    log_strerror(err));
	}
}

static int image_open_fd(struct image *image, const struct image_text *t,
			 bool read_only)
{
	int flags = (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NOCTTY;
	struct stat before, st;
	int ret;

	if (stat(t->path, &before))
		return image_explain_open(t, errno, false);
	ret = image_check_type(t, before.st_mode, read_only);
	if (ret)
		return ret;
	image->block = S_ISBLK(before.st_mode);
	/* On a block device: nobody else's, mounts included. */
	if (image->block && !read_only)
		flags |= O_EXCL;
	/* A pipe that came in between must not stop us. */
	image->fd = open(t->path, flags | O_NONBLOCK);
	if (image->fd < 0)
		return image_explain_open(t, errno, image->block);
	if (fstat(image->fd, &st))
		return image_explain_open(t, errno, image->block);
	if ((st.st_mode & S_IFMT) != (before.st_mode & S_IFMT))
		return image_refuse(t, -ESTALE, "was replaced while it was opened");
	if (fcntl(image->fd, F_SETFL, flags & O_ACCMODE))
		return image_refuse(t, -errno, "can't be set to wait: %s",
				    log_strerror(errno));
	return 0;
}

static int image_lock(const struct image *image, const struct image_text *t,
		      bool read_only)
{
	struct flock all = {
		.l_type = read_only ? F_RDLCK : F_WRLCK,
		.l_whence = SEEK_SET,
	};
	int ret = fcntl(image->fd, F_OFD_SETLK, &all);

	if (!ret && !image->block)
		ret = flock(image->fd,
			    (read_only ? LOCK_SH : LOCK_EX) | LOCK_NB);
	if (!ret)
		return 0;
	if (errno == EAGAIN || errno == EACCES)
		return image_refuse(t, -EBUSY, "is locked by another process (lslocks shows which): another guest's disk, or a tool at work");
	return image_refuse(t, -errno, "can't be locked: %s",
			    log_strerror(errno));
}

static int image_check_size(const struct image *image,
			    const struct image_text *t)
{
	if (!image->size)
		return image_refuse(t, -EINVAL, "is empty");
	if (image->size % image->block_size)
		return image_refuse(t, -EINVAL, "has %" PRIu64 " bytes, which is no multiple of %u",
				    image->size, image->block_size);
	return 0;
}

/* Of /sys/dev/block/M:m/queue/NAME; a partition has its disk's. */
static uint64_t image_sysfs(dev_t dev, const char *name)
{
	static const char *const forms[] = {
		"/sys/dev/block/%u:%u/queue/%s",
		"/sys/dev/block/%u:%u/../queue/%s",
	};
	char path[128], value[32];
	uint64_t n = 0;
	FILE *f;

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		snprintf(path, sizeof(path), forms[i], major(dev), minor(dev),
			 name);
		f = fopen(path, "re");
		if (!f)
			continue;
		if (fgets(value, sizeof(value), f))
			n = strtoull(value, NULL, 10);
		fclose(f);
		break;
	}
	return n;
}

static uint32_t image_power_of_two(uint64_t n, uint32_t min, uint32_t max)
{
	return n < min || n > max || (n & (n - 1)) ? min : (uint32_t)n;
}

static int image_measure_block(struct image *image, const struct image_text *t,
			       const struct stat *st, bool read_only)
{
	unsigned int physical = 0, opt = 0;
	uint64_t align;
	int block = 0, ro = 0;

	if (ioctl(image->fd, BLKGETSIZE64, &image->size) ||
	    ioctl(image->fd, BLKSSZGET, &block) ||
	    ioctl(image->fd, BLKROGET, &ro))
		return image_refuse(t, -errno, "can't be measured: %s",
				    log_strerror(errno));
	if (ro && !read_only)
		return image_refuse(t, -EROFS, "is a read-only device; make the disk read-only");
	if (block < (int)IMAGE_SECTOR || block > (int)IMAGE_BLOCK_MAX)
		return image_refuse(t, -EINVAL, "has logical blocks of %d bytes; guests can have %u to %u",
				    block, IMAGE_SECTOR, IMAGE_BLOCK_MAX);
	image->block_size = (uint32_t)block;
	if (!ioctl(image->fd, BLKPBSZGET, &physical))
		image->physical_block_size = physical;
	if (!ioctl(image->fd, BLKIOOPT, &opt))
		image->opt_io_size = opt;
	image->discard = image_sysfs(st->st_rdev, "discard_max_bytes") != 0;
	align = image_sysfs(st->st_rdev, "discard_granularity");
	image->discard_align = image_power_of_two(align, block, 1u << 30);
	return 0;
}

static void image_measure_file(struct image *image, const struct stat *st)
{
	off_t behind = (st->st_size | 0xfffff) + 1;

	image->size = (uint64_t)st->st_size;
	image->block_size = IMAGE_SECTOR;
	image->physical_block_size = (uint32_t)st->st_blksize;
	image->discard_align = image_power_of_two((uint64_t)st->st_blksize,
						  IMAGE_SECTOR, 1u << 20);
	image->discard = !fallocate(image->fd, FALLOC_FL_PUNCH_HOLE |
				    FALLOC_FL_KEEP_SIZE, behind, 4096);
}

static int image_measure(struct image *image, const struct image_text *t,
			 bool read_only)
{
	struct stat st;
	int ret = 0;

	if (fstat(image->fd, &st))
		return image_refuse(t, -errno, "can't be measured: %s",
				    log_strerror(errno));
	if (image->block)
		ret = image_measure_block(image, t, &st, read_only);
	else
		image_measure_file(image, &st);
	if (read_only)
		image->discard = false;
	image->physical_block_size = image_power_of_two(
		image->physical_block_size, image->block_size, 1u << 20);
	return ret ? ret : image_check_size(image, t);
}

/*
 * The alignment that O_DIRECT needs, in bytes, for offsets, lengths and memory
 * alike; 0: it can't be had. The descriptor has O_DIRECT by now.
 */
static uint32_t image_direct_align(const struct image *image)
{
	uint32_t align = 0;
	void *buf;
#ifdef STATX_DIOALIGN
	struct statx stx;

	if (!statx(image->fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &stx) &&
	    (stx.stx_mask & STATX_DIOALIGN)) {
		if (!stx.stx_dio_offset_align)
			return 0;
		return stx.stx_dio_offset_align > stx.stx_dio_mem_align ?
			stx.stx_dio_offset_align : stx.stx_dio_mem_align;
	}
#endif
	/* Kernels or file systems that don't tell: try. */
	if (posix_memalign(&buf, IMAGE_BLOCK_MAX, IMAGE_BLOCK_MAX))
		return 0;
	for (uint32_t n = IMAGE_SECTOR; n <= IMAGE_BLOCK_MAX && !align; n *= 2)
		if (pread(image->fd, (char *)buf + n % IMAGE_BLOCK_MAX, n, 0)
		    >= 0)
			align = n;
	free(buf);
	return align;
}

static int image_set_direct(struct image *image, const struct image_text *t,
			    enum image_choice direct)
{
	int flags = fcntl(image->fd, F_GETFL);
	uint32_t align = 0;

	if (direct == IMAGE_OFF)
		return 0;
	if (flags < 0)
		return image_refuse(t, -errno, "does not tell how it is open: %s",
				    log_strerror(errno));
	if (!fcntl(image->fd, F_SETFL, flags | O_DIRECT)) {
		align = image->block ?
			image->block_size : image_direct_align(image);
		image->direct = align && align <= image->block_size;
		if (image->direct)
			return 0;
		if (fcntl(image->fd, F_SETFL, flags))
			return image_refuse(t, -errno, "can't be without direct I/O again: %s",
					    log_strerror(errno));
	}
	if (direct == IMAGE_AUTO)
		return 0;
	if (!align)
		return image_refuse(t, -EINVAL, "is on a file system without direct I/O; use direct=auto or off");
	return image_refuse(t, -EINVAL, "needs blocks of %u bytes for direct I/O, and a guest has %u; use direct=auto or off",
			    align, image->block_size);
}

int image_open(struct image *image, const char *path, bool read_only,
	       enum image_choice direct, char *text, size_t len)
{
	struct image_text t = { path, text, len };
	int ret;

	*image = (struct image){ .fd = -1, .read_only = read_only };
	ret = image_open_fd(image, &t, read_only);
	if (!ret)
		ret = image_lock(image, &t, read_only);
	if (!ret)
		ret = image_measure(image, &t, read_only);
	if (!ret)
		ret = image_set_direct(image, &t, direct);
	if (ret)
		image_close(image);
	return ret;
}

/* Another open file for what image->fd is, wherever its name is by now. */
static int image_open_again(const struct image *image, int flags)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", image->fd);
	fd = open(path, flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

void image_lapse(struct image *image)
{
	int fd;

	if (image->fd < 0 || image->lapsed)
		return;
	fd = image_open_again(image, O_RDONLY);
	close(image->fd);
	image->fd = fd < 0 ? -1 : fd;
	image->lapsed = true;
}

int image_retake(struct image *image, const char *path, char *text, size_t len)
{
	struct image_text t = { path, text, len };
	struct image again = *image;
	int flags = image->read_only ? O_RDONLY : O_RDWR;
	int ret;

	if (image->fd < 0)
		return image_refuse(&t, -EBADF, "could not be kept open after its worker had ended");
	again.lapsed = false;
	again.fd = image_open_again(image, flags | (image->block &&
				    !image->read_only ? O_EXCL : 0));
	if (again.fd < 0)
		return image_explain_open(&t, -again.fd, image->block);
	ret = image_lock(&again, &t, image->read_only);
	if (!ret && fcntl(again.fd, F_SETFL, image->direct ? O_DIRECT : 0))
		ret = image_refuse(&t, -errno, "can't be opened again: %s",
				   log_strerror(errno));
	if (ret) {
		close(again.fd);
		return ret;
	}
	close(image->fd);
	*image = again;
	return 0;
}

void image_close(struct image *image)
{
	if (image->fd >= 0)
		close(image->fd);
	image->fd = -1;
	image->lapsed = false;
}

void image_release(struct image *image)
{
	struct flock all = { .l_type = F_UNLCK, .l_whence = SEEK_SET };

	if (image->fd < 0)
		return;
	fcntl(image->fd, F_OFD_SETLK, &all);
	if (!image->block)
		flock(image->fd, LOCK_UN);
	image_close(image);
}
