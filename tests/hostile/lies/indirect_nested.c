// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A table in a table, a table that is followed by a descriptor, one that the
 * device could write, which it ignores; and one where no tables were agreed
 * upon.
 */
#include "tests/hostile/hostile.h"

LIE(indirect_nested)
{
	struct lie_request r = lie_request(l, VIRTIO_BLK_T_IN, 0, 512);
	struct vring_desc *outer, *inner;
	struct lie_mem *mo, *mi;

	outer = lie_table(l, 1, &mo);
	inner = lie_table(l, 3, &mi);
	lie_table_request(inner, &r);
	outer[0] = (struct vring_desc){ .addr = mi->map.addr, .len = 48,
					.flags = VRING_DESC_F_INDIRECT };
	lie_desc(l, 0, mo, VRING_DESC_F_INDIRECT, 0);
	lie_refused(l, 0);

	lie_desc(l, 0, mi, VRING_DESC_F_INDIRECT | VRING_DESC_F_NEXT, 1);
	lie_desc(l, 1, r.status, 0, 0);
	lie_refused(l, 0);

	lie_desc(l, 0, mi, VRING_DESC_F_INDIRECT | VRING_DESC_F_WRITE, 0);
	lie_send(l, 0);
	lie_expect(l, 0, 513);

	/* Ordinary descriptors in front of it are allowed. */
	lie_desc(l, 0, r.header, VRING_DESC_F_NEXT, 1);
	gvring_set_desc(l->ring, 1, mi->map.addr, 48, VRING_DESC_F_INDIRECT, 0);
	inner[0] = inner[1];
	inner[0].next = 2;
	lie_send(l, 0);
	lie_expect(l, 0, 513);

	l->config.refuse = UINT64_C(1) << VIRTIO_RING_F_INDIRECT_DESC;
	lie_reopen(l);
	lie_table_request(inner, &r);
	lie_desc(l, 0, mi, VRING_DESC_F_INDIRECT, 0);
	lie_refused(l, 0);
}
