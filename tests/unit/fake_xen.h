/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen/foreign.h and xen/grant.h without Xen: one guest with a little memory and
 * a grant table. Link fake_xen.o instead of xen/foreign.o and xen/grant.o.
 *
 * What the real thing forbids fails here too, loudly: a page with an error and
 * memory that was unmapped are PROT_NONE, pages of a read-only mapping cannot
 * be written, an unmap that does not match a map ends the program.
 */
#ifndef TESTS_UNIT_FAKE_XEN_H
#define TESTS_UNIT_FAKE_XEN_H

#include <stdbool.h>
#include <stdint.h>

#include "xen/foreign.h"
#include "xen/grant.h"

#define FAKE_GRANTS 16384u	/* references there are */

/* Frames 0 to @pages - 1 are memory. */
void fake_open(uint32_t pages);
/* Fails if anything is mapped still, but for what could not be unmapped. */
void fake_close(void);
/* Both, but for what is in memory: that stays. */
void fake_again(void);

/* The guest's own view of its memory. */
void *fake_ram(uint64_t addr);
uint64_t fake_ram_size(void);

/* Frame @gfn can't be mapped (any more), or can (again). */
void fake_hole(uint64_t gfn, bool hole);

void fake_grant(uint32_t ref, uint64_t gfn, bool read_only);
/* As a guest does when it has its page back: fails if it is still mapped. */
void fake_end_access(uint32_t ref);
/* How often @ref is mapped at this moment. */
uint32_t fake_in_use(uint32_t ref);

/*
 * The @k-th map or copy call from now on fails with @err as a whole; 0: none.
 * fake_calls() is how many there were since.
 */
void fake_fail_call(uint32_t k, int err);
uint32_t fake_calls(void);

/*
 * The @k-th unmap from now on fails with @err; 0: none. What it was for stays
 * mapped until the guest is closed, but nobody may come back to it.
 */
void fake_fail_unmap(uint32_t k, int err);

struct fake_counts {
	/* at this moment, without those that were lost */
	uint32_t live_foreign;		/* mappings */
	uint32_t live_foreign_pages;
	uint32_t live_grants;		/* mappings */
	uint32_t live_grant_pages;
	/* since fake_open() or fake_again() */
	uint32_t foreign_maps;
	uint32_t grant_maps;
	uint32_t grant_write_maps;
	uint32_t copies;
	uint32_t copy_segments;
	uint32_t lost;			/* mappings whose unmap failed */
};

extern struct fake_counts fake;

/* Does @act end in a crash? It runs in a child. */
bool fake_crashes(void (*act)(void *), void *arg);

#endif
