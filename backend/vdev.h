/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A virtio device without its transport: status, features, queue set-up and
 * interrupt status, as a pure state machine. A transport (vmmio.h) decodes the
 * guest's register accesses into these calls; what a call asks of the rest of
 * the program comes back as an effect, which device.c carries out.
 *
 * The registers live in struct state_disk, which outlives the process. Nothing
 * here touches guest memory. Every call is total: whatever the guest writes,
 * in whatever order, is either legal or without effect.
 *
 * An effect that takes time (STOP_QUEUE, RESET) changes nothing by itself: the
 * caller lets go of the rings first and then says so, vdev_queue_stopped() or
 * vdev_reset(). Until then the same call gives the same effect again.
 * (virtio 1.2: 2.1, 2.2, 2.6, 3.1)
 */
#ifndef BACKEND_VDEV_H
#define BACKEND_VDEV_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/state.h"

enum vdev_effect_kind {
	VDEV_NOTHING,
	VDEV_KICK,		/* queue has new entries, perhaps */
	VDEV_ENABLE_QUEUE,	/* map its ring, then vdev_queue_enabled() */
	VDEV_STOP_QUEUE,	/* let go, then vdev_queue_stopped() */
	VDEV_RESET_DEVICE,	/* let go of all, then vdev_reset() */
	VDEV_FEATURES,		/* act on them, then vdev_features_agreed() */
	VDEV_DRIVER_OK,		/* the driver is ready */
	VDEV_CONFIG_WRITE,	/* offset, size, data */
};

struct vdev_effect {
	enum vdev_effect_kind kind;
	uint32_t queue;
	uint32_t offset;	/* in the configuration space */
	uint32_t size;		/* bytes */
	uint64_t data;
};

struct vdev {
	struct state_disk *reg;
	uint64_t offered;	/* feature bits */
	uint32_t num_queues;
	uint32_t queue_size_max;
	uint32_t device_id;	/* VIRTIO_ID_... */
};

/* The device's registers as after power-on; none that belong to the bus. */
void vdev_reset(struct vdev *v);

uint32_t vdev_status(const struct vdev *v);
struct vdev_effect vdev_write_status(struct vdev *v, uint32_t value);
/* FEATURES_OK: what follows from them holds. A worker may be killed before. */
void vdev_features_agreed(struct vdev *v);
/*
 * DRIVER_OK is set, neither FAILED nor NEEDS_RESET is, and the bus lets the
 * device reach memory.
 */
bool vdev_running(const struct vdev *v);
/*
 * The device can't go on. True if it is news for the driver, which has to be
 * told by a configuration change.
 */
bool vdev_needs_reset(struct vdev *v);
/* It can't, and there is a driver that has to know. */
bool vdev_asks_for_reset(const struct vdev *v);

uint32_t vdev_device_features(const struct vdev *v, uint32_t word);
void vdev_write_driver_features(struct vdev *v, uint32_t word, uint32_t value);
bool vdev_has(const struct vdev *v, unsigned int feature_bit);

/* Registers of queue @q; NULL if there is no such queue. */
struct state_queue *vdev_queue(struct vdev *v, uint32_t q);
void vdev_write_queue_num(struct vdev *v, uint32_t q, uint32_t num);
enum vdev_queue_address { VDEV_DESC, VDEV_DRIVER, VDEV_DEVICE };
/* One half of an address; @high 0 or 1. */
void vdev_write_queue_address(struct vdev *v, uint32_t q,
			      enum vdev_queue_address which, int high,
			      uint32_t value);
struct vdev_effect vdev_write_queue_ready(struct vdev *v, uint32_t q,
					  uint32_t value);
/* Vectors of a transport that has them; others leave them STATE_NO_VECTOR. */
void vdev_write_queue_vector(struct vdev *v, uint32_t q, uint16_t vector);
struct vdev_effect vdev_reset_queue(struct vdev *v, uint32_t q);
void vdev_queue_enabled(struct vdev *v, uint32_t q);
void vdev_queue_stopped(struct vdev *v, uint32_t q);
struct vdev_effect vdev_kick(struct vdev *v, uint32_t q);

/*
 * The configuration space, @len bytes, little endian, in natural widths: bytes
 * beyond it read as 0. A write is the device's to judge.
 */
uint64_t vdev_read_config(uint64_t offset, uint32_t size, const void *config,
			  uint32_t len);
struct vdev_effect vdev_write_config(uint64_t offset, uint32_t size,
				     uint64_t data, uint32_t len);

/* Bits of the interrupt status, the same in each transport. */
#define VDEV_ISR_QUEUE  1u
#define VDEV_ISR_CONFIG 2u

/*
 * Something happened that the driver should see: set @bits; true if one is
 * new, and an interrupt has to be raised for it. While the driver has not
 * acknowledged a bit, it has yet to look, and needs no second interrupt.
 */
bool vdev_interrupt(struct vdev *v, uint32_t bits);
void vdev_acknowledge(struct vdev *v, uint32_t bits);

#endif
