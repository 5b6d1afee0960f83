// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Chains that bite their tail: after one descriptor, two, all of them, and
 * inside an indirect table.
 */
#include "tests/hostile/hostile.h"

LIE(loops)
{
	struct lie_request r = lie_request(l, VIRTIO_BLK_T_OUT, 0, 512);
	uint16_t num = (uint16_t)l->ring->vr.num;
	struct vring_desc *table;
	struct lie_mem *m;

	lie_desc(l, 0, r.header, VRING_DESC_F_NEXT, 0);
	lie_refused(l, 0);

	lie_desc(l, 0, r.header, VRING_DESC_F_NEXT, 1);
	lie_desc(l, 1, r.data, VRING_DESC_F_NEXT, 0);
	lie_refused(l, 0);

	lie_desc(l, 0, r.status, VRING_DESC_F_NEXT, 0);
	lie_refused(l, 0);

	for (uint16_t i = 0; i < num - 3; i++)
		lie_desc(l, i, r.data, VRING_DESC_F_NEXT,
			 (uint16_t)((i + 1) % (num - 3)));
	lie_refused(l, 0);

	table = lie_table(l, 3, &m);
	lie_table_request(table, &r);
	table[1].next = 0;
	lie_desc(l, 0, m, VRING_DESC_F_INDIRECT, 0);
	lie_refused(l, 0);
	table[1].next = 1;
	lie_refused(l, 0);
}
