/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Block I/O and the place where a worker sleeps: the only user of io_uring.
 *
 * Everything is queued, submitted in one batch, and comes back as an event
 * with the tag it was given. The thread that opened it does everything; not
 * fork-safe. Errors are -errno in the event, as the kernel gave them: partial
 * reads and writes are the caller's to continue.
 */
#ifndef BACKEND_AIO_H
#define BACKEND_AIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct aio;

/* Files that can be registered at once. */
#define AIO_MAX_FILES 16u

/* @entries: requests that may be under way at once. */
int aio_open(struct aio **aio, uint32_t entries);
void aio_close(struct aio *aio);
/* What the kernel gave us, for the log: "single-issuer, defer-taskrun, …". */
void aio_describe(const struct aio *aio, char *text, size_t len);

/*
 * Register the one region that aio_queue_read_fixed() and …_write_fixed() use.
 * Without it (-ENOMEM over the memlock limit) they work, only slower.
 */
int aio_register_buffer(struct aio *aio, void *base, size_t len);
/* Make @fd the file @slot of later calls. The caller keeps @fd open. */
int aio_register_file(struct aio *aio, uint32_t slot, int fd);
void aio_unregister_file(struct aio *aio, uint32_t slot);

/*
 * Door 6. The buffers stay the caller's and must stay valid until the event.
 * @stable: the data is on stable storage before a write completes.
 * -EBUSY when the queue is full even after a submission.
 */
int aio_queue_read_fixed(struct aio *aio, uint32_t slot, void *buf,
			 uint32_t len, uint64_t offset, void *tag);
int aio_queue_write_fixed(struct aio *aio, uint32_t slot, const void *buf,
			  uint32_t len, uint64_t offset, bool stable,
			  void *tag);
int aio_queue_readv(struct aio *aio, uint32_t slot, const struct iovec *iov,
		    uint32_t n, uint64_t offset, void *tag);
int aio_queue_writev(struct aio *aio, uint32_t slot, const struct iovec *iov,
		     uint32_t n, uint64_t offset, bool stable, void *tag);
int aio_queue_fdatasync(struct aio *aio, uint32_t slot, void *tag);
/* @mode as of fallocate(2). */
int aio_queue_fallocate(struct aio *aio, uint32_t slot, int mode,
			uint64_t offset, uint64_t len, void *tag);

/*
 * An event with @tag and result > 0 whenever @fd becomes readable, until it
 * is closed. The reader must read until nothing is left.
 */
int aio_watch(struct aio *aio, int fd, void *tag);

/* Hand all queued requests to the kernel. */
int aio_submit(struct aio *aio);
/*
 * Submit and sleep until there is an event or @timeout_ns (< 0: for ever, 0:
 * not at all) has passed. 0, also after a timeout or a signal, or -errno.
 */
int aio_wait(struct aio *aio, int64_t timeout_ns);

struct aio_event {
	void *tag;
	int result;
};

/* Events that are there now. */
uint32_t aio_ready(const struct aio *aio);
/* The next event: true, or false when none is there. */
bool aio_reap(struct aio *aio, struct aio_event *event);

#endif
