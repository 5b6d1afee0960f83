/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory of the guest of a story, in frames, and what it grants of it. Who
 * is the guest's hypervisor is chosen by linking: memory_fake.o (fake_xen.h,
 * in this process) or memory_sim.o (the simulated Xen).
 */
#ifndef TESTS_FUZZ_MEMORY_H
#define TESTS_FUZZ_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#define PAGE      4096u
#define FRAMES    64u
#define READ_ONLY 56u		/* from here on granted for reading only */
#define UNTOUCHED 0x11		/* every byte of a guest that has done nothing */

/* All frames are there, hold UNTOUCHED and are granted. */
void memory_open(void);

/*
 * The guest's own view of @offset in @frame, below FRAMES; of the frames behind
 * it, too, as far as there are any. A frame that is taken away is still
 * somewhere, but where no device sees it.
 */
void *memory_at(uint32_t frame, uint32_t offset);

/* What a device is told instead. @frame may be any: nothing is there then. */
uint64_t memory_address(uint32_t frame, uint32_t offset, bool granted);

void memory_grant(uint32_t frame, bool read_only);
/* A guest that finds its page in use leaves it granted. */
void memory_revoke(uint32_t frame);
/* The frame can't be mapped any more, or can again. */
void memory_hole(uint32_t frame, bool hole);

#endif
