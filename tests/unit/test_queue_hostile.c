// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A guest that lies. Each wrong costs the request that it is in: the chain comes
 * back once, says no more than was written, and the next request works.
 */
#include "tests/unit/unit.h"

#include <string.h>

#include "backend/log.h"
#include "tests/unit/corridor.h"
#include "tests/unit/corridor_image.h"

static void assert_untouched(uint64_t at, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		assert_int_equal(*(uint8_t *)fake_ram(at + i), UNTOUCHED);
}

/* Change the descriptor @i of a request made by io_make(). */
static void spoil(struct corridor *c, const struct io *io, uint32_t i)
{
	struct vring_desc *d = &c->ring.desc[io->head + i];

	d->addr = guest_bad_addr(c);
}

/* --- addresses that can't be reached ---------------------------------------- */

static void bad_data_costs_the_request(void **state)
{
	static const uint32_t types[] = { T_IN, T_OUT, T_GET_ID, T_DISCARD,
					  T_WRITE_ZEROES };
	static const uint32_t lens[] = { 4096, 4096, 20, 16, 16 };
	struct corridor *c = *state;

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		bool in = types[i] == T_IN || types[i] == T_GET_ID;
		struct io io = io_make(c, types[i], 0, 0, lens[i], in);

		spoil(c, &io, 1);
		/* Without room for data the status byte is the first. */
		assert_int_equal(io_chain(c, io.head), in ? 0 : 1);
		assert_int_equal(io_status(&io), IOERR);
		corridor_goes_on(c);
	}
	assert_int_equal(c->stats.refused, ARRAY_SIZE(types));
	assert_int_equal(c->stats.failed, 0);
}

/* The first part was fine, and of the second only the last page is not. */
static void half_bad_data_costs_the_request(void **state)
{
	struct corridor *c = *state;

	for (int write = 0; write < 2; write++) {
		struct io io = io_make(c, write ? T_OUT : T_IN, 0, 0, 200000,
				       !write);

		c->ring.desc[io.head + 1].len = 65536;
		c->ring.desc[io.head + 4].len = 512;
		c->ring.desc[io.head + 4].addr = guest_bad_addr(c);
		assert_true(io_chain(c, io.head) <= 1);
		assert_int_equal(io_status(&io), IOERR);
		corridor_goes_on(c);
	}
}

static void a_bad_header_costs_the_request(void **state)
{
	struct corridor *c = *state;
	struct io io = io_make(c, T_IN, 0, 0, 512, true);

	spoil(c, &io, 0);
	assert_int_equal(io_chain(c, io.head), 0);
	assert_int_equal(io_status(&io), IOERR);
	assert_untouched(io.data, 512);
	corridor_goes_on(c);
}

/* It is done, but who would know: nothing is said to be written. */
static void a_bad_status_is_no_length(void **state)
{
	struct corridor *c = *state;
	struct io io = io_make(c, T_IN, 0, 0, 512, true);

	spoil(c, &io, 2);
	assert_int_equal(io_chain(c, io.head), 0);
	corridor_goes_on(c);
	io = io_make(c, T_FLUSH, 0, 0, 0, true);
	spoil(c, &io, 1);
	assert_int_equal(io_chain(c, io.head), 0);
	corridor_goes_on(c);
}

static void a_bad_table_costs_the_request(void **state)
{
	struct corridor *c = *state;

	guest_desc(&c->ring.desc[0], guest_bad_addr(c), 48,
		   VRING_DESC_F_INDIRECT, 0);
	assert_int_equal(io_chain(c, 0), 0);
	corridor_goes_on(c);
	/* Far out, where only the chain leads. */
	guest_desc(fake_ram(FIRST_FRAME * PAGE), guest_addr(c, 0), 16,
		   VRING_DESC_F_NEXT, 4000);
	guest_alloc(c, 0, PAGE, false);
	guest_desc(&c->ring.desc[0], guest_addr(c, FIRST_FRAME * PAGE), 65536,
		   VRING_DESC_F_INDIRECT, 0);
	if (c->mode->grants)
		assert_int_equal(io_chain(c, 0), 0);
	else
		io_chain(c, 0);
	corridor_goes_on(c);
}

/* The class of address is the guest's choice, descriptor by descriptor. */
static void classes_of_addresses_may_be_mixed(void **state)
{
	struct corridor *c = *state;

	for (uint32_t mix = 0; mix < 8; mix++) {
		struct io io = io_make(c, mix & 1 ? T_IN : T_OUT, 0, 0, 8192,
				       mix & 1);
		uint64_t at[3] = { io.header, io.data, io.status };

		for (uint32_t i = 0; i < 3; i++)
			if (mix >> i & 1)
				c->ring.desc[io.head + i].addr = at[i];
		io_chain(c, io.head);
		assert_int_equal(io_status(&io), OK);
		corridor_goes_on(c);
	}
}

static void a_read_only_grant_is_not_written(void **state)
{
	struct corridor *c = *state;
	uint64_t header, data, status;

	if (!c->mode->grants)
		return;
	header = io_header(c, T_IN, 0);
	data = guest_alloc(c, 0, 262144, false);
	status = guest_alloc(c, 0, 1, true);
	for (uint32_t len = 512; len <= 262144; len *= 8) {
		memset(fake_ram(status), UNTOUCHED, 1);
		assert_int_equal(io_parts(c, (struct part[]){
			{ guest_addr(c, header), 16, false },
			{ guest_addr(c, data), len, true },
			{ guest_addr(c, status), 1, true } }, 3), 0);
		assert_int_equal(*(uint8_t *)fake_ram(status), IOERR);
		assert_untouched(data, len);
		c->next_desc = 0;
	}
	/* Nor is a status byte. */
	assert_int_equal(io_parts(c, (struct part[]){
		{ guest_addr(c, header), 16, false },
		{ guest_addr(c, data), 1, true } }, 2), 0);
	assert_untouched(data, 1);
	corridor_goes_on(c);
}

static void a_hole_in_memory_is_not_touched(void **state)
{
	struct corridor *c = *state;
	struct io io;

	if (c->mode->grants)
		return;
	for (int write = 0; write < 2; write++) {
		io = io_make(c, write ? T_OUT : T_IN, 0, 0, 16384, !write);
		fake_hole(io.data / PAGE + 2, true);
		mapcache_invalidate(c->engine.mc);
		io_chain(c, io.head);
		assert_int_equal(io_status(&io), IOERR);
		fake_hole(io.data / PAGE + 2, false);
		corridor_goes_on(c);
	}
}

/* --- shapes ---------------------------------------------------------------- */

static void a_request_needs_a_header_and_a_status(void **state)
{
	struct corridor *c = *state;
	uint64_t header = io_header(c, T_FLUSH, 0);
	uint64_t status = guest_alloc(c, 0, 512, true);
	struct part h = { guest_addr(c, header), 16, false };
	struct part s = { guest_addr(c, status), 1, true };
	struct part none = { guest_addr(c, header), 0, false };

	/* No status byte. */
	assert_int_equal(io_parts(c, &h, 1), 0);
	assert_int_equal(io_parts(c, (struct part[]){ h, none }, 2), 0);
	assert_int_equal(io_parts(c, &none, 1), 0);
	/* No header, or not all of one: the status byte is known. */
	io_parts(c, &s, 1);
	assert_int_equal(*(uint8_t *)fake_ram(status), IOERR);
	for (h.len = 1; h.len < 16; h.len++) {
		c->next_desc = 0;
		memset(fake_ram(status), UNTOUCHED, 1);
		assert_int_equal(io_parts(c, (struct part[]){ h, s }, 2), 0);
		assert_int_equal(*(uint8_t *)fake_ram(status), IOERR);
	}
	assert_int_equal(c->stats.malformed, 3 + 1 + 15);
	corridor_goes_on(c);
}

static void readable_after_writable_is_not_executed(void **state)
{
	struct corridor *c = *state;
	uint64_t header = io_header(c, T_IN, 0);
	uint64_t data = guest_alloc(c, 0, 512, true);
	uint64_t status = guest_alloc(c, 0, 1, true);
	struct part d = { guest_addr(c, data), 512, true };
	struct part h = { guest_addr(c, header), 16, false };
	struct part s = { guest_addr(c, status), 1, true };

	assert_int_equal(io_parts(c, (struct part[]){ d, h, s }, 3), 0);
	assert_int_equal(*(uint8_t *)fake_ram(status), IOERR);
	assert_int_equal(io_parts(c, (struct part[]){ s, h }, 2), 0);
	assert_untouched(data, 512);
	corridor_goes_on(c);
}

static void a_loop_comes_back(void **state)
{
	struct corridor *c = *state;
	struct io io = io_make(c, T_IN, 0, 0, 512, true);

	c->ring.desc[io.head + 2].flags |= VRING_DESC_F_NEXT;
	c->ring.desc[io.head + 2].next = io.head + 1;
	assert_int_equal(io_chain(c, io.head), 0);
	assert_untouched(io.status, 1);
	corridor_goes_on(c);
	/* In a table, too. */
	io = io_make(c, T_IN, 0, 0, 512, true);
	c->ring.desc[io.head + 2].flags |= VRING_DESC_F_NEXT;
	c->ring.desc[io.head + 2].next = 0;
	memcpy(fake_ram(guest_alloc(c, 0, 48, false)), c->ring.desc, 48);
	guest_desc(&c->ring.desc[5], guest_addr(c, (c->next_frame - 1) * PAGE),
		   48, VRING_DESC_F_INDIRECT, 0);
	assert_int_equal(io_chain(c, 5), 0);
	corridor_goes_on(c);
}

static void wrong_requests_are_answered(void **state)
{
	static const struct {
		uint32_t type;
		uint64_t sector;
		uint32_t len;
		bool in;
		uint8_t status;
	} wrong[] = {
		{ T_IN, UINT64_C(1) << 63, 512, true, IOERR },
		{ T_IN, UINT64_C(1) << 55, 512, true, IOERR },
		{ T_IN, IMAGE_SIZE / 512, 512, true, IOERR },
		{ T_IN, 0, 511, true, IOERR },
		{ T_IN, 0, 0, true, IOERR },
		{ T_IN, 0, 4096, false, IOERR },
		{ T_OUT, 0, 4096, true, IOERR },
		{ T_OUT, 0, 513, false, IOERR },
		{ T_OUT, 0, 300, false, IOERR },
		{ T_OUT, 0, 20, false, IOERR },
		{ T_GET_ID, 0, 0, true, IOERR },
		{ T_DISCARD, 0, 17, false, IOERR },
		{ T_DISCARD, 0, 4096, false, IOERR },
		{ 2, 0, 4096, true, UNSUPP },
		{ 10, 0, 4096, true, UNSUPP },
		{ 14, 0, 4096, false, UNSUPP },
		{ UINT32_MAX, 0, 4096, false, UNSUPP },
	};
	struct corridor *c = *state;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct io io;

		assert_int_equal(io_do(c, wrong[i].type, wrong[i].sector,
				       wrong[i].len, wrong[i].in, &io),
				 wrong[i].status);
		if (wrong[i].in && wrong[i].len)
			assert_untouched(io.data, wrong[i].len);
		corridor_forget(c);
	}
	assert_int_equal(c->stats.refused, ARRAY_SIZE(wrong));
	corridor_goes_on(c);
}

static void a_read_only_disk_stays_as_it_is(void **state)
{
	static const uint32_t types[] = { T_OUT, T_DISCARD, T_WRITE_ZEROES };
	struct corridor *c = *state;
	uint8_t before[4096], after[4096];

	c->backing.geometry.read_only = true;
	image_read(c, before, 0, 4096);
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		assert_int_equal(io_do(c, types[i], 0, i ? 16 : 4096, false,
				       NULL), IOERR);
	image_read(c, after, 0, 4096);
	assert_memory_equal(before, after, 4096);
	corridor_goes_on(c);
}

/* --- rings ----------------------------------------------------------------- */

static void an_index_out_of_reach_breaks_the_queue(void **state)
{
	struct corridor *c = *state;
	struct io io = io_make(c, T_IN, 0, 0, 512, true);

	log_init("test", 0);
	guest_write_entry(&c->ring, io.head);
	guest_set_avail_idx(&c->ring, 65);
	queue_serve(&c->q, &c->terms);
	assert_true(c->q.broken);
	assert_int_equal(c->stats.broken, 1);
	assert_int_equal(c->q.in_flight, 0);
	/* It stays so, until the guest resets it. */
	guest_set_avail_idx(&c->ring, 1);
	queue_serve(&c->q, &c->terms);
	assert_int_equal(c->q.in_flight, 0);
	queue_stop(&c->q);
	/* A driver that uses fewer queues afterwards hears nothing of it. */
	queue_serve(&c->q, &c->terms);
	assert_false(c->q.broken);
	assert_int_equal(queue_start(&c->q, &c->regs, c->terms.features), 0);
	queue_resume(&c->q, &c->terms);
	corridor_run(c);
	corridor_take(c, io.head);
	assert_int_equal(io_status(&io), OK);
}

static void entries_that_name_no_chain_are_skipped(void **state)
{
	struct corridor *c = *state;
	struct io io = io_make(c, T_IN, 0, 0, 512, true);

	guest_offer(&c->ring, 64);
	guest_offer(&c->ring, io.head);
	guest_offer(&c->ring, 65535);
	guest_offer(&c->ring, io.head);
	corridor_run(c);
	corridor_take(c, io.head);
	assert_int_equal(c->stats.skipped, 3);
	corridor_goes_on(c);
}

static void a_ring_out_of_reach_is_not_started(void **state)
{
	struct corridor *c = *state;
	uint64_t *part[3] = { &c->regs.desc, &c->regs.driver,
			      &c->regs.device };

	queue_stop(&c->q);
	for (uint32_t i = 0; i < 3; i++) {
		uint64_t was = *part[i];

		*part[i] = guest_bad_addr(c);
		assert_int_not_equal(queue_start(&c->q, &c->regs,
						 c->terms.features), 0);
		assert_int_equal(fake.live_grants, 0);
		mapcache_invalidate(c->engine.mc);
		assert_int_equal(fake.live_foreign, 0);
		*part[i] = was;
	}
	assert_int_equal(queue_start(&c->q, &c->regs, c->terms.features), 0);
	queue_resume(&c->q, &c->terms);
	corridor_goes_on(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CORRIDOR(bad_data_costs_the_request),
		CORRIDOR(half_bad_data_costs_the_request),
		CORRIDOR(a_bad_header_costs_the_request),
		CORRIDOR(a_bad_status_is_no_length),
		CORRIDOR(a_bad_table_costs_the_request),
		CORRIDOR(classes_of_addresses_may_be_mixed),
		CORRIDOR(a_read_only_grant_is_not_written),
		CORRIDOR(a_hole_in_memory_is_not_touched),
		CORRIDOR(a_request_needs_a_header_and_a_status),
		CORRIDOR(readable_after_writable_is_not_executed),
		CORRIDOR(a_loop_comes_back),
		CORRIDOR(wrong_requests_are_answered),
		CORRIDOR(a_read_only_disk_stays_as_it_is),
		CORRIDOR(an_index_out_of_reach_breaks_the_queue),
		CORRIDOR(entries_that_name_no_chain_are_skipped),
		CORRIDOR(a_ring_out_of_reach_is_not_started),
	};

	return corridor_main(tests, ARRAY_SIZE(tests));
}
