// SPDX-License-Identifier: GPL-2.0-or-later
/* Buffers without a byte: the whole chain, the header, the data, the status. */
#include "tests/hostile/hostile.h"

static void answered(struct liar *l)
{
	struct vring_used_elem e;

	lie_send(l, 0);
	e = lie_answer(l);
	EXPECT(e.id == 0 && e.len <= 513, "head %u with length %u", e.id,
	       e.len);
	lie_ping(l);
}

LIE(zero_length)
{
	struct lie_request r = lie_request(l, VIRTIO_BLK_T_IN, 0, 512);
	uint16_t num = (uint16_t)l->ring->vr.num;

	for (uint16_t i = 0; i < num - 3; i++)
		gvring_set_desc(l->ring, i, r.data->map.addr, 0,
				i + 4 < num ? VRING_DESC_F_NEXT : 0, i + 1);
	answered(l);
	for (uint16_t i = 0; i < 3; i++) {
		lie_chain(l, 0, &r);
		l->ring->own[i].desc.len = 0;
		l->ring->vr.desc[i].len = 0;
		answered(l);
	}
	lie_chain(l, 0, &r);
	gvring_set_desc(l->ring, 0, 0, 0, 0, 0);
	answered(l);
}
