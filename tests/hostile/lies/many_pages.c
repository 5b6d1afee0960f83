// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Good requests that look odd: 126 buffers, each over two pages and none on an
 * even address. Descriptors are counted, not the pieces they become. The
 * buffers lie side by side, and each gets its own part of the disk.
 */
#include "tests/hostile/hostile.h"

#define PARTS 126u
#define PART (SIM_PAGE + 512)

LIE(many_pages, .polite = true)
{
	struct gpart parts[PARTS];
	struct greq r = { .type = VIRTIO_BLK_T_OUT, .parts = parts,
			  .count = PARTS };
	struct lie_mem *out, *in;
	int ret;

	out = lie_memory(l, PARTS * PART, 3, SIM_GRANT_READ);
	in = lie_memory(l, PARTS * PART, 4093, SIM_GRANT_WRITE);
	for (uint32_t i = 0; i < PARTS * PART; i++)
		out->buf.va[i] = (uint8_t)(i * 7 + i / 512);
	for (unsigned int direct = 0; direct < 2; direct++) {
		memset(in->buf.va, 0, in->buf.len);
		r.direct = direct;
		for (int k = 0; k < 2; k++) {
			const struct gbuf *b = k ? &in->buf : &out->buf;

			for (uint32_t i = 0; i < PARTS; i++)
				parts[i] = (struct gpart){ b->gpa + i * PART,
							   PART };
			r.in = k;
			r.type = k ? VIRTIO_BLK_T_IN : VIRTIO_BLK_T_OUT;
			ret = gblk_do(&l->disk.queue[0], &r);
			EXPECT(!ret, "request %d: %s", k, strerror(-ret));
		}
		EXPECT(!memcmp(in->buf.va, out->buf.va, in->buf.len),
		       "other data than was written");
	}
}
