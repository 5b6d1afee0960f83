// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where a disk is put in its guest, and what is said when there is no place.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>

#include "backend/place.h"

static char text[1024];
static struct place place;

/* libxl's number of xvda, xvdb and so on. */
static uint32_t xvd(uint32_t disk)
{
	return disk < 16 ? 202u << 8 | disk << 4 : 1u << 28 | disk << 8;
}

static int find(enum place_guest guest, uint64_t base, uint32_t irq,
		uint32_t devid, uint32_t pci_slot)
{
	struct place_wish w = {
		.guest = guest, .base = base, .irq = irq, .devid = devid,
		.vdev = "NAME", .pci_slot = pci_slot,
	};

	memset(&place, 0xee, sizeof(place));
	text[0] = '\0';
	return place_find(&w, &place, text, sizeof(text));
}

static void refused(int ret, const char *why)
{
	assert_true(ret < 0);
	if (!strstr(text, why))
		fail_msg("'%s' does not say '%s'", text, why);
}

static void libxl_chooses_a_window_on_arm(void **state)
{
	char shown[PLACE_TEXT_LEN];

	(void)state;
	assert_int_equal(find(PLACE_PVH, 0x02000000, 33, xvd(0), 0), 0);
	assert_int_equal(place.transport, STATE_MMIO);
	assert_int_equal(place.base, 0x02000000);
	assert_int_equal(place.irq, 33);
	place_print(&place, shown);
	assert_string_equal(shown, "window 0x2000000, irq 33");
	assert_int_equal(find(PLACE_PVH, 0x020ffe00, 43, xvd(9), 0), 0);
	assert_int_equal(place.base, 0x020ffe00);
}

static void a_window_that_is_not_libxls_is_refused(void **state)
{
	static const uint64_t bases[] = {
		1, 0x1fffe00, 0x2000100, 0x20fff00, 0x2100000, UINT64_MAX,
		UINT64_C(0x102000000),
	};
	static const uint32_t irqs[] = { 0, 32, 44, UINT32_MAX };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bases); i++)
		refused(find(PLACE_PVH, bases[i], 33, xvd(0), 0),
			"not a window");
	for (size_t i = 0; i < ARRAY_SIZE(irqs); i++)
		refused(find(PLACE_PVH, 0x02000000, irqs[i], xvd(0), 0),
			"irq");
}

static void a_disk_of_an_hvm_guest_has_a_slot_of_its_own(void **state)
{
	char shown[PLACE_TEXT_LEN];

	(void)state;
	for (uint32_t disk = 4; disk <= 14; disk++) {
		assert_int_equal(find(PLACE_HVM, 0, 0, xvd(disk), 0), 0);
		assert_int_equal(place.transport, STATE_PCI);
		assert_int_equal(place.pci_slot, 0x10 + disk);
		/* Disks that are taken up again are found by these. */
		assert_int_equal(place.base, 0);
		assert_int_equal(place.irq, 0);
	}
	place_print(&place, shown);
	assert_string_equal(shown, "PCI 00:1e.0");
}

static void the_configuration_may_choose_another(void **state)
{
	(void)state;
	assert_int_equal(find(PLACE_HVM, 0, 0, xvd(4), 31), 0);
	assert_int_equal(place.pci_slot, 31);
	assert_int_equal(find(PLACE_HVM, 0, 0, xvd(15), 7), 0);
	assert_int_equal(place.pci_slot, 7);
	assert_int_equal(find(PLACE_HVM, 0, 0, xvd(700), 7), 0);
	/* A generic device, which has no name to follow. */
	assert_int_equal(find(PLACE_HVM, 0, 0, 0, 7), 0);
	assert_int_equal(place.pci_slot, 7);
}

static void names_without_a_slot_need_one(void **state)
{
	static const uint32_t devids[] = { 15, 16, 700 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(devids); i++)
		refused(find(PLACE_HVM, 0, 0, xvd(devids[i]), 0),
			"NAME has no PCI slot of its own");
	refused(find(PLACE_HVM, 0, 0, 0, 0), "pci-slot");
}

/* Even where the configuration has a slot: two would write to the image. */
static void what_qemu_has_too_is_refused(void **state)
{
	/* hda, hdb, hdc, sda, sdp, and a partition of xvdb */
	static const uint32_t others[] = {
		3u << 8, 3u << 8 | 64, 22u << 8, 8u << 8, 8u << 8 | 240,
		202u << 8 | 1u << 4 | 5,
	};

	(void)state;
	for (uint32_t disk = 0; disk < 4; disk++)
		refused(find(PLACE_HVM, 0, 0, xvd(disk), disk * 8),
			"vdev=NAME from QEMU");
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		refused(find(PLACE_HVM, 0, 0, others[i], 9),
			"vdev=NAME from QEMU");
}

static void guests_without_a_pci_bus_are_refused(void **state)
{
	(void)state;
	refused(find(PLACE_PVH, 0, 0, xvd(4), 0), "PVH");
	refused(find(PLACE_PVH, 0, 0, xvd(4), 9), "type=\"hvm\"");
	refused(find(PLACE_PV, 0, 0, xvd(4), 0), "a PV guest");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(libxl_chooses_a_window_on_arm),
		cmocka_unit_test(a_window_that_is_not_libxls_is_refused),
		cmocka_unit_test(a_disk_of_an_hvm_guest_has_a_slot_of_its_own),
		cmocka_unit_test(the_configuration_may_choose_another),
		cmocka_unit_test(names_without_a_slot_need_one),
		cmocka_unit_test(what_qemu_has_too_is_refused),
		cmocka_unit_test(guests_without_a_pci_bus_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
