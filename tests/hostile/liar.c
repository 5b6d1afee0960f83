// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What lies are made of. Nothing here lies by itself: memory is shared as it
 * should be and requests are good, until a lie changes something.
 */
#include "tests/hostile/hostile.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ANSWER_MS 10000

void lie_fail(struct liar *l, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(l->why, sizeof(l->why), fmt, args);
	va_end(args);
	longjmp(l->end, 1);
}

void lie_nap(unsigned int us)
{
	const struct timespec nap = { .tv_sec = us / 1000000,
				      .tv_nsec = us % 1000000 * 1000L };

	nanosleep(&nap, NULL);
}

/* --- memory --------------------------------------------------------------------------- */

struct lie_mem *lie_memory(struct liar *l, uint32_t len, uint32_t offset,
			   enum sim_grant_access access)
{
	struct lie_mem *m = calloc(1, sizeof(*m));
	int ret = m && l->mems < LIE_MEMS ? 0 : -ENOMEM;

	if (!ret)
		ret = gram_alloc(l->ram, &m->buf, len, offset);
	if (!ret)
		ret = gram_share(l->ram, l->kind, m->buf.gpa, len, access,
				 &m->map);
	if (ret) {
		free(m);
		lie_fail(l, "no memory for the lie: %s", strerror(-ret));
	}
	m->access = access;
	l->mem[l->mems++] = m;
	return m;
}

static uint64_t mem_sum(const struct lie_mem *m)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < m->buf.len; i++)
		sum = (sum ^ m->buf.va[i]) * UINT64_C(0x100000001b3);
	return sum;
}

void lie_release(struct liar *l, uint32_t keep)
{
	while (l->mems > keep) {
		struct lie_mem *m = l->mem[--l->mems];

		if (m->access == SIM_GRANT_READ && m->sum &&
		    !l->scribbles && m->sum != mem_sum(m))
			gram_complain(l->ram, "the device wrote to what it may only read");
		gram_unshare(l->ram, &m->map);
		gram_free(l->ram, &m->buf);
		free(m);
	}
}

struct lie_request lie_request(struct liar *l, uint32_t type, uint64_t sector,
			       uint32_t len)
{
	struct lie_request r = {
		.in = type == VIRTIO_BLK_T_IN || type == VIRTIO_BLK_T_GET_ID };
	struct virtio_blk_outhdr h = { .type = type, .sector = sector };

	r.header = lie_memory(l, sizeof(h), 0, SIM_GRANT_READ);
	memcpy(r.header->buf.va, &h, sizeof(h));
	if (len)
		r.data = lie_memory(l, len, 0,
				    r.in ? SIM_GRANT_WRITE : SIM_GRANT_READ);
	r.status = lie_memory(l, 1, 100, SIM_GRANT_WRITE);
	*r.status->buf.va = 0xff;
	return r;
}

uint8_t lie_status(const struct lie_request *r)
{
	return *(volatile uint8_t *)r->status->buf.va;
}

/* --- descriptors ------------------------------------------------------------------------ */

void lie_desc(struct liar *l, uint16_t i, const struct lie_mem *m,
	      uint16_t flags, uint16_t next)
{
	gvring_set_desc(l->ring, i, m->map.addr, m->buf.len,
			flags | (m->access == SIM_GRANT_WRITE ?
				 VRING_DESC_F_WRITE : 0), next);
}

void lie_chain(struct liar *l, uint16_t head, const struct lie_request *r)
{
	uint16_t i = head;

	lie_desc(l, i, r->header, VRING_DESC_F_NEXT, i + 1);
	i++;
	if (r->data) {
		lie_desc(l, i, r->data, VRING_DESC_F_NEXT, i + 1);
		i++;
	}
	lie_desc(l, i, r->status, 0, 0);
}

struct vring_desc *lie_table(struct liar *l, uint32_t n, struct lie_mem **m)
{
	*m = lie_memory(l, n * (uint32_t)sizeof(struct vring_desc), 0,
			SIM_GRANT_READ);
	return (struct vring_desc *)(*m)->buf.va;
}

void lie_table_request(struct vring_desc *table, const struct lie_request *r)
{
	struct gseg segs[3] = {
		{ r->header->map.addr, r->header->buf.len, false },
		{ 0, 0, r->in },
	};
	unsigned int n = 1;

	if (r->data) {
		segs[n].addr = r->data->map.addr;
		segs[n++].len = r->data->buf.len;
	}
	segs[n++] = (struct gseg){ r->status->map.addr, 1, true };
	gvring_fill_table(table, segs, n);
}

/* --- the ring --------------------------------------------------------------------------- */

/* What can be read only must be the same afterwards. */
static void remember_sums(struct liar *l)
{
	for (uint32_t i = 0; i < l->mems; i++)
		if (l->mem[i]->access == SIM_GRANT_READ)
			l->mem[i]->sum = mem_sum(l->mem[i]);
}

void lie_kick(struct liar *l)
{
	remember_sums(l);
	gvring_publish(l->ring);
	gmmio_write(l->mmio, VIRTIO_MMIO_QUEUE_NOTIFY, 0);
}

void lie_send(struct liar *l, uint16_t head)
{
	gvring_offer(l->ring, head);
	lie_kick(l);
}

struct vring_used_elem lie_answer(struct liar *l)
{
	volatile struct vring_used *used = l->ring->vr.used;
	struct vring_used_elem e;
	uint64_t waited = 0;

	while (gvring_used_idx(l->ring) == l->answered) {
		if (waited > ANSWER_MS * 1000)
			lie_fail(l, "no answer (entry %u)", l->answered);
		lie_nap(20);
		waited += 80;	/* about what such a nap takes */
	}
	e.id = used->ring[l->answered & (l->ring->vr.num - 1)].id;
	e.len = used->ring[l->answered & (l->ring->vr.num - 1)].len;
	l->answered++;
	return e;
}

void lie_expect(struct liar *l, uint16_t head, uint32_t len)
{
	struct vring_used_elem e = lie_answer(l);

	EXPECT(e.id == head, "head %u came back, not %u", e.id, head);
	EXPECT(e.len == len, "head %u with length %u, not %u", head, e.len,
	       len);
}

uint8_t lie_do(struct liar *l, const struct lie_request *r)
{
	struct vring_used_elem e;

	lie_chain(l, 0, r);
	lie_send(l, 0);
	e = lie_answer(l);
	EXPECT(e.id == 0, "head %u came back, not 0", e.id);
	return lie_status(r);
}

void lie_refused(struct liar *l, uint16_t head)
{
	lie_send(l, head);
	lie_expect(l, head, 0);
	lie_ping(l);
}

void lie_ping(struct liar *l)
{
	uint16_t head = (uint16_t)(l->ring->vr.num - 3);
	uint32_t keep = l->mems;
	struct lie_request r = lie_request(l, VIRTIO_BLK_T_IN, 0, GBLK_SECTOR);

	lie_chain(l, head, &r);
	lie_send(l, head);
	lie_expect(l, head, GBLK_SECTOR + 1);
	EXPECT(lie_status(&r) == VIRTIO_BLK_S_OK, "a good request got status %u",
	       lie_status(&r));
	lie_release(l, keep);
}

void lie_broken(struct liar *l)
{
	uint32_t status = 0;

	for (int i = 0; i < ANSWER_MS * 10; i++) {
		status = gmmio_read(l->mmio, VIRTIO_MMIO_STATUS);
		if (status & VIRTIO_CONFIG_S_NEEDS_RESET)
			break;
		lie_nap(50);
	}
	EXPECT(status & VIRTIO_CONFIG_S_NEEDS_RESET,
	       "status 0x%x does not ask for a reset", status);
	EXPECT(gmmio_read(l->mmio, VIRTIO_MMIO_INTERRUPT_STATUS) &
	       VIRTIO_MMIO_INT_CONFIG, "no configuration change is announced");
}

void lie_reopen(struct liar *l)
{
	int ret = gblk_close(&l->disk);

	EXPECT(!ret, "closing the disk: %s", strerror(-ret));
	ret = gblk_open(&l->disk, &l->config);
	EXPECT(!ret, "opening the disk again: %s", strerror(-ret));
	l->ring = &l->disk.queue[0].ring;
	l->answered = 0;
}
