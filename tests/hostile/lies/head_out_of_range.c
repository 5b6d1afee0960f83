// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Available entries that name descriptors which do not exist: they are skipped,
 * there is no head to return.
 */
#include "tests/hostile/hostile.h"

LIE(head_out_of_range)
{
	const uint16_t heads[] = { (uint16_t)l->ring->vr.num,
		(uint16_t)(l->ring->vr.num + 1), 0x7fff, 0x8000, 0xffff };

	for (unsigned int i = 0; i < 5; i++) {
		lie_send(l, heads[i]);
		lie_ping(l);
	}
}
