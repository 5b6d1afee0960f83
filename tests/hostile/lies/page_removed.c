// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory that the guest gives back (a balloon) while the device may use it: the
 * data of a request, on its way or later. A page that is gone can't be written;
 * one that comes back is another page.
 */
#include "tests/hostile/hostile.h"

LIE(page_removed)
{
	struct lie_request r = lie_request(l, VIRTIO_BLK_T_IN, 0, 8192);
	uint64_t gfn = r.data->buf.gpa / SIM_PAGE;
	int ret;

	EXPECT(lie_do(l, &r) == VIRTIO_BLK_S_OK, "status %u", lie_status(&r));
	for (int i = 0; i < 5; i++) {
		*r.status->buf.va = 0xff;
		lie_send(l, 0);
		ret = sim_page_remove(l->dom, gfn + 1);
		EXPECT(!ret, "no balloon: %s", strerror(-ret));
		/* That access comes after the INVALIDATE. */
		gmmio_write(l->mmio, VIRTIO_MMIO_QUEUE_NOTIFY, 0);
		lie_answer(l);
		*r.status->buf.va = 0xff;
		lie_send(l, 0);
		lie_answer(l);
		ret = lie_status(&r);
		if (sim_page_restore(l->dom, gfn + 1))
			lie_fail(l, "no page comes back");
		EXPECT(ret == VIRTIO_BLK_S_IOERR, "a page that is gone: status %u",
		       ret);
		memset(r.data->buf.va, 0xcc, 8192);
		*r.status->buf.va = 0xff;
		lie_send(l, 0);
		lie_answer(l);
		EXPECT(lie_status(&r) == VIRTIO_BLK_S_OK, "status %u",
		       lie_status(&r));
		EXPECT(r.data->buf.va[8191] != 0xcc,
		       "the new page was not written");
	}
	gram_repair(l->ram, r.data->buf.gpa, 8192);
}
