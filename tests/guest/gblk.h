/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A virtio block driver (virtio 1.2, 5.2), well-behaved, and as suspicious of
 * the device as Linux: each request's memory is shared when it is sent and
 * taken back as soon as it has returned, and whatever the device did wrong is a
 * complaint (gram_complain()).
 *
 * An interrupt thread for each disk acknowledges interrupts and takes what has
 * been returned, so an interrupt that does not come is a request that does not
 * return. Any thread may send requests and wait for them; queues have locks.
 */
#ifndef GUEST_GBLK_H
#define GUEST_GBLK_H

#include <linux/virtio_blk.h>

#include "tests/guest/gmmio.h"
#include "tests/guest/gram.h"
#include "tests/guest/gvring.h"

#define GBLK_QUEUES 8
#define GBLK_PARTS 254	/* pieces of data in a request */
#define GBLK_SECTOR 512u

struct gblk_config {
	struct gram *ram;
	struct gvcpu *vcpu;	/* registers, and kicks */
	uint64_t base;
	uint32_t irq;
	enum gaddr kind;
	uint64_t refuse;	/* features not to accept, though offered */
	uint16_t queue_size;	/* at most; 0: what the device can */
	uint16_t queues;	/* at most; 0: what the device has */
	bool raw;		/* no interrupt thread: the caller has the rings */
};

struct gblk_queue {
	struct gblk *disk;
	uint16_t index;
	pthread_mutex_t lock;
	pthread_cond_t returned;
	struct gvring ring;
	struct gbuf slots;	/* header and status of each request */
	uint16_t *free_slot;
	uint16_t free_slots;
};

struct gblk {
	struct gblk_config config;
	struct gram *ram;
	struct gmmio mmio;
	uint64_t features;
	struct virtio_blk_config space;
	uint32_t parts_max;	/* seg_max, as far as we use it */
	uint16_t queues;
	struct gblk_queue queue[GBLK_QUEUES];
	atomic_bool broken;	/* the device asked for a reset */
	atomic_bool stop;
	atomic_uint interrupts;
	pthread_t thread;
};

/* Reset, features, queues, DRIVER_OK. Whatever fails, the device is reset. */
int gblk_open(struct gblk *disk, const struct gblk_config *config);
/*
 * Reset; requests that are out return -ECANCELED. Rings are taken back:
 * -EBUSY if one is still in use.
 */
int gblk_close(struct gblk *disk);
/* The two halves of gblk_open(), for who wants something between them. */
int gblk_negotiate(struct gblk *disk, const struct gblk_config *config);
int gblk_start(struct gblk *disk);

static inline uint64_t gblk_bytes(const struct gblk *disk)
{
	return disk->space.capacity * GBLK_SECTOR;
}

static inline bool gblk_has(const struct gblk *disk, unsigned int feature)
{
	return disk->features >> feature & 1;
}

struct gpart {
	uint64_t gpa;
	uint32_t len;
};

/* Belongs to the driver from gblk_send() until @returned. */
struct greq {
	uint32_t type;		/* VIRTIO_BLK_T_* */
	uint64_t sector;
	const struct gpart *parts;
	uint32_t count;
	bool in;		/* the device writes the parts */
	bool direct;		/* no indirect table */

	bool returned;
	bool lost;		/* nobody waits any more; it is on the heap */
	int ret;		/* 0, -EIO, -EOPNOTSUPP, -ECANCELED */
	uint8_t status;
	uint32_t written;

	/* the driver's own */
	uint16_t slot;
	uint64_t sum;		/* of what the device may only read */
	struct gbuf table;
	struct gmap maps[GBLK_PARTS + 3];
	uint32_t shared;
};

/* -ENOSPC: no room in the ring now. -EINVAL: too many parts. */
int gblk_send(struct gblk_queue *q, struct greq *r);
/* -ETIMEDOUT, and it is still out; -EIO when the device broke; or r->ret. */
int gblk_wait(struct gblk_queue *q, struct greq *r, int timeout_ms);
/*
 * Send when there is room, and wait: ten seconds at most. @r is the caller's
 * again in any case, but what it points to is not after -ETIMEDOUT, or if the
 * device broke.
 */
int gblk_do(struct gblk_queue *q, struct greq *r);

/* Data in and out of ordinary memory; any length that is whole sectors. */
int gblk_read(struct gblk_queue *q, uint64_t offset, void *buf, size_t len);
int gblk_write(struct gblk_queue *q, uint64_t offset, const void *buf,
	       size_t len);
int gblk_flush(struct gblk_queue *q);
/* @type: VIRTIO_BLK_T_DISCARD or _WRITE_ZEROES; ranges of any size. */
int gblk_clear(struct gblk_queue *q, uint32_t type, uint64_t offset,
	       uint64_t len, uint32_t flags);
int gblk_id(struct gblk_queue *q, char id[VIRTIO_BLK_ID_BYTES + 1]);

/* gvring_check() of all queues. */
int gblk_check(struct gblk *disk);

#endif
