/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A ring with both its ends, for the tests of vring.c: the driver's is
 * guest.h, the device's is the code under test. Each area is a block of the
 * exact size, so that a sanitizer sees the first byte beyond.
 */
#ifndef TESTS_UNIT_RING_H
#define TESTS_UNIT_RING_H

#include "backend/vring.h"
#include "tests/unit/guest.h"

struct ring {
	struct guest_ring guest;
	struct virtq vr;
	struct state_queue pos;
	struct chain chain;
};

/* Both indices begin at @start. */
void ring_open(struct ring *r, uint16_t num, uint16_t start, bool event_idx);
void ring_close(struct ring *r);
/* The process that served the ring is gone; another takes it up. */
void ring_restart(struct ring *r);

/* A chain of one descriptor, of 16 readable bytes at @head * 4096. */
void ring_offer_one(struct ring *r, uint16_t head);
/* Take the next entry, which names @head, as a chain that can be started. */
void ring_expect(struct ring *r, uint16_t head);
/* The driver finds @head returned with @len. */
void ring_expect_used(struct ring *r, uint32_t head, uint32_t len);
/* Read the chain of @head. */
enum chain_answer ring_read(struct ring *r, uint16_t head);

#endif
