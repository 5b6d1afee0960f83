// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A disk that is set up, used and reset as fast as a driver can, forty
 * times.
 */
#include "tests/hostile/hostile.h"

LIE(connect_storm)
{
	for (int i = 0; i < 40; i++) {
		uint32_t mems = l->mems;
		struct lie_request r = lie_request(l, VIRTIO_BLK_T_IN, 0, 4096);

		lie_chain(l, 0, &r);
		lie_send(l, 0);
		lie_reopen(l);
		lie_release(l, mems);
	}
	lie_ping(l);
}
