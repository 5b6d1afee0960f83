// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The ranges of discard and write zeroes (virtio 1.2, 5.2.6): what a guest may
 * ask, and what it comes to in bytes. Numbers are computed by hand from the
 * specification.
 */
#include "tests/unit/unit.h"

#include <endian.h>
#include <string.h>

#include "tests/unit/blk_disk.h"

struct range {
	uint64_t sector;
	uint32_t num_sectors;
	uint32_t flags;
};

/* 16 bytes each: sector, num_sectors, flags (5.2.6). */
static uint8_t parse_ranges(const struct blk_geometry *g, uint32_t type,
			    const struct range *r, uint32_t count,
			    struct blk_range range[], uint32_t *n)
{
	uint8_t payload[BLK_MAX_RANGES * 16];
	struct blk_request req;
	uint8_t status = blk_ask(g, type, 0, count * 16, 0, &req);

	if (status != OK)
		return status;
	for (uint32_t i = 0; i < count; i++) {
		uint64_t sector = htole64(r[i].sector);
		uint32_t num = htole32(r[i].num_sectors);
		uint32_t flags = htole32(r[i].flags);

		memcpy(payload + i * 16, &sector, 8);
		memcpy(payload + i * 16 + 8, &num, 4);
		memcpy(payload + i * 16 + 12, &flags, 4);
	}
	return blk_parse_ranges(g, &req, payload, range, n);
}

static uint8_t one_range(uint32_t type, uint64_t sector, uint32_t num,
			 uint32_t flags)
{
	struct blk_geometry g = blk_disk();
	struct range r = { sector, num, flags };
	struct blk_range range[BLK_MAX_RANGES];
	uint32_t n;

	return parse_ranges(&g, type, &r, 1, range, &n);
}

static void the_payload_is_whole_ranges(void **state)
{
	static const uint64_t bad[] = { 0, 1, 15, 17, 31, 16 * 16 + 1, 17 * 16,
					UINT64_C(16) << 32, UINT64_MAX - 15 };
	struct blk_geometry g = blk_disk();
	struct blk_request req;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(blk_ask(&g, T_DISCARD, 0, bad[i], 0, &req),
				 IOERR);
		assert_int_equal(blk_ask(&g, T_WRITE_ZEROES, 0, bad[i], 0, &req),
				 IOERR);
	}
	for (uint64_t n = 1; n <= 16; n++) {
		assert_int_equal(blk_ask(&g, T_DISCARD, 0, n * 16, 0, &req), OK);
		assert_int_equal(req.op, BLK_DISCARD);
		assert_int_equal(req.len, n * 16);
	}
	assert_int_equal(blk_ask(&g, T_WRITE_ZEROES, 0, 16, 0, &req), OK);
	assert_int_equal(req.op, BLK_WRITE_ZEROES);
}

static void what_was_not_accepted_is_unsupported(void **state)
{
	struct blk_geometry g = blk_disk();
	struct virtio_blk_outhdr hdr = { .type = htole32(T_DISCARD) };
	struct blk_request req;

	(void)state;
	assert_int_equal(blk_parse(&g, ~(UINT64_C(1) << 13), &hdr, 16, 0,
				   &req), UNSUPP);
	hdr.type = htole32(T_WRITE_ZEROES);
	assert_int_equal(blk_parse(&g, ~(UINT64_C(1) << 14), &hdr, 16, 0,
				   &req), UNSUPP);
}

static void flags_are_judged(void **state)
{
	(void)state;
	assert_int_equal(one_range(T_DISCARD, 0, 8, 0), OK);
	assert_int_equal(one_range(T_DISCARD, 0, 8, 1), UNSUPP);
	assert_int_equal(one_range(T_WRITE_ZEROES, 0, 8, 0), OK);
	assert_int_equal(one_range(T_WRITE_ZEROES, 0, 8, 1), OK);
	for (int bit = 1; bit < 32; bit++) {
		assert_int_equal(one_range(T_DISCARD, 0, 8, 1u << bit),
				 UNSUPP);
		assert_int_equal(one_range(T_WRITE_ZEROES, 0, 8, 1u << bit),
				 UNSUPP);
		assert_int_equal(one_range(T_WRITE_ZEROES, 0, 8,
					   1u << bit | 1), UNSUPP);
	}
}

static void a_range_lies_inside_or_not(void **state)
{
	(void)state;
	assert_int_equal(one_range(T_DISCARD, 0, SECTORS, 0), OK);
	assert_int_equal(one_range(T_DISCARD, 1, SECTORS, 0), IOERR);
	assert_int_equal(one_range(T_DISCARD, SECTORS - 1, 1, 0), OK);
	assert_int_equal(one_range(T_DISCARD, SECTORS - 1, 2, 0), IOERR);
	assert_int_equal(one_range(T_DISCARD, UINT64_MAX, 1, 0), IOERR);
	assert_int_equal(one_range(T_DISCARD, UINT64_C(1) << 55, 1, 0), IOERR);
	/* num_sectors * 512 does not fit in 32 bits. */
	assert_int_equal(one_range(T_WRITE_ZEROES, 0, UINT32_MAX, 0), IOERR);
	assert_int_equal(one_range(T_WRITE_ZEROES, 0, 0x800000, 0), IOERR);
	assert_int_equal(one_range(T_WRITE_ZEROES, 0, 0x800001, 0), IOERR);
}

static void a_range_has_a_longest_length(void **state)
{
	struct blk_geometry g = blk_disk();
	struct range r = { 0, 1u << 22, 0 };
	struct blk_range range[BLK_MAX_RANGES];
	uint32_t n;

	(void)state;
	g.size = UINT64_C(1) << 40;
	assert_int_equal(parse_ranges(&g, T_DISCARD, &r, 1, range, &n), OK);
	assert_int_equal(range[0].len, UINT64_C(2) << 30);
	r.num_sectors++;
	assert_int_equal(parse_ranges(&g, T_DISCARD, &r, 1, range, &n), IOERR);
	/* With large blocks, whole blocks. */
	g.block_size = 4096;
	r.num_sectors = 12;
	assert_int_equal(parse_ranges(&g, T_DISCARD, &r, 1, range, &n), IOERR);
	r.num_sectors = 16;
	assert_int_equal(parse_ranges(&g, T_DISCARD, &r, 1, range, &n), OK);
	r.sector = 4;
	assert_int_equal(parse_ranges(&g, T_DISCARD, &r, 1, range, &n), IOERR);
}

static void ranges_come_out_in_bytes(void **state)
{
	static const struct range r[] = {
		{ 8, 16, 1 }, { 100, 0, 0 }, { 2000, 48, 0 }, { 0, 1, 1 },
	};
	struct blk_geometry g = blk_disk();
	struct blk_range range[BLK_MAX_RANGES];
	uint32_t n;

	(void)state;
	assert_int_equal(parse_ranges(&g, T_WRITE_ZEROES, r, 4, range, &n),
			 OK);
	assert_int_equal(n, 3);
	assert_int_equal(range[0].offset, 8 * 512);
	assert_int_equal(range[0].len, 16 * 512);
	assert_true(range[0].unmap);
	assert_int_equal(range[1].offset, 2000 * 512);
	assert_int_equal(range[1].len, 48 * 512);
	assert_false(range[1].unmap);
	assert_true(range[2].unmap);
}

static void one_bad_range_refuses_them_all(void **state)
{
	struct range r[BLK_MAX_RANGES] = { 0 };
	struct blk_geometry g = blk_disk();
	struct blk_range range[BLK_MAX_RANGES];
	uint32_t n;

	(void)state;
	for (uint32_t i = 0; i < BLK_MAX_RANGES; i++)
		r[i].num_sectors = 1;
	assert_int_equal(parse_ranges(&g, T_DISCARD, r, BLK_MAX_RANGES, range,
				      &n), OK);
	assert_int_equal(n, BLK_MAX_RANGES);
	assert_true(range[0].unmap);
	r[BLK_MAX_RANGES - 1].sector = SECTORS;
	assert_int_equal(parse_ranges(&g, T_DISCARD, r, BLK_MAX_RANGES, range,
				      &n), IOERR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_payload_is_whole_ranges),
		cmocka_unit_test(what_was_not_accepted_is_unsupported),
		cmocka_unit_test(flags_are_judged),
		cmocka_unit_test(a_range_lies_inside_or_not),
		cmocka_unit_test(a_range_has_a_longest_length),
		cmocka_unit_test(ranges_come_out_in_bytes),
		cmocka_unit_test(one_bad_range_refuses_them_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
