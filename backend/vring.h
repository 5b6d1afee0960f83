/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The device side of a split virtqueue (virtio 1.2, 2.7).
 *
 * The ring lies in memory that the guest writes while we look: each field is
 * read once, the copy is judged, the copy is used. Our own position, and what
 * is in flight, are in struct state_queue and never read back from the guest.
 *
 * Three kinds of wrong, three answers:
 *   an available entry that names no chain that could be started (head out of
 *   range or in flight)                 -> it is skipped, the queue goes on
 *   a malformed chain with a known head -> CHAIN_MALFORMED, to be pushed
 *                                          unexecuted
 *   an available index out of reach     -> -EPROTO, the queue is broken
 *
 * Not thread-safe. Nothing here allocates, maps or blocks.
 */
#ifndef BACKEND_VRING_H
#define BACKEND_VRING_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/virtio_ring.h>

#include "backend/state.h"
#include "mapcache/mapcache.h"

struct virtq {
	struct state_queue *pos;
	const struct vring_desc *desc;
	const struct vring_avail *avail;
	struct vring_used *used;
	uint16_t num;
	uint16_t used_idx;	/* next used entry to write */
	uint16_t signalled;	/* used index at the last interrupt decision */
	bool event_idx;
	bool indirect;
	uint16_t pushed[STATE_QUEUE_SIZE];	/* heads not yet published */
};

/*
 * A chain, copied and bounded: device-readable segments first, then the
 * device-writable ones, none of them empty. A range that can't exist has
 * become GPA_NOWHERE. While it is being read, `next`, `limit` and `seen` say
 * where the walk is.
 */
struct chain {
	struct mapcache_segment *seg;	/* room for vring.num, the caller's */
	uint32_t nread;		/* device-readable segments */
	uint32_t nseg;		/* all */
	uint64_t readable;	/* bytes */
	uint64_t writable;	/* bytes */
	uint16_t head;
	bool bad_order;		/* readable after writable */
	bool ends_writable;	/* the last segment is the device's to write */
	uint32_t next;		/* index to read next */
	uint32_t limit;		/* entries in the table that is walked */
	uint32_t seen;		/* descriptors so far */
	struct mapcache_segment table;	/* indirect table, len 0: none */
};

/* Sizes of the three parts for @num entries, bytes. */
uint32_t vring_desc_bytes(uint32_t num);
uint32_t vring_avail_bytes(uint32_t num, bool event_idx);
uint32_t vring_used_bytes(uint32_t num, bool event_idx);

/*
 * Take up the ring at the position that @vr->pos holds. The caller has set
 * pos, desc, avail, used (it alone is written), num, event_idx and indirect.
 * Finishes a publication that an earlier process was killed in.
 */
void vring_start(struct virtq *vr);

/* New available entries, at most num; or -EPROTO. */
int vring_pending(const struct virtq *vr);

/*
 * Door 3. Take the next entry; call only if vring_pending() > 0. False when
 * it names no chain that can be started; it is dropped then.
 */
bool vring_pop(struct virtq *vr, uint16_t *head);
/* The same for a head that was in flight when an earlier process ended. */
void vring_retake(struct virtq *vr, uint16_t head);

enum chain_answer {
	CHAIN_END,		/* all of it is in @chain */
	CHAIN_NEXT,		/* goes on at chain->next */
	CHAIN_TABLE,		/* goes on in chain->table */
	CHAIN_MALFORMED,	/* to be pushed unexecuted */
};

/* Read the chain of a head that was taken; never CHAIN_NEXT. */
enum chain_answer vring_read_chain(const struct virtq *vr, uint16_t head,
				   struct chain *chain);
/* Begin to walk the table that chain->table names. */
void chain_enter_table(struct chain *chain);
/* Judge one descriptor, a private copy, and add it. */
enum chain_answer vring_chain_add(const struct virtq *vr, struct chain *chain,
				  const struct vring_desc *desc);

/*
 * Door 8. Return a chain: @len bytes were written from the first writable
 * segment on. Seen by the guest after vring_publish(), which returns how many
 * chains it published.
 */
void vring_push(struct virtq *vr, uint16_t head, uint32_t len);
uint32_t vring_publish(struct virtq *vr);
/* After a publication: did the guest ask for an interrupt? */
bool vring_wants_irq(struct virtq *vr);

/*
 * Ask for no kicks, as far as the guest listens; or for a kick when @after new
 * entries are there, 1 to num (more than 1 with EVENT_IDX only). After
 * vring_kicks_on() the caller looks at vring_pending() once more: entries made
 * available before it may have come without a kick.
 */
void vring_kicks_off(struct virtq *vr);
void vring_kicks_on(struct virtq *vr, uint32_t after);

#endif
