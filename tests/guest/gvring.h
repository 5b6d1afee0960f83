/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A split virtqueue, the driver's side (virtio 1.2, 2.7). Well-behaved by
 * itself; but all of it is in the open, so who wants to lie writes to @vr as
 * the device sees it, or uses the functions in the last part.
 *
 * Locking: one thread at a time for each ring.
 */
#ifndef GUEST_GVRING_H
#define GUEST_GVRING_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/virtio_ring.h>

#include "tests/guest/gram.h"

struct gvring {
	struct gram *ram;
	struct gbuf mem;
	struct gmap map;
	struct vring vr;
	bool event_idx;
	uint16_t avail_idx;	/* of the next entry, published or not */
	uint16_t kicked_idx;	/* what the device was told of last */
	uint16_t last_used;	/* of the next entry to take */
	uint16_t free_head, free;
	struct gvring_own *own;	/* one for each descriptor, not shared */
};

struct gvring_own {
	struct vring_desc desc;	/* as we wrote it */
	void *token;		/* of the chain with this head; NULL: none */
	uint16_t next;
	uint16_t count;		/* descriptors of that chain */
};

/* One piece of memory, in words the device understands. */
struct gseg {
	uint64_t addr;
	uint32_t len;
	bool in;		/* the device writes it */
};

/* A ring of @num entries in memory of its own. */
int gvring_open(struct gvring *vq, struct gram *ram, enum gaddr kind,
		uint16_t num, bool event_idx);
/* The device must have let go of it: -EBUSY, and a complaint. */
int gvring_close(struct gvring *vq);
uint64_t gvring_desc_addr(const struct gvring *vq);
uint64_t gvring_driver_addr(const struct gvring *vq);
uint64_t gvring_device_addr(const struct gvring *vq);

/*
 * A chain of @n segments; @token, not NULL, comes back with it. Returns the
 * head, or -ENOSPC.
 */
int gvring_add(struct gvring *vq, const struct gseg *segs, unsigned int n,
	       void *token);
/* The same by an indirect table, which gvring_fill_table() has filled. */
int gvring_add_table(struct gvring *vq, uint64_t addr, uint32_t len,
		     void *token);
void gvring_fill_table(struct vring_desc *table, const struct gseg *segs,
		       unsigned int n);
/* Let the device see what was added. true: it wants to be kicked. */
bool gvring_publish(struct gvring *vq);

/*
 * The token of a chain that the device is done with, and how many bytes it says
 * it has written. NULL: nothing. Complains of heads that are not out.
 */
void *gvring_take(struct gvring *vq, uint32_t *written);
bool gvring_has_used(const struct gvring *vq);
void gvring_irq_off(struct gvring *vq);
/* true: something arrived meanwhile, for which there may be no interrupt. */
bool gvring_irq_on(struct gvring *vq);

/* Complains if anything was changed that is the driver's to write: -EIO. */
int gvring_check(const struct gvring *vq);

/* --- for those who lie ------------------------------------------------------------- */

/* Descriptor @i becomes this, whatever it was. gvring_check() agrees. */
void gvring_set_desc(struct gvring *vq, uint16_t i, uint64_t addr, uint32_t len,
		     uint16_t flags, uint16_t next);
/* @head goes into the next entry of the available ring. */
void gvring_offer(struct gvring *vq, uint16_t head);
uint16_t gvring_used_idx(const struct gvring *vq);

#endif
