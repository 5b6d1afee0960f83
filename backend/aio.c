// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Door 6: io_uring. One thread issues and reaps, and tells the kernel so
 * (SINGLE_ISSUER, DEFER_TASKRUN: completions are run when we wait, not in the
 * middle of our work). Kernels without a flag are asked again without it.
 * Files and the buffer pool are registered; both fall back to the plain form.
 *
 * A file that lives in memory (tmpfs, ramfs) is read and written at once, when
 * it is queued: the kernel would hand each such request to a thread of its
 * own, because these file systems can't promise not to sleep, and that costs
 * more than the copy. The event waits in done[] until it is reaped.
 */
#include "backend/aio.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <liburing.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/vfs.h>

struct aio_watch {
	int fd;
	bool armed;
	void *tag;
};

#define AIO_MAX_WATCHES 4u
#define AIO_MAX_DONE    1024u	/* power of two */

struct aio_file {
	int fd;
	bool memory;
};

struct aio {
	struct io_uring ring;
	unsigned int flags;
	bool fixed_files;
	bool fixed_buffer;
	struct aio_file file[AIO_MAX_FILES];
	struct aio_event done[AIO_MAX_DONE];
	uint32_t done_head, done_tail;	/* free-running */
	struct aio_watch watch[AIO_MAX_WATCHES];
	uint32_t nwatch;
};

/* Tried in this order. */
static const unsigned int aio_setup_flags[] = {
	IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
	IORING_SETUP_COOP_TASKRUN,
	0,
};

/* #syscalls worker: io_uring_setup mmap munmap */
int aio_open(struct aio **out, uint32_t entries)
{
	const size_t tries = sizeof(aio_setup_flags) / sizeof(unsigned int);
	struct aio *aio = calloc(1, sizeof(*aio));
	int ret = -EINVAL;

	*out = NULL;
	if (!aio)
		return -ENOMEM;
	for (size_t i = 0; i < tries && ret == -EINVAL; i++) {
		struct io_uring_params p = {
			.flags = aio_setup_flags[i] | IORING_SETUP_CQSIZE |
				 IORING_SETUP_CLAMP,
			.cq_entries = entries * 2,
		};

		ret = io_uring_queue_init_params(entries, &aio->ring, &p);
		aio->flags = aio_setup_flags[i];
	}
	if (ret) {
		free(aio);
		return ret;
	}
	for (uint32_t i = 0; i < AIO_MAX_FILES; i++)
		aio->file[i].fd = -1;
	aio->fixed_files = !io_uring_register_files_sparse(&aio->ring,
							   AIO_MAX_FILES);
	*out = aio;
	return 0;
}

void aio_close(struct aio *aio)
{
	if (!aio)
		return;
	io_uring_queue_exit(&aio->ring);
	free(aio);
}

void aio_describe(const struct aio *aio, char *text, size_t len)
{
	snprintf(text, len, "io_uring with %s, %s files, %s buffers",
		 aio->flags & IORING_SETUP_DEFER_TASKRUN ?
		 "deferred completion" :
		 aio->flags ? "cooperative completion" : "no flags",
		 aio->fixed_files ? "registered" : "plain",
		 aio->fixed_buffer ? "registered" : "plain");
}

/* #syscalls worker: io_uring_register */
int aio_register_buffer(struct aio *aio, void *base, size_t len)
{
	struct iovec iov = { .iov_base = base, .iov_len = len };
	int ret = io_uring_register_buffers(&aio->ring, &iov, 1);

	aio->fixed_buffer = !ret;
	return ret;
}

/* A device's node is on a file system in memory too, but not what it holds. */
static int aio_in_memory(int fd, bool *memory)
{
	struct statfs fs;
	struct stat st;

	if (fstat(fd, &st) || fstatfs(fd, &fs))
		return -errno;
	*memory = S_ISREG(st.st_mode) && (fs.f_type == TMPFS_MAGIC ||
					  fs.f_type == RAMFS_MAGIC);
	return 0;
}

int aio_register_file(struct aio *aio, uint32_t slot, int fd)
{
	int ret = aio_in_memory(fd, &aio->file[slot].memory);

	if (ret)
		return ret;
	aio->file[slot].fd = fd;
	if (!aio->fixed_files)
		return 0;
	ret = io_uring_register_files_update(&aio->ring, slot, &fd, 1);
	return ret < 0 ? ret : 0;
}

void aio_unregister_file(struct aio *aio, uint32_t slot)
{
	int none = -1;

	if (aio->fixed_files)
		io_uring_register_files_update(&aio->ring, slot, &none, 1);
	aio->file[slot] = (struct aio_file){ .fd = -1 };
}

static struct io_uring_sqe *aio_sqe(struct aio *aio)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&aio->ring);

	if (sqe)
		return sqe;
	if (aio_submit(aio))
		return NULL;
	return io_uring_get_sqe(&aio->ring);
}

static int aio_file(const struct aio *aio, uint32_t slot)
{
	return aio->fixed_files ? (int)slot : aio->file[slot].fd;
}

/* May the request be done at once, and its event be kept? */
static bool aio_at_once(const struct aio *aio, uint32_t slot)
{
	return aio->file[slot].memory &&
	       aio->done_tail - aio->done_head < AIO_MAX_DONE;
}

static int aio_done(struct aio *aio, void *tag, ssize_t result)
{
	struct aio_event *e = &aio->done[aio->done_tail++ & (AIO_MAX_DONE - 1)];

	e->tag = tag;
	e->result = result < 0 ? -errno : (int)result;
	return 0;
}

/* #syscalls worker: preadv */
static int aio_read_at_once(struct aio *aio, uint32_t slot,
			    const struct iovec *iov, uint32_t n,
			    uint64_t offset, void *tag)
{
	return aio_done(aio, tag, preadv(aio->file[slot].fd, iov, (int)n,
					 (off_t)offset));
}

/* #syscalls worker: pwritev */
static int aio_write_at_once(struct aio *aio, uint32_t slot,
			     const struct iovec *iov, uint32_t n,
			     uint64_t offset, void *tag)
{
	/* Nothing in memory is more stable than it is written. */
	return aio_done(aio, tag, pwritev(aio->file[slot].fd, iov, (int)n,
					  (off_t)offset));
}

static int aio_finish(struct aio *aio, struct io_uring_sqe *sqe, void *tag)
{
	if (aio->fixed_files)
		sqe->flags |= IOSQE_FIXED_FILE;
	io_uring_sqe_set_data(sqe, tag);
	return 0;
}

int aio_queue_read_fixed(struct aio *aio, uint32_t slot, void *buf,
			 uint32_t len, uint64_t offset, void *tag)
{
	struct iovec iov = { .iov_base = buf, .iov_len = len };
	struct io_uring_sqe *sqe;

	if (aio_at_once(aio, slot))
		return aio_read_at_once(aio, slot, &iov, 1, offset, tag);
	sqe = aio_sqe(aio);
	if (!sqe)
		return -EBUSY;
	if (aio->fixed_buffer)
		io_uring_prep_read_fixed(sqe, aio_file(aio, slot), buf, len,
					 offset, 0);
	else
		io_uring_prep_read(sqe, aio_file(aio, slot), buf, len, offset);
	return aio_finish(aio, sqe, tag);
}

int aio_queue_write_fixed(struct aio *aio, uint32_t slot, const void *buf,
			  uint32_t len, uint64_t offset, bool stable,
			  void *tag)
{
	/* Only read, but an iovec has no const. */
	struct iovec iov = { (void *)(uintptr_t)buf, len };
	struct io_uring_sqe *sqe;

	if (aio_at_once(aio, slot))
		return aio_write_at_once(aio, slot, &iov, 1, offset, tag);
	sqe = aio_sqe(aio);
	if (!sqe)
		return -EBUSY;
	if (aio->fixed_buffer)
		io_uring_prep_write_fixed(sqe, aio_file(aio, slot), buf, len,
					  offset, 0);
	else
		io_uring_prep_write(sqe, aio_file(aio, slot), buf, len, offset);
	sqe->rw_flags = stable ? RWF_DSYNC : 0;
	return aio_finish(aio, sqe, tag);
}

int aio_queue_readv(struct aio *aio, uint32_t slot, const struct iovec *iov,
		    uint32_t n, uint64_t offset, void *tag)
{
	struct io_uring_sqe *sqe;

	if (aio_at_once(aio, slot))
		return aio_read_at_once(aio, slot, iov, n, offset, tag);
	sqe = aio_sqe(aio);
	if (!sqe)
		return -EBUSY;
	io_uring_prep_readv(sqe, aio_file(aio, slot), iov, n, offset);
	return aio_finish(aio, sqe, tag);
}

int aio_queue_writev(struct aio *aio, uint32_t slot, const struct iovec *iov,
		     uint32_t n, uint64_t offset, bool stable, void *tag)
{
	struct io_uring_sqe *sqe;

	if (aio_at_once(aio, slot))
		return aio_write_at_once(aio, slot, iov, n, offset, tag);
	sqe = aio_sqe(aio);
	if (!sqe)
		return -EBUSY;
	io_uring_prep_writev(sqe, aio_file(aio, slot), iov, n, offset);
	sqe->rw_flags = stable ? RWF_DSYNC : 0;
	return aio_finish(aio, sqe, tag);
}

int aio_queue_fdatasync(struct aio *aio, uint32_t slot, void *tag)
{
	struct io_uring_sqe *sqe = aio_sqe(aio);

	if (!sqe)
		return -EBUSY;
	io_uring_prep_fsync(sqe, aio_file(aio, slot), IORING_FSYNC_DATASYNC);
	return aio_finish(aio, sqe, tag);
}

int aio_queue_fallocate(struct aio *aio, uint32_t slot, int mode,
			uint64_t offset, uint64_t len, void *tag)
{
	struct io_uring_sqe *sqe = aio_sqe(aio);

	if (!sqe)
		return -EBUSY;
	io_uring_prep_fallocate(sqe, aio_file(aio, slot), mode, offset, len);
	return aio_finish(aio, sqe, tag);
}

static int aio_arm(struct aio *aio, struct aio_watch *w)
{
	struct io_uring_sqe *sqe = aio_sqe(aio);

	if (!sqe)
		return -EBUSY;
	io_uring_prep_poll_multishot(sqe, w->fd, POLLIN);
	io_uring_sqe_set_data(sqe, w->tag);
	w->armed = true;
	return 0;
}

int aio_watch(struct aio *aio, int fd, void *tag)
{
	if (aio->nwatch == AIO_MAX_WATCHES)
		return -ENOSPC;
	aio->watch[aio->nwatch] = (struct aio_watch){ .fd = fd, .tag = tag };
	return aio_arm(aio, &aio->watch[aio->nwatch++]);
}

/* #syscalls worker: io_uring_enter */
int aio_submit(struct aio *aio)
{
	int ret;

	if (!io_uring_sq_ready(&aio->ring))
		return 0;
	/* What is done already is to be seen now, not after the next sleep. */
	ret = io_uring_submit_and_get_events(&aio->ring);
	return ret < 0 && ret != -EINTR && ret != -EAGAIN && ret != -EBUSY ?
	       ret : 0;
}

/* A multishot poll may end at any time; it is simply begun again. */
static void aio_rearm(struct aio *aio, void *tag)
{
	for (uint32_t i = 0; i < aio->nwatch; i++)
		if (aio->watch[i].tag == tag)
			aio->watch[i].armed = false;
}

/* Also those that found no room when their time came. */
static void aio_arm_watches(struct aio *aio)
{
	for (uint32_t i = 0; i < aio->nwatch; i++)
		if (!aio->watch[i].armed)
			aio_arm(aio, &aio->watch[i]);
}

int aio_wait(struct aio *aio, int64_t timeout_ns)
{
	struct __kernel_timespec ts = {
		.tv_sec = timeout_ns / 1000000000,
		.tv_nsec = timeout_ns % 1000000000,
	};
	struct io_uring_cqe *cqe;
	int ret;

	aio_arm_watches(aio);
	if (aio->done_head != aio->done_tail ||
	    io_uring_cq_ready(&aio->ring) || !timeout_ns)
		ret = io_uring_submit_and_get_events(&aio->ring);
	else
		ret = io_uring_submit_and_wait_timeout(&aio->ring, &cqe, 1,
				timeout_ns < 0 ? NULL : &ts, NULL);
	if (ret == -ETIME || ret == -EINTR || ret == -EAGAIN || ret == -EBUSY)
		return 0;
	return ret < 0 ? ret : 0;
}

uint32_t aio_ready(const struct aio *aio)
{
	return aio->done_tail - aio->done_head +
	       io_uring_cq_ready(&aio->ring);
}

bool aio_reap(struct aio *aio, struct aio_event *event)
{
	struct io_uring_cqe *cqe;
	bool more;

	if (aio->done_head != aio->done_tail) {
		*event = aio->done[aio->done_head++ & (AIO_MAX_DONE - 1)];
		return true;
	}
	if (io_uring_peek_cqe(&aio->ring, &cqe))
		return false;
	event->tag = io_uring_cqe_get_data(cqe);
	event->result = cqe->res;
	more = cqe->flags & IORING_CQE_F_MORE;
	io_uring_cqe_seen(&aio->ring, cqe);
	if (!more)
		aio_rearm(aio, event->tag);
	return true;
}
