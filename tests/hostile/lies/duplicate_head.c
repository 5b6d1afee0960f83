// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The same head twice: in one batch, and while it is in flight. It is taken
 * once, and may be taken again after it has returned. Whether the second entry
 * comes early enough to be a duplicate is up to chance, so it is tried often;
 * each time there are one or two answers, never more, never another head.
 */
#include "tests/hostile/hostile.h"

static void answers(struct liar *l)
{
	struct vring_used_elem e;
	uint16_t ping = (uint16_t)(l->ring->vr.num - 3);
	struct lie_request r = lie_request(l, VIRTIO_BLK_T_IN, 0, GBLK_SECTOR);

	lie_chain(l, ping, &r);
	lie_send(l, ping);
	for (int seen = 0;; seen++) {
		e = lie_answer(l);
		if (e.id == ping)
			break;
		EXPECT(e.id == 0 && seen < 2, "answer %d is head %u", seen,
		       e.id);
	}
	/* The ping may overtake what was sent before it. */
	lie_nap(1000);
	while (gvring_used_idx(l->ring) != l->answered) {
		e = lie_answer(l);
		EXPECT(e.id == 0, "head %u came back late", e.id);
	}
}

LIE(duplicate_head)
{
	struct lie_request r = lie_request(l, VIRTIO_BLK_T_OUT, 8, 65536);

	lie_chain(l, 0, &r);
	for (int i = 0; i < 20; i++) {
		gvring_offer(l->ring, 0);
		lie_send(l, 0);
		answers(l);
		lie_send(l, 0);
		lie_send(l, 0);
		answers(l);
	}
	EXPECT(lie_status(&r) == VIRTIO_BLK_S_OK, "status %u", lie_status(&r));
}
