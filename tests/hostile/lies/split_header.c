// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * No lie, but seldom heard: header, data and status cut into any pieces, down
 * to single bytes. The device counts bytes.
 */
#include "tests/hostile/hostile.h"

/* Descriptors from @i on for @m, @step bytes each. Returns the next one. */
static uint16_t pieces(struct liar *l, uint16_t i, const struct lie_mem *m,
		       uint32_t step, bool last)
{
	uint16_t flags = m->access == SIM_GRANT_WRITE ? VRING_DESC_F_WRITE : 0;

	for (uint32_t at = 0; at < m->buf.len; at += step, i++) {
		uint32_t n = m->buf.len - at < step ? m->buf.len - at : step;
		bool end = last && at + n == m->buf.len;

		gvring_set_desc(l->ring, i, m->map.addr + at, n,
				flags | (end ? 0 : VRING_DESC_F_NEXT),
				end ? 0 : i + 1);
	}
	return i;
}

LIE(split_header)
{
	struct lie_request out = lie_request(l, VIRTIO_BLK_T_OUT, 16, 1024);
	struct lie_request in = lie_request(l, VIRTIO_BLK_T_IN, 16, 1024);
	const uint32_t steps[] = { 1, 2, 3, 5, 7, 13, 15, 16 };

	for (unsigned int k = 0; k < 8; k++) {
		memset(out.data->buf.va, (int)(k + 1), 1024);
		*out.status->buf.va = *in.status->buf.va = 0xff;
		pieces(l, pieces(l, pieces(l, 0, out.header, steps[k], false),
				 out.data, steps[k] * 31, false),
		       out.status, 1, true);
		lie_send(l, 0);
		lie_expect(l, 0, 1);
		EXPECT(lie_status(&out) == VIRTIO_BLK_S_OK, "status %u",
		       lie_status(&out));
		pieces(l, pieces(l, pieces(l, 0, in.header, steps[k], false),
				 in.data, steps[k] * 37, false),
		       in.status, 1, true);
		lie_send(l, 0);
		lie_expect(l, 0, 1025);
		EXPECT(lie_status(&in) == VIRTIO_BLK_S_OK, "status %u",
		       lie_status(&in));
		EXPECT(!memcmp(in.data->buf.va, out.data->buf.va, 1024),
		       "other data than was written");
	}
}
