/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest's RAM and grants, as its kernel keeps them. All RAM that nobody has
 * allocated holds a pattern, and so does what lies beside an allocation in its
 * pages, so a device that writes where it may not is found out.
 *
 * Like Linux, it takes a grant back as soon as the device has said that it is
 * done with it, and complains if a back end still uses it. A complaint is about
 * the device, never about the caller: it is counted, the first are printed, and life
 * goes on.
 *
 * All functions are thread-safe.
 */
#ifndef GUEST_GRAM_H
#define GUEST_GRAM_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "tests/sim/world.h"

/* What a device is told instead of a guest-physical address. */
enum gaddr {
	GADDR_FOREIGN,	/* nothing else */
	GADDR_GRANT,	/* bit 63, a grant reference, the offset in its page */
};

#define GADDR_GRANT_BIT (UINT64_C(1) << 63)

struct gram {
	struct sim_dom *dom;
	uint8_t *mem;
	uint64_t size;
	pthread_mutex_t lock;
	uint8_t *page_used;	/* one for each page of RAM */
	uint8_t *ref_used;	/* one for each grant reference */
	uint32_t refs, next_ref;
	uint32_t next_page;
	uint32_t busy;		/* grants that were in use when taken back */
	uint32_t complaints;
	char complaint[160];	/* the last one */
};

/* Takes all of the RAM, and all grants of @dom. */
int gram_open(struct gram *ram, struct sim_dom *dom);
/* @dom stays open. */
void gram_close(struct gram *ram);

__attribute__((format(printf, 2, 3)))
void gram_complain(struct gram *ram, const char *fmt, ...);

/* Allocated memory, contiguous in both views. */
struct gbuf {
	uint8_t *va;
	uint64_t gpa;
	uint32_t len;
};

/*
 * @offset: of the first byte in its page. The bytes are 0. Nobody is given the last
 * page of the memory. -ENOMEM.
 */
int gram_alloc(struct gram *ram, struct gbuf *b, uint32_t len, uint32_t offset);
/* Complains if bytes beside it have changed. */
void gram_free(struct gram *ram, struct gbuf *b);

/* Where @gpa is; NULL if @len bytes from there are not all RAM. */
void *gram_at(const struct gram *ram, uint64_t gpa, uint64_t len);

/* What the device may use: an address to tell it. */
struct gmap {
	uint64_t addr;
	uint32_t ref, count;	/* grants; 0 of them for GADDR_FOREIGN */
};

/* One grant for each page that is touched, one after another. -ENOSPC. */
int gram_share(struct gram *ram, enum gaddr kind, uint64_t gpa, uint32_t len,
	       enum sim_grant_access access, struct gmap *map);
/*
 * Takes it back. A grant that is in use is a complaint, and is never used
 * again. -EBUSY if there was one.
 */
int gram_unshare(struct gram *ram, struct gmap *map);

/* Complains if free memory does not hold its pattern: -EIO. */
int gram_check(struct gram *ram);
/* Put the pattern back where a test changed or removed pages. */
void gram_repair(struct gram *ram, uint64_t gpa, uint64_t len);

#endif
