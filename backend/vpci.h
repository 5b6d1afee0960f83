/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The registers of virtio over PCI, modern only (virtio 1.2, 4.1): offsets in
 * BAR 0 to the calls of vdev.h and msix.h. Where the BAR is, and what is in
 * configuration space, is pcicfg.h's.
 *
 * Pure, total over offset, size and data: an access that the specification
 * does not know reads as 0 and writes nothing.
 */
#ifndef BACKEND_VPCI_H
#define BACKEND_VPCI_H

#include <stdint.h>

#include "backend/vdev.h"

/* What BAR 0 has, a page each: a guest may map them with different rights. */
#define VPCI_COMMON       0x0000u
#define VPCI_ISR          0x1000u
#define VPCI_DEVICE       0x2000u
#define VPCI_NOTIFY       0x3000u
#define VPCI_MSIX_TABLE   0x4000u
#define VPCI_MSIX_PENDING 0x5000u
#define VPCI_REGION       0x1000u

#define VPCI_COMMON_LEN  60u	/* to queue_reset */
#define VPCI_NOTIFY_STEP 4u	/* notify_off_multiplier */

/* One for each queue and one for changes. */
static inline uint32_t vpci_vectors(const struct vdev *v)
{
	return v->num_queues + 1;
}

/* A read of the interrupt status clears it. Otherwise nothing is changed. */
uint64_t vpci_read(struct vdev *v, uint64_t offset, uint32_t size,
		   const void *config, uint32_t config_len);

/* Door 2. What the write asks of the device. */
struct vdev_effect vpci_write(struct vdev *v, uint64_t offset, uint32_t size,
			      uint64_t data, uint32_t config_len);

#endif
