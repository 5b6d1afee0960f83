// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The corridor's middle: a drain takes all available chains and walks them
 * through the doors together, because moving bytes between guest and us is a
 * hypercall: one for all indirect tables, one for all headers and write data,
 * and, on the way back, one for all read data and status bytes.
 */
#include "backend/queue.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#include "backend/log.h"
#include "backend/stats.h"

/* Of the arrays in a queue's memory; each is as aligned as the one behind it. */
struct queue_sizes {
	size_t slot, batch, seg, iov, bucket;	/* bytes */
};

static struct queue_sizes queue_sizes(const struct queue *q, uint32_t max_iov)
{
	size_t n = q->size;

	return (struct queue_sizes){
		.slot = n * sizeof(*q->slot),
		.batch = n * sizeof(*q->batch),
		.seg = n * n * sizeof(*q->slot->chain.seg),
		.iov = n * max_iov * sizeof(*q->slot->map.iov),
		.bucket = n * max_iov * sizeof(*q->slot->map.bucket),
	};
}

/*
 * One mapping, not an allocation for each slot: what a guest does not use is
 * never touched, and all of it is gone when the disk is.
 */
/* #syscalls worker: mmap munmap */
int queue_init(struct queue *q, struct backing *backing, uint32_t size)
{
	uint32_t max_iov = request_max_iov(backing->engine, size);
	struct queue_sizes s;
	uint8_t *at;

	*q = (struct queue){ .backing = backing, .size = size };
	s = queue_sizes(q, max_iov);
	q->memory_len = s.slot + s.batch + s.seg + s.iov + s.bucket;
	at = mmap(NULL, q->memory_len, PROT_READ | PROT_WRITE,
		  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at == MAP_FAILED)
		return -ENOMEM;
	q->slot = (void *)at;
	q->batch = (void *)(at += s.slot);
	at += s.batch;
	for (uint32_t i = 0; i < size; i++) {
		struct request *req = &q->slot[i];

		req->backing = backing;
		req->owner = q;
		req->chain.seg = (void *)(at + s.seg / size * i);
		req->map.iov = (void *)(at + s.seg + s.iov / size * i);
		req->map.bucket = (void *)(at + s.seg + s.iov +
					   s.bucket / size * i);
		req->map.max_iov = max_iov;
	}
	return 0;
}

void queue_fini(struct queue *q)
{
	if (q->slot)
		munmap(q->slot, q->memory_len);
	q->slot = NULL;
	q->batch = NULL;
}

static void queue_unpin(struct queue *q)
{
	for (int i = 0; i < 3; i++)
		mapcache_unpin(q->backing->engine->mc, &q->pin[i]);
}

int queue_start(struct queue *q, struct state_queue *regs, uint64_t features)
{
	bool event_idx = features >> VIRTIO_RING_F_EVENT_IDX & 1;
	struct mapcache *mc = q->backing->engine->mc;
	uint32_t num = regs->num;
	int ret;

	ret = mapcache_pin(mc, gpa(regs->desc), vring_desc_bytes(num),
			   MAPCACHE_READ, &q->pin[0]);
	if (!ret)
		ret = mapcache_pin(mc, gpa(regs->driver),
				   vring_avail_bytes(num, event_idx),
				   MAPCACHE_READ, &q->pin[1]);
	if (!ret)
		ret = mapcache_pin(mc, gpa(regs->device),
				   vring_used_bytes(num, event_idx),
				   MAPCACHE_WRITE, &q->pin[2]);
	if (ret) {
		queue_unpin(q);
		return ret;
	}
	q->vr = (struct virtq){
		.pos = regs,
		.desc = q->pin[0].addr,
		.avail = q->pin[1].addr,
		.used = q->pin[2].addr,
		.num = (uint16_t)num,
		.used_idx = regs->used,	/* nothing to publish until resumed */
		.event_idx = event_idx,
		.indirect = features >> VIRTIO_RING_F_INDIRECT_DESC & 1,
	};
	/* Half a ring at most: the guest can fill the other half meanwhile. */
	coalesce_init(&q->coalesce, num / 2);
	q->stopping = false;
	q->broken = false;
	q->started = true;
	return 0;
}

void queue_stop(struct queue *q)
{
	if (q->started)
		queue_unpin(q);
	q->started = false;
	q->stopping = false;
	q->broken = false;	/* the next driver may never start it */
	q->kicked = false;
}

static struct request *queue_take(struct queue *q, uint16_t head)
{
	struct request *req = &q->slot[head];

	request_take(req, &q->vr, head);
	q->in_flight++;
	q->backing->stats->pops++;
	q->backing->stats->in_flight++;
	return req;
}

/* Doors 3 to 6, for a batch that was taken. */
static void queue_run(struct queue *q, uint32_t n,
		      const struct queue_terms *terms)
{
	struct engine *e = q->backing->engine;
	uint32_t num = q->vr.num;

	for (uint32_t i = 0; i < n; i++)
		request_fetch_table(q->batch[i], &e->table[i * num], num);
	mapcache_copy_run(e->mc);
	for (uint32_t i = 0; i < n; i++)
		request_walk_table(q->batch[i], &q->vr, &e->table[i * num],
				   num);
	for (uint32_t i = 0; i < n; i++)
		request_gather(q->batch[i]);
	mapcache_copy_run(e->mc);
	for (uint32_t i = 0; i < n; i++)
		request_start(q->batch[i], terms->features, terms->writeback);
}

static uint32_t queue_collect(struct queue *q, uint32_t pending)
{
	uint32_t n = 0;
	uint16_t head;

	while (pending--) {
		if (vring_pop(&q->vr, &head))
			q->batch[n++] = queue_take(q, head);
		else
			q->backing->stats->skipped++;
	}
	return n;
}

/* The guest moved the index further than the ring is long. */
static void queue_break(struct queue *q)
{
	q->broken = true;
	q->backing->stats->broken++;
	log_guest(&q->backing->limit, q->backing->name,
		  "ring broken: more than %u entries available after %u",
		  q->vr.num, q->vr.pos->last_avail);
}

static int64_t queue_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* Ask for kicks again, and look once more: -EPROTO, or what is there. */
static int queue_arm(struct queue *q)
{
	uint32_t after = q->vr.event_idx ?
			 coalesce_arm(&q->coalesce, queue_now()) : 1;
	int pending;

	vring_kicks_on(&q->vr, after);
	pending = vring_pending(&q->vr);
	q->kicked = pending >= (int)after;
	return pending;
}

void queue_serve(struct queue *q, const struct queue_terms *terms)
{
	int pending;

	q->kicked = false;
	if (!q->started || q->stopping || q->broken)
		return;
	vring_kicks_off(&q->vr);
	pending = vring_pending(&q->vr);
	if (pending >= 0 && q->vr.event_idx)
		coalesce_taken(&q->coalesce, (uint32_t)pending, queue_now());
	if (pending > 0) {
		q->backing->stats->drains++;
		queue_run(q, queue_collect(q, (uint32_t)pending), terms);
	}
	if (pending < 0 || queue_arm(q) < 0)
		queue_break(q);
}

int64_t queue_deadline(const struct queue *q)
{
	return q->started && !q->stopping && !q->broken ?
	       q->coalesce.deadline : 0;
}

void queue_look(struct queue *q, int64_t now)
{
	int pending;

	if (q->kicked || !queue_deadline(q))
		return;
	q->backing->stats->polls++;
	pending = vring_pending(&q->vr);
	q->kicked = pending < 0 ||
		    coalesce_ripe(&q->coalesce, (uint32_t)pending, now);
}

static int queue_compare_position(const void *a, const void *b)
{
	const struct request *const *x = a, *const *y = b;
	const struct queue *q = (*x)->owner;
	const uint32_t *in_flight = q->vr.pos->in_flight;
	uint32_t px = in_flight[*x - q->slot] & STATE_POSITION;
	uint32_t py = in_flight[*y - q->slot] & STATE_POSITION;

	/* Positions wrap; what is in flight lies close together. */
	return ((px - py) & STATE_POSITION) < STATE_DONE / 2 ? px != py : -1;
}

void queue_resume(struct queue *q, const struct queue_terms *terms)
{
	uint32_t n = 0;

	vring_start(&q->vr);
	q->kicked = true;
	for (uint32_t head = 0; head < q->vr.num; head++)
		if (q->vr.pos->in_flight[head])
			q->batch[n++] = &q->slot[head];
	qsort(q->batch, n, sizeof(q->batch[0]), queue_compare_position);
	for (uint32_t i = 0; i < n; i++) {
		uint16_t head = (uint16_t)(q->batch[i] - q->slot);

		vring_retake(&q->vr, head);
		queue_take(q, head);
	}
	queue_run(q, n, terms);
}

void queue_return(struct request *req)
{
	struct queue *q = req->owner;

	vring_push(&q->vr, req->chain.head, req->used_len);
	q->in_flight--;
	q->backing->stats->in_flight--;
	q->backing->stats->pushes++;
}

bool queue_publish(struct queue *q)
{
	return q->started && vring_publish(&q->vr) && vring_wants_irq(&q->vr);
}
