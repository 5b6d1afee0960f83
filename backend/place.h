/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a disk lies in its guest. On Arm libxl chooses a window of virtio-mmio;
 * on x86 it chooses nothing, and a disk of an HVM guest becomes a PCI device.
 * Pure; nothing logs.
 */
#ifndef BACKEND_PLACE_H
#define BACKEND_PLACE_H

#include <stddef.h>
#include <stdint.h>

#include "backend/state.h"

enum place_guest {
	PLACE_PV,	/* no emulated devices at all */
	PLACE_PVH,	/* on x86 without a PCI bus; every guest on Arm */
	PLACE_HVM,	/* with a PCI bus, where QEMU has devices too */
};

struct place_wish {		/* what is known about a disk */
	enum place_guest guest;
	uint64_t base;		/* from libxl, 0: it has chosen nothing */
	uint32_t irq;
	uint32_t devid;		/* libxl's number for vdev=, 0: it has none */
	const char *vdev;
	uint32_t pci_slot;	/* from the configuration, 0: not said */
};

struct place {
	enum state_transport transport;
	uint64_t base;		/* MMIO */
	uint32_t irq;
	uint32_t pci_slot;	/* PCI: device number on bus 0 */
};

#define PLACE_SLOT_MIN 4	/* below are QEMU's, and Xen's platform device */
#define PLACE_SLOT_MAX 31

/* 0, or -errno and a sentence for the administrator in @text. */
int place_find(const struct place_wish *wish, struct place *place, char *text,
	       size_t len);

#define PLACE_TEXT_LEN 40

/* For people: "window 0x2000000, irq 33", "PCI 00:14.0". */
void place_print(const struct place *place, char *text);

#endif
