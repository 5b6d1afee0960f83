// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a guest is told about a disk (virtio 1.2, 5.2), and what it may believe
 * of its writes then. Offsets and numbers are computed by hand from the
 * specification.
 */
#include "tests/unit/unit.h"

#include <string.h>

#include "tests/unit/blk_disk.h"

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
	struct blk_geometry g = blk_disk();
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
	struct blk_geometry g = blk_disk();
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
	struct blk_geometry g = blk_disk();

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
	struct blk_geometry g = blk_disk();

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
		cmocka_unit_test(the_configuration_has_its_layout),
		cmocka_unit_test(sectors_are_512_bytes_whatever_the_block),
		cmocka_unit_test(features_are_offered_as_the_disk_is),
		cmocka_unit_test(writes_are_stable_when_they_must),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
