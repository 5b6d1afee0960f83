/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The driver side of a split virtqueue, written from virtio 1.2, 2.7: what a
 * guest writes into its memory and reads out of it. Knows nothing of how a
 * device works. The structures are the kernel's.
 */
#ifndef TESTS_UNIT_GUEST_H
#define TESTS_UNIT_GUEST_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/virtio_ring.h>

struct guest_ring {
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
	uint16_t num;
	uint16_t avail_idx;	/* next entry to offer */
	uint16_t used_idx;	/* next entry to look at */
};

/* Bytes of the three areas (2.7: 16n, 6 + 2n, 6 + 8n). */
#define GUEST_DESC_BYTES(num)  (16u * (num))
#define GUEST_AVAIL_BYTES(num) (6u + 2u * (num))
#define GUEST_USED_BYTES(num)  (6u + 8u * (num))

/* Both indices begin at @start; a driver's begin at 0. */
void guest_ring_init(struct guest_ring *r, void *desc, void *avail, void *used,
		     uint16_t num, uint16_t start);

void guest_desc(struct vring_desc *d, uint64_t addr, uint32_t len,
		uint16_t flags, uint16_t next);

/* Offer a chain; or only write the entry, and offer what was written. */
void guest_offer(struct guest_ring *r, uint16_t head);
void guest_write_entry(struct guest_ring *r, uint16_t head);
void guest_set_avail_idx(struct guest_ring *r, uint16_t idx);

/* A chain came back: true, with its head and length. */
bool guest_take(struct guest_ring *r, uint32_t *id, uint32_t *len);
/* Used entries that wait. */
uint16_t guest_used(const struct guest_ring *r);

void guest_avail_flags(struct guest_ring *r, uint16_t flags);
/* 2.7.7: with EVENT_IDX, behind the available ring. */
void guest_used_event(struct guest_ring *r, uint16_t idx);
/* 2.7.10: what the device wrote behind the used ring, and in front of it. */
uint16_t guest_avail_event(const struct guest_ring *r);
uint16_t guest_used_flags(const struct guest_ring *r);

#endif
