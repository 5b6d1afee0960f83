// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests of kinds that there are not, or that nobody has agreed upon: SCSI
 * commands, lifetime, secure erase, zones, and numbers out of thin air. Each
 * comes back unsupported.
 */
#include "tests/hostile/hostile.h"

LIE(unknown_types)
{
	const uint32_t types[] = { 2, 3, 5, 6, 7, 9, 10, 12, 14, 15, 16, 18, 20,
		22, 24, 26, 0x80000000, 0x80000001, 0x100, 0x10000, UINT32_MAX };

	for (unsigned int i = 0; i < sizeof(types) / 4; i++) {
		struct lie_request r = lie_request(l, types[i], 0,
						   i % 3 * 512);

		lie_chain(l, 0, &r);
		lie_send(l, 0);
		lie_expect(l, 0, 1);
		EXPECT(lie_status(&r) == VIRTIO_BLK_S_UNSUPP,
		       "type %u: status %u", types[i], lie_status(&r));
	}
	lie_ping(l);
}
