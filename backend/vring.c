// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Doors 3 and 8: chains out of the available ring and back through the used
 * ring. The guest may rewrite any byte at any moment. So each shared field is
 * read once, with one access; a chain is bounded by the number of descriptors
 * seen, not by what they say; and nothing that we wrote into shared memory is
 * ever read back.
 */
#include "backend/vring.h"

#include <endian.h>
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

static uint16_t load16(const uint16_t *p)
{
	return le16toh(__atomic_load_n(p, __ATOMIC_RELAXED));
}

static void store16(uint16_t *p, uint16_t v)
{
	__atomic_store_n(p, htole16(v), __ATOMIC_RELAXED);
}

uint32_t vring_desc_bytes(uint32_t num)
{
	return num * (uint32_t)sizeof(struct vring_desc);
}

uint32_t vring_avail_bytes(uint32_t num, bool event_idx)
{
	return 4 + 2 * num + (event_idx ? 2 : 0);
}

uint32_t vring_used_bytes(uint32_t num, bool event_idx)
{
	return 4 + 8 * num + (event_idx ? 2 : 0);
}

/* Behind avail.ring[]: the used index at which the guest wants a signal. */
static uint16_t vring_used_event_of(const struct virtq *vr)
{
	return load16(&vr->avail->ring[vr->num]);
}

/* Behind used.ring[]: the available index at which we want a kick. */
static void vring_set_avail_event(struct virtq *vr, uint16_t v)
{
	store16((uint16_t *)(void *)&vr->used->ring[vr->num], v);
}

int vring_pending(const struct virtq *vr)
{
	/* Pairs with the driver's barrier between entry and index. */
	uint16_t idx = le16toh(__atomic_load_n(&vr->avail->idx,
					       __ATOMIC_ACQUIRE));
	uint16_t n = (uint16_t)(idx - vr->pos->last_avail);

	return n > vr->num ? -EPROTO : n;
}

/*
 * A kill between the two stores of vring_pop() leaves a head that was taken and
 * its entry before us. It must be passed over before the head is returned, or
 * it would be taken again.
 */
static void vring_pass_taken(struct virtq *vr)
{
	struct state_queue *pos = vr->pos;
	uint16_t h;

	if (vring_pending(vr) <= 0)
		return;
	h = load16(&vr->avail->ring[pos->last_avail & (vr->num - 1)]);
	if (h < vr->num && pos->in_flight[h])
		pos->last_avail++;
}

void vring_start(struct virtq *vr)
{
	struct state_queue *pos = vr->pos;

	if (pos->used != pos->used_next) {
		__atomic_store_n(&vr->used->idx, htole16(pos->used_next),
				 __ATOMIC_RELEASE);
		for (uint32_t i = 0; i < vr->num; i++)
			if (pos->in_flight[i] & STATE_DONE)
				pos->in_flight[i] = 0;
		pos->used = pos->used_next;
	}
	vring_pass_taken(vr);
	vr->used_idx = pos->used;
	vr->signalled = pos->used;
	store16(&vr->used->flags, 0);
}

/* One descriptor, copied field by field: 16 bytes can't be read at once. */
static struct vring_desc vring_read_desc(const struct virtq *vr, uint32_t i)
{
	const struct vring_desc *d = &vr->desc[i];
	struct vring_desc copy = {
		.addr = __atomic_load_n(&d->addr, __ATOMIC_RELAXED),
		.len = __atomic_load_n(&d->len, __ATOMIC_RELAXED),
		.flags = __atomic_load_n(&d->flags, __ATOMIC_RELAXED),
		.next = __atomic_load_n(&d->next, __ATOMIC_RELAXED),
	};

	return copy;
}

void chain_enter_table(struct chain *chain)
{
	chain->limit = chain->table.len / sizeof(struct vring_desc);
	chain->next = 0;
}

/* virtio 1.2, 2.7.5.3: one table, at the end of the chain, not in a table. */
static enum chain_answer chain_add_table(const struct virtq *vr,
					 struct chain *chain, uint64_t addr,
					 uint32_t len, uint16_t flags)
{
	if (!vr->indirect || chain->table.len || (flags & VRING_DESC_F_NEXT) ||
	    !len || len % sizeof(struct vring_desc) ||
	    !gpa_range_ok(gpa(addr), len))
		return CHAIN_MALFORMED;
	chain->table.addr = gpa(addr);
	chain->table.len = len;
	return CHAIN_TABLE;
}

static void chain_add_segment(struct chain *chain, uint64_t addr, uint32_t len,
			      bool writable)
{
	if (!len)
		return;
	chain->seg[chain->nseg].addr = gpa_range_ok(gpa(addr), len) ?
				       gpa(addr) : gpa(GPA_NOWHERE);
	chain->seg[chain->nseg].len = len;
	chain->nseg++;
	chain->ends_writable = writable;
	if (writable) {
		chain->writable += len;
		return;
	}
	if (chain->writable)
		chain->bad_order = true;
	chain->readable += len;
	chain->nread++;
}

static enum chain_answer chain_add(const struct virtq *vr, struct chain *chain,
				   const struct vring_desc *desc)
{
	uint16_t flags = le16toh(desc->flags);
	uint32_t len = le32toh(desc->len);
	uint64_t addr = le64toh(desc->addr);

	/* Longer than the queue is a loop, or against 2.7.5.3.1. */
	if (++chain->seen > vr->num + (chain->table.len ? 1u : 0u))
		return CHAIN_MALFORMED;
	if (flags & VRING_DESC_F_INDIRECT)
		return chain_add_table(vr, chain, addr, len, flags);
	if (chain->nseg == vr->num)
		return CHAIN_MALFORMED;
	chain_add_segment(chain, addr, len, flags & VRING_DESC_F_WRITE);
	if (!(flags & VRING_DESC_F_NEXT))
		return chain->bad_order ? CHAIN_MALFORMED : CHAIN_END;
	chain->next = le16toh(desc->next);
	return chain->next < chain->limit ? CHAIN_NEXT : CHAIN_MALFORMED;
}

enum chain_answer vring_chain_add(const struct virtq *vr, struct chain *chain,
				  const struct vring_desc *desc)
{
	enum chain_answer answer = chain_add(vr, chain, desc);

	/* Who knows where a chain ends that was not walked to its end. */
	if (answer == CHAIN_MALFORMED && !chain->bad_order)
		chain->ends_writable = false;
	return answer;
}

bool vring_pop(struct virtq *vr, uint16_t *head)
{
	struct state_queue *pos = vr->pos;
	uint16_t at = pos->last_avail & (vr->num - 1);
	uint16_t h = load16(&vr->avail->ring[at]);

	if (h >= vr->num || pos->in_flight[h]) {
		pos->last_avail++;
		return false;
	}
	pos->in_flight[h] = STATE_TAKEN | (pos->taken++ & STATE_POSITION);
	/* A new process must find the head, or the entry, or both. */
	atomic_signal_fence(memory_order_seq_cst);
	pos->last_avail++;
	*head = h;
	return true;
}

void vring_retake(struct virtq *vr, uint16_t head)
{
	vr->pos->in_flight[head] &= ~STATE_DONE;
}

enum chain_answer vring_read_chain(const struct virtq *vr, uint16_t head,
				   struct chain *chain)
{
	struct mapcache_segment *seg = chain->seg;
	enum chain_answer answer;

	*chain = (struct chain){ .seg = seg, .head = head, .next = head,
				 .limit = vr->num };
	do {
		struct vring_desc d = vring_read_desc(vr, chain->next);

		answer = vring_chain_add(vr, chain, &d);
	} while (answer == CHAIN_NEXT);
	return answer;
}

void vring_push(struct virtq *vr, uint16_t head, uint32_t len)
{
	struct vring_used_elem *e = &vr->used->ring[vr->used_idx &
						    (vr->num - 1)];

	__atomic_store_n(&e->id, htole32(head), __ATOMIC_RELAXED);
	__atomic_store_n(&e->len, htole32(len), __ATOMIC_RELAXED);
	vr->pushed[(uint16_t)(vr->used_idx - vr->pos->used)] = head;
	vr->used_idx++;
	vr->pos->in_flight[head] |= STATE_DONE;
}

uint32_t vring_publish(struct virtq *vr)
{
	struct state_queue *pos = vr->pos;
	uint16_t n = (uint16_t)(vr->used_idx - pos->used);

	if (!n)
		return 0;
	pos->used_next = vr->used_idx;
	/* Pairs with the driver's read barrier after it saw the index. */
	__atomic_store_n(&vr->used->idx, htole16(vr->used_idx),
			 __ATOMIC_RELEASE);
	for (uint32_t i = 0; i < n; i++)
		pos->in_flight[vr->pushed[i]] = 0;
	atomic_signal_fence(memory_order_seq_cst);
	pos->used = vr->used_idx;
	return n;
}

bool vring_wants_irq(struct virtq *vr)
{
	uint16_t old = vr->signalled;

	/*
	 * The used index must be out before we look whether the guest sleeps:
	 * pairs with the full barrier between its used_event and its look at
	 * the used index.
	 */
	atomic_thread_fence(memory_order_seq_cst);
	vr->signalled = vr->used_idx;
	if (vr->event_idx)
		return vring_need_event(vring_used_event_of(vr), vr->used_idx,
					old);
	return !(load16(&vr->avail->flags) & VRING_AVAIL_F_NO_INTERRUPT);
}

void vring_kicks_off(struct virtq *vr)
{
	/* With EVENT_IDX the last avail_event lies behind the guest already. */
	if (!vr->event_idx)
		store16(&vr->used->flags, VRING_USED_F_NO_NOTIFY);
}

void vring_kicks_on(struct virtq *vr, uint32_t after)
{
	if (vr->event_idx)
		vring_set_avail_event(vr, (uint16_t)(vr->pos->last_avail +
						     after - 1));
	else
		store16(&vr->used->flags, 0);
	/*
	 * The wish must be out before we look again: pairs with the full
	 * barrier between the driver's index and its look at the wish.
	 */
	atomic_thread_fence(memory_order_seq_cst);
}
