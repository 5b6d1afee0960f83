/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The virtio-mmio transport, version 2 (virtio 1.2, 4.2): offsets to the
 * calls of vdev.h. Pure, total over offset, size and data: an access that the
 * specification does not know reads as 0 and writes nothing.
 */
#ifndef BACKEND_VMMIO_H
#define BACKEND_VMMIO_H

#include <stdint.h>

#include "backend/vdev.h"

#define VMMIO_WINDOW_SIZE 0x200u
#define VMMIO_VENDOR_ID   0x4e4558u	/* "XEN", little endian */

/*
 * @config: the device's configuration space, @config_len bytes, little endian;
 * reads beyond it give 0.
 */
uint64_t vmmio_read(struct vdev *v, uint64_t offset, uint32_t size,
		    const void *config, uint32_t config_len);

/* Door 2. What the write asks of the device. */
struct vdev_effect vmmio_write(struct vdev *v, uint64_t offset, uint32_t size,
			       uint64_t data, uint32_t config_len);

#endif
