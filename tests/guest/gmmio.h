/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Registers of a virtio device on MMIO, from the driver's side (virtio 1.2,
 * 4.2.2), and the way from reset to DRIVER_OK (3.1.1).
 *
 * A vCPU makes one access at a time; threads that share one wait for each
 * other here. An access that fails (the guest was destroyed, nobody answers) is
 * remembered in @err of the device; reads give all ones then.
 */
#ifndef GUEST_GMMIO_H
#define GUEST_GMMIO_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/sim/world.h"

struct gvcpu {
	struct sim_dom *dom;
	uint32_t number;
	pthread_mutex_t lock;
};

void gvcpu_init(struct gvcpu *v, struct sim_dom *dom, uint32_t number);

struct gmmio {
	struct gvcpu *vcpu;
	uint64_t base;
	atomic_int err;		/* the first, -errno */
};

/* Registers are 32 bits wide. */
uint32_t gmmio_read(struct gmmio *m, uint32_t offset);
void gmmio_write(struct gmmio *m, uint32_t offset, uint32_t value);
/* An access of any width. */
uint64_t gmmio_read_wide(struct gmmio *m, uint32_t offset, uint32_t size);
void gmmio_write_wide(struct gmmio *m, uint32_t offset, uint32_t size,
		      uint64_t value);

/* 0 if there is a device of @type (2: block), -ENODEV, or @err. */
int gmmio_probe(struct gmmio *m, uint32_t type);
/* Write 0 to the status and read it until it is 0. */
void gmmio_reset(struct gmmio *m);
void gmmio_add_status(struct gmmio *m, uint32_t bits);
uint64_t gmmio_offered(struct gmmio *m);
/* -EOPNOTSUPP when the device does not keep FEATURES_OK. */
int gmmio_accept(struct gmmio *m, uint64_t features);

/* One consistent copy of @len bytes at @offset of the configuration space. */
void gmmio_config(struct gmmio *m, uint32_t offset, void *buf, uint32_t len);

struct gmmio_queue {
	uint16_t size;
	uint64_t desc, driver, device;
};

/* The longest that @index may be; 0: there is no such queue. */
uint32_t gmmio_queue_max(struct gmmio *m, uint32_t index);
/* Addresses and size, then QueueReady. -EIO if the device does not keep it. */
int gmmio_queue_enable(struct gmmio *m, uint32_t index,
		       const struct gmmio_queue *q);

#endif
