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
#include "xen/ioreq.h"

#define PAGE      4096u
#define FRAMES    64u		/* of guest memory; reference n is frame n */
#define READ_ONLY 56u		/* from here on granted for reading only */
#define BUFFERS   16u		/* first frame that holds no ring */
#define DISKS     2u
#define QUEUES    2u		/* of each */
#define WINDOW    UINT64_C(0x2000000)	/* of the first disk's registers */
#define PCI_SLOT  4u			/* of the first disk, if it is one of PCI */
#define PCI_BAR   UINT64_C(0xe0000000)	/* where the guest puts its BAR */
#define UNTOUCHED 0x11
#define POISON    0xa5		/* a story does not write it alone */

#define GUEST_STEPS 12u

/* A guest that has done nothing yet. Bit n of @pci: disk n is on PCI. */
void guest_open(uint32_t pci);
/* The low four bits of @what say what, below GUEST_STEPS. */
void guest_step(uint8_t what, struct input *in);

bool guest_has_access(void);
/* Some of what was done together is taken, and not all. */
bool guest_goes_on(void);
struct ioreq_access guest_take_access(void);

#endif
