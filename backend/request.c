// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Doors 4 to 7: what happens to one request. Guest memory is reached through
 * copies that are queued here and run by the queue in batches, or, for
 * buffered images, through a mapping that the kernel reads and writes.
 *
 * The order at the end is law: data and status byte, unmap, and only then the
 * used entry. A request whose data could not be put into the guest gets
 * another status in a second round, before anybody sees the first.
 */
#include "backend/request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backend/aio.h"
#include "backend/pool.h"
#include "backend/range.h"
#include "backend/stats.h"

#define HEADER_LEN sizeof(struct virtio_blk_outhdr)

static void request_next_piece(struct request *req);

int engine_init(struct engine *e)
{
	STAILQ_INIT(&e->settling);
	STAILQ_INIT(&e->stalled);
	/* Touched as far as guests use it: one table for each slot. */
	e->table = calloc((size_t)STATE_QUEUE_SIZE * STATE_QUEUE_SIZE,
			  sizeof(*e->table));
	return e->table ? 0 : -ENOMEM;
}

void engine_fini(struct engine *e)
{
	free(e->table);
	e->table = NULL;
}

uint32_t request_max_iov(const struct engine *e, uint32_t num)
{
	return num + POOL_BLOCK_MAX / e->bucket_size + 1;
}

static struct engine *engine_of(const struct request *req)
{
	return req->disk->engine;
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
static void copy_from_guest(struct request *req, uint64_t skip, uint64_t len,
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
static void copy_into_guest(struct request *req, uint64_t skip, uint64_t len,
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

static void request_release(struct request *req)
{
	struct engine *e = engine_of(req);

	if (req->mapped)
		mapcache_unmap(e->mc, &req->map);
	req->mapped = false;
	pool_put(e->pool, req->buf, req->buf_len);
	req->buf = NULL;
	req->gathered = false;
}

/* Bytes written from the first writable byte on, the status byte among them
 * only if nothing is left out before it (virtio 1.2, 2.7.8.2). */
static uint32_t request_used_len(const struct request *req)
{
	uint64_t data = req->chain.writable - 1;

	if (req->malformed || req->status_err)
		return 0;
	if (!data)
		return 1;
	if (req->status != VIRTIO_BLK_S_OK)
		return 0;
	if (req->blk.op != BLK_READ && req->blk.op != BLK_GET_ID)
		return 0;
	return (uint32_t)(req->blk.len + (req->blk.len == data));
}

/*
 * The last step: status byte into the guest. A malformed chain has one only
 * if it ends in device-writable memory.
 */
static void request_finish(struct request *req, uint8_t status)
{
	struct engine *e = engine_of(req);
	const struct chain *c = &req->chain;

	req->last = true;
	req->status = status;
	if (c->ends_writable) {
		const struct mapcache_segment *s = &c->seg[c->nseg - 1];

		mapcache_copy_to_guest(e->mc, gpa_add(s->addr, s->len - 1), 1,
				       &req->status, &req->status_err);
	}
	STAILQ_INSERT_TAIL(&e->settling, req, link);
}

static void request_fail_host(struct request *req, const char *what, int err)
{
	req->disk->stats->failed++;
	log_guest(&req->disk->limit, req->disk->name,
		  "%s at byte %llu failed: %s", what,
		  (unsigned long long)(req->blk.offset + req->done),
		  log_strerror(err));
	request_finish(req, VIRTIO_BLK_S_IOERR);
}

static void request_refuse(struct request *req, uint8_t status)
{
	req->disk->stats->refused++;
	request_finish(req, status);
}

void request_take(struct request *req, const struct virtq *vr, uint16_t head)
{
	enum chain_answer answer = vring_read_chain(vr, head, &req->chain);

	req->malformed = answer == CHAIN_MALFORMED;
	req->last = false;
	req->status = VIRTIO_BLK_S_OK;
	req->copy_err = 0;
	req->status_err = 0;
	req->done = 0;
	req->piece_done = 0;
	req->buf = NULL;
	req->gathered = false;
	req->mapped = false;
	req->syncing = false;
	req->blk = (struct blk_request){ .op = BLK_FLUSH };
}

void request_fetch_table(struct request *req, struct vring_desc *table,
			 uint32_t num)
{
	uint32_t max = num * (uint32_t)sizeof(*table);
	uint32_t len = req->chain.table.len;

	if (!len || req->malformed)
		return;
	mapcache_copy_to_host(engine_of(req)->mc, req->chain.table.addr,
			      len < max ? len : max, table, &req->copy_err);
}

/* A descriptor far out in a table that is larger than any chain. */
static struct vring_desc far_desc(struct request *req, uint32_t i)
{
	struct mapcache *mc = engine_of(req)->mc;
	struct vring_desc d = { 0 };
	uint64_t at = (uint64_t)i * sizeof(d);

	mapcache_copy_to_host(mc, gpa_add(req->chain.table.addr, at),
			      sizeof(d), &d, &req->copy_err);
	mapcache_copy_run(mc);
	return d;
}

void request_walk_table(struct request *req, const struct virtq *vr,
			const struct vring_desc *table, uint32_t num)
{
	struct chain *c = &req->chain;
	enum chain_answer answer;

	if (!c->table.len || req->malformed)
		return;
	chain_enter_table(c);
	answer = CHAIN_NEXT;
	while (answer == CHAIN_NEXT && !req->copy_err) {
		struct vring_desc d;

		if (c->next < num)
			d = table[c->next];
		else
			d = far_desc(req, c->next);
		if (!req->copy_err)
			answer = vring_chain_add(vr, c, &d);
	}
	if (!req->copy_err && answer == CHAIN_END)
		return;
	req->malformed = true;
	c->ends_writable = c->ends_writable && c->bad_order;
}

/*
 * Buffered images need no bounce: the kernel can copy straight to and from
 * foreign memory. Granted pages pay for a mapping only if there are many.
 */
static bool request_wants_map(const struct request *req,
			      const struct mapcache_segment *first,
			      uint64_t len)
{
	if (req->disk->direct)
		return false;
	return !gpa_is_grant(first->addr) ||
	       len >= engine_of(req)->grant_map_min;
}

void request_gather(struct request *req)
{
	struct engine *e = engine_of(req);
	const struct chain *c = &req->chain;
	uint64_t rest;

	if (c->readable < HEADER_LEN || !c->writable)
		req->malformed = true;
	if (req->malformed)
		return;
	copy_from_guest(req, 0, HEADER_LEN, (uint8_t *)&req->hdr);
	rest = c->readable - HEADER_LEN;
	if (!rest)
		return;
	/* Ranges are short, data is at least a sector. */
	if (rest <= sizeof(req->payload)) {
		copy_from_guest(req, HEADER_LEN, rest, req->payload);
		return;
	}
	if (request_wants_map(req, c->seg, rest))
		return;
	req->buf_len = rest < POOL_BLOCK_MAX ? (uint32_t)rest : POOL_BLOCK_MAX;
	req->buf = pool_get(e->pool, req->buf_len);
	if (!req->buf)
		return;
	copy_from_guest(req, HEADER_LEN, req->buf_len, req->buf);
	req->gathered = true;
}

static int request_map(struct request *req)
{
	struct engine *e = engine_of(req);
	const struct chain *c = &req->chain;
	bool write = req->blk.op == BLK_WRITE;
	uint32_t n = slice(e, write ? c->seg : c->seg + c->nread,
			   req->done + (write ? HEADER_LEN : 0), req->piece);
	int ret = mapcache_map(e->mc, e->slice, n,
			       write ? MAPCACHE_READ : MAPCACHE_WRITE,
			       &req->map);

	req->mapped = !ret;
	return ret;
}

static int request_submit_buffer(struct request *req)
{
	struct disk *d = req->disk;
	uint64_t at = req->blk.offset + req->done + req->piece_done;
	uint32_t left = req->piece - req->piece_done;
	uint8_t *buf = req->buf + req->piece_done;

	if (req->blk.op == BLK_READ)
		return aio_queue_read_fixed(d->engine->aio, d->file, buf, left,
					    at, req);
	return aio_queue_write_fixed(d->engine->aio, d->file, buf, left, at,
				     req->stable, req);
}

static int request_submit_map(struct request *req)
{
	struct disk *d = req->disk;
	uint64_t at = req->blk.offset + req->done + req->piece_done;

	if (req->blk.op == BLK_READ)
		return aio_queue_readv(d->engine->aio, d->file, req->map.iov,
				       req->map.niov, at, req);
	return aio_queue_writev(d->engine->aio, d->file, req->map.iov,
				req->map.niov, at, req->stable, req);
}

static void request_submit(struct request *req)
{
	int ret = req->mapped ? request_submit_map(req) :
				request_submit_buffer(req);

	if (ret) {
		request_release(req);
		request_fail_host(req, "submission", ret);
	}
}

/* The write data of a piece that request_gather() did not bring. */
static bool request_gather_piece(struct request *req)
{
	copy_from_guest(req, HEADER_LEN + req->done, req->piece, req->buf);
	mapcache_copy_run(engine_of(req)->mc);
	req->gathered = true;
	return !req->copy_err;
}

static bool request_get_buffer(struct request *req)
{
	struct engine *e = engine_of(req);

	if (req->buf)
		return true;
	req->buf_len = req->piece;
	req->buf = pool_get(e->pool, req->buf_len);
	if (req->buf)
		return true;
	req->disk->stats->stalls++;
	STAILQ_INSERT_TAIL(&e->stalled, req, link);
	return false;
}

static void request_next_piece(struct request *req)
{
	uint64_t left = req->blk.len - req->done;
	bool write = req->blk.op == BLK_WRITE;
	const struct chain *c = &req->chain;
	int ret;

	req->piece = left < POOL_BLOCK_MAX ? (uint32_t)left : POOL_BLOCK_MAX;
	req->piece_done = 0;
	if (!req->gathered &&
	    request_wants_map(req, &c->seg[write ? 0 : c->nread],
			      req->blk.len)) {
		ret = request_map(req);
		if (!ret) {
			request_submit(req);
			return;
		}
		if (ret != -ENOBUFS) {
			request_refuse(req, VIRTIO_BLK_S_IOERR);
			return;
		}
	}
	if (!request_get_buffer(req))
		return;
	if (write && !req->gathered && !request_gather_piece(req)) {
		request_release(req);
		request_refuse(req, VIRTIO_BLK_S_IOERR);
		return;
	}
	request_submit(req);
}

static void request_sync(struct request *req)
{
	struct disk *d = req->disk;
	int ret = aio_queue_fdatasync(d->engine->aio, d->file, req);

	req->syncing = true;
	if (ret)
		request_fail_host(req, "submission", ret);
}

static void request_next_range(struct request *req)
{
	int ret;

	if (req->range_at < req->nranges) {
		ret = range_submit(req);
		if (ret)
			request_fail_host(req, "submission", ret);
	} else if (req->stable && req->nranges && !req->syncing) {
		request_sync(req);
	} else {
		request_finish(req, VIRTIO_BLK_S_OK);
	}
}

static void request_start_ranges(struct request *req)
{
	uint8_t status = blk_parse_ranges(&req->disk->geometry, &req->blk,
					  req->payload, req->range,
					  &req->nranges);

	if (status != VIRTIO_BLK_S_OK) {
		request_refuse(req, status);
		return;
	}
	/* A discard is advice; a store that can't deallocate ignores it. */
	if (req->blk.op == BLK_DISCARD && !req->disk->can_punch)
		req->nranges = 0;
	req->range_at = 0;
	req->range_done = 0;
	req->range_written = false;
	request_next_range(req);
}

static void request_give_id(struct request *req)
{
	copy_into_guest(req, 0, req->blk.len, req->disk->geometry.id);
	request_finish(req, VIRTIO_BLK_S_OK);
}

static void request_execute(struct request *req)
{
	switch (req->blk.op) {
	case BLK_READ:
	case BLK_WRITE:
		request_next_piece(req);
		break;
	case BLK_FLUSH:
		request_sync(req);
		break;
	case BLK_DISCARD:
	case BLK_WRITE_ZEROES:
		request_start_ranges(req);
		break;
	case BLK_GET_ID:
		request_give_id(req);
		break;
	}
}

void request_start(struct request *req, uint64_t features, uint8_t writeback)
{
	const struct chain *c = &req->chain;
	uint8_t status;

	if (req->malformed) {
		request_release(req);
		req->disk->stats->malformed++;
		request_finish(req, VIRTIO_BLK_S_IOERR);
		return;
	}
	req->stable = blk_write_stable(features, writeback);
	status = VIRTIO_BLK_S_IOERR;
	if (!req->copy_err)
		status = blk_parse(&req->disk->geometry, features, &req->hdr,
				   c->readable - HEADER_LEN, c->writable - 1,
				   &req->blk);
	if (status != VIRTIO_BLK_S_OK) {
		request_release(req);
		request_refuse(req, status);
		return;
	}
	request_execute(req);
}

/* A piece is with us, whole: what next? */
static void request_piece_done(struct request *req)
{
	if (req->mapped)
		mapcache_unmap(engine_of(req)->mc, &req->map);
	else if (req->blk.op == BLK_READ)
		copy_into_guest(req, req->done, req->piece, req->buf);
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

static void request_complete_rw(struct request *req, int result)
{
	const char *what = req->blk.op == BLK_READ ? "read" : "write";

	/* Nothing read where the disk should have data: it has shrunk. */
	if (result == 0)
		result = -EIO;
	if (result < 0) {
		request_release(req);
		request_fail_host(req, what, result);
		return;
	}
	req->piece_done += (uint32_t)result;
	if (req->piece_done < req->piece) {
		if (req->mapped)
			map_advance(&req->map, (uint32_t)result);
		request_submit(req);
		return;
	}
	request_piece_done(req);
}

void request_complete(struct request *req, int result)
{
	if (req->blk.op == BLK_READ || req->blk.op == BLK_WRITE) {
		if (result == -EAGAIN || result == -EINTR)
			request_submit(req);
		else
			request_complete_rw(req, result);
		return;
	}
	if (req->syncing) {
		if (result < 0)
			request_fail_host(req, "flush", result);
		else
			request_finish(req, VIRTIO_BLK_S_OK);
		return;
	}
	result = range_complete(req, result);
	if (result < 0)
		request_fail_host(req, "discard or write-zeroes", result);
	else
		request_next_range(req);
}

static void request_count(const struct request *req)
{
	struct stats_disk *s = req->disk->stats;

	if (req->status != VIRTIO_BLK_S_OK)
		return;
	switch (req->blk.op) {
	case BLK_READ:
		s->reads++;
		s->read_bytes += req->blk.len;
		break;
	case BLK_WRITE:
		s->writes++;
		s->write_bytes += req->blk.len;
		break;
	case BLK_FLUSH:
		s->flushes++;
		break;
	case BLK_DISCARD:
	case BLK_WRITE_ZEROES:
		range_count(req);
		break;
	case BLK_GET_ID:
		s->get_ids++;
		break;
	}
}

/* After the copies ran. True when the request is over. */
static bool request_settle(struct request *req)
{
	if (req->copy_err && req->status == VIRTIO_BLK_S_OK) {
		/* Its data did not get through: another status, another run. */
		request_release(req);
		request_refuse(req, VIRTIO_BLK_S_IOERR);
		return false;
	}
	request_release(req);
	if (!req->last) {
		request_next_piece(req);
		return false;
	}
	request_count(req);
	req->used_len = request_used_len(req);
	return true;
}

static void engine_retry_stalled(struct engine *e)
{
	struct request_list now = STAILQ_HEAD_INITIALIZER(now);
	struct request *req;

	STAILQ_CONCAT(&now, &e->stalled);
	while ((req = STAILQ_FIRST(&now))) {
		STAILQ_REMOVE_HEAD(&now, link);
		request_next_piece(req);
	}
}

void engine_settle(struct engine *e, void (*returned)(struct request *req))
{
	struct request *req;

	while (!STAILQ_EMPTY(&e->settling)) {
		struct request_list now = STAILQ_HEAD_INITIALIZER(now);

		mapcache_copy_run(e->mc);
		STAILQ_CONCAT(&now, &e->settling);
		while ((req = STAILQ_FIRST(&now))) {
			STAILQ_REMOVE_HEAD(&now, link);
			if (request_settle(req))
				returned(req);
		}
		engine_retry_stalled(e);
	}
}
