// SPDX-License-Identifier: GPL-2.0-or-later
/* Chains that go on behind the end of the descriptor table. */
#include "tests/hostile/hostile.h"

LIE(next_out_of_range)
{
	struct lie_request r = lie_request(l, VIRTIO_BLK_T_OUT, 0, 512);
	const uint16_t next[] = { (uint16_t)l->ring->vr.num, 0x7fff, 0xffff };
	struct vring_desc *table;
	struct lie_mem *m;

	for (unsigned int i = 0; i < 3; i++) {
		lie_desc(l, 0, r.header, VRING_DESC_F_NEXT, next[i]);
		lie_refused(l, 0);
	}
	table = lie_table(l, 3, &m);
	lie_desc(l, 0, m, VRING_DESC_F_INDIRECT, 0);
	for (uint16_t i = 3; i < 6; i++) {
		lie_table_request(table, &r);
		table[1].next = i;
		lie_refused(l, 0);
	}
}
