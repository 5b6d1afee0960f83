// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every register, written with every kind of value while the device runs: what
 * was agreed upon stays, the ring goes on where it is.
 */
#include "tests/hostile/hostile.h"

LIE(registers_frozen)
{
	const uint32_t values[] = { 0, 3, l->ring->vr.num * 2, 0xffff, 1,
		0x80000000, UINT32_MAX };
	uint32_t status = gmmio_read(l->mmio, VIRTIO_MMIO_STATUS);

	lie_ping(l);
	for (uint32_t offset = 0; offset < 0x100; offset += 4) {
		/* Fair requests: stop the queue, reset it, reset the device. */
		if (offset == VIRTIO_MMIO_QUEUE_READY || offset == 0xc0 ||
		    offset == VIRTIO_MMIO_STATUS)
			continue;
		for (unsigned int i = 0; i < 7; i++) {
			gmmio_write(l->mmio, VIRTIO_MMIO_QUEUE_SEL, 0);
			gmmio_write(l->mmio, offset, values[i]);
		}
		lie_ping(l);
	}
	/* Bits can't be taken back, nor FAILED and NEEDS_RESET be faked. */
	gmmio_write(l->mmio, VIRTIO_MMIO_STATUS, VIRTIO_CONFIG_S_ACKNOWLEDGE);
	gmmio_write(l->mmio, VIRTIO_MMIO_STATUS, status |
		    VIRTIO_CONFIG_S_NEEDS_RESET);
	EXPECT(gmmio_read(l->mmio, VIRTIO_MMIO_STATUS) == status,
	       "status 0x%x became 0x%x", status,
	       gmmio_read(l->mmio, VIRTIO_MMIO_STATUS));
	gmmio_write(l->mmio, VIRTIO_MMIO_QUEUE_SEL, 0);
	for (unsigned int i = 1; i < 4; i++)
		gmmio_write(l->mmio, VIRTIO_MMIO_QUEUE_READY, i);
	lie_ping(l);
}
