// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The device is told that its own registers are memory: to read from, to write
 * to, as a table, and as a ring. They are none.
 */
#include "tests/hostile/hostile.h"

LIE(dma_to_registers, .once = true)
{
	const uint32_t types[] = { VIRTIO_BLK_T_IN, VIRTIO_BLK_T_OUT };
	uint64_t base = l->mmio->base;

	for (unsigned int t = 0; t < 2; t++) {
		struct lie_request r = lie_request(l, types[t], 0, 512);

		for (uint16_t i = 0; i < 3; i++) {
			lie_chain(l, 0, &r);
			l->ring->own[i].desc.addr = base;
			l->ring->vr.desc[i].addr = base;
			lie_send(l, 0);
			EXPECT(lie_answer(l).len <= 1, "written to registers");
			EXPECT(lie_status(&r) != VIRTIO_BLK_S_OK,
			       "registers are memory?");
		}
		gvring_set_desc(l->ring, 0, base, 48, VRING_DESC_F_INDIRECT, 0);
		lie_refused(l, 0);
	}
}
