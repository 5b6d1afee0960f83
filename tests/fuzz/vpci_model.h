/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a PCI disk has to hold, for fuzz_vpci: from PCI 3.0, chapter 6, and virtio
 * 1.2, 4.1, and with nothing of the product but some sizes. A byte array with a
 * mask of what can be written for configuration space, a table and pending bits
 * for MSI-X, and what follows: where the window is, when a message may be sent,
 * whether the pin is up. Of virtio's registers it knows what PCI adds; what the
 * others mean is fuzz_vmmio's.
 *
 * It is told what guest, device and Xen do, and does nothing itself. A model is
 * its caller's and points to nothing. Whatever is asked of it has an answer.
 */
#ifndef TESTS_FUZZ_VPCI_MODEL_H
#define TESTS_FUZZ_VPCI_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/blk.h"
#include "backend/state.h"

#define CONFIG_LEN   BLK_CONFIG_LEN
#define MODEL_NOTIFY 0x3000u	/* in the BAR: four bytes for each queue */

struct model {
	uint8_t space[256], mask[256];
	uint32_t table[STATE_MAX_VECTORS][4];
	uint32_t queues;
	uint32_t pending, isr;
	uint32_t window;		/* 0: none */
	uint16_t config_vector, vector[STATE_MAX_QUEUES], sel;
	bool held;			/* may not write to memory */
};

/* After power-on; @m is zeroed. */
void model_open(struct model *m, uint32_t queues);

/* A read of configuration space. */
uint32_t model_field(const struct model *m, uint32_t reg, uint32_t size);
/*
 * A write; @at_once: requests under way end now. If they do not and would have
 * to, nothing is written yet. True if windows may move: model_move() is next.
 */
bool model_configure(struct model *m, uint32_t reg, uint32_t size,
		     uint32_t data, bool at_once);
/* @other may get the place that @m leaves; @ranges: Xen gives any. */
void model_move(struct model *m, struct model *other, bool ranges);
/* Is an access of configuration space one to *size bytes at *at in the BAR? */
bool model_behind(const struct model *m, uint32_t reg, uint32_t width,
		  uint64_t *at, uint32_t *size);

/* Accesses of the BAR. *known: does the model say what is there? */
uint64_t model_read(struct model *m, uint64_t at, uint32_t size, bool *known);
/* Before it is done: what it may send follows from it. */
void model_write(struct model *m, uint64_t at, uint32_t size, uint64_t data);

/* The device has done so. */
void model_reset(struct model *m);
void model_stop_queue(struct model *m, uint32_t queue);
/* Queues returned something, bit per queue, or the device has changed. */
void model_event(struct model *m, uint32_t queues, bool config);

bool model_may_send(const struct model *m, uint32_t vector);
/* The first message from @vector on that is this one; behind all: none. */
uint32_t model_find_message(const struct model *m, uint32_t vector,
			    uint64_t address, uint32_t data);
/* It was sent, or never will be. */
void model_end_message(struct model *m, uint32_t vector);
/* The same for those that may be sent and are no interrupts. */
void model_drop_invalid(struct model *m);
/* Of the pin. */
bool model_level(const struct model *m);

#endif
