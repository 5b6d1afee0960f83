// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whatever the device writes is exactly what it should: a serial number of 20
 * bytes in a larger buffer, used entries that were not used, the gaps in the
 * configuration.
 */
#include "tests/hostile/hostile.h"

LIE(stale_bytes)
{
	const uint8_t *used = (const uint8_t *)l->ring->vr.used;
	uint32_t num = l->ring->vr.num, len;

	for (len = 1; len <= 4096; len = len * 3 + 1) {
		struct lie_request r = lie_request(l, VIRTIO_BLK_T_GET_ID, 0,
						   len);
		struct vring_used_elem e;

		memset(r.data->buf.va, 0xcc, len);
		lie_chain(l, 0, &r);
		lie_send(l, 0);
		e = lie_answer(l);
		EXPECT(lie_status(&r) == VIRTIO_BLK_S_OK, "status %u",
		       lie_status(&r));
		EXPECT(e.len <= len + 1, "%u bytes written", e.len);
		for (uint32_t i = 20; i < len; i++)
			EXPECT(r.data->buf.va[i] == 0xcc, "byte %u is written",
			       i);
	}
	for (uint32_t i = 4 + l->answered * 8u; i < 4 + num * 8; i++)
		EXPECT(!used[i], "byte %u of the used ring is 0x%x", i, used[i]);
	EXPECT(!l->disk.space.unused && !l->disk.space.unused1[0] &&
	       !l->disk.space.unused1[1] && !l->disk.space.unused1[2],
	       "the gaps of the configuration are not 0");
}
