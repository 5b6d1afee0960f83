// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DISCARD and WRITE_ZEROES. Deallocating (punch hole) leaves zeroes behind,
 * so it serves both when the driver allows it; otherwise zeroes are made
 * where the data lies. A way that the image turns down once is not tried
 * again. A discard that can't be done is done: it is advice (virtio 1.2,
 * 5.2.6.2).
 */
#include "backend/range.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/uio.h>

#include <linux/falloc.h>

#include "backend/aio.h"
#include "backend/request.h"
#include "backend/stats.h"

#define ZERO_CHUNK (64u << 10)
#define ZERO_IOVS  16u

static const uint8_t zeroes[ZERO_CHUNK] __attribute__((aligned(4096)));

/* The same zeroes again and again, so requests can share the vector. */
static struct iovec zero_iov[ZERO_IOVS];

static int range_write_zeroes(struct request *req, const struct blk_range *r)
{
	struct backing *b = req->backing;
	uint64_t left = r->len - req->range_done;
	struct iovec *iov = zero_iov;
	uint32_t n = 0;

	while (n < ZERO_IOVS && left >= (uint64_t)(n + 1) * ZERO_CHUNK) {
		zero_iov[n].iov_base = (void *)(uintptr_t)zeroes;
		zero_iov[n++].iov_len = ZERO_CHUNK;
	}
	if (!n) {
		/* The tail differs in length: the slot's own vector. */
		iov = req->map.iov;
		iov[n].iov_base = (void *)(uintptr_t)zeroes;
		iov[n++].iov_len = left;
	}
	return aio_queue_writev(b->engine->aio, b->file, iov, n,
				r->offset + req->range_done, req->stable, req);
}

int range_submit(struct request *req)
{
	const struct blk_range *r = &req->range[req->range_at];
	struct backing *b = req->backing;
	int mode;

	if (r->unmap && b->can_punch)
		mode = FALLOC_FL_PUNCH_HOLE;
	else if (b->can_zero_range)
		mode = FALLOC_FL_ZERO_RANGE;
	else
		mode = 0;
	req->range_mode = mode;
	if (!mode)
		return range_write_zeroes(req, r);
	return aio_queue_fallocate(b->engine->aio, b->file,
				   mode | FALLOC_FL_KEEP_SIZE, r->offset,
				   r->len, req);
}

static void range_next(struct request *req)
{
	req->range_at++;
	req->range_done = 0;
}

static int range_unsupported(struct request *req, int result)
{
	struct backing *b = req->backing;

	if (!req->range_mode)
		return result;
	if (req->range_mode == FALLOC_FL_PUNCH_HOLE)
		b->can_punch = false;
	else
		b->can_zero_range = false;
	if (req->blk.op == BLK_DISCARD)
		req->range_at = req->nranges;
	return 0;
}

int range_complete(struct request *req, int result)
{
	const struct blk_range *r = &req->range[req->range_at];

	if (result == -EAGAIN || result == -EINTR)
		return 0;
	if (result == -EOPNOTSUPP)
		return range_unsupported(req, result);
	if (result < 0)
		return result;
	if (req->range_mode) {
		range_next(req);
		return 0;
	}
	if (!result)
		return -EIO;
	req->range_done += (uint64_t)result;
	if (req->range_done >= r->len)
		range_next(req);
	return 0;
}

void range_count(const struct request *req)
{
	struct stats_disk *s = req->backing->stats;
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < req->nranges; i++)
		bytes += req->range[i].len;
	if (req->blk.op == BLK_DISCARD) {
		s->discards++;
		s->discard_bytes += bytes;
	} else {
		s->write_zeroes++;
		s->write_zeroes_bytes += bytes;
	}
}
