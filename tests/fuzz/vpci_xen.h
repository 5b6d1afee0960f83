/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What fuzz_vpci's disks have of Xen: ranges, PCI functions and interrupts, as
 * far as they are given out. Link vpci_xen.o instead of xen/ioreq.o and xen/irq.o.
 *
 * What must not be asked of Xen, or told the guest, ends the program: a range at
 * a place that is taken, a message that the model would not send.
 */
#ifndef TESTS_FUZZ_VPCI_XEN_H
#define TESTS_FUZZ_VPCI_XEN_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/fuzz/vpci_model.h"

#define NDISKS 2u
#define SLOT   24u		/* of the first one, on bus 0 */

struct vpci_xen {
	/* what is given out at this moment */
	uint32_t range[NDISKS];		/* in any order; 0: none */
	uint32_t functions;		/* bit per slot */
	uint32_t level[NDISKS];		/* of the pins */
	/* the caller says */
	uint32_t refusals;		/* interrupts to come that fail */
	int refusal;			/* of a message: its error */
	bool no_range;			/* is given from now on */
	bool attaching;			/* what is there may be asked for again */
	/* since vpci_xen_turn() */
	struct model *sender;		/* who messages are of */
	uint32_t next_vector;		/* from there on they come */
	bool refused;			/* an interrupt was */
};

extern struct vpci_xen vpci_xen;

void vpci_xen_open(void);
/* From now on interrupts are those of @m, which hears what became of them. */
void vpci_xen_turn(struct model *m);
/* Nothing is given out any more, or the program ends. */
void vpci_xen_close(void);

#endif
