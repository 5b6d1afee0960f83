// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The wish for a kick (virtio 1.2, 2.7.10): asked for a kick after n new
 * entries, the ring makes a driver that follows the specification kick with
 * the entry that makes it n, and with no other: not before, however it
 * gathers its entries, and not after, wherever the indices wrap.
 *
 * The driver's side is the specification's formula: it kicks when the step of
 * the available index from a to b passes avail_event. That the wish is seen in
 * time is a matter of barriers and not of this proof.
 *
 * By trying: every wish, every step within a queue, at positions around each
 * wrap; CBMC leaves the position open as well.
 *
 * cbmc: backend/vring.c
 */
#include "backend/vring.h"
#include "tests/prove/prove.h"

#define NUM 256u

static struct state_queue pos;
static struct virtq vr;
/* avail_event lies behind the last entry of eight bytes. */
static uint16_t used[2 + 4 * NUM + 1];

static void wish(uint16_t position, uint32_t after, bool event_idx)
{
	pos.last_avail = position;
	vr.pos = &pos;
	vr.used = (struct vring_used *)(void *)used;
	vr.num = NUM;
	vr.event_idx = event_idx;
	vring_kicks_on(&vr, after);
}

/* Does the driver kick when it makes entries @a to @b - 1 available? */
static bool driver_kicks(uint16_t a, uint16_t b)
{
	uint16_t avail_event = used[2 + 4 * NUM];

	for (uint16_t i = a; i != b; i++)
		if (i == avail_event)
			return true;
	return false;
}

/* The same without a walk, which CBMC would have to unroll. */
static bool driver_kicks_fast(uint16_t a, uint16_t b)
{
	uint16_t avail_event = used[2 + 4 * NUM];

	return (uint16_t)(avail_event - a) < (uint16_t)(b - a);
}

/* @before entries are there, @more come at once. */
static void step(uint16_t position, uint32_t after, uint32_t before,
		 uint32_t more, bool kicks)
{
	bool due = before < after && before + more >= after;

	CLAIM(kicks == due,
	      "last_avail %u, a kick after %u, %u entries and %u more",
	      position, after, before, more);
}

/* Without EVENT_IDX the flag is all there is. */
static void flag(void)
{
	vring_kicks_off(&vr);
	CLAIM(used[0] == VRING_USED_F_NO_NOTIFY, "kicks off");
	vring_kicks_on(&vr, 1);
	CLAIM(used[0] == 0, "kicks on");
}

#ifdef __CPROVER__

void prove(void)
{
	uint16_t position = nondet_u16();
	uint32_t after = nondet_u16(), before = nondet_u16(), more = nondet_u16();
	uint16_t a = (uint16_t)(position + before);

	SUPPOSE(after >= 1 && after <= NUM);
	SUPPOSE(before <= NUM && more >= 1 && before + more <= NUM);
	wish(position, after, true);
	step(position, after, before, more,
	     driver_kicks_fast(a, (uint16_t)(a + more)));
	CLAIM(used[0] == 0, "EVENT_IDX");
	wish(position, 1, false);
	flag();
}

#else

static void steps(uint16_t position, uint32_t after)
{
	wish(position, after, true);
	CLAIM(used[0] == 0, "flags with EVENT_IDX");
	for (uint32_t before = 0; before < NUM; before++) {
		uint16_t a = (uint16_t)(position + before);

		for (uint32_t more = 1; before + more <= NUM; more++) {
			uint16_t b = (uint16_t)(a + more);
			bool kicks = driver_kicks_fast(a, b);

			step(position, after, before, more, kicks);
		}
		CLAIM(driver_kicks(a, (uint16_t)(position + NUM)) ==
		      driver_kicks_fast(a, (uint16_t)(position + NUM)),
		      "a %u", a);
	}
}

int main(void)
{
	static const uint16_t at[] = { 0, 1, 255, 256, 0x7f80, 0xff01, 0xffff };

	for (size_t i = 0; i < ARRAY_SIZE(at); i++)
		for (uint32_t after = 1; after <= NUM; after++)
			steps(at[i], after);
	/* The stored value itself, at every position. */
	for (uint32_t p = 0; p <= UINT16_MAX; p++)
		for (uint32_t after = 1; after <= NUM; after += 15) {
			wish((uint16_t)p, after, true);
			CLAIM(used[2 + 4 * NUM] == (uint16_t)(p + after - 1),
			      "last_avail %u, after %u", p, after);
		}
	wish(0, 1, false);
	flag();
	return 0;
}

#endif
