// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A page that is given back is given to nobody: the guest goes on with one that
 * only it can see, so that a story can't make this program fault.
 */
#include "tests/fuzz/memory_sim.h"

#include <string.h>
#include <sys/mman.h>

#include "tests/fuzz/fuzz.h"

#define RAM_GFN (SIM_RAM_BASE / SIM_PAGE)

_Static_assert(PAGE == SIM_PAGE, "one idea of a page");

static struct memory *m;

void memory_use(struct memory *memory)
{
	m = memory;
}

uint32_t memory_ref_of(uint32_t frame)
{
	return SIM_GRANT_FIRST + frame;
}

uint32_t memory_frame_of(uint32_t ref)
{
	return ref >= SIM_GRANT_FIRST && ref - SIM_GRANT_FIRST < FRAMES ?
		ref - SIM_GRANT_FIRST : FRAMES;
}

static void grant(uint32_t frame, bool read_only)
{
	/* In use, it stays what it is. */
	sim_ungrant(m->dom, memory_ref_of(frame));
	sim_grant(m->dom, memory_ref_of(frame), RAM_GFN + frame,
		  read_only ? SIM_GRANT_READ : SIM_GRANT_WRITE);
}

void memory_open(void)
{
	for (uint32_t i = 0; i < FRAMES; i++) {
		memory_hole(i, false);
		if (m->changed[i])
			grant(i, i >= READ_ONLY);
		m->changed[i] = false;
	}
	memset(m->ram, UNTOUCHED, FRAMES * PAGE);
}

void *memory_at(uint32_t frame, uint32_t offset)
{
	return m->ram + (size_t)frame * PAGE + offset;
}

uint64_t memory_address(uint32_t frame, uint32_t offset, bool granted)
{
	if (granted)
		return UINT64_C(1) << 63 |
		       ((uint64_t)memory_ref_of(frame) * PAGE + offset);
	return SIM_RAM_BASE + (uint64_t)frame * PAGE + offset;
}

void memory_grant(uint32_t frame, bool read_only)
{
	grant(frame, read_only);
	m->changed[frame] = true;
}

void memory_revoke(uint32_t frame)
{
	sim_ungrant(m->dom, memory_ref_of(frame));
	m->changed[frame] = true;
}

void memory_hole(uint32_t frame, bool hole)
{
	void *at = memory_at(frame, 0);

	if (m->hole[frame] == hole)
		return;
	m->hole[frame] = hole;
	if (!hole) {
		MUST(!sim_page_restore(m->dom, RAM_GFN + frame));
		m->filled++;
		return;
	}
	MUST(!sim_page_remove(m->dom, RAM_GFN + frame));
	MUST(mmap(at, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE |
		  MAP_ANONYMOUS | MAP_FIXED, -1, 0) == at);
}
