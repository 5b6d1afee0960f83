/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest of a story: what it writes into its memory, what it grants, and
 * the accesses that it makes. A step is decoded from the input and done at
 * once, as far as it needs no access; accesses wait to be taken.
 */
#ifndef TESTS_FUZZ_GUEST_STEPS_H
#define TESTS_FUZZ_GUEST_STEPS_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/vmmio.h"
#include "backend/vpci.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/memory.h"
#include "xen/ioreq.h"

#define BUFFERS   16u		/* first frame that holds no ring */
#define DISKS     2u
#define QUEUES    2u		/* of each */
#define WINDOW    UINT64_C(0x2000000)	/* of the first disk's registers */
#define PCI_SLOT  4u			/* of the first disk, if it is one of PCI */
#define PCI_BAR   UINT64_C(0xe0000000)	/* where the guest puts its BAR */
#define POISON    0xa5		/* a story does not write it alone */
/*
 * Nor any byte from here to 15 more. No buffer is longer than a disk is, so a
 * device that does what it is told never writes to an address in RAM whose third
 * byte is UNNAMED + 15.
 */
#define UNNAMED   0xd0

#define GUEST_STEPS 12u

/* A guest that has done nothing yet. Bit n of @pci: disk n is on PCI. */
void guest_open(uint32_t pci);
/* The low four bits of @what say what, below GUEST_STEPS. */
void guest_step(uint8_t what, struct input *in);

/* Resets both disks, wherever the story has put them. */
void guest_reset(void);

bool guest_has_access(void);
/* Some of what was done together is taken, and not all. */
bool guest_goes_on(void);
struct ioreq_access guest_take_access(void);

#endif
