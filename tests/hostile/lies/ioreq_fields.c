// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Accesses of every width, count and kind to the registers, around their edges
 * and far away, as a vCPU can be brought to make them. Those that are no access
 * of one register are answered with all ones.
 */
#include "tests/hostile/hostile.h"

#include <xen/hvm/ioreq.h>

LIE(ioreq_fields, .once = true)
{
	const uint32_t sizes[] = { 0, 1, 2, 3, 4, 5, 8, 16, 0x80000000,
		UINT32_MAX };
	const uint64_t offsets[] = { 0, 1, 0x50, 0x70, 0x100, 0x1fc, 0x1ff };
	/* INVALIDATE (8) and those that Xen sends to no device model are left. */
	const uint8_t types[] = { IOREQ_TYPE_COPY, IOREQ_TYPE_PIO };

	for (unsigned int i = 0; i < 2 * 10 * 7 * 12; i++) {
		struct sim_access a = {
			.type = types[i % 2], .size = sizes[i / 2 % 10],
			.addr = l->mmio->base + offsets[i / 20 % 7],
			.read = i / 140 % 2,
			.count = (const uint32_t[]){ 1, 0, UINT32_MAX }
				[i / 280 % 3],
			.data_is_ptr = i / 840 % 2,
			.data = SIM_RAM_BASE };
		int ret;

		/* Not a reset, which would be a fair thing to ask for. */
		if (!a.read && offsets[i / 20 % 7] == 0x70)
			continue;
		ret = sim_access(l->dom, 2, &a);
		EXPECT(!ret || ret == -EFAULT, "access %u: %s", i,
		       strerror(-ret));
		if (!ret && a.read && a.count != 1 && !a.data_is_ptr)
			EXPECT((uint8_t)a.data == 0xff || !a.size,
			       "access %u reads 0x%llx", i,
			       (unsigned long long)a.data);
	}
	lie_ping(l);
}
