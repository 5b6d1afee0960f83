// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The device is in another process and believes nothing; this side is as
 * careful as Linux is: what the device must not change is kept in private
 * memory as well, and a used entry has to name a head that is out.
 */
#include "tests/guest/gvring.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NONE UINT16_MAX

/* The used ring may begin anywhere that is aligned to 4; Linux takes a page. */
#define RING_ALIGN SIM_PAGE

int gvring_open(struct gvring *vq, struct gram *ram, enum gaddr kind,
		uint16_t num, bool event_idx)
{
	int ret;

	*vq = (struct gvring){ .ram = ram, .event_idx = event_idx,
			       .free = num };
	vq->own = calloc(num, sizeof(*vq->own));
	if (!vq->own)
		return -ENOMEM;
	ret = gram_alloc(ram, &vq->mem, vring_size(num, RING_ALIGN), 0);
	if (ret)
		goto free_own;
	ret = gram_share(ram, kind, vq->mem.gpa, vq->mem.len, SIM_GRANT_WRITE,
			 &vq->map);
	if (ret)
		goto free_mem;
	vring_init(&vq->vr, num, vq->mem.va, RING_ALIGN);
	for (uint16_t i = 0; i < num; i++)
		vq->own[i].next = i + 1 < num ? i + 1 : NONE;
	return 0;
free_mem:
	gram_free(ram, &vq->mem);
free_own:
	free(vq->own);
	return ret;
}

int gvring_close(struct gvring *vq)
{
	int ret = gram_unshare(vq->ram, &vq->map);

	gram_free(vq->ram, &vq->mem);
	free(vq->own);
	vq->own = NULL;
	return ret;
}

static uint64_t ring_addr(const struct gvring *vq, const volatile void *part)
{
	return vq->map.addr + (uint64_t)((const volatile uint8_t *)part -
					 vq->mem.va);
}

uint64_t gvring_desc_addr(const struct gvring *vq)
{
	return ring_addr(vq, vq->vr.desc);
}

uint64_t gvring_driver_addr(const struct gvring *vq)
{
	return ring_addr(vq, vq->vr.avail);
}

uint64_t gvring_device_addr(const struct gvring *vq)
{
	return ring_addr(vq, vq->vr.used);
}

/* --- to the device ----------------------------------------------------------------- */

void gvring_set_desc(struct gvring *vq, uint16_t i, uint64_t addr, uint32_t len,
		     uint16_t flags, uint16_t next)
{
	vq->own[i].desc = (struct vring_desc){
		.addr = addr, .len = len, .flags = flags, .next = next };
	vq->vr.desc[i] = vq->own[i].desc;
}

void gvring_offer(struct gvring *vq, uint16_t head)
{
	vq->vr.avail->ring[vq->avail_idx++ & (vq->vr.num - 1)] = head;
}

/* A head for @count descriptors, linked by own[].next; they are ours now. */
static int take_free(struct gvring *vq, unsigned int count, void *token)
{
	uint16_t head = vq->free_head, last = head;

	if (!count || count > vq->free)
		return -ENOSPC;
	for (unsigned int i = 1; i < count; i++)
		last = vq->own[last].next;
	vq->free_head = vq->own[last].next;
	vq->free -= (uint16_t)count;
	vq->own[head].token = token;
	vq->own[head].count = (uint16_t)count;
	return head;
}

int gvring_add(struct gvring *vq, const struct gseg *segs, unsigned int n,
	       void *token)
{
	int head = take_free(vq, n, token);
	uint16_t i = (uint16_t)head;

	if (head < 0)
		return head;
	for (unsigned int k = 0; k < n; k++) {
		bool last = k + 1 == n;

		gvring_set_desc(vq, i, segs[k].addr, segs[k].len,
				(segs[k].in ? VRING_DESC_F_WRITE : 0) |
				(last ? 0 : VRING_DESC_F_NEXT),
				last ? 0 : vq->own[i].next);
		i = vq->own[i].next;
	}
	gvring_offer(vq, (uint16_t)head);
	return head;
}

void gvring_fill_table(struct vring_desc *table, const struct gseg *segs,
		       unsigned int n)
{
	for (unsigned int k = 0; k < n; k++)
		table[k] = (struct vring_desc){
			.addr = segs[k].addr, .len = segs[k].len,
			.flags = (segs[k].in ? VRING_DESC_F_WRITE : 0) |
				(k + 1 < n ? VRING_DESC_F_NEXT : 0),
			.next = k + 1 < n ? (uint16_t)(k + 1) : 0 };
}

int gvring_add_table(struct gvring *vq, uint64_t addr, uint32_t len,
		     void *token)
{
	int head = take_free(vq, 1, token);

	if (head < 0)
		return head;
	gvring_set_desc(vq, (uint16_t)head, addr, len, VRING_DESC_F_INDIRECT,
			0);
	gvring_offer(vq, (uint16_t)head);
	return head;
}

/* The two event indices lie behind the rings (2.7.6, 2.7.8). */
static uint16_t *used_event(const struct gvring *vq)
{
	return &vq->vr.avail->ring[vq->vr.num];
}

static uint16_t *avail_event(const struct gvring *vq)
{
	return (void *)&vq->vr.used->ring[vq->vr.num];
}

bool gvring_publish(struct gvring *vq)
{
	uint16_t old = vq->kicked_idx, new = vq->avail_idx;

	/* Entries before the index, whose reader acquires. */
	__atomic_store_n(&vq->vr.avail->idx, new, __ATOMIC_RELEASE);
	/* The index before we look whether the device wants to hear of it. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	vq->kicked_idx = new;
	if (vq->event_idx)
		return vring_need_event(
			__atomic_load_n(avail_event(vq), __ATOMIC_RELAXED),
			new, old);
	return new != old && !(__atomic_load_n(&vq->vr.used->flags,
					       __ATOMIC_RELAXED) &
			       VRING_USED_F_NO_NOTIFY);
}

/* --- from the device ---------------------------------------------------------------- */

uint16_t gvring_used_idx(const struct gvring *vq)
{
	/* Pairs with the device's release: entries are there before it. */
	return __atomic_load_n(&vq->vr.used->idx, __ATOMIC_ACQUIRE);
}

bool gvring_has_used(const struct gvring *vq)
{
	return gvring_used_idx(vq) != vq->last_used;
}

static void give_free(struct gvring *vq, uint16_t head)
{
	uint16_t last = head;

	for (uint16_t i = 1; i < vq->own[head].count; i++)
		last = vq->own[last].next;
	vq->own[last].next = vq->free_head;
	vq->free_head = head;
	vq->free += vq->own[head].count;
	vq->own[head].token = NULL;
}

void *gvring_take(struct gvring *vq, uint32_t *written)
{
	while (gvring_has_used(vq)) {
		struct vring_used_elem e =
			vq->vr.used->ring[vq->last_used++ & (vq->vr.num - 1)];
		void *token = e.id < vq->vr.num ? vq->own[e.id].token : NULL;

		if (token) {
			give_free(vq, (uint16_t)e.id);
			*written = e.len;
			return token;
		}
		gram_complain(vq->ram, "used entry names head %u, which is not out",
			      e.id);
	}
	return NULL;
}

void gvring_irq_off(struct gvring *vq)
{
	if (vq->event_idx)
		/* As far away as can be; nothing turns it off for good. */
		__atomic_store_n(used_event(vq), (uint16_t)(vq->last_used - 1),
				 __ATOMIC_RELAXED);
	else
		__atomic_store_n(&vq->vr.avail->flags,
				 VRING_AVAIL_F_NO_INTERRUPT, __ATOMIC_RELAXED);
}

bool gvring_irq_on(struct gvring *vq)
{
	if (vq->event_idx)
		__atomic_store_n(used_event(vq), vq->last_used,
				 __ATOMIC_RELAXED);
	else
		__atomic_store_n(&vq->vr.avail->flags, 0, __ATOMIC_RELAXED);
	/* The wish before we look again. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return gvring_has_used(vq);
}

int gvring_check(const struct gvring *vq)
{
	for (uint16_t i = 0; i < vq->vr.num; i++) {
		if (!memcmp(&vq->own[i].desc, &vq->vr.desc[i],
			    sizeof(vq->own[i].desc)))
			continue;
		gram_complain(vq->ram, "somebody wrote to descriptor %u", i);
		return -EIO;
	}
	return 0;
}
