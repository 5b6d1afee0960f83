// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A guest that makes chains available as fast as they return, for a while, with
 * no end in sight for the one who drains the ring. Others are served all the
 * same, which is looked at after every lie.
 */
#include "tests/hostile/hostile.h"

LIE(endless_refill)
{
	struct lie_request r = lie_request(l, VIRTIO_BLK_T_FLUSH, 0, 0);
	uint16_t num = (uint16_t)l->ring->vr.num, chains = num / 2 - 2;

	for (uint16_t i = 0; i < chains; i++)
		lie_chain(l, i * 2, &r);
	for (uint16_t i = 0; i < chains; i++)
		gvring_offer(l->ring, i * 2);
	lie_kick(l);
	for (uint32_t n = 0; n < 20000; n++) {
		while (gvring_used_idx(l->ring) == l->answered)
			lie_kick(l);
		gvring_offer(l->ring, (uint16_t)lie_answer(l).id);
		__atomic_store_n(&l->ring->vr.avail->idx, l->ring->avail_idx,
				 __ATOMIC_RELEASE);
	}
	lie_kick(l);
	for (uint16_t i = 0; i < chains; i++)
		lie_answer(l);
	lie_ping(l);
}
