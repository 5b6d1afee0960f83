// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests: header, data and status become a chain, or an indirect table where
 * the device knows those, with each piece shared for itself, readable or
 * writable and not more. A returned request is taken apart before anybody hears
 * of it, as in Linux, where that is the moment at which a grant that is still
 * in use costs the disk.
 */
#include "tests/guest/greq.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <linux/virtio_mmio.h>

#define STATUS_NONE 0xff
/* Linux waits for ever; this long a busy host may take to restart a daemon. */
#define DO_TIMEOUT_MS 60000

/* What a request has in the shared pages of its queue. */
struct slot {
	struct virtio_blk_outhdr header;
	uint8_t status;
	uint8_t pad[15];
};

int greq_slots_open(struct gblk_queue *q)
{
	uint16_t num = (uint16_t)q->ring.vr.num;
	int ret = gram_alloc(q->ring.ram, &q->slots,
			     num * (uint32_t)sizeof(struct slot), 0);

	if (ret)
		return ret;
	q->free_slot = calloc(num, sizeof(*q->free_slot));
	if (!q->free_slot)
		return -ENOMEM;
	for (uint16_t i = 0; i < num; i++)
		q->free_slot[i] = i;
	q->free_slots = num;
	return 0;
}

void greq_slots_close(struct gblk_queue *q)
{
	if (q->slots.va)
		gram_free(q->ring.ram, &q->slots);
	free(q->free_slot);
}

static struct slot *greq_slot(const struct gblk_queue *q, const struct greq *r)
{
	return (struct slot *)q->slots.va + r->slot;
}

static uint64_t slot_gpa(const struct gblk_queue *q, const void *p)
{
	return q->slots.gpa + (uint64_t)((const uint8_t *)p - q->slots.va);
}

/* --- send ----------------------------------------------------------------------------- */

/* Each step is reversible: another word is another sum. */
static uint64_t sum_bytes(uint64_t sum, const uint8_t *p, uint32_t len)
{
	const uint64_t prime = UINT64_C(0x100000001b3);
	uint64_t word;

	for (; len >= sizeof(word); len -= sizeof(word), p += sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		sum = (sum ^ word) * prime;
	}
	while (len--)
		sum = (sum ^ *p++) * prime;
	return sum;
}

/* Of all bytes that the device must not change. */
static uint64_t greq_sum(const struct gblk_queue *q, const struct greq *r)
{
	const struct slot *s = greq_slot(q, r);
	uint64_t sum = s->header.sector * 31 + s->header.type;

	for (uint32_t i = 0; !r->in && i < r->count; i++)
		sum = sum_bytes(sum, gram_at(q->ring.ram, r->parts[i].gpa,
					     r->parts[i].len),
				r->parts[i].len);
	return sum;
}

static int greq_share(struct gblk_queue *q, struct greq *r, uint64_t gpa,
		      uint32_t len, bool in, struct gseg *seg)
{
	struct gmap *map = &r->maps[r->shared];
	int ret = gram_share(q->ring.ram, q->disk->config.kind, gpa, len,
			     in ? SIM_GRANT_WRITE : SIM_GRANT_READ, map);

	if (ret)
		return ret;
	r->shared++;
	*seg = (struct gseg){ map->addr, len, in };
	return 0;
}

static void greq_unshare(struct gblk_queue *q, struct greq *r)
{
	while (r->shared)
		gram_unshare(q->ring.ram, &r->maps[--r->shared]);
	if (r->table.va)
		gram_free(q->ring.ram, &r->table);
}

static int greq_segments(struct gblk_queue *q, struct greq *r,
			 struct gseg segs[])
{
	struct slot *s = greq_slot(q, r);
	int ret;

	ret = greq_share(q, r, slot_gpa(q, &s->header), sizeof(s->header),
			 false, &segs[0]);
	for (uint32_t i = 0; !ret && i < r->count; i++)
		ret = greq_share(q, r, r->parts[i].gpa, r->parts[i].len, r->in,
				 &segs[1 + i]);
	if (!ret)
		ret = greq_share(q, r, slot_gpa(q, &s->status), 1, true,
				 &segs[1 + r->count]);
	return ret;
}

static int greq_add_table(struct gblk_queue *q, struct greq *r,
			  const struct gseg segs[], uint32_t n)
{
	uint32_t len = n * (uint32_t)sizeof(struct vring_desc);
	struct gseg seg;
	int ret = gram_alloc(q->ring.ram, &r->table, len, 0);

	if (ret)
		return ret;
	gvring_fill_table((struct vring_desc *)r->table.va, segs, n);
	ret = greq_share(q, r, r->table.gpa, len, false, &seg);
	return ret ? ret : gvring_add_table(&q->ring, seg.addr, len, r);
}

static int greq_add(struct gblk_queue *q, struct greq *r)
{
	bool table = gblk_has(q->disk, VIRTIO_RING_F_INDIRECT_DESC) &&
		!r->direct;
	uint32_t n = r->count + 2;
	struct gseg segs[GBLK_PARTS + 2];
	struct slot *s;
	int ret;

	if (!q->free_slots || q->ring.free < (table ? 1 : n))
		return -ENOSPC;
	r->slot = q->free_slot[--q->free_slots];
	s = greq_slot(q, r);
	s->header = (struct virtio_blk_outhdr){
		.type = r->type, .sector = r->sector };
	s->status = STATUS_NONE;
	r->sum = greq_sum(q, r);
	ret = greq_segments(q, r, segs);
	if (!ret)
		ret = table ? greq_add_table(q, r, segs, n) :
			gvring_add(&q->ring, segs, n, r);
	if (ret >= 0)
		return 0;
	greq_unshare(q, r);
	q->free_slot[q->free_slots++] = r->slot;
	return ret;
}

int gblk_send(struct gblk_queue *q, struct greq *r)
{
	bool kick = false;
	int ret;

	if (r->count > GBLK_PARTS || r->count + 2 > q->ring.vr.num)
		return -EINVAL;
	r->returned = false;
	r->lost = false;
	r->shared = 0;
	r->table = (struct gbuf){ 0 };
	pthread_mutex_lock(&q->lock);
	ret = greq_add(q, r);
	if (!ret)
		kick = gvring_publish(&q->ring);
	pthread_mutex_unlock(&q->lock);
	if (kick)
		gmmio_write(&q->disk->mmio, VIRTIO_MMIO_QUEUE_NOTIFY,
			    q->index);
	return ret;
}

/* --- return ---------------------------------------------------------------------------- */

static int status_errno(uint8_t status)
{
	switch (status) {
	case VIRTIO_BLK_S_OK:
		return 0;
	case VIRTIO_BLK_S_UNSUPP:
		return -EOPNOTSUPP;
	default:
		return -EIO;
	}
}

static uint64_t greq_writable(const struct greq *r)
{
	uint64_t len = 1;

	for (uint32_t i = 0; r->in && i < r->count; i++)
		len += r->parts[i].len;
	return len;
}

static void greq_judge(struct gblk_queue *q, struct greq *r)
{
	struct gram *ram = q->ring.ram;

	if (r->written > greq_writable(r))
		gram_complain(ram, "%u bytes written, says the device, but there is room for %llu",
			      r->written,
			      (unsigned long long)greq_writable(r));
	else if (r->written == greq_writable(r) && r->status == STATUS_NONE)
		gram_complain(ram, "no status, but the device says it is written");
	else if (r->status > VIRTIO_BLK_S_UNSUPP)
		gram_complain(ram, "status %u", r->status);
	if (greq_sum(q, r) != r->sum)
		gram_complain(ram, "the device wrote to what it may only read");
}

static void greq_finish(struct gblk_queue *q, struct greq *r)
{
	r->returned = true;
	if (r->lost)
		free(r);
	else
		pthread_cond_broadcast(&q->returned);
}

static void greq_return(struct gblk_queue *q, struct greq *r)
{
	r->status = greq_slot(q, r)->status;
	r->ret = status_errno(r->status);
	if (!r->lost)
		greq_judge(q, r);
	greq_unshare(q, r);
	q->free_slot[q->free_slots++] = r->slot;
	greq_finish(q, r);
}

void greq_reap(struct gblk_queue *q)
{
	struct greq *r;
	uint32_t written;

	pthread_mutex_lock(&q->lock);
	do {
		gvring_irq_off(&q->ring);
		while ((r = gvring_take(&q->ring, &written))) {
			r->written = written;
			greq_return(q, r);
		}
	} while (gvring_irq_on(&q->ring));
	if (q->disk->broken)
		pthread_cond_broadcast(&q->returned);
	pthread_mutex_unlock(&q->lock);
}

void greq_cancel(struct gblk_queue *q)
{
	pthread_mutex_lock(&q->lock);
	for (uint16_t i = 0; i < q->ring.vr.num; i++) {
		struct greq *r = q->ring.own[i].token;

		if (!r)
			continue;
		greq_unshare(q, r);
		r->ret = -ECANCELED;
		greq_finish(q, r);
	}
	pthread_mutex_unlock(&q->lock);
}

/* Until the request returns; with the lock. */
static int wait_locked(struct gblk_queue *q, const bool *returned,
		       int timeout_ms)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += timeout_ms / 1000;
	until.tv_nsec += timeout_ms % 1000 * 1000000L;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	while (!*returned && !q->disk->broken)
		if (pthread_cond_timedwait(&q->returned, &q->lock, &until))
			break;
	return *returned ? 0 : q->disk->broken ? -EIO : -ETIMEDOUT;
}

int gblk_wait(struct gblk_queue *q, struct greq *r, int timeout_ms)
{
	int ret;

	pthread_mutex_lock(&q->lock);
	ret = wait_locked(q, &r->returned, timeout_ms);
	if (ret == -ETIMEDOUT && gvring_has_used(&q->ring))
		gram_complain(q->ring.ram, "no interrupt for what was returned");
	pthread_mutex_unlock(&q->lock);
	return ret ? ret : r->ret;
}

/* Still out, but nobody waits for it: the ring gets a copy to return. */
static void greq_lose(struct gblk_queue *q, struct greq *r)
{
	struct greq *copy = malloc(sizeof(*copy));

	pthread_mutex_lock(&q->lock);
	for (uint16_t i = 0; copy && i < q->ring.vr.num; i++) {
		if (q->ring.own[i].token != r)
			continue;
		*copy = *r;
		copy->lost = true;
		q->ring.own[i].token = copy;
		copy = NULL;
	}
	pthread_mutex_unlock(&q->lock);
	free(copy);
}

int gblk_do(struct gblk_queue *q, struct greq *r)
{
	int ret = gblk_send(q, r);

	for (int i = 0; ret == -ENOSPC && i < DO_TIMEOUT_MS; i++) {
		struct timespec nap = { .tv_nsec = 1000000 };

		nanosleep(&nap, NULL);
		ret = gblk_send(q, r);
	}
	if (ret)
		return ret;
	ret = gblk_wait(q, r, DO_TIMEOUT_MS);
	if (!r->returned)
		greq_lose(q, r);
	return ret;
}
