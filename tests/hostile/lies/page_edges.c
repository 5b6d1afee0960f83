// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Buffers around the edges of pages, every offset and length near them: each
 * page that is touched is counted, and no other. What is beside them holds its
 * pattern, which is looked at when they are freed.
 */
#include "tests/hostile/hostile.h"

LIE(page_edges)
{
	const uint32_t offsets[] = { 0, 1, 511, 512, 3583, 3584, 3585, 4095 };
	const uint32_t lens[] = { 512, 3584, 4096, 4608, 8192, 12288 };

	for (unsigned int i = 0; i < 8 * 6; i++) {
		uint32_t mems = l->mems, len = lens[i / 8];
		struct lie_mem *out, *in;
		struct lie_request r;

		out = lie_memory(l, len, offsets[i % 8], SIM_GRANT_READ);
		in = lie_memory(l, len, offsets[7 - i % 8], SIM_GRANT_WRITE);
		for (uint32_t k = 0; k < len; k++)
			out->buf.va[k] = (uint8_t)(k * 13 + k / 256 + i);
		r = lie_request(l, VIRTIO_BLK_T_OUT, i, 0);
		r.data = out;
		EXPECT(lie_do(l, &r) == VIRTIO_BLK_S_OK, "status %u",
		       lie_status(&r));
		r = lie_request(l, VIRTIO_BLK_T_IN, i, 0);
		r.data = in;
		EXPECT(lie_do(l, &r) == VIRTIO_BLK_S_OK, "status %u",
		       lie_status(&r));
		EXPECT(!memcmp(in->buf.va, out->buf.va, len),
		       "other data at offset %u, length %u", offsets[i % 8],
		       len);
		lie_release(l, mems);
	}
}
