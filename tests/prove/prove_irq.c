// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The decision to interrupt (virtio 1.2, 2.7.7.2): with EVENT_IDX the guest is
 * interrupted if and only if one of the entries published since the last
 * decision is the one that it named in used_event, wherever the 16-bit indices
 * wrap. Without EVENT_IDX used_event means nothing, with it the flag means
 * nothing.
 *
 * By trying: every used_event with every number of new entries up to four times
 * the largest queue (--all: up to 65535), each walked entry by entry. The old
 * index takes two values, one of which makes the walk wrap; all others follow
 * if nothing changes when old, new and used_event move by the same number,
 * which CBMC proves: it leaves all three open.
 *
 * cbmc: backend/vring.c
 */
#include "backend/vring.h"
#include "tests/prove/prove.h"

#define NUM 256u

static struct state_queue pos;
static struct virtq vr;
/* used_event lies behind the last entry. */
static uint16_t avail[2 + NUM + 1];

static void ring_set(uint16_t old, uint16_t new, uint16_t event,
		     uint16_t flags, bool event_idx)
{
	avail[0] = flags;
	avail[2 + NUM] = event;
	vr.pos = &pos;
	vr.avail = (struct vring_avail *)(void *)avail;
	vr.num = NUM;
	vr.signalled = old;
	vr.used_idx = new;
	vr.event_idx = event_idx;
}

/* @crossed: is used_event the index of one of the entries old, ..., new - 1? */
static void decide(uint16_t old, uint16_t new, uint16_t event, uint16_t flags,
		   bool crossed)
{
	ring_set(old, new, event, flags, true);
	CLAIM(vring_wants_irq(&vr) == crossed,
	      "old %u, new %u, used_event %u, flags %#x", old, new, event,
	      flags);
	/* Nothing has happened since: no second interrupt. */
	CLAIM(!vring_wants_irq(&vr), "new %u, used_event %u, asked again", new,
	      event);
}

static void decide_by_flag(uint16_t old, uint16_t new, uint16_t event,
			   uint16_t flags)
{
	ring_set(old, new, event, flags, false);
	CLAIM(vring_wants_irq(&vr) == !(flags & VRING_AVAIL_F_NO_INTERRUPT),
	      "old %u, new %u, used_event %u, flags %#x", old, new, event,
	      flags);
}

#ifdef __CPROVER__

void prove(void)
{
	uint16_t old = nondet_u16(), new = nondet_u16();
	uint16_t event = nondet_u16(), flags = nondet_u16();

	decide(old, new, event, flags,
	       (uint16_t)(event - old) < (uint16_t)(new - old));
	decide_by_flag(old, new, event, flags);
}

#else

static void walk(uint16_t old, uint16_t event, uint32_t steps)
{
	bool crossed = false;

	decide(old, old, event, 0, false);
	for (uint32_t n = 1; n <= steps; n++) {
		uint16_t entry = (uint16_t)(old + n - 1);

		crossed = crossed || entry == event;
		decide(old, (uint16_t)(old + n), event, n & 1, crossed);
	}
}

int main(int argc, char **argv)
{
	bool all = argc > 1 && !strcmp(argv[1], "--all");
	uint32_t steps = all ? UINT16_MAX : 4 * NUM;

	for (uint32_t event = 0; event <= UINT16_MAX; event++) {
		walk(0, (uint16_t)event, steps);
		walk((uint16_t)-(steps / 2), (uint16_t)event, steps);
	}
	for (uint32_t flags = 0; flags <= UINT16_MAX; flags++)
		for (uint32_t event = 0; event <= 2 * NUM; event++)
			decide_by_flag(0, NUM, (uint16_t)event,
				       (uint16_t)flags);
	return 0;
}

#endif
