// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The guest writes to what is the device's: the used ring, its index and flags,
 * and the event indices. The device knows where it is; it never reads that.
 */
#include "tests/hostile/hostile.h"

LIE(used_garbage)
{
	struct vring_used *used = l->ring->vr.used;
	uint32_t num = l->ring->vr.num;

	for (uint32_t i = 0; i < 3 * num; i++) {
		uint16_t at = l->answered;

		memset(used, (int)(i * 37 + 1), 4 + num * 8 + 2);
		/* lie_answer() waits for the index to change from this. */
		used->idx = at;
		l->ring->vr.avail->flags = (uint16_t)(i * 77);
		l->ring->vr.avail->ring[num] = (uint16_t)(i * 12345);
		lie_ping(l);
		EXPECT(used->idx == (uint16_t)(at + 1),
		       "the used index became %u after %u", used->idx, at);
	}
	used->idx = 0x5555;
	lie_reopen(l);
	lie_ping(l);
}
