// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A ring and its two ends.
 */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/ring.h"

static void *block(uint32_t len)
{
	/* malloc() aligns to 16, as descriptors want it. */
	void *p = malloc(len);

	assert_non_null(p);
	return p;
}

void ring_open(struct ring *r, uint16_t num, uint16_t start, bool event_idx)
{
	*r = (struct ring){ .pos = { .ready = 1, .num = num } };
	guest_ring_init(&r->guest, block(GUEST_DESC_BYTES(num)),
			block(GUEST_AVAIL_BYTES(num)),
			block(GUEST_USED_BYTES(num)), num, start);
	r->pos.last_avail = start;
	r->pos.used = start;
	r->pos.used_next = start;
	r->vr = (struct virtq){
		.pos = &r->pos,
		.desc = r->guest.desc,
		.avail = r->guest.avail,
		.used = r->guest.used,
		.num = num,
		.event_idx = event_idx,
		.indirect = true,
	};
	r->chain.seg = block(num * (uint32_t)sizeof(*r->chain.seg));
	vring_start(&r->vr);
}

void ring_close(struct ring *r)
{
	free(r->guest.desc);
	free(r->guest.avail);
	free(r->guest.used);
	free(r->chain.seg);
}

void ring_restart(struct ring *r)
{
	struct virtq old = r->vr;

	memset(&r->vr, 0xee, sizeof(r->vr));
	r->vr = (struct virtq){
		.pos = old.pos, .desc = old.desc, .avail = old.avail,
		.used = old.used, .num = old.num, .event_idx = old.event_idx,
		.indirect = old.indirect,
	};
	vring_start(&r->vr);
}

void ring_offer_one(struct ring *r, uint16_t head)
{
	guest_desc(&r->guest.desc[head], head * 4096u, 16, 0, 0);
	guest_offer(&r->guest, head);
}

void ring_expect(struct ring *r, uint16_t head)
{
	uint16_t got = UINT16_MAX;

	assert_true(vring_pending(&r->vr) > 0);
	assert_true(vring_pop(&r->vr, &got));
	assert_int_equal(got, head);
}

void ring_expect_used(struct ring *r, uint32_t head, uint32_t len)
{
	uint32_t got_id, got_len;

	assert_true(guest_take(&r->guest, &got_id, &got_len));
	assert_int_equal(got_id, head);
	assert_int_equal(got_len, len);
}

enum chain_answer ring_read(struct ring *r, uint16_t head)
{
	return vring_read_chain(&r->vr, head, &r->chain);
}
