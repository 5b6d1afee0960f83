/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory of a guest in the simulated Xen: what memory.h leaves open. Frame n is
 * the n-th of its RAM, and the n-th reference that a guest may use grants it.
 */
#ifndef TESTS_FUZZ_MEMORY_SIM_H
#define TESTS_FUZZ_MEMORY_SIM_H

#include "tests/fuzz/memory.h"
#include "tests/sim/world.h"

struct memory {
	struct sim_dom *dom;
	uint8_t *ram;
	bool hole[FRAMES];
	bool changed[FRAMES];	/* its grant is not what it was */
	uint32_t filled;	/* holes, since the domain began */
};

/* All of memory.h is about this one from now on. */
void memory_use(struct memory *m);

/* The frame that @ref grants in the beginning, FRAMES: none does. */
uint32_t memory_frame_of(uint32_t ref);
uint32_t memory_ref_of(uint32_t frame);

#endif
