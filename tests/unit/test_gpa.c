// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Guest addresses: which class they are of, how many pages a range touches,
 * and which ranges cannot exist.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "mapcache/gpa.h"

#define GRANT(ref, offset) \
	gpa(UINT64_C(1) << 63 | (uint64_t)(ref) << 12 | (offset))

static void bit_63_makes_a_grant(void **state)
{
	(void)state;
	assert_false(gpa_is_grant(gpa(0)));
	assert_false(gpa_is_grant(gpa(INT64_MAX)));
	assert_true(gpa_is_grant(gpa(GPA_GRANT_BIT)));
	assert_true(gpa_is_grant(gpa(UINT64_MAX)));
}

static void an_address_has_parts(void **state)
{
	gpa_t a = GRANT(0xdeadbeef, 0xabc);

	(void)state;
	assert_int_equal(gpa_ref(a), 0xdeadbeef);
	assert_int_equal(gpa_offset(a), 0xabc);
	assert_int_equal(gpa_frame(gpa(0x123456789abc)), 0x123456789);
	assert_int_equal(gpa_offset(gpa(0x123456789abc)), 0xabc);
}

static void pages_are_counted_from_the_offset(void **state)
{
	(void)state;
	assert_int_equal(gpa_pages(gpa(0x1000), 0), 0);
	assert_int_equal(gpa_pages(gpa(0x1fff), 0), 0);
	assert_int_equal(gpa_pages(gpa(0x1000), 1), 1);
	assert_int_equal(gpa_pages(gpa(0x1fff), 1), 1);
	assert_int_equal(gpa_pages(gpa(0x1fff), 2), 2);
	assert_int_equal(gpa_pages(gpa(0x1000), 4096), 1);
	assert_int_equal(gpa_pages(gpa(0x1001), 4096), 2);
	assert_int_equal(gpa_pages(GRANT(7, 0xff8), 16), 2);
	/* The longest that a descriptor can say. */
	assert_int_equal(gpa_pages(gpa(0), UINT32_MAX), 1u << 20);
	assert_int_equal(gpa_pages(gpa(0xfff), UINT32_MAX), (1u << 20) + 1);
}

static void a_range_stays_in_its_class(void **state)
{
	(void)state;
	assert_true(gpa_range_ok(gpa(0), UINT64_C(1) << 63));
	assert_true(gpa_range_ok(gpa(GPA_GRANT_BIT - 1), 1));
	assert_false(gpa_range_ok(gpa(GPA_GRANT_BIT - 1), 2));
	assert_false(gpa_range_ok(gpa(1), UINT64_MAX));
	assert_false(gpa_range_ok(gpa(0x1000), UINT64_MAX - 0xfff));
}

static void a_range_ends_with_the_last_reference(void **state)
{
	(void)state;
	assert_true(gpa_range_ok(GRANT(UINT32_MAX, 0), 4096));
	assert_false(gpa_range_ok(GRANT(UINT32_MAX, 0), 4097));
	assert_true(gpa_range_ok(GRANT(UINT32_MAX, 0xfff), 1));
	assert_false(gpa_range_ok(GRANT(UINT32_MAX, 0xfff), 2));
	/* References have 32 bits, the field would have 51. */
	assert_false(gpa_range_ok(GRANT(UINT64_C(1) << 32, 0), 1));
	assert_false(gpa_range_ok(gpa(UINT64_MAX), 1));
	assert_false(gpa_range_ok(gpa(UINT64_MAX), UINT64_MAX));
}

static void nowhere_is_not_ok(void **state)
{
	(void)state;
	assert_false(gpa_range_ok(gpa(GPA_NOWHERE), 1));
	assert_false(gpa_range_ok(gpa_add(gpa(GPA_NOWHERE), UINT32_MAX), 1));
}

static void adding_moves_on_to_the_next_reference(void **state)
{
	gpa_t a = gpa_add(GRANT(41, 0xfff), 1);

	(void)state;
	assert_true(gpa_is_grant(a));
	assert_int_equal(gpa_ref(a), 42);
	assert_int_equal(gpa_offset(a), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bit_63_makes_a_grant),
		cmocka_unit_test(an_address_has_parts),
		cmocka_unit_test(pages_are_counted_from_the_offset),
		cmocka_unit_test(a_range_stays_in_its_class),
		cmocka_unit_test(a_range_ends_with_the_last_reference),
		cmocka_unit_test(nowhere_is_not_ok),
		cmocka_unit_test(adding_moves_on_to_the_next_reference),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
