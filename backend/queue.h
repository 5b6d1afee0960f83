/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One virtqueue of a disk: its ring, its request slots, and the corridor that
 * a batch of requests walks. One slot per head.
 *
 *   stopped    no ring is mapped; serves nothing
 *   started    ring mapped; served when kicked
 *   stopping   takes nothing new; requests under way are finished and
 *              returned; queue_stop() when none is left
 */
#ifndef BACKEND_QUEUE_H
#define BACKEND_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/coalesce.h"
#include "backend/request.h"
#include "backend/vring.h"

struct queue {
	struct backing *backing;
	struct virtq vr;
	struct mapcache_pin pin[3];	/* desc, driver, device area */
	bool started;
	bool stopping;
	bool kicked;		/* to be looked at in this round */
	struct coalesce coalesce;
	bool broken;		/* the guest has to reset the device */
	uint32_t in_flight;
	uint32_t size;		/* slots */
	struct request *slot;	/* the beginning of the queue's memory */
	struct request **batch;	/* scratch of one drain */
	size_t memory_len;	/* bytes */
};

/* What the device agreed on, for queue_serve(). */
struct queue_terms {
	uint64_t features;
	uint8_t writeback;
};

/* Slots and their arrays; everything that is ever allocated. */
int queue_init(struct queue *q, struct backing *backing, uint32_t size);
void queue_fini(struct queue *q);

/*
 * Map the ring whose registers are in @regs and take it up at the position
 * they hold. -errno leaves the queue stopped.
 */
int queue_start(struct queue *q, struct state_queue *regs, uint64_t features);
/* Unmap the ring. Nothing may be in flight. */
void queue_stop(struct queue *q);

/*
 * Doors 3 to 6 for at most one ring's worth of new requests. If more is
 * waiting afterwards, q->kicked stays set, else kicks are on again.
 */
void queue_serve(struct queue *q, const struct queue_terms *terms);
/*
 * When to look at the ring even without a kick, in the time of
 * CLOCK_MONOTONIC, nanoseconds; 0: never. A queue whose time has come, or
 * whose batch is there, becomes kicked by queue_look().
 */
int64_t queue_deadline(const struct queue *q);
void queue_look(struct queue *q, int64_t now);
/* The same for what was in flight when an earlier process ended. */
void queue_resume(struct queue *q, const struct queue_terms *terms);
/* Door 8: write the used entry of a finished request. */
void queue_return(struct request *req);
/* Publish what was returned. True if the guest wants to hear of it. */
bool queue_publish(struct queue *q);

#endif
