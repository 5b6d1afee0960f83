// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a guest may ask of a disk, and what it is told about it (virtio 1.2,
 * 5.2). Offsets and numbers are computed by hand from the specification.
 */
#include "tests/unit/unit.h"

#include <endian.h>
#include <string.h>

#include "backend/blk.h"

#define SECTORS UINT64_C(2048)	/* 1 MiB */

enum { OK = 0, IOERR = 1, UNSUPP = 2 };
enum { T_IN = 0, T_OUT = 1, T_SCSI = 2, T_FLUSH = 4, T_GET_ID = 8,
	T_DISCARD = 11, T_WRITE_ZEROES = 13,
	T_SECURE_ERASE = 14, T_ZONE_APPEND = 15 };

#define ALL_FEATURES UINT64_MAX

static struct blk_geometry disk(void)
{
	struct blk_geometry g = {
		.size = SECTORS * 512, .block_size = 512,
		.physical_block_size = 4096, .num_queues = 4,
		.queue_size = 128, .discard = true,
	};

	memcpy(g.id, "serial-number", 13);
	return g;
}

static uint8_t parse(const struct blk_geometry *g, uint32_t type,
		     uint64_t sector, uint64_t in, uint64_t out,
		     struct blk_request *req)
{
	struct virtio_blk_outhdr hdr = {
		.type = htole32(type), .ioprio = UINT32_MAX,
		.sector = htole64(sector),
	};

	memset(req, 0xee, sizeof(*req));
	return blk_parse(g, ALL_FEATURES, &hdr, in, out, req);
}

/* --- reads and writes ------------------------------------------------------ */

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
	struct blk_geometry g = disk();
	struct blk_request req;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(extents); i++) {
		uint64_t sector = extents[i].sector, len = extents[i].len;

		assert_int_equal(parse(&g, T_IN, sector, 0, len, &req),
				 extents[i].status);
		if (extents[i].status == OK) {
			assert_int_equal(req.op, BLK_READ);
			assert_int_equal(req.offset, sector * 512);
			assert_int_equal(req.len, len);
		}
		assert_int_equal(parse(&g, T_OUT, sector, len, 0, &req),
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
	struct blk_geometry g = disk();
	struct blk_request req;

	(void)state;
	assert_int_equal(parse(&g, T_IN, 0, 512, 0, &req), IOERR);
	assert_int_equal(parse(&g, T_OUT, 0, 0, 512, &req), IOERR);
}

static void blocks_may_be_larger_than_sectors(void **state)
{
	struct blk_geometry g = disk();
	struct blk_request req;

	(void)state;
	g.block_size = 4096;
	assert_int_equal(parse(&g, T_IN, 8, 0, 4096, &req), OK);
	assert_int_equal(req.offset, 4096);
	assert_int_equal(parse(&g, T_IN, 7, 0, 4096, &req), IOERR);
	assert_int_equal(parse(&g, T_IN, 8, 0, 512, &req), IOERR);
	assert_int_equal(parse(&g, T_OUT, 8, 4096 + 512, 0, &req), IOERR);
	assert_int_equal(parse(&g, T_OUT, SECTORS - 8, 4096, 0, &req), OK);
	assert_int_equal(parse(&g, T_OUT, SECTORS - 8, 8192, 0, &req), IOERR);
}

static void nothing_is_written_to_a_read_only_disk(void **state)
{
	static const uint32_t writes[] = { T_OUT, T_DISCARD, T_WRITE_ZEROES };
	struct blk_geometry g = disk();
	struct blk_request req;

	(void)state;
	g.read_only = true;
	for (size_t i = 0; i < ARRAY_SIZE(writes); i++)
		assert_int_equal(parse(&g, writes[i], 0, 512, 0, &req), IOERR);
	assert_int_not_equal(parse(&g, T_SECURE_ERASE, 0, 16, 0, &req), OK);
	assert_int_not_equal(parse(&g, T_ZONE_APPEND, 0, 512, 0, &req), OK);
	assert_int_equal(parse(&g, T_IN, 0, 0, 512, &req), OK);
	assert_int_equal(parse(&g, T_FLUSH, 0, 0, 0, &req), OK);
}

static void unknown_types_are_unsupported(void **state)
{
	static const uint32_t known[] = { T_IN, T_OUT, T_FLUSH, T_GET_ID,
					  T_DISCARD, T_WRITE_ZEROES };
	struct blk_geometry g = disk();
	struct blk_request req;

	(void)state;
	for (uint32_t type = 0; type < 300; type++) {
		bool is_known = false;

		for (size_t i = 0; i < ARRAY_SIZE(known); i++)
			is_known = is_known || known[i] == type;
		if (!is_known)
			assert_int_equal(parse(&g, type, 0, 512, 512, &req),
					 UNSUPP);
	}
	/* Types 2 and 3 have been SCSI: never (CVE-2011-4127). */
	assert_int_equal(parse(&g, T_SCSI, 0, 0, 512, &req), UNSUPP);
	assert_int_equal(parse(&g, T_SCSI + 1, 0, 0, 512, &req), UNSUPP);
	assert_int_equal(parse(&g, 0x80000000, 0, 0, 512, &req), UNSUPP);
	assert_int_equal(parse(&g, UINT32_MAX, 0, 0, 512, &req), UNSUPP);
}

static void a_flush_has_no_sector(void **state)
{
	struct blk_geometry g = disk();
	struct blk_request req;

	(void)state;
	assert_int_equal(parse(&g, T_FLUSH, UINT64_MAX, 0, 0, &req), OK);
	assert_int_equal(req.op, BLK_FLUSH);
	assert_int_equal(req.len, 0);
}

static void an_id_is_twenty_bytes_or_less(void **state)
{
	static const uint64_t room[] = { 1, 19, 20, 21, 512, UINT64_MAX };
	struct blk_geometry g = disk();
	struct blk_request req;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(room); i++) {
		assert_int_equal(parse(&g, T_GET_ID, 0, 0, room[i], &req), OK);
		assert_int_equal(req.op, BLK_GET_ID);
		assert_int_equal(req.len, room[i] < 20 ? room[i] : 20);
	}
	assert_int_equal(parse(&g, T_GET_ID, 0, 20, 0, &req), IOERR);
}

/* --- discard and write zeroes ---------------------------------------------- */

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
	uint8_t status = parse(g, type, 0, count * 16, 0, &req);

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
	struct blk_geometry g = disk();
	struct range r = { sector, num, flags };
	struct blk_range range[BLK_MAX_RANGES];
	uint32_t n;

	return parse_ranges(&g, type, &r, 1, range, &n);
}

static void the_payload_is_whole_ranges(void **state)
{
	static const uint64_t bad[] = { 0, 1, 15, 17, 31, 16 * 16 + 1, 17 * 16,
					UINT64_C(16) << 32, UINT64_MAX - 15 };
	struct blk_geometry g = disk();
	struct blk_request req;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(parse(&g, T_DISCARD, 0, bad[i], 0, &req),
				 IOERR);
		assert_int_equal(parse(&g, T_WRITE_ZEROES, 0, bad[i], 0, &req),
				 IOERR);
	}
	for (uint64_t n = 1; n <= 16; n++) {
		assert_int_equal(parse(&g, T_DISCARD, 0, n * 16, 0, &req), OK);
		assert_int_equal(req.op, BLK_DISCARD);
		assert_int_equal(req.len, n * 16);
	}
	assert_int_equal(parse(&g, T_WRITE_ZEROES, 0, 16, 0, &req), OK);
	assert_int_equal(req.op, BLK_WRITE_ZEROES);
}

static void what_was_not_accepted_is_unsupported(void **state)
{
	struct blk_geometry g = disk();
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
	struct blk_geometry g = disk();
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
	struct blk_geometry g = disk();
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
	struct blk_geometry g = disk();
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

/* --- what the guest is told ------------------------------------------------ */

static uint64_t le(const struct virtio_blk_config *c, uint32_t at, uint32_t n)
{
	const uint8_t *b = (const uint8_t *)c;
	uint64_t v = 0;

	while (n--)
		v = v << 8 | b[at + n];
	return v;
}

static void the_configuration_has_its_layout(void **state)
{
	struct blk_geometry g = disk();
	struct virtio_blk_config c;

	(void)state;
	g.opt_io_size = 1 << 20;
	g.discard_align = 64 << 10;
	memset(&c, 0xee, sizeof(c));
	blk_fill_config(&g, 1, &c);
	assert_int_equal(BLK_CONFIG_LEN, 60);
	assert_int_equal(le(&c, 0, 8), SECTORS);	/* capacity */
	assert_int_equal(le(&c, 8, 4), 1 << 20);	/* size_max */
	assert_int_equal(le(&c, 12, 4), 126);		/* seg_max */
	assert_int_equal(le(&c, 16, 4), 0);		/* geometry */
	assert_int_equal(le(&c, 20, 4), 512);		/* blk_size */
	assert_int_equal(le(&c, 24, 1), 3);		/* physical_block_exp */
	assert_int_equal(le(&c, 25, 1), 0);		/* alignment_offset */
	assert_int_equal(le(&c, 26, 2), 8);		/* min_io_size */
	assert_int_equal(le(&c, 28, 4), 2048);		/* opt_io_size */
	assert_int_equal(le(&c, 32, 1), 1);		/* writeback */
	assert_int_equal(le(&c, 33, 1), 0);		/* unused0 */
	assert_int_equal(le(&c, 34, 2), 4);		/* num_queues */
	assert_int_equal(le(&c, 36, 4), 1 << 22);	/* max_discard_sectors */
	assert_int_equal(le(&c, 40, 4), 16);		/* max_discard_seg */
	assert_int_equal(le(&c, 44, 4), 128);		/* ..._alignment */
	assert_int_equal(le(&c, 48, 4), 1 << 22);	/* max_write_zeroes_.. */
	assert_int_equal(le(&c, 52, 4), 16);		/* ..._seg */
	assert_int_equal(le(&c, 56, 1), 1);		/* ..._may_unmap */
	assert_int_equal(le(&c, 57, 3), 0);		/* unused1 */
	for (uint32_t i = 60; i < sizeof(c); i++)
		assert_int_equal(le(&c, i, 1), 0);
}

static void sectors_are_512_bytes_whatever_the_block(void **state)
{
	struct blk_geometry g = disk();
	struct virtio_blk_config c;

	(void)state;
	g.block_size = 4096;
	g.discard = false;
	blk_fill_config(&g, 0, &c);
	assert_int_equal(le(&c, 0, 8), SECTORS);
	assert_int_equal(le(&c, 20, 4), 4096);
	assert_int_equal(le(&c, 24, 1), 0);
	assert_int_equal(le(&c, 26, 2), 1);
	assert_int_equal(le(&c, 32, 1), 0);
	assert_int_equal(le(&c, 36, 12), 0);
	assert_int_equal(le(&c, 56, 1), 0);
	g.discard = true;
	blk_fill_config(&g, 0, &c);
	assert_int_equal(le(&c, 44, 4), 8);
	g.read_only = true;
	blk_fill_config(&g, 0, &c);
	assert_int_equal(le(&c, 36, 8), 0);
	assert_int_equal(le(&c, 48, 8), 0);
	assert_int_equal(le(&c, 56, 1), 0);
	g.queue_size = 2;
	blk_fill_config(&g, 0, &c);
	assert_int_equal(le(&c, 12, 4), 1);
}

#define F(bit) (UINT64_C(1) << (bit))

static void features_are_offered_as_the_disk_is(void **state)
{
	/* SIZE_MAX SEG_MAX BLK_SIZE FLUSH TOPOLOGY CONFIG_WCE, INDIRECT
	 * EVENT_IDX VERSION_1 ACCESS_PLATFORM RING_RESET */
	uint64_t always = F(1) | F(2) | F(6) | F(9) | F(10) | F(11) | F(28) |
			  F(29) | F(32) | F(33) | F(40);
	struct blk_geometry g = disk();

	(void)state;
	assert_int_equal(blk_features(&g), always | F(12) | F(13) | F(14));
	g.discard = false;
	assert_int_equal(blk_features(&g), always | F(12) | F(14));
	g.num_queues = 1;
	assert_int_equal(blk_features(&g), always | F(14));
	g.discard = true;
	g.read_only = true;
	assert_int_equal(blk_features(&g), always | F(5));
}

static void writes_are_stable_when_they_must(void **state)
{
	const uint64_t flush = F(9), wce = F(11);
	struct blk_geometry g = disk();

	(void)state;
	/* 5.2.6.2: neither was accepted. */
	assert_true(blk_write_stable(0, 1));
	assert_false(blk_write_stable(flush, 1));
	assert_false(blk_write_stable(flush | wce, 1));
	assert_true(blk_write_stable(flush | wce, 0));
	assert_true(blk_write_stable(wce, 0));
	/* C-B 2: CONFIG_WCE without FLUSH begins with writeback 0. */
	assert_int_equal(blk_first_writeback(&g, wce), 0);
	assert_int_equal(blk_first_writeback(&g, wce | flush), 1);
	assert_int_equal(blk_first_writeback(&g, flush), 1);
	g.writethrough = true;
	assert_int_equal(blk_first_writeback(&g, wce | flush), 0);
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
		cmocka_unit_test(the_payload_is_whole_ranges),
		cmocka_unit_test(what_was_not_accepted_is_unsupported),
		cmocka_unit_test(flags_are_judged),
		cmocka_unit_test(a_range_lies_inside_or_not),
		cmocka_unit_test(a_range_has_a_longest_length),
		cmocka_unit_test(ranges_come_out_in_bytes),
		cmocka_unit_test(one_bad_range_refuses_them_all),
		cmocka_unit_test(the_configuration_has_its_layout),
		cmocka_unit_test(sectors_are_512_bytes_whatever_the_block),
		cmocka_unit_test(features_are_offered_as_the_disk_is),
		cmocka_unit_test(writes_are_stable_when_they_must),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
