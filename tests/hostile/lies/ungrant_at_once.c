// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * No lie, but no patience: the guest takes its memory back in the moment in
 * which the used index moves, before any interrupt. It must be free by then.
 */
#include "tests/hostile/hostile.h"

LIE(ungrant_at_once)
{
	const uint32_t types[] = { VIRTIO_BLK_T_IN, VIRTIO_BLK_T_OUT };

	for (unsigned int i = 0; i < 60; i++) {
		uint32_t mems = l->mems;
		struct lie_request r = lie_request(l, types[i % 2], 0,
						   4096u << i % 7);

		lie_chain(l, 0, &r);
		lie_send(l, 0);
		while (gvring_used_idx(l->ring) == l->answered)
			;
		lie_release(l, mems);
		lie_answer(l);
		EXPECT(!l->ram->busy, "request %u is in use after its return",
		       i);
	}
}
