// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The image gets shorter under the disk, so reads fail: whole ones, and some
 * behind their first half. What reaches the guest is what was read, or nothing,
 * and no bytes of somebody else.
 */
#include "tests/hostile/hostile.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define LEN (2u << 20)

LIE(read_error)
{
	struct lie_request r = lie_request(l, VIRTIO_BLK_T_IN, 8192, LEN);
	off_t whole = (off_t)gblk_bytes(&l->disk);
	char path[200];
	struct vring_used_elem e;
	uint32_t strange = 0;
	int cut, back;

	snprintf(path, sizeof(path), "%s/liar.img", getenv("SIM_WORLD"));
	for (int half = 0; half < 2; half++) {
		memset(r.data->buf.va, 0xcc, LEN);
		*r.status->buf.va = 0xff;
		cut = truncate(path, 8192 * 512 + half * (LEN / 2));
		lie_chain(l, 0, &r);
		lie_send(l, 0);
		e = lie_answer(l);
		back = truncate(path, whole);
		EXPECT(!cut && !back, "%s can't be cut", path);
		EXPECT(lie_status(&r) == VIRTIO_BLK_S_IOERR, "status %u",
		       lie_status(&r));
		EXPECT(e.len <= half * (LEN / 2), "%u bytes, it says", e.len);
		/* It has only zeros. */
		for (uint32_t i = 0; i < LEN; i++)
			strange += r.data->buf.va[i] != 0xcc &&
				r.data->buf.va[i] != 0;
		EXPECT(!strange, "%u bytes of something else", strange);
	}
}
