// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A driver that has lost its way: random values for the status, in any order.
 * Bits are only added, in order, until a reset.
 */
#include "tests/hostile/hostile.h"

#define BITS (VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER |	\
	      VIRTIO_CONFIG_S_FEATURES_OK | VIRTIO_CONFIG_S_DRIVER_OK |	\
	      VIRTIO_CONFIG_S_FAILED)

LIE(status_walk, .once = true, .reset = true)
{
	uint32_t random = 12345, was = 0;

	for (int i = 0; i < 800; i++) {
		uint32_t value, now;

		random = random * 1664525 + 1013904223;
		value = random >> 24;
		if (random >> 20 & 1)
			value |= was;
		if (!(random >> 8 & 15))
			value = 0;
		gmmio_write(l->mmio, VIRTIO_MMIO_STATUS, value);
		now = gmmio_read(l->mmio, VIRTIO_MMIO_STATUS);
		if (!value) {
			EXPECT(!now, "status 0x%x after a reset", now);
		} else {
			EXPECT(!(now & ~(BITS)), "status 0x%x", now);
			EXPECT((now & was) == was, "0x%x became 0x%x by 0x%x",
			       was, now, value);
			EXPECT(!(now & ~was & ~value), "0x%x became 0x%x by 0x%x",
			       was, now, value);
			/* VERSION_1 was not accepted. */
			EXPECT(!(now & VIRTIO_CONFIG_S_FEATURES_OK),
			       "FEATURES_OK without VERSION_1");
			EXPECT(!(now & VIRTIO_CONFIG_S_DRIVER_OK),
			       "DRIVER_OK without FEATURES_OK");
		}
		was = now;
		gmmio_write(l->mmio, VIRTIO_MMIO_QUEUE_NOTIFY, 0);
	}
}
