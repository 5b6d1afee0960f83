// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An available index further ahead than the ring is long: nothing in the ring
 * can be believed, the device asks for a reset. Just as long is fine.
 */
#include "tests/hostile/hostile.h"

static void jump(struct liar *l, uint16_t by)
{
	l->ring->avail_idx = (uint16_t)(l->ring->avail_idx + by);
	lie_kick(l);
	lie_broken(l);
	/* Nobody takes anything from it any more. */
	lie_kick(l);
	lie_nap(2000);
	EXPECT(gvring_used_idx(l->ring) == l->answered,
	       "a broken ring returns chains");
	lie_reopen(l);
}

LIE(avail_jumps)
{
	uint16_t num = (uint16_t)l->ring->vr.num;

	jump(l, num + 1);
	lie_ping(l);
	jump(l, 0x8000);
	jump(l, 0xffff);
	/*
	 * Heads that are none, and one that is: the ring is full, and not one
	 * entry more than that, however late the device looks.
	 */
	for (uint16_t i = 1; i < num; i++)
		gvring_offer(l->ring, 0xffff);
	lie_ping(l);
}
