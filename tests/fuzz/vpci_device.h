/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The devices behind fuzz_vpci's disks: as much of backend/device.h as transports
 * call, without queues and images. Link vpci_device.o instead of
 * backend/device.o. A kick that nobody asked for, or without mastering, ends the
 * program.
 */
#ifndef TESTS_FUZZ_VPCI_DEVICE_H
#define TESTS_FUZZ_VPCI_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/fuzz/vpci_model.h"

struct vpci_device {
	uint64_t written;	/* the caller says: where in the BAR */
	/* since vpci_device_turn() */
	struct model *model;	/* hears what the device does */
	bool at_once;		/* requests under way end when they have to */
	bool waits;		/* they did not */
};

extern struct vpci_device vpci_device;

void vpci_device_open(void);
/* From now on the device of @m is the one that something is asked of. */
void vpci_device_turn(struct model *m, bool at_once);

#endif
