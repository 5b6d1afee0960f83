// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Doors 5 and 6 for reads and writes: the data, piece by piece. A piece is as
 * long as the largest buffer at most and moves in one of two ways:
 *
 *   buffer   between image and pool by the kernel, between pool and guest by
 *            copies. The only way for O_DIRECT.
 *   mapping  between image and guest by the kernel, through the page cache.
 *
 * A piece that can't be mapped for want of room goes through a buffer; one
 * that finds no buffer stalls and holds nothing meanwhile.
 */
#include "backend/transfer.h"

#include <errno.h>
#include <string.h>

#include "backend/aio.h"
#include "backend/pool.h"
#include "backend/request.h"
#include "backend/stats.h"

static struct engine *engine_of(const struct request *req)
{
	return req->backing->engine;
}

/*
 * The bytes [skip, skip + len) of @seg[] as segments of their own, in the
 * engine's scratch array; returns how many. The caller has checked that they
 * are there.
 */
static uint32_t slice(struct engine *e, const struct mapcache_segment *seg,
		      uint64_t skip, uint64_t len)
{
	uint32_t n = 0;

	for (; skip >= seg->len; seg++)
		skip -= seg->len;
	for (; len; seg++) {
		uint64_t take = seg->len - skip;

		if (take > len)
			take = len;
		e->slice[n].addr = gpa_add(seg->addr, skip);
		e->slice[n++].len = (uint32_t)take;
		len -= take;
		skip = 0;
	}
	return n;
}

/* Queue copies from the device-readable part of the chain. */
void transfer_from_guest(struct request *req, uint64_t skip, uint64_t len,
			 uint8_t *to)
{
	struct engine *e = engine_of(req);
	uint32_t n = slice(e, req->chain.seg, skip, len);

	for (uint32_t i = 0; i < n; i++) {
		mapcache_copy_to_host(e->mc, e->slice[i].addr, e->slice[i].len,
				      to, &req->copy_err);
		to += e->slice[i].len;
	}
}

/* Queue copies into the device-writable part. */
void transfer_into_guest(struct request *req, uint64_t skip, uint64_t len,
			 const uint8_t *from)
{
	struct engine *e = engine_of(req);
	uint32_t n = slice(e, req->chain.seg + req->chain.nread, skip, len);

	for (uint32_t i = 0; i < n; i++) {
		mapcache_copy_to_guest(e->mc, e->slice[i].addr,
				       e->slice[i].len, from, &req->copy_err);
		from += e->slice[i].len;
	}
}

void transfer_release(struct request *req)
{
	struct engine *e = engine_of(req);

	if (req->mapped)
		mapcache_unmap(e->mc, &req->map);
	req->mapped = false;
	pool_put(e->pool, req->buf, req->buf_len);
	req->buf = NULL;
	req->gathered = false;
}

/*
 * Buffered images need no bounce: the kernel can copy straight to and from
 * foreign memory. Granted pages pay for a mapping only if there are many.
 */
bool transfer_wants_map(const struct request *req,
			const struct mapcache_segment *first, uint64_t len)
{
	if (req->backing->direct)
		return false;
	return !gpa_is_grant(first->addr) ||
	       len >= engine_of(req)->grant_map_min;
}

static int transfer_map(struct request *req)
{
	struct engine *e = engine_of(req);
	const struct chain *c = &req->chain;
	bool write = req->blk.op == BLK_WRITE;
	uint64_t skip = req->done + (write ? REQUEST_HEADER_LEN : 0);
	uint32_t n = slice(e, write ? c->seg : c->seg + c->nread, skip,
			   req->piece);
	int ret = mapcache_map(e->mc, e->slice, n,
			       write ? MAPCACHE_READ : MAPCACHE_WRITE,
			       &req->map);

	req->mapped = !ret;
	return ret;
}

static int submit_buffer(struct request *req)
{
	struct backing *b = req->backing;
	uint64_t at = req->blk.offset + req->done + req->piece_done;
	uint32_t left = req->piece - req->piece_done;
	uint8_t *buf = req->buf + req->piece_done;

	if (req->blk.op == BLK_READ)
		return aio_queue_read_fixed(b->engine->aio, b->file, buf, left,
					    at, req);
	return aio_queue_write_fixed(b->engine->aio, b->file, buf, left, at,
				     req->stable, req);
}

static int submit_map(struct request *req)
{
	struct backing *b = req->backing;
	uint64_t at = req->blk.offset + req->done + req->piece_done;

	if (req->blk.op == BLK_READ)
		return aio_queue_readv(b->engine->aio, b->file, req->map.iov,
				       req->map.niov, at, req);
	return aio_queue_writev(b->engine->aio, b->file, req->map.iov,
				req->map.niov, at, req->stable, req);
}

void transfer_submit(struct request *req)
{
	int ret = req->mapped ? submit_map(req) : submit_buffer(req);

	if (ret) {
		transfer_release(req);
		request_fail_host(req, "submission", ret);
	}
}

/* The write data of a piece that request_gather() did not bring. */
static bool gather_piece(struct request *req)
{
	transfer_from_guest(req, REQUEST_HEADER_LEN + req->done, req->piece,
			    req->buf);
	mapcache_copy_run(engine_of(req)->mc);
	req->gathered = true;
	return !req->copy_err;
}

static bool get_buffer(struct request *req)
{
	struct engine *e = engine_of(req);

	if (req->buf)
		return true;
	req->buf_len = req->piece;
	if (e->retrying || STAILQ_EMPTY(&e->stalled))
		req->buf = pool_get(e->pool, req->buf_len);
	if (req->buf)
		return true;
	if (e->retrying) {
		STAILQ_INSERT_HEAD(&e->stalled, req, link);
		return false;
	}
	req->backing->stats->stalls++;
	STAILQ_INSERT_TAIL(&e->stalled, req, link);
	return false;
}

void transfer_next(struct request *req)
{
	uint64_t left = req->blk.len - req->done;
	bool write = req->blk.op == BLK_WRITE;
	const struct chain *c = &req->chain;

	req->piece = left < POOL_BLOCK_MAX ? (uint32_t)left : POOL_BLOCK_MAX;
	req->piece_done = 0;
	if (!req->gathered &&
	    transfer_wants_map(req, &c->seg[write ? 0 : c->nread],
			       req->blk.len)) {
		if (!transfer_map(req)) {
			transfer_submit(req);
			return;
		}
		/* A copy needs less, and says which address was bad. */
	}
	if (!get_buffer(req))
		return;
	if (write && !req->gathered && !gather_piece(req)) {
		transfer_release(req);
		request_refuse(req, VIRTIO_BLK_S_IOERR);
		return;
	}
	transfer_submit(req);
}

/* A piece is with us, whole: what next? */
static void transfer_piece_done(struct request *req)
{
	if (req->mapped)
		mapcache_unmap(engine_of(req)->mc, &req->map);
	else if (req->blk.op == BLK_READ)
		transfer_into_guest(req, req->done, req->piece, req->buf);
	req->mapped = false;
	req->done += req->piece;
	if (req->done == req->blk.len) {
		request_finish(req, VIRTIO_BLK_S_OK);
		return;
	}
	STAILQ_INSERT_TAIL(&engine_of(req)->settling, req, link);
}

/* A short read or write of a mapped piece goes on behind what is done. */
static void map_advance(struct mapcache_map *map, uint32_t n)
{
	struct iovec *v = map->iov;

	while (n && n >= v->iov_len) {
		n -= (uint32_t)v->iov_len;
		v++;
		map->niov--;
	}
	if (n) {
		v->iov_base = (uint8_t *)v->iov_base + n;
		v->iov_len -= n;
	}
	memmove(map->iov, v, map->niov * sizeof(*v));
}

void transfer_complete(struct request *req, int result)
{
	const char *what = req->blk.op == BLK_READ ? "read" : "write";

	/* Nothing read where the disk should have data: it has shrunk. */
	if (result == 0)
		result = -EIO;
	if (result < 0) {
		transfer_release(req);
		request_fail_host(req, what, result);
		return;
	}
	req->piece_done += (uint32_t)result;
	if (req->piece_done < req->piece) {
		if (req->mapped)
			map_advance(&req->map, (uint32_t)result);
		transfer_submit(req);
		return;
	}
	transfer_piece_done(req);
}

