/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A disk that is used as one should, beside those of the story: virtio-mmio, one
 * queue, and memory that no story can name. It is held open all the time, and
 * what it reads is in the worker's buffers when the story begins.
 */
#ifndef TESTS_FUZZ_HONEST_H
#define TESTS_FUZZ_HONEST_H

#include "tests/guest/gmmio.h"
#include "tests/unit/guest.h"

#define HONEST_PAGES 34u	/* ring; header and status; data */
#define HONEST_DATA  (128u << 10)

struct honest {
	struct gmmio mmio;
	uint8_t *mem;
	uint64_t gpa;		/* of @mem, to the device */
	struct guest_ring ring;
};

/* @mmio, @mem and @gpa are set. 0 or -errno. */
int honest_open(struct honest *h);
/* Read @len bytes from the disk's beginning: they are at honest_data(). */
int honest_read(struct honest *h, uint32_t len);
/* The worker's loop turns once more. 0 or -errno. */
int honest_turn(struct honest *h);
uint8_t *honest_data(struct honest *h);

#endif
