// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A ring whose driver does anything at all, and whose device is killed now and
 * then. A model, written from virtio 1.2, 2.7, says for each call what it has
 * to answer: which entry comes next and whether it names a chain that can be
 * started, what a chain consists of, what the driver finds in the used ring,
 * and whether it wants to hear of it.
 *
 * Input: size and features of the ring, then steps, see story().
 */
#include "tests/fuzz/fuzz.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#include "tests/unit/ring.h"

#define TABLE_ENTRIES 64u

enum owner { DRIVER = 0, DEVICE, RETURNED };

static struct {
	struct ring r;
	uint32_t num;
	uint8_t owner[STATE_QUEUE_SIZE];	/* of each head */
	uint16_t next;			/* available entry to take */
	uint16_t used, signalled;	/* used index; at the last decision */
	struct vring_used_elem returned[STATE_QUEUE_SIZE];
	uint32_t nreturned;
	struct vring_desc table[TABLE_ENTRIES];
	/* The driver's own areas, which a device never writes. */
	struct vring_desc desc[STATE_QUEUE_SIZE];
	uint8_t avail[GUEST_AVAIL_BYTES(STATE_QUEUE_SIZE)];
} s;

/* --- the driver ------------------------------------------------------------- */

static uint64_t read_addr(struct input *in)
{
	static const uint64_t bases[] = {
		0, 1, 4095, UINT64_C(1) << 63, (UINT64_C(1) << 63) + 4095,
		UINT64_C(1) << 44, (UINT64_C(1) << 63) | UINT64_C(1) << 44,
		UINT64_MAX,
	};
	uint8_t how = input_u8(in);

	if (how & 0x80)
		return input_u64(in);
	return bases[how & 7] + (uint64_t)(how >> 3) * 4096;
}

static uint32_t read_len(struct input *in)
{
	static const uint32_t lens[] = {
		0, 1, 15, 16, 32, 512, 4096, 16 * TABLE_ENTRIES, 16 * 256,
		16 * 257, 65536, 1u << 20, UINT32_MAX, UINT32_MAX - 15,
	};
	uint8_t how = input_u8(in);

	if (how & 0x80)
		return input_u32(in);
	return lens[how % (sizeof(lens) / sizeof(lens[0]))];
}

static void put_desc(struct input *in, struct vring_desc *d)
{
	uint64_t addr = read_addr(in);
	uint32_t len = read_len(in);
	uint8_t flags = input_u8(in);
	uint16_t next = flags & 0x80 ? input_u16(in) : input_u8(in);

	guest_desc(d, addr, len, flags & 7, next);
}

static void remember_driver(void)
{
	memcpy(s.desc, s.r.guest.desc, GUEST_DESC_BYTES(s.num));
	memcpy(s.avail, s.r.guest.avail, GUEST_AVAIL_BYTES(s.num));
}

/* 2.7.5.1, 2.7.6.1: these are the driver's to write. */
static void check_driver(void)
{
	MUST(!memcmp(s.desc, s.r.guest.desc, GUEST_DESC_BYTES(s.num)));
	MUST(!memcmp(s.avail, s.r.guest.avail, GUEST_AVAIL_BYTES(s.num)));
}

static uint16_t avail_idx(void)
{
	return le16toh(s.r.guest.avail->idx);
}

static uint16_t entry(uint16_t i)
{
	return le16toh(s.r.guest.avail->ring[i % s.num]);
}

/* --- a chain ---------------------------------------------------------------- */

/* Add what @d says to the expected segments; where the chain goes on, or -1. */
static int32_t follow(const struct vring_desc *d, const struct chain *c,
		      uint32_t *n, uint32_t limit)
{
	uint16_t flags = le16toh(d->flags);

	MUST(!(flags & VRING_DESC_F_INDIRECT));
	if (le32toh(d->len)) {
		bool writable = flags & VRING_DESC_F_WRITE;
		uint64_t addr = le64toh(d->addr);
		uint32_t len = le32toh(d->len);

		MUST(*n < c->nseg);
		MUST(c->seg[*n].len == len);
		MUST(c->seg[*n].addr.raw == addr ||
		     (!gpa_range_ok(gpa(addr), len) &&
		      c->seg[*n].addr.raw == GPA_NOWHERE));
		MUST(writable == (*n >= c->nread));
		(*n)++;
	}
	if (!(flags & VRING_DESC_F_NEXT))
		return -1;
	MUST(le16toh(d->next) < limit);
	return le16toh(d->next);
}

/* A chain that was accepted is what one finds by following it. */
static void check_whole(uint16_t head, const struct chain *c)
{
	uint32_t n = 0, steps = 0, at = head;
	int32_t next = head;

	while (next >= 0) {
		const struct vring_desc *d;

		MUST(steps++ < s.num);
		at = (uint32_t)next;
		d = &s.r.guest.desc[at];
		if (le16toh(d->flags) & VRING_DESC_F_INDIRECT)
			break;
		next = follow(d, c, &n, s.num);
	}
	if (!c->table.len) {
		MUST(n == c->nseg);
		return;
	}
	MUST(le16toh(s.r.guest.desc[at].flags) & VRING_DESC_F_INDIRECT);
	MUST(c->table.len == le32toh(s.r.guest.desc[at].len));
	MUST(c->table.addr.raw == le64toh(s.r.guest.desc[at].addr));
	for (next = 0, steps = 0; next >= 0;) {
		struct vring_desc none = { 0 };

		MUST(steps++ < s.num);
		next = follow((uint32_t)next < TABLE_ENTRIES ? &s.table[next] :
			      &none, c, &n, c->table.len / 16);
	}
	MUST(n == c->nseg);
}

static void check_chain(uint16_t head, const struct chain *c,
			enum chain_answer answer)
{
	uint64_t readable = 0, writable = 0;

	MUST(c->head == head && c->nread <= c->nseg && c->nseg <= s.num);
	MUST(c->table.len % 16 == 0);
	MUST(!c->table.len || gpa_range_ok(c->table.addr, c->table.len));
	for (uint32_t i = 0; i < c->nseg; i++) {
		MUST(c->seg[i].len);
		MUST(c->seg[i].addr.raw == GPA_NOWHERE ||
		     gpa_range_ok(c->seg[i].addr, c->seg[i].len));
		*(i < c->nread ? &readable : &writable) += c->seg[i].len;
	}
	MUST(answer == CHAIN_END || answer == CHAIN_MALFORMED);
	if (answer != CHAIN_END)
		return;
	MUST(!c->bad_order);
	MUST(readable == c->readable && writable == c->writable);
	MUST(c->ends_writable == (c->nseg > c->nread));
	check_whole(head, c);
}

static void read_chain(uint16_t head)
{
	struct chain *c = &s.r.chain;
	enum chain_answer answer = vring_read_chain(&s.r.vr, head, c);
	uint32_t steps = 0;

	if (answer == CHAIN_TABLE) {
		chain_enter_table(c);
		do {
			struct vring_desc none = { 0 };

			MUST(steps++ <= s.num);
			MUST(c->next < c->limit);
			answer = vring_chain_add(&s.r.vr, c,
						 c->next < TABLE_ENTRIES ?
						 &s.table[c->next] : &none);
		} while (answer == CHAIN_NEXT);
	}
	check_chain(head, c, answer);
}

/* --- the device ------------------------------------------------------------- */

static void take(void)
{
	uint16_t waiting = (uint16_t)(avail_idx() - s.next);
	uint16_t want = entry(s.next), head = UINT16_MAX;
	int pending = vring_pending(&s.r.vr);
	bool can = want < s.num && s.owner[want] == DRIVER;

	if (waiting > s.num) {
		MUST(pending == -EPROTO);
		return;
	}
	MUST(pending == waiting);
	if (!waiting)
		return;
	MUST(vring_pop(&s.r.vr, &head) == can);
	s.next++;
	if (!can)
		return;
	MUST(head == want);
	s.owner[head] = DEVICE;
	read_chain(head);
}

static void give_back(struct input *in)
{
	uint32_t which = input_u8(in), len = input_u32(in);
	uint16_t idx;

	for (uint32_t i = 0; i < s.num; i++) {
		uint16_t head = (uint16_t)((i + which) % s.num);

		if (s.owner[head] != DEVICE)
			continue;
		/* The index moves with the batch. */
		idx = s.r.guest.used->idx;
		vring_push(&s.r.vr, head, len);
		MUST(s.r.guest.used->idx == idx);
		s.owner[head] = RETURNED;
		s.returned[s.nreturned++] = (struct vring_used_elem){
			.id = head, .len = len };
		return;
	}
}

static void publish(void)
{
	uint16_t before = s.used;

	MUST(vring_publish(&s.r.vr) == s.nreturned);
	for (uint32_t i = 0; i < s.nreturned; i++) {
		const struct vring_used_elem *e =
			&s.r.guest.used->ring[(uint16_t)(before + i) % s.num];

		MUST(le32toh(e->id) == s.returned[i].id);
		MUST(le32toh(e->len) == s.returned[i].len);
		s.owner[s.returned[i].id] = DRIVER;
	}
	s.used = (uint16_t)(s.used + s.nreturned);
	if (s.nreturned)
		MUST(le16toh(s.r.guest.used->idx) == s.used);
	s.nreturned = 0;
}

/* 2.7.7: did the index step over used_event, modulo 2^16? */
static bool stepped_over(uint16_t from, uint16_t to, uint16_t event)
{
	for (uint16_t i = from; i != to; i++)
		if (i == event)
			return true;
	return false;
}

static void decide(void)
{
	uint16_t event;
	bool want;

	memcpy(&event, (const uint8_t *)s.r.guest.avail + 4 + 2 * s.num, 2);
	if (s.nreturned)
		publish();
	want = s.r.vr.event_idx ?
	       stepped_over(s.signalled, s.used, le16toh(event)) :
	       !(le16toh(s.r.guest.avail->flags) & 1);
	MUST(vring_wants_irq(&s.r.vr) == want);
	s.signalled = s.used;
}

static void ask_for_kicks(uint32_t after)
{
	if (!s.r.vr.event_idx)
		after = 1;
	vring_kicks_on(&s.r.vr, after);
	MUST(le16toh(s.r.guest.used->flags) == 0);
	if (s.r.vr.event_idx)
		MUST(guest_avail_event(&s.r.guest) ==
		     (uint16_t)(s.next + after - 1));
}

static void ask_for_no_kicks(void)
{
	vring_kicks_off(&s.r.vr);
	MUST(guest_used_flags(&s.r.guest) == !s.r.vr.event_idx);
}

/* What was not published is to be done again, in whatever order. */
static void kill_device(void)
{
	uint16_t waiting = (uint16_t)(avail_idx() - s.next);
	uint16_t want = entry(s.next);

	/* An entry whose head is in flight may have been taken for it. */
	if (waiting && waiting <= s.num && want < s.num &&
	    s.owner[want] != DRIVER)
		s.next++;
	ring_restart(&s.r);
	s.nreturned = 0;
	s.signalled = s.used;
	for (uint16_t head = 0; head < s.num; head++) {
		MUST(!!s.r.pos.in_flight[head] == (s.owner[head] != DRIVER));
		if (s.owner[head] == DRIVER)
			continue;
		vring_retake(&s.r.vr, head);
		s.owner[head] = DEVICE;
	}
}

/* --- the story -------------------------------------------------------------- */

static void scribble(struct input *in)
{
	uint8_t at = input_u8(in);

	if (s.nreturned)
		return;
	s.r.guest.used->idx = input_u16(in);
	s.r.guest.used->ring[at % s.num].id = input_u8(in);
	s.r.guest.used->flags = htole16(!s.r.vr.event_idx);
}

static void step_of_driver(struct input *in, uint32_t step)
{
	struct guest_ring *g = &s.r.guest;

	switch (step) {
	case 0:
		put_desc(in, &g->desc[input_u8(in) % s.num]);
		break;
	case 1:
		put_desc(in, &s.table[input_u8(in) % TABLE_ENTRIES]);
		break;
	case 2:
		guest_offer(g, input_u8(in) % (uint16_t)s.num);
		break;
	case 3:
		guest_offer(g, input_u16(in));
		break;
	case 4:
		g->avail_idx = input_u16(in);
		guest_set_avail_idx(g, g->avail_idx);
		break;
	case 5:
		guest_avail_flags(g, input_u8(in));
		break;
	case 6:
		guest_used_event(g, (uint16_t)(s.used + input_u8(in) - 128));
		break;
	default:
		scribble(in);
		break;
	}
	remember_driver();
}

static void step_of_device(struct input *in, uint32_t step)
{
	switch (step) {
	case 0:
	case 1:
		take();
		break;
	case 2:
		give_back(in);
		break;
	case 3:
		publish();
		break;
	case 4:
		decide();
		break;
	case 5:
		ask_for_kicks(1 + input_u8(in) % s.num);
		break;
	case 6:
		ask_for_no_kicks();
		break;
	default:
		kill_device();
		break;
	}
	check_driver();
}

static void story(struct input *in)
{
	while (!input_ends(in)) {
		uint8_t step = input_u8(in);

		if (step & 8)
			step_of_device(in, step & 7);
		else
			step_of_driver(in, step & 7);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	uint8_t how = input_u8(&in);
	uint16_t start = input_u16(&in);

	memset(&s, 0, sizeof(s));
	s.num = 1u << (how & 15) % 9;
	s.next = start;
	s.used = start;
	s.signalled = start;
	ring_open(&s.r, (uint16_t)s.num, start, how & 16);
	s.r.vr.indirect = !(how & 32);
	remember_driver();
	story(&in);
	ring_close(&s.r);
	return 0;
}
