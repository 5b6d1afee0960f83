// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Kicks for queues that do not exist, or are not ready, and for nothing. A
 * driver that did not agree to say more than the queue's number may not.
 */
#include "tests/hostile/hostile.h"

LIE(notify_values, .once = true)
{
	const uint32_t values[] = { 1, 7, 8, 31, 32, 255, 0xffff, 0x10000,
		0x7fffffff, 0x80000000, 0xffffffff };

	for (int i = 0; i < 3; i++) {
		for (unsigned int k = 0; k < 11; k++)
			gmmio_write(l->mmio, VIRTIO_MMIO_QUEUE_NOTIFY,
				    values[k]);
		gmmio_write(l->mmio, VIRTIO_MMIO_QUEUE_NOTIFY, 0);
		lie_ping(l);
	}
	gmmio_reset(l->mmio);
	for (unsigned int k = 0; k < 11; k++)
		gmmio_write(l->mmio, VIRTIO_MMIO_QUEUE_NOTIFY, values[k]);
	gmmio_write(l->mmio, VIRTIO_MMIO_QUEUE_NOTIFY, 0);
	lie_reopen(l);
	lie_ping(l);
}
