// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Resets with requests on their way: of the device, by the status, of the
 * queue, by QueueReady and by QueueReset; at once, and a moment later. When the
 * guest goes on, its memory is its own again.
 */
#include "tests/hostile/hostile.h"

LIE(reset_in_flight)
{
	const uint32_t stops[] = { VIRTIO_MMIO_STATUS,
		VIRTIO_MMIO_QUEUE_READY, 0x0c0 };

	for (unsigned int i = 0; i < 45; i++) {
		struct lie_request r[4];
		uint32_t mems = l->mems;
		uint16_t used;

		for (uint16_t k = 0; k < 4; k++) {
			r[k] = lie_request(l, k & 1 ? VIRTIO_BLK_T_OUT :
					   VIRTIO_BLK_T_IN, k * 1024u, 300000);
			r[k].data->buf.len = 262144 + 512 * k;
			lie_chain(l, k * 3, &r[k]);
			r[k].data->buf.len = 300000;
			gvring_offer(l->ring, k * 3);
		}
		lie_kick(l);
		if (i / 3 % 5)
			lie_nap(i / 3 % 5 * 60);
		gmmio_write(l->mmio, VIRTIO_MMIO_QUEUE_SEL, 0);
		gmmio_write(l->mmio, stops[i % 3], i % 3 == 2);
		used = gvring_used_idx(l->ring);
		lie_release(l, mems);
		lie_nap(300);
		EXPECT(gvring_used_idx(l->ring) == used,
		       "the used index moves after the reset");
		lie_reopen(l);
		lie_ping(l);
	}
}
