// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The longest chain that can be: every descriptor of the ring; and one more by
 * a table of the ring's length behind an ordinary descriptor. The first is a
 * request like any other, the second too long.
 */
#include "tests/hostile/hostile.h"

LIE(chain_too_long)
{
	struct lie_request r = lie_request(l, VIRTIO_BLK_T_IN, 0, 512);
	uint16_t num = (uint16_t)l->ring->vr.num;
	struct vring_desc *table;
	struct vring_used_elem e;
	struct lie_mem *m;

	lie_desc(l, 0, r.header, VRING_DESC_F_NEXT, 1);
	for (uint16_t i = 1; i < num - 1; i++)
		lie_desc(l, i, r.data, VRING_DESC_F_NEXT, i + 1);
	lie_desc(l, num - 1, r.status, 0, 0);
	lie_send(l, 0);
	e = lie_answer(l);
	EXPECT(e.id == 0 && e.len == (num - 2u) * 512 + 1, "%u bytes read",
	       e.len);
	EXPECT(lie_status(&r) == VIRTIO_BLK_S_OK, "status %u", lie_status(&r));

	table = lie_table(l, num, &m);
	for (uint16_t i = 0; i < num; i++)
		table[i] = (struct vring_desc){
			.addr = r.data->map.addr, .len = 512,
			.flags = VRING_DESC_F_WRITE | VRING_DESC_F_NEXT,
			.next = (uint16_t)(i + 1) };
	table[num - 1].flags = VRING_DESC_F_WRITE;
	lie_desc(l, 0, r.header, VRING_DESC_F_NEXT, 1);
	lie_desc(l, 1, m, VRING_DESC_F_INDIRECT, 0);
	lie_refused(l, 0);
}
