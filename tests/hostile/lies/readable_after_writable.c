// SPDX-License-Identifier: GPL-2.0-or-later
/* What the device reads has to come before what it writes. */
#include "tests/hostile/hostile.h"

LIE(readable_after_writable)
{
	struct lie_request r = lie_request(l, VIRTIO_BLK_T_OUT, 0, 512);

	lie_desc(l, 0, r.header, VRING_DESC_F_NEXT, 1);
	lie_desc(l, 1, r.status, VRING_DESC_F_NEXT, 2);
	lie_desc(l, 2, r.data, 0, 0);
	lie_refused(l, 0);
	lie_desc(l, 0, r.status, VRING_DESC_F_NEXT, 1);
	lie_desc(l, 1, r.header, 0, 0);
	lie_refused(l, 0);
	EXPECT(lie_status(&r) == 0xff,
	       "status %u, though it is not at the end", lie_status(&r));
	/* It can be located here. */
	lie_desc(l, 0, r.status, VRING_DESC_F_NEXT, 1);
	lie_desc(l, 1, r.header, VRING_DESC_F_NEXT, 2);
	lie_desc(l, 2, r.status, 0, 0);
	lie_refused(l, 0);
}
