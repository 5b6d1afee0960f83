// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a guest can rightly expect of its disk, in each way that its memory and
 * the image are reached.
 */
#include "tests/unit/unit.h"

#include <endian.h>
#include <string.h>

#include "tests/unit/corridor.h"
#include "tests/unit/corridor_image.h"

/* --- reads and writes ------------------------------------------------------ */

static const uint32_t sizes[] = { 512, 1024, 4096, 4608, 65536, 262144,
				  MIB - 512, MIB, MIB + 512, 2 * MIB + 4096 };
static const uint32_t offsets[] = { 0, 512, 8, 1, 4095 };
#define SOME_OFFSETS 2u	/* for each size other ones */

static void a_read_brings_what_the_image_holds(void **state)
{
	struct corridor *c = *state;
	uint64_t bytes = 0, reads = 0;

	/* Room for the largest; writes go piece by piece. */
	corridor_again(c, 64, 4 * MIB);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		for (size_t j = 0; j < SOME_OFFSETS; j++) {
			uint64_t sector = i * 3 + j * 1000;
			struct io io = io_make(c, T_IN, sector,
					       offsets[(i + 2 * j) % 5],
					       sizes[i], true);

			guest_offer(&c->ring, io.head);
			corridor_run(c);
			/* All of the data and the status byte. */
			assert_int_equal(corridor_take(c, io.head),
					 sizes[i] + 1);
			assert_int_equal(io_status(&io), OK);
			assert_is_image(c, io.data, sector * 512, sizes[i]);
			/* Not a byte more, before or behind. */
			assert_int_equal(*(uint8_t *)fake_ram(io.data - 1),
					 UNTOUCHED);
			assert_int_equal(*(uint8_t *)fake_ram(io.data +
							      sizes[i]),
					 io.data + sizes[i] == io.status ?
					 OK : UNTOUCHED);
			corridor_forget(c);
			bytes += sizes[i];
			reads++;
		}
	}
	assert_int_equal(c->stats.reads, reads);
	assert_int_equal(c->stats.read_bytes, bytes);
	/* It went the way of its mode. */
	if (c->mode->grants && !c->mode->direct && !c->mode->map_min)
		assert_true(c->map_stats.grant_maps > reads);
	if (!c->mode->grants && !c->mode->direct)
		assert_true(c->map_stats.memcpy_bytes < reads * 64);
	if (c->mode->map_min == UINT64_MAX)
		assert_true(c->map_stats.copy_bytes >= bytes);
}

static void a_write_is_what_the_image_then_holds(void **state)
{
	struct corridor *c = *state;

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		for (size_t j = 0; j < SOME_OFFSETS; j++) {
			uint64_t sector = i * 3 + j * 1000;
			struct io io = io_make(c, T_OUT, sector,
					       offsets[(i + 2 * j) % 5],
					       sizes[i], false);

			guest_fill(io.data, sizes[i]);
			c->terms.writeback = i % 2;
			guest_offer(&c->ring, io.head);
			corridor_run(c);
			/* Under-reporting is allowed, one byte was written. */
			assert_true(corridor_take(c, io.head) <= 1);
			assert_int_equal(io_status(&io), OK);
			assert_is_image(c, io.data, sector * 512, sizes[i]);
			corridor_forget(c);
		}
	}
	assert_int_equal(c->stats.writes, ARRAY_SIZE(sizes) * SOME_OFFSETS);
}

static void the_last_sector_is_there(void **state)
{
	struct corridor *c = *state;
	uint64_t last = IMAGE_SIZE / 512 - 1;
	struct io io;

	assert_int_equal(io_do(c, T_IN, last, 512, true, &io), OK);
	assert_is_image(c, io.data, last * 512, 512);
	assert_int_equal(io_do(c, T_IN, last, 1024, true, &io), IOERR);
	assert_int_equal(io_do(c, T_IN, last + 1, 512, true, &io), IOERR);
	assert_int_equal(*(uint8_t *)fake_ram(io.data), UNTOUCHED);
	assert_int_equal(c->stats.refused, 2);
}

static void a_flush_comes_back(void **state)
{
	struct corridor *c = *state;
	struct io io = io_make(c, T_FLUSH, 0, 0, 0, false);

	guest_offer(&c->ring, io.head);
	corridor_run(c);
	assert_int_equal(corridor_take(c, io.head), 1);
	assert_int_equal(io_status(&io), OK);
	assert_int_equal(c->stats.flushes, 1);
}

/* As many as fit, all at once, in one batch. */
static void a_full_ring_is_one_batch(void **state)
{
	struct corridor *c = *state;
	struct io io[21];

	for (uint32_t i = 0; i < 21; i++)
		io[i] = io_make(c, i % 3 == 2 ? T_OUT : T_IN, i * 8, i * 7,
				4096, i % 3 != 2);
	for (uint32_t i = 2; i < 21; i += 3)
		guest_fill(io[i].data, 4096);
	for (uint32_t i = 0; i < 21; i++)
		guest_offer(&c->ring, io[i].head);
	corridor_run(c);
	assert_int_equal(guest_used(&c->ring), 21);
	for (uint32_t i = 0; i < 21; i++) {
		uint32_t id, len;

		assert_true(guest_take(&c->ring, &id, &len));
	}
	for (uint32_t i = 0; i < 21; i++) {
		assert_int_equal(io_status(&io[i]), OK);
		assert_is_image(c, io[i].data, i * 4096, 4096);
	}
	assert_int_equal(c->stats.drains, 1);
}

/* One buffer of the largest size for sixteen requests of half of it. */
static void requests_wait_for_buffers(void **state)
{
	struct corridor *c = *state;
	struct io io[12];

	corridor_again(c, 256, MIB);
	for (uint32_t i = 0; i < 12; i++) {
		io[i] = io_make(c, i % 2 ? T_OUT : T_IN, i * 1024, 5,
				512 << 10, !(i % 2));
		if (i % 2)
			guest_fill(io[i].data, io[i].len);
		guest_offer(&c->ring, io[i].head);
	}
	corridor_run(c);
	assert_int_equal(guest_used(&c->ring), 12);
	for (uint32_t i = 0; i < 12; i++) {
		assert_int_equal(io_status(&io[i]), OK);
		assert_is_image(c, io[i].data, i * 1024 * 512, io[i].len);
	}
	if (c->mode->direct)
		assert_true(c->stats.stalls > 0);
	/* None of it is lost. */
	for (uint32_t i = 0; i < 12; i++) {
		uint32_t id, len;

		guest_take(&c->ring, &id, &len);
	}
	corridor_forget(c);
	assert_int_equal(io_do(c, T_IN, 0, MIB, true, NULL), OK);
}

/* The kernel may do less than it was asked for, or nothing for now. */
static void short_answers_are_continued(void **state)
{
	struct corridor *c = *state;

	corridor_again(c, 128, 4 * MIB);
	for (enum answers a = ANSWER_SHORT; a <= ANSWER_AGAIN; a++) {
		for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
			struct io out = io_make(c, T_OUT, i * 10, 9, sizes[i],
						false);
			struct io in = io_make(c, T_IN, 5000 + i * 10, 4000,
					       sizes[i], true);

			c->answers = a;
			guest_fill(out.data, sizes[i]);
			guest_offer(&c->ring, out.head);
			corridor_run(c);
			corridor_take(c, out.head);
			guest_offer(&c->ring, in.head);
			corridor_run(c);
			assert_int_equal(corridor_take(c, in.head),
					 sizes[i] + 1);
			assert_int_equal(io_status(&out), OK);
			assert_int_equal(io_status(&in), OK);
			assert_is_image(c, out.data, i * 5120, sizes[i]);
			assert_is_image(c, in.data, (5000 + i * 10) * 512,
					sizes[i]);
			corridor_forget(c);
		}
	}
}

/* --- the other requests ---------------------------------------------------- */

static void an_id_fits_the_room_it_has(void **state)
{
	static const uint32_t rooms[] = { 1, 5, 19, 20, 21, 512 };
	struct corridor *c = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rooms); i++) {
		uint32_t n = rooms[i] < 20 ? rooms[i] : 20;
		struct io io = io_make(c, T_GET_ID, 0, 30, rooms[i], true);

		guest_offer(&c->ring, io.head);
		corridor_run(c);
		/* The status byte counts only if nothing is left out. */
		assert_int_equal(corridor_take(c, io.head),
				 n == rooms[i] ? n + 1 : n);
		assert_int_equal(io_status(&io), OK);
		assert_memory_equal(fake_ram(io.data), "0123456789abcdefghij",
				    n);
		for (uint32_t b = n; b < rooms[i]; b++)
			assert_int_equal(*(uint8_t *)fake_ram(io.data + b),
					 UNTOUCHED);
		corridor_forget(c);
	}
}

static uint8_t do_ranges(struct corridor *c, uint32_t type, uint32_t flags,
			 const uint32_t sectors[][2], uint32_t n)
{
	struct io io = io_make(c, type, 0, 40, n * 16, false);

	for (uint32_t i = 0; i < n; i++) {
		uint8_t *r = fake_ram(io.data + i * 16);
		uint64_t first = htole64(sectors[i][0]);
		uint32_t count = htole32(sectors[i][1]);
		uint32_t f = htole32(flags);

		memcpy(r, &first, 8);
		memcpy(r + 8, &count, 4);
		memcpy(r + 12, &f, 4);
	}
	guest_offer(&c->ring, io.head);
	corridor_run(c);
	corridor_take(c, io.head);
	return io_status(&io);
}

static const uint32_t some_sectors[][2] = {
	{ 1, 1 }, { 16, 64 }, { 1000, 3000 }, { 9001, 129 }, { 15000, 6 },
};

static void check_zeroed(struct corridor *c)
{
	uint8_t around[512];

	for (size_t i = 0; i < ARRAY_SIZE(some_sectors); i++) {
		uint64_t at = some_sectors[i][0] * 512u;
		uint32_t len = some_sectors[i][1] * 512u;

		assert_zeroes(c, at, len);
		image_read(c, around, at - 512, 512);
		assert_null(memchr(around, 0, 512));
		image_read(c, around, at + len, 512);
		assert_null(memchr(around, 0, 512));
	}
}

/* C-B 11: zeroes, with unmap or without, however the image makes them. */
static void written_zeroes_are_zeroes(void **state)
{
	struct corridor *c = *state;
	static const struct {
		bool unmap, can_punch, can_zero_range;
	} how[] = {
		{ true, true, true }, { true, false, true },
		{ false, true, true }, { false, true, false },
		{ true, false, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(how); i++) {
		corridor_again(c, 64, MIB);
		c->backing.can_punch = how[i].can_punch;
		c->backing.can_zero_range = how[i].can_zero_range;
		c->terms.writeback = i % 2;
		c->answers = i == 4 ? ANSWER_SHORT : ANSWER_TRUE;
		assert_int_equal(do_ranges(c, T_WRITE_ZEROES, how[i].unmap,
					   some_sectors,
					   ARRAY_SIZE(some_sectors)), OK);
		check_zeroed(c);
		assert_int_equal(c->stats.write_zeroes, 1);
		assert_int_equal(c->stats.write_zeroes_bytes,
				 (1 + 64 + 3000 + 129 + 6) * 512);
	}
}

static void a_discard_is_done_or_ignored(void **state)
{
	struct corridor *c = *state;
	uint8_t sector[512];

	assert_int_equal(do_ranges(c, T_DISCARD, 0, some_sectors,
				   ARRAY_SIZE(some_sectors)), OK);
	assert_int_equal(c->stats.discards, 1);
	/* A file system that can do it leaves zeroes. */
	if (c->backing.can_punch)
		check_zeroed(c);
	c->backing.can_punch = false;
	assert_int_equal(do_ranges(c, T_DISCARD, 0,
				   (const uint32_t[][2]){ { 5, 1 } }, 1), OK);
	image_read(c, sector, 5 * 512, 512);
	assert_null(memchr(sector, 0, 512));
}

static void ranges_are_refused_as_a_whole(void **state)
{
	struct corridor *c = *state;
	uint8_t sector[512];
	const uint32_t bad[][2] = { { 0, 8 }, { IMAGE_SIZE / 512, 1 } };

	assert_int_equal(do_ranges(c, T_WRITE_ZEROES, 0, bad, 2), IOERR);
	assert_int_equal(do_ranges(c, T_DISCARD, 0, bad, 2), IOERR);
	assert_int_equal(do_ranges(c, T_DISCARD, 1, bad, 1), UNSUPP);
	assert_int_equal(do_ranges(c, T_WRITE_ZEROES, 2, bad, 1), UNSUPP);
	image_read(c, sector, 0, 512);
	assert_null(memchr(sector, 0, 512));
	assert_int_equal(c->stats.refused, 4);
}

/* --- life ------------------------------------------------------------------ */

static void indices_wrap_under_load(void **state)
{
	struct corridor *c = *state;
	struct io io = io_make(c, T_GET_ID, 0, 0, 20, true);

	for (uint32_t i = 0; i < 66000; i++) {
		guest_offer(&c->ring, io.head);
		queue_serve(&c->q, &c->terms);
		engine_settle(&c->engine, queue_return);
		queue_publish(&c->q);
		assert_int_equal(corridor_take(c, io.head), 21);
	}
	assert_int_equal(c->stats.pushes, 66000);
}

static void an_interrupt_comes_when_it_is_wanted(void **state)
{
	struct corridor *c = *state;

	guest_used_event(&c->ring, 1);
	assert_int_equal(io_do(c, T_IN, 0, 512, true, NULL), OK);
	assert_int_equal(c->interrupts, 0);
	assert_int_equal(io_do(c, T_IN, 0, 512, true, NULL), OK);
	assert_int_equal(c->interrupts, 1);
	assert_int_equal(io_do(c, T_IN, 0, 512, true, NULL), OK);
	assert_int_equal(c->interrupts, 1);
}

static void a_stopping_queue_takes_nothing_new(void **state)
{
	struct corridor *c = *state;
	struct io io = io_make(c, T_IN, 0, 0, 512, true);

	c->q.stopping = true;
	guest_offer(&c->ring, io.head);
	queue_serve(&c->q, &c->terms);
	assert_int_equal(c->q.in_flight, 0);
	c->q.stopping = false;
	corridor_run(c);
	corridor_take(c, io.head);
}

/* Nothing is lost and nothing comes twice, wherever the worker died. */
static void a_worker_may_be_killed(void **state)
{
	struct corridor *c = *state;
	struct io io[12];
	bool seen[64] = { false };
	uint32_t id, len, round;

	for (uint32_t when = 0; when < 5; when++) {
		memset(seen, 0, sizeof(seen));
		for (uint32_t i = 0; i < 12; i++) {
			io[i] = io_make(c, i % 2 ? T_OUT : T_IN,
					(i * 5 % 12) * 64, 77, 16384, !(i % 2));
			if (i % 2)
				guest_fill(io[i].data, 16384);
			if (i < 9)
				guest_offer(&c->ring, io[i].head);
		}
		if (when)
			queue_serve(&c->q, &c->terms);
		for (round = 1; round < when && c->q.in_flight; round++)
			corridor_return_some(c);
		corridor_kill(c);
		for (uint32_t i = 9; i < 12; i++)
			guest_offer(&c->ring, io[i].head);
		corridor_run(c);
		while (guest_take(&c->ring, &id, &len)) {
			assert_true(id < 64 && !seen[id]);
			seen[id] = true;
		}
		for (uint32_t i = 0; i < 12; i++) {
			assert_true(seen[io[i].head]);
			assert_int_equal(io_status(&io[i]), OK);
			assert_is_image(c, io[i].data, (i * 5 % 12) * 32768,
					16384);
		}
		corridor_forget(c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CORRIDOR(a_read_brings_what_the_image_holds),
		CORRIDOR(a_write_is_what_the_image_then_holds),
		CORRIDOR(the_last_sector_is_there),
		CORRIDOR(a_flush_comes_back),
		CORRIDOR(a_full_ring_is_one_batch),
		CORRIDOR(requests_wait_for_buffers),
		CORRIDOR(short_answers_are_continued),
		CORRIDOR(an_id_fits_the_room_it_has),
		CORRIDOR(written_zeroes_are_zeroes),
		CORRIDOR(a_discard_is_done_or_ignored),
		CORRIDOR(ranges_are_refused_as_a_whole),
		CORRIDOR(indices_wrap_under_load),
		CORRIDOR(an_interrupt_comes_when_it_is_wanted),
		CORRIDOR(a_stopping_queue_takes_nothing_new),
		CORRIDOR(a_worker_may_be_killed),
	};

	return corridor_main(tests, ARRAY_SIZE(tests));
}
