// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Index arithmetic of the ring (virtio 1.2, 2.7.6 and 2.7.8). Both indices run
 * freely through 16 bits; the guest may write any available index and any
 * entry, and we may be anywhere.
 *
 *   pending  the new entries, modulo 2^16; more than the queue has is an error
 *   pop      takes the one entry that is next, whatever it says; gives a head
 *            only if there is such a descriptor and it is not in flight, and
 *            it is in flight afterwards; touches nothing of other heads
 *   push     writes the one used entry that is next, and no other
 *
 * By trying: every available index at positions around each wrap, for every
 * queue size; every entry value at every slot. CBMC leaves everything open.
 *
 * cbmc: backend/vring.c --arrays-uf-always
 */
#include <errno.h>

#include "backend/vring.h"
#include "tests/prove/prove.h"

#define NUM STATE_QUEUE_SIZE

static struct state_queue pos;
static struct virtq vr;
static uint16_t avail[2 + NUM + 1];
static uint32_t used[1 + 2 * NUM + 1];

static void ring_set(uint32_t num, uint16_t last_avail)
{
	vr.pos = &pos;
	vr.avail = (struct vring_avail *)(void *)avail;
	vr.used = (struct vring_used *)(void *)used;
	vr.num = (uint16_t)num;
	pos.last_avail = last_avail;
}

static void pending(uint32_t num, uint16_t last_avail, uint16_t idx)
{
	/* How far one has to walk from here to there. */
	uint32_t n = (idx + 0x10000u - last_avail) % 0x10000u;

	ring_set(num, last_avail);
	avail[1] = idx;
	CLAIM(vring_pending(&vr) == (n > num ? -EPROTO : (int)n),
	      "num %u, last_avail %u, avail.idx %u", num, last_avail, idx);
	CLAIM(pos.last_avail == last_avail, "last_avail %u", last_avail);
}

/*
 * The entry at @last_avail, in @slot, says @entry; @flight is what that head is
 * now.
 */
static void pop(uint32_t num, uint16_t last_avail, uint32_t slot,
		uint16_t entry, uint32_t flight)
{
	uint32_t taken = pos.taken;
	uint16_t head = 0;
	bool valid, got;

	ring_set(num, last_avail);
	avail[2 + slot] = entry;
	if (entry < NUM)
		pos.in_flight[entry] = flight;
	valid = entry < num && !flight;
	got = vring_pop(&vr, &head);
	CLAIM(got == valid, "num %u, last_avail %u, entry %u, in flight %#x",
	      num, last_avail, entry, flight);
	CLAIM(pos.last_avail == (uint16_t)(last_avail + 1), "last_avail %u",
	      last_avail);
	CLAIM(pos.taken == taken + got, "taken %u, then %u", taken, pos.taken);
	CLAIM(!got || head == entry, "entry %u", entry);
	CLAIM(!got || pos.in_flight[head] ==
	      (STATE_TAKEN | (taken & STATE_POSITION)), "entry %u", entry);
	CLAIM(got || entry >= NUM || pos.in_flight[entry] == flight,
	      "entry %u", entry);
}

/* The entry of @used_idx is in @slot; @behind before it are not published. */
static void push(uint32_t num, uint16_t used_idx, uint32_t slot,
		 uint16_t behind, uint16_t head, uint32_t len)
{
	uint32_t next = slot + 1 == num ? 0 : slot + 1;
	uint32_t next_id = used[1 + 2 * next];

	ring_set(num, 0);
	vr.used_idx = used_idx;
	pos.used = (uint16_t)(used_idx - behind);
	pos.in_flight[head] = STATE_TAKEN;
	vring_push(&vr, head, len);
	CLAIM(vr.used_idx == (uint16_t)(used_idx + 1), "used_idx %u", used_idx);
	CLAIM(used[1 + 2 * slot] == head && used[2 + 2 * slot] == len,
	      "used_idx %u, head %u, len %u", used_idx, head, len);
	CLAIM(num == 1 || used[1 + 2 * next] == next_id, "used_idx %u",
	      used_idx);
	CLAIM(vr.pushed[behind] == head, "head %u, %u not published", head,
	      behind);
	CLAIM(pos.in_flight[head] == (STATE_TAKEN | STATE_DONE), "head %u",
	      head);
	CLAIM(used[0] == 0, "the index must not move yet");
}

#ifdef __CPROVER__

void prove(void)
{
	uint32_t num = 1u << (nondet_u8() % 9);
	uint16_t entry = nondet_u16(), other = nondet_u16();
	uint16_t head = nondet_u16(), behind = nondet_u16();
	uint16_t at = nondet_u16();
	uint32_t before = nondet_u32();

	pending(num, nondet_u16(), nondet_u16());

	pos.taken = nondet_u32();
	SUPPOSE(pos.taken < UINT32_MAX);
	SUPPOSE(other < NUM && other != entry);
	pos.in_flight[other] = before;
	pop(num, at, at % num, entry, nondet_u32());
	CLAIM(pos.in_flight[other] == before, "another head");

	/* No more can wait than are in flight. */
	SUPPOSE(head < num && behind < num);
	at = nondet_u16();
	push(num, at, at % num, behind, head, nondet_u32());
}

#else

static void try_pending(void)
{
	static const uint16_t at[] = { 0, 1, 127, 128, 255, 256, 257, 0x7fff,
				       0x8000, 0xfeff, 0xff00, 0xff01, 0xffff };

	for (uint32_t num = 1; num <= NUM; num *= 2)
		for (size_t i = 0; i < ARRAY_SIZE(at); i++)
			for (uint32_t idx = 0; idx <= UINT16_MAX; idx++)
				pending(num, at[i], (uint16_t)idx);
}

static void try_pop(uint32_t num)
{
	for (uint32_t p = 0x10000 - num; p < 0x10000 + num; p++)
		for (uint32_t entry = 0; entry <= UINT16_MAX; entry++) {
			pop(num, (uint16_t)p, p % num, (uint16_t)entry, 0);
			pop(num, (uint16_t)p, p % num, (uint16_t)entry,
			    STATE_TAKEN);
			if (entry < NUM)
				pos.in_flight[entry] = 0;
		}
}

static void try_push(uint32_t num)
{
	for (uint32_t idx = 0; idx <= UINT16_MAX; idx++)
		for (uint32_t head = 0; head < num; head += 1 + num / 8)
			push(num, (uint16_t)idx, idx % num,
			     (uint16_t)(num - 1 - head), (uint16_t)head, ~head);
}

int main(void)
{
	try_pending();
	for (uint32_t num = 1; num <= NUM; num *= 2) {
		try_pop(num);
		try_push(num);
	}
	return 0;
}

#endif
