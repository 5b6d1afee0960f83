// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Configuration space as firmware and guest see it (PCI 3.0, chapter 6; virtio
 * 1.2, 4.1.2 and 4.1.4), against a model: 256 bytes, and which of their bits a
 * write changes.
 */
#include "tests/unit/unit.h"

#include <stdbool.h>
#include <string.h>

#include "backend/pcicfg.h"

#define QUEUES     4u
#define CONFIG_LEN 60u
#define SLOT       20u

enum { COMMAND = 4, BAR0 = 0x10, CAPS = 0x34, LINE = 0x3c };
enum { MEMORY = 2, MASTER = 4, INTX_OFF = 0x400 };

struct function {
	struct state_disk reg;
	struct vdev v;
	uint8_t byte[256];	/* the model */
	uint8_t writable[256];
	uint32_t msix, access;	/* where the capabilities are */
};

static uint32_t get(struct function *f, uint32_t reg, uint32_t size)
{
	return pcicfg_read(&f->v, reg, size, CONFIG_LEN);
}

static void put(struct function *f, uint32_t reg, uint32_t size, uint32_t data)
{
	pcicfg_write(&f->v, reg, size, data);
}

/* The capability with this id and, of virtio's, this type; 0: none. */
static uint32_t find_cap(struct function *f, uint32_t id, uint32_t type)
{
	uint32_t at = get(f, CAPS, 1);

	for (int n = 0; at; n++) {
		assert_true(n < 48);
		assert_int_equal(at % 4, 0);
		assert_in_range(at, 0x40, 0xfc);
		if (get(f, at, 1) == id &&
		    (id != 9 || get(f, at + 3, 1) == type))
			return at;
		at = get(f, at + 1, 1);
	}
	return 0;
}

static int setup(void **state)
{
	static struct function f;

	memset(&f, 0, sizeof(f));
	f.v = (struct vdev){
		.reg = &f.reg, .num_queues = QUEUES, .queue_size_max = 64,
		.device_id = 2,
	};
	vdev_reset(&f.v);
	pcicfg_init(&f.reg.pci, SLOT);
	f.msix = find_cap(&f, 0x11, 0);
	f.access = find_cap(&f, 9, 5);
	assert_true(f.msix && f.access);
	for (uint32_t i = 0; i < 256; i++)
		f.byte[i] = (uint8_t)get(&f, i, 1);
	f.writable[COMMAND] = MEMORY | MASTER;
	f.writable[COMMAND + 1] = INTX_OFF >> 8;
	f.writable[BAR0 + 1] = 0x80;		/* 32 KiB */
	f.writable[BAR0 + 2] = f.writable[BAR0 + 3] = 0xff;
	f.writable[LINE] = 0xff;
	f.writable[f.msix + 3] = 0xc0;		/* enable, function mask */
	f.writable[f.access + 4] = 0xff;	/* bar */
	for (uint32_t i = 8; i < 16; i++)	/* offset, length */
		f.writable[f.access + i] = 0xff;
	*state = &f;
	return 0;
}

/* --- what is there --------------------------------------------------------- */

static void it_is_a_modern_virtio_block_device(void **state)
{
	struct function *f = *state;

	assert_int_equal(get(f, 0, 2), 0x1af4);
	assert_int_equal(get(f, 2, 2), 0x1042);
	assert_int_equal(get(f, COMMAND, 2), 0);
	assert_int_equal(get(f, 6, 2), 0x10);	/* capabilities */
	assert_true(get(f, 8, 1) >= 1);		/* 4.1.2.1 */
	assert_int_equal(get(f, 9, 1) | get(f, 10, 2) << 8, 0x010000);
	assert_int_equal(get(f, 0x0e, 1), 0);	/* one function, type 0 */
	assert_int_equal(get(f, 0x2c, 2), 0x1af4);
	assert_true(get(f, 0x2e, 2) >= 0x40);	/* 4.1.2.1 */
	assert_int_equal(get(f, 0x3d, 1), 1);	/* INTA */
	assert_int_equal(get(f, 0x30, 4), 0);	/* no ROM */
}

/* virtio 1.2, 4.1.4: each structure in a BAR that is there, apart from others. */
static void every_capability_points_into_the_bar(void **state)
{
	struct function *f = *state;
	uint8_t taken[STATE_PCI_BAR] = { 0 };
	uint32_t least[] = { 0, 56, QUEUES * 4 - 2, 1, CONFIG_LEN };

	for (uint32_t type = 1; type <= 4; type++) {
		uint32_t at = find_cap(f, 9, type);
		uint32_t offset = get(f, at + 8, 4);
		uint32_t len = get(f, at + 12, 4);

		assert_int_equal(get(f, at + 2, 1), type == 2 ? 20 : 16);
		assert_int_equal(get(f, at + 4, 1), 0);
		assert_int_equal(offset % 4, 0);
		assert_true(len >= least[type]);
		assert_true(offset + len <= STATE_PCI_BAR);
		for (uint32_t i = 0; i < len; i++)
			assert_int_equal(taken[offset + i]++, 0);
		if (type == 2)
			assert_int_equal(get(f, at + 16, 4), 4);
	}
	assert_int_equal(get(f, f->access + 2, 1), 20);
	/* MSI-X: one vector for each queue and one for changes. */
	assert_int_equal(get(f, f->msix + 2, 2), QUEUES + 1 - 1);
	for (uint32_t reg = 4; reg <= 8; reg += 4) {
		uint32_t offset = get(f, f->msix + reg, 4);
		uint32_t len = reg == 4 ? 16 * (QUEUES + 1) : 8;

		assert_int_equal(offset & 7, 0);	/* BAR 0 */
		assert_true(offset + len <= STATE_PCI_BAR);
		for (uint32_t i = 0; i < len; i++)
			assert_int_equal(taken[offset + i]++, 0);
	}
	/* No list without an end, nothing of another kind. */
	assert_int_equal(find_cap(f, 9, 99), 0);
}

/* As firmware does it (PCI 3.0, 6.2.5.1). */
static void the_bar_says_how_large_it_is(void **state)
{
	struct function *f = *state;

	put(f, BAR0, 4, UINT32_MAX);
	assert_int_equal(-get(f, BAR0, 4), STATE_PCI_BAR);
	for (uint32_t reg = BAR0 + 4; reg < 0x28; reg += 4) {
		put(f, reg, 4, UINT32_MAX);
		assert_int_equal(get(f, reg, 4), 0);
	}
}

/* --- every access ---------------------------------------------------------- */

static bool inside(uint32_t reg, uint32_t size)
{
	return (size == 1 || size == 2 || size == 4) && reg < 256 &&
	       reg % 4 + size <= 4;
}

static void assert_is_model(struct function *f)
{
	for (uint32_t i = 0; i < 256; i++)
		if (get(f, i, 1) != f->byte[i])
			fail_msg("register %#x is %#x, should be %#x", i,
				 get(f, i, 1), f->byte[i]);
}

static const uint32_t sizes[] = { 0, 1, 2, 3, 4, 5, 8, 16, UINT32_MAX };

static void every_read_of_every_size_is_bytes(void **state)
{
	struct function *f = *state;

	put(f, BAR0, 4, 0xf1238000);
	put(f, COMMAND, 2, MEMORY | MASTER);
	for (uint32_t reg = 0; reg < 0x1200; reg++) {
		for (size_t k = 0; k < ARRAY_SIZE(sizes); k++) {
			uint32_t size = sizes[k], want = 0;

			for (uint32_t i = size; inside(reg, size) && i-- > 0;)
				want = want << 8 | get(f, reg + i, 1);
			if (!inside(reg, size))
				want = UINT32_MAX;
			assert_int_equal(get(f, reg, size), want);
		}
	}
	assert_int_equal(get(f, UINT32_MAX, 1), UINT32_MAX);
	assert_int_equal(get(f, UINT32_MAX - 3, 4), UINT32_MAX);
}

static void write_both(struct function *f, uint32_t reg, uint32_t size,
		       uint32_t data)
{
	put(f, reg, size, data);
	for (uint32_t i = 0; inside(reg, size) && i < size; i++) {
		uint8_t w = f->writable[reg + i];

		f->byte[reg + i] = (uint8_t)((f->byte[reg + i] & ~w) |
					     (data >> 8 * i & w));
	}
}

static void every_write_of_every_size_changes_what_it_may(void **state)
{
	static const uint32_t values[] = { 0, UINT32_MAX, 0xa5c3f096,
					   0x5a3c0f69, 1, 0x80000000 };
	struct function *f = *state;

	assert_is_model(f);
	for (uint32_t reg = 0; reg < 0x110; reg++)
		for (size_t k = 0; k < ARRAY_SIZE(sizes); k++)
			for (size_t n = 0; n < ARRAY_SIZE(values); n++) {
				write_both(f, reg, sizes[k], values[n]);
				assert_is_model(f);
			}
}

static void any_row_of_writes_leaves_what_the_model_says(void **state)
{
	struct function *f = *state;
	struct dice d = { 7 };

	for (uint32_t i = 0; i < 20000; i++) {
		write_both(f, dice_below(&d, 0x140),
			   sizes[dice_below(&d, ARRAY_SIZE(sizes))],
			   (uint32_t)dice_roll(&d));
		if (i % 8 == 0)
			assert_is_model(f);
	}
	/* And the state is one that another worker takes up. */
	assert_int_equal(f->reg.pci.slot, SLOT);
	assert_int_equal(f->reg.pci.bar % STATE_PCI_BAR, 0);
	assert_true(f->reg.pci.command <= UINT16_MAX);
	assert_true(f->reg.pci.msix.control <= UINT16_MAX);
	assert_true(f->reg.pci.line <= UINT8_MAX);
	assert_true(f->reg.pci.access_bar <= UINT8_MAX);
}

/* --- what it means --------------------------------------------------------- */

static void the_window_follows_bar_and_decoding(void **state)
{
	struct function *f = *state;
	struct state_pci *p = &f->reg.pci;

	assert_int_equal(pcicfg_window(p), 0);
	put(f, BAR0, 4, 0xf1000000);
	assert_int_equal(pcicfg_window(p), 0);
	put(f, COMMAND, 2, MEMORY);
	assert_int_equal(pcicfg_window(p), 0xf1000000);
	put(f, BAR0 + 2, 2, 0xe234);
	assert_int_equal(pcicfg_window(p), 0xe2340000);
	put(f, BAR0 + 1, 1, 0xff);
	assert_int_equal(pcicfg_window(p), 0xe2348000);
	put(f, COMMAND, 1, 0);
	assert_int_equal(pcicfg_window(p), 0);
}

static void mastering_ends_with_its_bit_alone(void **state)
{
	struct function *f = *state;
	struct state_pci *p = &f->reg.pci;

	assert_false(pcicfg_is_master(p));
	assert_false(pcicfg_ends_master(p, COMMAND, 2, 0));
	put(f, COMMAND, 2, MASTER | MEMORY);
	assert_true(pcicfg_is_master(p));
	assert_true(pcicfg_ends_master(p, COMMAND, 1, 0));
	assert_true(pcicfg_ends_master(p, COMMAND, 2, MEMORY));
	assert_true(pcicfg_ends_master(p, COMMAND, 4, ~(uint32_t)MASTER));
	assert_false(pcicfg_ends_master(p, COMMAND, 2, MASTER));
	/* Writes that don't have the bit, or are none. */
	assert_false(pcicfg_ends_master(p, COMMAND + 1, 1, 0));
	assert_false(pcicfg_ends_master(p, COMMAND + 2, 2, 0));
	assert_false(pcicfg_ends_master(p, COMMAND, 8, 0));
	assert_false(pcicfg_ends_master(p, COMMAND + 1, 4, 0));
	assert_false(pcicfg_ends_master(p, 0, 4, 0));
	assert_false(pcicfg_ends_master(p, LINE, 4, 0));
}

/* virtio 1.2, 4.1.4.5.1 */
static void the_pin_is_the_interrupt_status(void **state)
{
	struct function *f = *state;

	assert_false(pcicfg_wants_line(&f->v));
	assert_int_equal(get(f, 6, 2) & 8, 0);
	for (uint32_t isr = 1; isr <= 3; isr++) {
		f->reg.isr = isr;
		assert_true(pcicfg_wants_line(&f->v));
		assert_int_equal(get(f, 6, 2) & 8, 8);
		/* Switched off: the status bit stays. */
		put(f, COMMAND, 2, INTX_OFF);
		assert_false(pcicfg_wants_line(&f->v));
		assert_int_equal(get(f, 6, 2) & 8, 8);
		put(f, COMMAND, 2, 0);
		/* MSI-X takes the pin's place. */
		put(f, f->msix + 2, 2, 0x8000);
		assert_false(pcicfg_wants_line(&f->v));
		assert_int_equal(get(f, 6, 2) & 8, 0);
		put(f, f->msix + 2, 2, 0);
		assert_true(pcicfg_wants_line(&f->v));
	}
}

/* virtio 1.2, 4.1.4.9 */
static void an_access_through_configuration_space(void **state)
{
	static const uint32_t lens[] = { 0, 1, 2, 3, 4, 5, 8, 0x10001,
					 UINT32_MAX };
	static const uint32_t offsets[] = { 0, 1, 2, 3, 4, 0x3000,
					    STATE_PCI_BAR - 1,
					    STATE_PCI_BAR - 2,
					    STATE_PCI_BAR - 4, STATE_PCI_BAR,
					    UINT32_MAX, UINT32_MAX - 3 };
	struct function *f = *state;
	uint64_t offset;
	uint32_t size;

	assert_true(pcicfg_is_data(f->access + 16, 4));
	assert_true(pcicfg_is_data(f->access + 16, 1));
	assert_false(pcicfg_is_data(f->access + 16, 8));
	assert_false(pcicfg_is_data(f->access + 17, 1));
	assert_false(pcicfg_is_data(f->access + 12, 4));
	for (size_t i = 0; i < ARRAY_SIZE(lens); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(offsets); k++) {
			bool ok = (lens[i] == 1 || lens[i] == 2 ||
				   lens[i] == 4) && offsets[k] % lens[i] == 0 &&
				  offsets[k] < STATE_PCI_BAR;

			put(f, f->access + 4, 1, 0);
			put(f, f->access + 8, 4, offsets[k]);
			put(f, f->access + 12, 4, lens[i]);
			assert_int_equal(pcicfg_data_access(&f->reg.pci,
							    &offset, &size),
					 ok);
			if (ok) {
				assert_int_equal(offset, offsets[k]);
				assert_int_equal(size, lens[i]);
			}
			put(f, f->access + 4, 1, 1 + (uint32_t)k);
			assert_false(pcicfg_data_access(&f->reg.pci, &offset,
							&size));
		}
	}
}

#define FUNCTION(test) cmocka_unit_test_setup(test, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FUNCTION(it_is_a_modern_virtio_block_device),
		FUNCTION(every_capability_points_into_the_bar),
		FUNCTION(the_bar_says_how_large_it_is),
		FUNCTION(every_read_of_every_size_is_bytes),
		FUNCTION(every_write_of_every_size_changes_what_it_may),
		FUNCTION(any_row_of_writes_leaves_what_the_model_says),
		FUNCTION(the_window_follows_bar_and_decoding),
		FUNCTION(mastering_ends_with_its_bit_alone),
		FUNCTION(the_pin_is_the_interrupt_status),
		FUNCTION(an_access_through_configuration_space),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
