/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One request of the guest, from the moment its chain is taken to the moment
 * its used entry is written: doors 4 to 7.
 *
 * A request is a slot indexed by the chain's head, idle or in flight, nothing
 * else. In flight it goes through
 *
 *   taken      the chain is known, header and payload are on their way
 *   moving     a piece of its data is with the kernel; the slot holds the
 *              piece's buffer or mapping
 *   stalled    no buffer free; on engine.stalled, holds nothing
 *   settling   copies to the guest are queued; on engine.settling; goes on
 *              after the next mapcache_copy_run()
 *
 * and is handed back by engine_settle() when data and status byte are in the
 * guest and nothing of it is mapped any more. Data longer than a buffer moves
 * in pieces, one after another, so any legal length works in bounded memory.
 */
#ifndef BACKEND_REQUEST_H
#define BACKEND_REQUEST_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "backend/blk.h"
#include "backend/log.h"
#include "backend/vring.h"
#include "mapcache/mapcache.h"

struct aio;
struct pool;
struct stats_disk;
struct request;

STAILQ_HEAD(request_list, request);

/* What all requests of a worker share. Zero-initialise, then set the first
 * group; engine_init() does the rest. */
struct engine {
	struct mapcache *mc;
	struct aio *aio;
	struct pool *pool;
	uint32_t bucket_size;		/* bytes */
	uint64_t grant_map_min;		/* data from here on is mapped, bytes */

	struct request_list settling;
	struct request_list stalled;	/* in the order in which they came */
	bool retrying;			/* the first of them */
	struct mapcache_segment slice[STATE_QUEUE_SIZE];	/* scratch */
	struct vring_desc *table;	/* scratch: one indirect table a slot */
};

int engine_init(struct engine *e);
void engine_fini(struct engine *e);

/* The backing store of a queue's requests. */
struct backing {
	struct engine *engine;
	uint32_t file;			/* of aio */
	bool direct;			/* O_DIRECT: data goes through the pool */
	bool can_punch;			/* fallocate modes that worked so far */
	bool can_zero_range;
	struct blk_geometry geometry;
	struct stats_disk *stats;
	const char *name;		/* for the log */
	struct log_limit limit;
};

struct request {
	STAILQ_ENTRY(request) link;
	struct backing *backing;
	void *owner;			/* the queue */
	struct chain chain;
	bool malformed;

	struct virtio_blk_outhdr hdr;
	struct blk_request blk;
	bool stable;			/* before it completes */
	bool last;			/* settling: nothing comes after */
	uint8_t status;
	int copy_err;			/* of header, payload and data copies */
	int status_err;			/* of the status byte's */
	uint32_t used_len;

	uint64_t done;			/* bytes of earlier pieces */
	uint32_t piece;			/* bytes of this one */
	uint32_t piece_done;
	uint8_t *buf;			/* from the pool */
	uint32_t buf_len;
	bool gathered;			/* buf holds this piece's write data */
	bool mapped;
	struct mapcache_map map;

	uint8_t payload[BLK_MAX_RANGES * 16];	/* DISCARD, WRITE_ZEROES */
	struct blk_range range[BLK_MAX_RANGES];
	uint32_t nranges;
	uint32_t range_at;
	uint64_t range_done;		/* bytes zeroed by writing */
	int range_mode;			/* of fallocate; 0: zeroes are written */
	bool syncing;
};

/* iovecs that one piece can need, for chains of up to @num descriptors. */
uint32_t request_max_iov(const struct engine *e, uint32_t num);

#define REQUEST_HEADER_LEN ((uint32_t)sizeof(struct virtio_blk_outhdr))

/* After vring_pop(): the slot becomes taken, its chain is read. */
void request_take(struct request *req, const struct virtq *vr, uint16_t head);
/*
 * Queue the copy of the indirect table, if there is one, into @table, which
 * has room for @num entries. After mapcache_copy_run(): walk it.
 */
void request_fetch_table(struct request *req, struct vring_desc *table,
			 uint32_t num);
void request_walk_table(struct request *req, const struct virtq *vr,
			const struct vring_desc *table, uint32_t num);
/* Queue the copies of header and payload. */
void request_gather(struct request *req);
/* After mapcache_copy_run(): judge and begin. */
void request_start(struct request *req, uint64_t features, uint8_t writeback);
/* Door 7. The kernel is done with a piece: @result bytes or -errno. */
void request_complete(struct request *req, int result);

/*
 * The ends of a request, for its rooms (transfer.c, range.c): with a status;
 * because it was wrong; because the host failed to do @what. All queue the
 * status byte and leave the rest to engine_settle().
 */
void request_finish(struct request *req, uint8_t status);
void request_refuse(struct request *req, uint8_t status);
void request_fail_host(struct request *req, const char *what, int err);

/*
 * Run the queued copies and carry on with every request that waited for them
 * or for a buffer, until none can go on. @returned is called for each request
 * that is complete; its slot is idle then.
 */
void engine_settle(struct engine *e, void (*returned)(struct request *req));

#endif
