// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How a message is cut is the driver's business (virtio 1.2, 2.7.4): headers and
 * data in any pieces, in tables of any size, and the disk does the same.
 */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/corridor.h"
#include "tests/unit/corridor_image.h"

static uint8_t *sized_copy(uint64_t at, uint32_t len)
{
	uint8_t *copy = malloc(len);

	memcpy(copy, fake_ram(at), len);
	return copy;
}

static void the_header_may_be_cut(void **state)
{
	struct corridor *c = *state;
	uint64_t header = io_header(c, T_IN, 5);
	uint64_t data = guest_alloc(c, 100, 1024, true);
	uint64_t status = guest_alloc(c, 0, 1, true);

	for (uint32_t cut = 1; cut < 16; cut++) {
		struct part part[] = {
			{ guest_addr(c, header), cut, false },
			{ guest_addr(c, header + cut), 16 - cut, false },
			{ guest_addr(c, data), 1024, true },
			{ guest_addr(c, status), 1, true },
		};

		memset(fake_ram(data), UNTOUCHED, 1024);
		memset(fake_ram(status), UNTOUCHED, 1);
		io_parts(c, part, 4);
		c->next_desc = 0;
		assert_int_equal(*(uint8_t *)fake_ram(status), OK);
		assert_is_image(c, data, 5 * 512, 1024);
	}
}

static void one_byte_at_a_time(void **state)
{
	struct corridor *c = *state;
	uint64_t header = io_header(c, T_IN, 9);
	uint64_t data = guest_alloc(c, 3000, 512, true);
	uint64_t status = guest_alloc(c, 0, 1, true);
	struct part part[16 + 40 + 1];

	for (uint32_t i = 0; i < 16; i++)
		part[i] = (struct part){ guest_addr(c, header + i), 1, false };
	for (uint32_t i = 0; i < 39; i++)
		part[16 + i] = (struct part){ guest_addr(c, data + i), 1,
					      true };
	part[55] = (struct part){ guest_addr(c, data + 39), 512 - 39, true };
	part[56] = (struct part){ guest_addr(c, status), 1, true };
	io_parts(c, part, 57);
	assert_int_equal(*(uint8_t *)fake_ram(status), OK);
	assert_is_image(c, data, 9 * 512, 512);
}

static void parts_may_be_joined(void **state)
{
	struct corridor *c = *state;
	uint64_t status = guest_alloc(c, 9, 1, true);
	uint64_t out = guest_alloc(c, 4090, 16 + 4096, false);
	uint64_t header, in;
	uint8_t *copy;

	/* Header and data of a write in one descriptor, across pages. */
	memcpy(fake_ram(out), fake_ram(io_header(c, T_OUT, 7)), 16);
	guest_fill(out + 16, 4096);
	io_parts(c, (struct part[]){
		{ guest_addr(c, out), 16 + 4096, false },
		{ guest_addr(c, status), 1, true } }, 2);
	assert_int_equal(*(uint8_t *)fake_ram(status), OK);
	copy = sized_copy(out + 16, 4096);
	/* Data and status of a read in one descriptor. */
	header = io_header(c, T_IN, 7);
	in = guest_alloc(c, 4000, 4097, true);
	io_parts(c, (struct part[]){
		{ guest_addr(c, header), 16, false },
		{ guest_addr(c, in), 4097, true } }, 2);
	assert_memory_equal(fake_ram(in), copy, 4096);
	assert_int_equal(*(uint8_t *)fake_ram(in + 4096), OK);
	free(copy);
}

static void tables_are_followed(void **state)
{
	static const uint32_t rooms[] = { 3, 4, 64, 65, 200 };
	struct corridor *c = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rooms); i++) {
		uint64_t header = io_header(c, T_IN, 11 + i);
		uint64_t data = guest_alloc(c, 100, 8192, true);
		uint64_t status = guest_alloc(c, 0, 1, true);
		struct part part[] = {
			{ guest_addr(c, header), 16, false },
			{ guest_addr(c, data), 8192, true },
			{ guest_addr(c, status), 1, true },
		};
		uint16_t head = guest_indirect(c, part, 3, rooms[i]);

		guest_offer(&c->ring, head);
		corridor_run(c);
		assert_int_equal(corridor_take(c, head), 8193);
		assert_int_equal(*(uint8_t *)fake_ram(status), OK);
		assert_is_image(c, data, (11 + i) * 512, 8192);
	}
}

/* More entries than the queue has, and the chain goes through the last. */
static void a_large_table_is_followed_to_its_end(void **state)
{
	struct corridor *c = *state;
	uint64_t table = guest_alloc(c, 0, 1000 * 16, false);
	uint64_t header = io_header(c, T_IN, 2);
	uint64_t data = guest_alloc(c, 0, 512, true);
	uint64_t status = guest_alloc(c, 0, 1, true);
	struct vring_desc *t = fake_ram(table);

	guest_desc(&t[0], guest_addr(c, header), 16, VRING_DESC_F_NEXT, 999);
	guest_desc(&t[999], guest_addr(c, data), 512, VRING_DESC_F_NEXT |
		   VRING_DESC_F_WRITE, 500);
	guest_desc(&t[500], guest_addr(c, status), 1, VRING_DESC_F_WRITE, 0);
	guest_desc(&c->ring.desc[0], guest_addr(c, table), 16000,
		   VRING_DESC_F_INDIRECT, 0);
	guest_offer(&c->ring, 0);
	corridor_run(c);
	assert_int_equal(corridor_take(c, 0), 513);
	assert_int_equal(*(uint8_t *)fake_ram(status), OK);
	assert_is_image(c, data, 2 * 512, 512);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CORRIDOR(the_header_may_be_cut),
		CORRIDOR(one_byte_at_a_time),
		CORRIDOR(parts_may_be_joined),
		CORRIDOR(tables_are_followed),
		CORRIDOR(a_large_table_is_followed_to_its_end),
	};

	return corridor_main(tests, ARRAY_SIZE(tests));
}
