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
#include "backend/transfer.h"

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
void request_finish(struct request *req, uint8_t status)
{
	struct engine *e = req->backing->engine;
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

void request_fail_host(struct request *req, const char *what, int err)
{
	req->backing->stats->failed++;
	log_guest(&req->backing->limit, req->backing->name,
		  "%s at byte %llu failed: %s", what,
		  (unsigned long long)(req->blk.offset + req->done),
		  log_strerror(err));
	request_finish(req, VIRTIO_BLK_S_IOERR);
}

void request_refuse(struct request *req, uint8_t status)
{
	req->backing->stats->refused++;
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
	mapcache_copy_to_host(req->backing->engine->mc, req->chain.table.addr,
			      len < max ? len : max, table, &req->copy_err);
}

/* A descriptor far out in a table that is larger than any chain. */
static struct vring_desc far_desc(struct request *req, uint32_t i)
{
	struct mapcache *mc = req->backing->engine->mc;
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

void request_gather(struct request *req)
{
	struct engine *e = req->backing->engine;
	const struct chain *c = &req->chain;
	uint64_t rest;

	if (c->readable < REQUEST_HEADER_LEN || !c->writable)
		req->malformed = true;
	if (req->malformed)
		return;
	transfer_from_guest(req, 0, REQUEST_HEADER_LEN, (uint8_t *)&req->hdr);
	rest = c->readable - REQUEST_HEADER_LEN;
	if (!rest)
		return;
	/* Ranges are short, data is at least a sector. */
	if (rest <= sizeof(req->payload)) {
		transfer_from_guest(req, REQUEST_HEADER_LEN, rest, req->payload);
		return;
	}
	if (transfer_wants_map(req, c->seg, rest))
		return;
	if (!STAILQ_EMPTY(&e->stalled))
		return;	/* others wait for room, see transfer.c */
	req->buf_len = rest < POOL_BLOCK_MAX ? (uint32_t)rest : POOL_BLOCK_MAX;
	req->buf = pool_get(e->pool, req->buf_len);
	if (!req->buf)
		return;
	transfer_from_guest(req, REQUEST_HEADER_LEN, req->buf_len, req->buf);
	req->gathered = true;
}

static void request_sync(struct request *req)
{
	struct backing *b = req->backing;
	int ret = aio_queue_fdatasync(b->engine->aio, b->file, req);

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
	uint8_t status = blk_parse_ranges(&req->backing->geometry, &req->blk,
					  req->payload, req->range,
					  &req->nranges);

	if (status != VIRTIO_BLK_S_OK) {
		request_refuse(req, status);
		return;
	}
	/* A discard is advice; a store that can't deallocate ignores it. */
	if (req->blk.op == BLK_DISCARD && !req->backing->can_punch)
		req->nranges = 0;
	req->range_at = 0;
	req->range_done = 0;
	request_next_range(req);
}

static void request_give_id(struct request *req)
{
	transfer_into_guest(req, 0, req->blk.len, req->backing->geometry.id);
	request_finish(req, VIRTIO_BLK_S_OK);
}

static void request_execute(struct request *req)
{
	/* What was gathered in the belief that it is write data. */
	if (req->blk.op != BLK_WRITE)
		transfer_release(req);
	switch (req->blk.op) {
	case BLK_READ:
	case BLK_WRITE:
		transfer_next(req);
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
		transfer_release(req);
		req->backing->stats->malformed++;
		request_finish(req, VIRTIO_BLK_S_IOERR);
		return;
	}
	req->stable = blk_write_stable(features, writeback);
	status = VIRTIO_BLK_S_IOERR;
	if (!req->copy_err)
		status = blk_parse(&req->backing->geometry, features, &req->hdr,
				   c->readable - REQUEST_HEADER_LEN, c->writable - 1,
				   &req->blk);
	if (status != VIRTIO_BLK_S_OK) {
		transfer_release(req);
		request_refuse(req, status);
		return;
	}
	request_execute(req);
}

void request_complete(struct request *req, int result)
{
	if (req->blk.op == BLK_READ || req->blk.op == BLK_WRITE) {
		if (result == -EAGAIN || result == -EINTR)
			transfer_submit(req);
		else
			transfer_complete(req, result);
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
	struct stats_disk *s = req->backing->stats;

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
		transfer_release(req);
		request_refuse(req, VIRTIO_BLK_S_IOERR);
		return false;
	}
	transfer_release(req);
	if (!req->last) {
		transfer_next(req);
		return false;
	}
	request_count(req);
	req->used_len = request_used_len(req);
	return true;
}

/*
 * In order, up to the first that still finds no room: a small request behind a
 * large one must not take each piece that becomes free.
 */
static void engine_retry_stalled(struct engine *e)
{
	struct request *req;

	e->retrying = true;
	while ((req = STAILQ_FIRST(&e->stalled))) {
		STAILQ_REMOVE_HEAD(&e->stalled, link);
		transfer_next(req);
		if (STAILQ_FIRST(&e->stalled) == req)
			break;
	}
	e->retrying = false;
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
