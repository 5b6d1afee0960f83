/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lies that a guest can tell. Each is a file in lies/ with a function that gets
 * a disk whose rings are its own to write, and tells the device something that
 * a driver must not. What it expects of the answer it says with EXPECT(). The
 * rest is checked after every lie, see after.c: the worker lives, others went
 * on, nothing is mapped or lost, nothing was written that was not to be.
 *
 * Each lie runs with guest-physical addresses and with grants, unless it does
 * not depend on them (.once).
 */
#ifndef HOSTILE_HOSTILE_H
#define HOSTILE_HOSTILE_H

#include <errno.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <linux/virtio_mmio.h>

#include "tests/guest/gblk.h"

#define LIE_MEMS 600

/* Memory that the device may use. */
struct lie_mem {
	struct gbuf buf;
	struct gmap map;
	enum sim_grant_access access;
	uint64_t sum;		/* of what the device may only read */
};

struct liar {
	struct sim_world *world;
	struct sim_dom *dom;
	struct gram *ram;
	struct gvcpu *vcpu;	/* four; the disk has 0, a bystander 1 */
	enum gaddr kind;
	struct gblk_config config;	/* what @disk was opened with */
	struct gblk disk;
	struct gvring *ring;	/* of its first queue */
	struct gmmio *mmio;
	uint16_t answered;	/* used entries looked at */
	bool scribbles;
	struct lie_mem *mem[LIE_MEMS];
	uint32_t mems;
	jmp_buf end;
	char why[200];		/* it failed */
};

struct lie {
	const char *name;
	void (*run)(struct liar *l);
	bool once;		/* addresses do not matter */
	bool read_only;		/* with the read-only disk */
	bool reset;		/* the device is reset only, no queue is there */
	bool polite;		/* a driver with an interrupt thread */
	bool scribbles;		/* over descriptors and readable memory, too */
	bool alone;		/* the others have a break: calls fail */
	struct lie *next;
};

void lie_register(struct lie *lie);

#define LIE(id, ...)							\
	static void id(struct liar *l);					\
	static struct lie lie_of_##id = { .name = #id, .run = id,	\
					  __VA_ARGS__ };		\
	__attribute__((constructor)) static void register_##id(void)	\
	{								\
		lie_register(&lie_of_##id);				\
	}								\
	static void id(struct liar *l)

/* Ends the lie. Only in the thread that runs it. */
__attribute__((noreturn, format(printf, 2, 3)))
void lie_fail(struct liar *l, const char *fmt, ...);

#define EXPECT(what, ...) do {						\
	if (!(what))							\
		lie_fail(l, __VA_ARGS__);				\
} while (0)

/* --- memory and requests ------------------------------------------------------------ */

/* @offset: in its first page. Taken back when the lie is over. */
struct lie_mem *lie_memory(struct liar *l, uint32_t len, uint32_t offset,
			   enum sim_grant_access access);
/* Earlier: all but the first @keep pieces, l->mems of some moment. */
void lie_release(struct liar *l, uint32_t keep);

struct lie_request {
	struct lie_mem *header, *data, *status;	/* data: NULL if there is none */
	bool in;
};

/* Header, @len bytes of data and status, all as they should be. */
struct lie_request lie_request(struct liar *l, uint32_t type, uint64_t sector,
			       uint32_t len);
/* What the device has put there; 0xff: nothing. */
uint8_t lie_status(const struct lie_request *r);

/* Descriptor @i, of memory that is just as shared. */
void lie_desc(struct liar *l, uint16_t i, const struct lie_mem *m,
	      uint16_t flags, uint16_t next);
/* Its two or three descriptors from @head on. */
void lie_chain(struct liar *l, uint16_t head, const struct lie_request *r);
/* An indirect table of @n entries, zeros. */
struct vring_desc *lie_table(struct liar *l, uint32_t n, struct lie_mem **m);
void lie_table_request(struct vring_desc *table, const struct lie_request *r);

/* --- the ring ------------------------------------------------------------------------- */

void lie_kick(struct liar *l);
/* @head becomes available, and a kick. */
void lie_send(struct liar *l, uint16_t head);
/* The next used entry, in whatever time it takes (10 s). */
struct vring_used_elem lie_answer(struct liar *l);
/* The next one has this head and this length. */
void lie_expect(struct liar *l, uint16_t head, uint32_t len);
/* lie_chain(), lie_send(), the answer is its head; returns the status. */
uint8_t lie_do(struct liar *l, const struct lie_request *r);
/* Chain @head is as malformed as can be: comes back with nothing done. */
void lie_refused(struct liar *l, uint16_t head);
/*
 * A good request is answered, and nothing else before it: the queue goes on.
 * Uses the last three descriptors.
 */
void lie_ping(struct liar *l);
/* The device asks for a reset, and says so with an interrupt. */
void lie_broken(struct liar *l);
/* Close the disk and open it again as it was. */
void lie_reopen(struct liar *l);
void lie_nap(unsigned int us);

#endif
