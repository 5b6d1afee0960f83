// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Not the guest lies but the hypervisor fails: the k-th page of a request, for
 * every k, in the ways in which this world moves data. That request is an
 * error, its memory is free, the next one works.
 */
#include "tests/hostile/hostile.h"

#include <stdio.h>

#define PAGES 6u

LIE(grant_fails_each, .alone = true)
{
	const char *const calls[] = { "gnt_page", "gnt_segment", "gnt_copy",
		"gnt_map", "fm_page", "fm_map" };
	const uint32_t types[] = { VIRTIO_BLK_T_IN, VIRTIO_BLK_T_OUT };
	unsigned int failed = 0;

	for (unsigned int i = 0; i < 6 * 2 * 10; i++) {
		uint32_t mems = l->mems;
		struct lie_request r = lie_request(l, types[i % 2], 0,
						   PAGES * SIM_PAGE);
		char spec[40];

		snprintf(spec, sizeof(spec), "%s:%u:EINVAL", calls[i / 2 % 6],
			 i / 12 + 1);
		EXPECT(sim_fault(l->world, spec) >= 0, "%s is no fault", spec);
		*r.status->buf.va = 0xff;
		lie_chain(l, 0, &r);
		lie_send(l, 0);
		lie_answer(l);
		sim_fault_clear(l->world);
		failed += lie_status(&r) != VIRTIO_BLK_S_OK;
		EXPECT(lie_status(&r) == VIRTIO_BLK_S_OK ||
		       lie_status(&r) == VIRTIO_BLK_S_IOERR ||
		       lie_status(&r) == 0xff, "%s: status %u", spec,
		       lie_status(&r));
		lie_release(l, mems);
		lie_ping(l);
	}
	/* Foreign memory may be mapped already. */
	EXPECT(failed || l->kind == GADDR_FOREIGN, "nothing failed");
}
