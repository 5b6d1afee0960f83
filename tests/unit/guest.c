// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A driver's half of a ring, one store after another, as the specification
 * lists them (virtio 1.2, 2.7.13 and 2.7.14).
 */
#include "tests/unit/guest.h"

#include <endian.h>
#include <string.h>

void guest_ring_init(struct guest_ring *r, void *desc, void *avail, void *used,
		     uint16_t num, uint16_t start)
{
	*r = (struct guest_ring){
		.desc = desc, .avail = avail, .used = used, .num = num,
		.avail_idx = start, .used_idx = start,
	};
	memset(desc, 0, GUEST_DESC_BYTES(num));
	memset(avail, 0, GUEST_AVAIL_BYTES(num));
	memset(used, 0, GUEST_USED_BYTES(num));
	r->avail->idx = htole16(start);
	r->used->idx = htole16(start);
}

void guest_desc(struct vring_desc *d, uint64_t addr, uint32_t len,
		uint16_t flags, uint16_t next)
{
	d->addr = htole64(addr);
	d->len = htole32(len);
	d->flags = htole16(flags);
	d->next = htole16(next);
}

void guest_write_entry(struct guest_ring *r, uint16_t head)
{
	r->avail->ring[r->avail_idx++ % r->num] = htole16(head);
}

void guest_set_avail_idx(struct guest_ring *r, uint16_t idx)
{
	__atomic_store_n(&r->avail->idx, htole16(idx), __ATOMIC_SEQ_CST);
}

void guest_offer(struct guest_ring *r, uint16_t head)
{
	guest_write_entry(r, head);
	guest_set_avail_idx(r, r->avail_idx);
}

uint16_t guest_used(const struct guest_ring *r)
{
	uint16_t idx = le16toh(__atomic_load_n(&r->used->idx,
					       __ATOMIC_ACQUIRE));

	return (uint16_t)(idx - r->used_idx);
}

bool guest_take(struct guest_ring *r, uint32_t *id, uint32_t *len)
{
	const struct vring_used_elem *e = &r->used->ring[r->used_idx % r->num];

	if (!guest_used(r))
		return false;
	*id = le32toh(e->id);
	*len = le32toh(e->len);
	r->used_idx++;
	return true;
}

void guest_avail_flags(struct guest_ring *r, uint16_t flags)
{
	r->avail->flags = htole16(flags);
}

void guest_used_event(struct guest_ring *r, uint16_t idx)
{
	r->avail->ring[r->num] = htole16(idx);
}

uint16_t guest_avail_event(const struct guest_ring *r)
{
	const uint8_t *at = (const uint8_t *)r->used + 4 + 8u * r->num;

	return (uint16_t)(at[0] | at[1] << 8);
}

uint16_t guest_used_flags(const struct guest_ring *r)
{
	return le16toh(r->used->flags);
}
