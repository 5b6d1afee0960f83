// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a guest may ask of a disk (virtio 1.2, 5.2.6). Offsets and numbers are
 * computed by hand from the specification.
 */
#include "tests/unit/unit.h"

#include "tests/unit/blk_disk.h"

static const struct {
	uint64_t sector;
	uint64_t len;
	uint8_t status;
} extents[] = {
	{ 0, 512, OK },
	{ 0, SECTORS * 512, OK },
	{ SECTORS - 1, 512, OK },
	{ SECTORS - 2, 1024, OK },
	/* beyond the end, by one and by far */
	{ SECTORS - 1, 1024, IOERR },
	{ SECTORS, 512, IOERR },
	{ SECTORS + 1, 512, IOERR },
	{ 0, SECTORS * 512 + 512, IOERR },
	{ 1, SECTORS * 512, IOERR },
	{ UINT64_C(1) << 32, 512, IOERR },
	/* sector * 512 wraps to something small */
	{ UINT64_C(1) << 55, 512, IOERR },
	{ UINT64_C(1) << 63, 512, IOERR },
	{ (UINT64_C(1) << 55) + 1, 512, IOERR },
	{ UINT64_MAX, 512, IOERR },
	{ UINT64_MAX, 1024, IOERR },
	{ UINT64_MAX - SECTORS + 1, 512, IOERR },
	/* more than memory has */
	{ 0, UINT64_C(1) << 40, IOERR },
	{ 1, UINT64_MAX - 511, IOERR },
	/* no sectors, not whole sectors */
	{ 0, 0, IOERR },
	{ SECTORS, 0, IOERR },
	{ 0, 1, IOERR },
	{ 0, 511, IOERR },
	{ 0, 513, IOERR },
	{ SECTORS - 1, 513, IOERR },
};

static void an_extent_lies_inside_or_not(void **state)
{
	struct blk_geometry g = blk_disk();
	struct blk_request req;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(extents); i++) {
		uint64_t sector = extents[i].sector, len = extents[i].len;

		assert_int_equal(blk_ask(&g, T_IN, sector, 0, len, &req),
				 extents[i].status);
		if (extents[i].status == OK) {
			assert_int_equal(req.op, BLK_READ);
			assert_int_equal(req.offset, sector * 512);
			assert_int_equal(req.len, len);
		}
		assert_int_equal(blk_ask(&g, T_OUT, sector, len, 0, &req),
				 extents[i].status);
		if (extents[i].status == OK) {
			assert_int_equal(req.op, BLK_WRITE);
			assert_int_equal(req.offset, sector * 512);
			assert_int_equal(req.len, len);
		}
	}
}

/* Data of the other direction is none. */
static void only_data_of_its_direction_counts(void **state)
{
	struct blk_geometry g = blk_disk();
	struct blk_request req;

	(void)state;
	assert_int_equal(blk_ask(&g, T_IN, 0, 512, 0, &req), IOERR);
	assert_int_equal(blk_ask(&g, T_OUT, 0, 0, 512, &req), IOERR);
}

static void blocks_may_be_larger_than_sectors(void **state)
{
	struct blk_geometry g = blk_disk();
	struct blk_request req;

	(void)state;
	g.block_size = 4096;
	assert_int_equal(blk_ask(&g, T_IN, 8, 0, 4096, &req), OK);
	assert_int_equal(req.offset, 4096);
	assert_int_equal(blk_ask(&g, T_IN, 7, 0, 4096, &req), IOERR);
	assert_int_equal(blk_ask(&g, T_IN, 8, 0, 512, &req), IOERR);
	assert_int_equal(blk_ask(&g, T_OUT, 8, 4096 + 512, 0, &req), IOERR);
	assert_int_equal(blk_ask(&g, T_OUT, SECTORS - 8, 4096, 0, &req), OK);
	assert_int_equal(blk_ask(&g, T_OUT, SECTORS - 8, 8192, 0, &req), IOERR);
}

static void nothing_is_written_to_a_read_only_disk(void **state)
{
	static const uint32_t writes[] = { T_OUT, T_DISCARD, T_WRITE_ZEROES };
	struct blk_geometry g = blk_disk();
	struct blk_request req;

	(void)state;
	g.read_only = true;
	for (size_t i = 0; i < ARRAY_SIZE(writes); i++)
		assert_int_equal(blk_ask(&g, writes[i], 0, 512, 0, &req), IOERR);
	assert_int_not_equal(blk_ask(&g, T_SECURE_ERASE, 0, 16, 0, &req), OK);
	assert_int_not_equal(blk_ask(&g, T_ZONE_APPEND, 0, 512, 0, &req), OK);
	assert_int_equal(blk_ask(&g, T_IN, 0, 0, 512, &req), OK);
	assert_int_equal(blk_ask(&g, T_FLUSH, 0, 0, 0, &req), OK);
}

static void unknown_types_are_unsupported(void **state)
{
	static const uint32_t known[] = { T_IN, T_OUT, T_FLUSH, T_GET_ID,
					  T_DISCARD, T_WRITE_ZEROES };
	struct blk_geometry g = blk_disk();
	struct blk_request req;

	(void)state;
	for (uint32_t type = 0; type < 300; type++) {
		bool is_known = false;

		for (size_t i = 0; i < ARRAY_SIZE(known); i++)
			is_known = is_known || known[i] == type;
		if (!is_known)
			assert_int_equal(blk_ask(&g, type, 0, 512, 512, &req),
					 UNSUPP);
	}
	/* Types 2 and 3 have been SCSI: never (CVE-2011-4127). */
	assert_int_equal(blk_ask(&g, T_SCSI, 0, 0, 512, &req), UNSUPP);
	assert_int_equal(blk_ask(&g, T_SCSI + 1, 0, 0, 512, &req), UNSUPP);
	assert_int_equal(blk_ask(&g, 0x80000000, 0, 0, 512, &req), UNSUPP);
	assert_int_equal(blk_ask(&g, UINT32_MAX, 0, 0, 512, &req), UNSUPP);
}

static void a_flush_has_no_sector(void **state)
{
	struct blk_geometry g = blk_disk();
	struct blk_request req;

	(void)state;
	assert_int_equal(blk_ask(&g, T_FLUSH, UINT64_MAX, 0, 0, &req), OK);
	assert_int_equal(req.op, BLK_FLUSH);
	assert_int_equal(req.len, 0);
}

static void an_id_is_twenty_bytes_or_less(void **state)
{
	static const uint64_t room[] = { 1, 19, 20, 21, 512, UINT64_MAX };
	struct blk_geometry g = blk_disk();
	struct blk_request req;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(room); i++) {
		assert_int_equal(blk_ask(&g, T_GET_ID, 0, 0, room[i], &req), OK);
		assert_int_equal(req.op, BLK_GET_ID);
		assert_int_equal(req.len, room[i] < 20 ? room[i] : 20);
	}
	assert_int_equal(blk_ask(&g, T_GET_ID, 0, 20, 0, &req), IOERR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_extent_lies_inside_or_not),
		cmocka_unit_test(only_data_of_its_direction_counts),
		cmocka_unit_test(blocks_may_be_larger_than_sectors),
		cmocka_unit_test(nothing_is_written_to_a_read_only_disk),
		cmocka_unit_test(unknown_types_are_unsupported),
		cmocka_unit_test(a_flush_has_no_sector),
		cmocka_unit_test(an_id_is_twenty_bytes_or_less),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
