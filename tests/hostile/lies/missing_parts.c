// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests without a whole header, without data, without a byte for the status,
 * or with their data in the wrong direction: each comes back.
 */
#include "tests/hostile/hostile.h"

static void answered(struct liar *l, const struct lie_request *r)
{
	struct vring_used_elem e;

	lie_send(l, 0);
	e = lie_answer(l);
	EXPECT(e.id == 0 && e.len <= 1, "head %u with length %u", e.id, e.len);
	EXPECT(lie_status(r) != VIRTIO_BLK_S_OK, "that went well?");
	lie_ping(l);
}

LIE(missing_parts)
{
	const uint32_t types[] = { VIRTIO_BLK_T_IN, VIRTIO_BLK_T_OUT };

	for (unsigned int i = 0; i < 2; i++) {
		struct lie_request r = lie_request(l, types[i], 0, 512);
		struct lie_request other = lie_request(l, types[1 - i], 0, 512);

		lie_desc(l, 0, r.header, 0, 0);		/* no status */
		answered(l, &r);
		lie_desc(l, 0, r.header, VRING_DESC_F_NEXT, 1);
		lie_desc(l, 1, r.status, 0, 0);		/* no data */
		answered(l, &r);
		lie_chain(l, 0, &r);			/* 15 bytes of header */
		gvring_set_desc(l->ring, 0, r.header->map.addr, 15,
				VRING_DESC_F_NEXT, 2);
		answered(l, &r);
		lie_chain(l, 0, &r);			/* the wrong way */
		lie_desc(l, 1, other.data, VRING_DESC_F_NEXT, 2);
		answered(l, &r);
		lie_desc(l, 0, r.status, 0, 0);		/* no header */
		answered(l, &r);
	}
}
