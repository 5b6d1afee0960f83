// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A PCI slot is not searched for but follows from the disk's name, so that a
 * disk is the same device each time, and disks come in the order of their
 * names: xvde is 00:14.0 and xvdo 00:1e.0. QEMU hands out slots from below, and
 * 00:1f is where it puts the bridge that a passed-through Intel GPU needs. Nobody
 * says which slots QEMU has in the end. If it has ours, the guest sees QEMU's
 * device.
 */
#include "backend/place.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>

#include "backend/text.h"

/* GUEST_VIRTIO_MMIO_* in Xen's public/arch-arm.h */
#define PLACE_MMIO_BASE   UINT64_C(0x02000000)
#define PLACE_MMIO_SIZE   UINT64_C(0x00100000)
#define PLACE_MMIO_WINDOW UINT64_C(0x200)
#define PLACE_IRQ_FIRST   33
#define PLACE_IRQ_LAST    43

#define PLACE_SLOT_FIRST  0x14
#define PLACE_DISK_FIRST  4	/* xvde */
#define PLACE_DISK_LAST   14	/* xvdo */

/* vdev= as a number, see libxl: docs/man/xen-vbd-interface */
#define PLACE_XVD_MAJOR    202
#define PLACE_XVD_EXTENDED (1u << 28)

static int place_in_window(const struct place_wish *w, struct place *place,
			   char *text, size_t len)
{
	if (w->base < PLACE_MMIO_BASE || w->base % PLACE_MMIO_WINDOW ||
	    w->base - PLACE_MMIO_BASE > PLACE_MMIO_SIZE - PLACE_MMIO_WINDOW) {
		text_set(text, len, "base %#" PRIx64 " is not a window of virtio-mmio (%#" PRIx64 " to %#" PRIx64 "); is this libxl's?",
			 w->base, PLACE_MMIO_BASE,
			 PLACE_MMIO_BASE + PLACE_MMIO_SIZE - PLACE_MMIO_WINDOW);
		return -ERANGE;
	}
	if (w->irq < PLACE_IRQ_FIRST || w->irq > PLACE_IRQ_LAST) {
		text_set(text, len, "irq %u is not one of virtio-mmio's (%d to %d); is this libxl's?",
			 w->irq, PLACE_IRQ_FIRST, PLACE_IRQ_LAST);
		return -ERANGE;
	}
	*place = (struct place){
		.transport = STATE_MMIO, .base = w->base, .irq = w->irq,
	};
	return 0;
}

/* The number of xvda is 0; -1 if it is none of those; no vdev at all: many. */
static int place_xvd(uint32_t devid)
{
	if (!devid)
		return INT_MAX;
	if (devid >> 8 == PLACE_XVD_MAJOR)
		return devid >> 4 & 15;
	if (devid & PLACE_XVD_EXTENDED)
		return (int)(devid >> 8 & 0xfffff);
	return -1;
}

static int place_in_slot(const struct place_wish *w, struct place *place,
			 char *text, size_t len)
{
	int disk = place_xvd(w->devid);

	*place = (struct place){
		.transport = STATE_PCI, .pci_slot = w->pci_slot,
	};
	/* libxl gives these to QEMU, whatever their specification says. */
	if (disk < PLACE_DISK_FIRST) {
		text_set(text, len, "an HVM guest gets vdev=%s from QEMU as well, and both would write to the image; use vdev=xvde and so on for virtio disks",
			 w->vdev);
		return -EINVAL;
	}
	if (place->pci_slot)
		return 0;
	if (disk > PLACE_DISK_LAST) {
		text_set(text, len, "%s has no PCI slot of its own, only xvde to xvdo have; give it one in the configuration (pci-slot)",
			 w->vdev);
		return -EINVAL;
	}
	place->pci_slot = (uint32_t)(PLACE_SLOT_FIRST + disk -
				     PLACE_DISK_FIRST);
	return 0;
}

int place_find(const struct place_wish *wish, struct place *place, char *text,
	       size_t len)
{
	if (wish->base)
		return place_in_window(wish, place, text, len);
	if (wish->guest == PLACE_HVM)
		return place_in_slot(wish, place, text, len);
	text_set(text, len, "xl gave it no place in the guest (base is 0), and a %s guest has no PCI bus for it: on x86 only HVM guests (type=\"hvm\") can have virtio disks",
		 wish->guest == PLACE_PVH ? "PVH" : "PV");
	return -EOPNOTSUPP;
}

void place_print(const struct place *place, char *text)
{
	if (place->transport == STATE_PCI)
		snprintf(text, PLACE_TEXT_LEN, "PCI 00:%02x.0",
			 place->pci_slot);
	else
		snprintf(text, PLACE_TEXT_LEN, "window %#" PRIx64 ", irq %u",
			 place->base, place->irq);
}
