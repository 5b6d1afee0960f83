// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory that fake_xen.c pretends: frame n is at n pages, reference n grants it.
 */
#include "tests/fuzz/memory.h"

#include <string.h>

#include "tests/unit/fake_xen.h"

void memory_open(void)
{
	fake_open(FRAMES);
	memset(fake_ram(0), UNTOUCHED, fake_ram_size());
	for (uint32_t i = 0; i < FRAMES; i++)
		fake_grant(i, i, i >= READ_ONLY);
}

void *memory_at(uint32_t frame, uint32_t offset)
{
	return fake_ram(frame * PAGE + offset);
}

uint64_t memory_address(uint32_t frame, uint32_t offset, bool granted)
{
	uint64_t at = (uint64_t)frame * PAGE + offset;

	return granted ? at | UINT64_C(1) << 63 : at;
}

void memory_grant(uint32_t frame, bool read_only)
{
	fake_grant(frame, frame, read_only);
}

void memory_revoke(uint32_t frame)
{
	if (!fake_in_use(frame))
		fake_end_access(frame);
}

void memory_hole(uint32_t frame, bool hole)
{
	fake_hole(frame, hole);
}
