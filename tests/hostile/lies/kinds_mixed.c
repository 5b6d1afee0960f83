// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Both kinds of address in one request, in every combination. Each address says
 * itself what it is; what is served is served right, and the worker lives.
 */
#include "tests/hostile/hostile.h"

LIE(kinds_mixed)
{
	const uint32_t types[] = { VIRTIO_BLK_T_IN, VIRTIO_BLK_T_OUT };

	for (unsigned int i = 0; i < 2 * 8; i++) {
		struct lie_request r = lie_request(l, types[i % 2], 0, 4096);
		struct lie_mem *parts[] = { r.header, r.data, r.status };

		lie_chain(l, 0, &r);
		for (uint16_t k = 0; k < 3; k++) {
			uint64_t addr = parts[k]->buf.gpa;
			struct gmap map;

			if (!(i / 2 >> k & 1))
				continue;
			/* The other kind. */
			if (l->kind == GADDR_FOREIGN) {
				EXPECT(!gram_share(l->ram, GADDR_GRANT, addr,
						   parts[k]->buf.len,
						   parts[k]->access, &map),
				       "no grant");
				addr = map.addr;
				parts[k]->map = map;
			}
			l->ring->own[k].desc.addr = addr;
			l->ring->vr.desc[k].addr = addr;
		}
		lie_send(l, 0);
		lie_expect(l, 0, i % 2 ? 1 : 4097);
		EXPECT(lie_status(&r) == VIRTIO_BLK_S_OK, "status %u",
		       lie_status(&r));
	}
	lie_ping(l);
}
