// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory that is granted to be read, given to be written: data, status. The
 * request is an error, and nothing is written. (Guest-physical addresses have no
 * such thing.)
 */
#include "tests/hostile/hostile.h"

LIE(readonly_grants, .once = true)
{
	const uint32_t types[] = { VIRTIO_BLK_T_IN, VIRTIO_BLK_T_GET_ID };
	struct lie_mem *fixed = lie_memory(l, 262144, 100, SIM_GRANT_READ);

	memset(fixed->buf.va, 0x33, fixed->buf.len);
	for (unsigned int i = 0; i < 8; i++) {
		struct lie_request r = lie_request(l, types[i % 2], 0, 512);
		uint16_t where = i / 2 % 2 ? 2 : 1;

		lie_chain(l, 0, &r);
		gvring_set_desc(l->ring, where, fixed->map.addr,
				where == 2 ? 1 : i < 4 ? 512 : 262144,
				VRING_DESC_F_WRITE |
				(where == 1 ? VRING_DESC_F_NEXT : 0), 2);
		lie_send(l, 0);
		lie_expect(l, 0, 0);
		EXPECT(lie_status(&r) != VIRTIO_BLK_S_OK, "that went well?");
		for (uint32_t k = 0; k < fixed->buf.len; k++)
			EXPECT(fixed->buf.va[k] == 0x33, "byte %u was written",
			       k);
		lie_ping(l);
	}
}
