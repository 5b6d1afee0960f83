// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The state that a worker leaves behind, spoiled in each of its fields: whoever
 * takes it up must not be led out of bounds.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backend/state.h"

#define DOMID 5

static const uint8_t uuid[16] = "0123456789abcde";

/* A state with two disks in use, one with a running queue. */
static int state_setup(void **state)
{
	struct state *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	state_init(s, DOMID, uuid);
	s->server = 2;
	for (int i = 0; i < 2; i++) {
		struct state_disk *d = &s->disk[i * 3];

		d->used = 1;
		d->num_queues = 4;
		d->queue_size = 128;
		d->writeback = 1;
		for (uint32_t q = 0; q < d->num_queues; q++)
			d->queue[q].num = 128;
		d->queue[1].ready = 1;
		d->queue[1].num = 64;
	}
	s->disk[3].transport = STATE_PCI;
	s->disk[3].pci = (struct state_pci){
		.slot = 31, .command = 0x406, .bar = 0xfebf8000, .line = 255,
		.window = 0xfebf8000, .access_bar = 255,
		.msix.pending = (1u << STATE_MAX_VECTORS) - 1,
	};
	*state = s;
	return 0;
}

static int state_teardown(void **state)
{
	free(*state);
	return 0;
}

static int check(const struct state *s)
{
	return state_check(s, sizeof(*s), DOMID, uuid);
}

static void a_fresh_state_is_good(void **state)
{
	struct state *s = calloc(1, sizeof(*s));

	(void)state;
	assert_int_equal(check(s), -EINVAL);
	state_init(s, DOMID, uuid);
	assert_int_equal(check(s), 0);
	assert_int_equal(s->server, STATE_NO_SERVER);
	free(s);
}

static void what_is_no_state_is_refused(void **state)
{
	struct state *s = *state;

	assert_int_equal(check(s), 0);
	assert_int_equal(state_check(s, sizeof(*s) - 1, DOMID, uuid), -EINVAL);
	assert_int_equal(state_check(s, sizeof(*s) + 1, DOMID, uuid), -EINVAL);
	/* Too short to have a head. */
	assert_int_equal(state_check(s, 0, DOMID, uuid), -EINVAL);
	s->magic ^= 1;
	assert_int_equal(check(s), -EINVAL);
	s->magic ^= 1;
	s->version++;
	assert_int_equal(check(s), -EINVAL);
	s->version--;
	s->size--;
	assert_int_equal(check(s), -EINVAL);
}

static void another_guests_state_is_stale(void **state)
{
	struct state *s = *state;

	assert_int_equal(state_check(s, sizeof(*s), DOMID + 1, uuid), -ESTALE);
	for (int i = 0; i < 16; i++) {
		s->uuid[i] ^= 0x80;
		assert_int_equal(check(s), -ESTALE);
		s->uuid[i] ^= 0x80;
	}
	assert_int_equal(check(s), 0);
}

static void refuses(struct state *s, uint32_t *field, uint32_t value)
{
	uint32_t was = *field;

	*field = value;
	assert_int_equal(check(s), -EBADMSG);
	*field = was;
	assert_int_equal(check(s), 0);
}

static void every_bound_is_checked(void **state)
{
	struct state *s = *state;

	refuses(s, &s->server, 8);
	refuses(s, &s->server, UINT32_MAX - 1);
	for (int i = 0; i < 2; i++) {
		struct state_disk *d = &s->disk[i * 3];

		refuses(s, &d->used, 2);
		refuses(s, &d->num_queues, 0);
		refuses(s, &d->num_queues, STATE_MAX_QUEUES + 1);
		refuses(s, &d->num_queues, UINT32_MAX);
		refuses(s, &d->queue_size, 0);
		refuses(s, &d->queue_size, 1);
		refuses(s, &d->queue_size, 127);
		refuses(s, &d->queue_size, 2 * STATE_QUEUE_SIZE);
		refuses(s, &d->queue_size, 0x80000000);
		refuses(s, &d->writeback, 2);
		refuses(s, &d->held, 2);
		refuses(s, &d->transport, 2);
		for (uint32_t q = 0; q < d->num_queues; q++)
			refuses(s, &d->queue[q].ready, 2);
	}
}

static void registers_of_pci_hold_what_they_can(void **state)
{
	struct state *s = *state;
	struct state_pci *p = &s->disk[3].pci;

	refuses(s, &p->slot, 32);
	refuses(s, &p->slot, UINT32_MAX);
	refuses(s, &p->command, 0x10000);
	refuses(s, &p->command, 1);
	refuses(s, &p->command, 0xfbf9 & ~0x400u);
	refuses(s, &p->line, 256);
	refuses(s, &p->access_bar, 256);
	refuses(s, &p->bar, 1);
	refuses(s, &p->bar, STATE_PCI_BAR / 2);
	refuses(s, &p->window, STATE_PCI_BAR + 1);
	refuses(s, &p->msix.control, 0x10000);
	refuses(s, &p->msix.control, 8);
	refuses(s, &p->msix.pending, 1u << STATE_MAX_VECTORS);
	/* What the guest wrote to these is the guest's own. */
	memset(p->msix.table, 0xee, sizeof(p->msix.table));
	p->access_offset = p->access_length = UINT32_MAX;
	s->disk[3].queue[0].vector = 0x7777;
	assert_int_equal(check(s), 0);
	/* A place is one disk's. */
	s->disk[4] = s->disk[3];
	p->window = 0x80000000;
	refuses(s, &s->disk[4].pci.window, p->window);
	p->window = s->disk[4].pci.window = 0;
	assert_int_equal(check(s), 0);
	/* A disk that is no PCI device has none of this. */
	memset(&s->disk[0].pci, 0xee, sizeof(s->disk[0].pci));
	assert_int_equal(check(s), 0);
}

/*
 * Also of a queue that is not ready: its guest may make it so without another
 * write to QueueNum, and only this check stands before that number.
 */
static void every_queue_has_a_possible_size(void **state)
{
	static const uint32_t bad[] = { 3, 127, 129, 256, 65536, 0x80000000,
					UINT32_MAX };
	struct state *s = *state;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		for (uint32_t q = 0; q < 4; q++)
			refuses(s, &s->disk[3].queue[q].num, bad[i]);
	/* 0 is what a refused QueueNum leaves; it can't be ready with it. */
	refuses(s, &s->disk[0].queue[1].num, 0);
	s->disk[0].queue[0].num = 0;
	assert_int_equal(check(s), 0);
}

/* Atomic accesses to it must not trap; nobody looks at it again on attach. */
static void a_running_ring_is_aligned(void **state)
{
	struct state *s = *state;
	struct state_queue *q = &s->disk[0].queue[1];
	uint64_t *part[] = { &q->desc, &q->driver, &q->device };
	static const uint32_t align[] = { 16, 2, 4 };

	for (uint32_t i = 0; i < 3; i++) {
		*part[i] = align[i];
		assert_int_equal(check(s), 0);
		*part[i] += align[i] / 2;
		assert_int_equal(check(s), -EBADMSG);
		/* One that is not running is judged when it is enabled. */
		q->ready = 0;
		assert_int_equal(check(s), 0);
		q->ready = 1;
		*part[i] = 0;
	}
}

static void a_slot_that_is_not_used_may_hold_anything(void **state)
{
	struct state *s = *state;

	memset(&s->disk[1], 0xee, sizeof(s->disk[1]));
	assert_int_equal(check(s), -EBADMSG);
	s->disk[1].used = 0;
	assert_int_equal(check(s), 0);
	/* Nor do queues count that the disk does not have. */
	memset(&s->disk[0].queue[4], 0xee, 4 * sizeof(s->disk[0].queue[0]));
	assert_int_equal(check(s), 0);
}

/* Whatever passes is in bounds. */
static void garbage_that_passes_is_in_bounds(void **state)
{
	struct state *s = *state;
	struct state *spoiled = malloc(sizeof(*s));
	struct dice d = { 3 };
	uint32_t passed = 0;

	for (uint32_t i = 0; i < 3000; i++) {
		memcpy(spoiled, s, sizeof(*s));
		for (uint32_t k = dice_below(&d, 4); k; k--) {
			/* Mostly the registers of the first disk. */
			uint32_t at = dice_below(&d, dice_below(&d, 4) ?
				offsetof(struct state, disk[0].queue[1]) :
				sizeof(*s) - 4);

			((uint8_t *)spoiled)[at] = (uint8_t)dice_roll(&d);
		}
		if (check(spoiled))
			continue;
		passed++;
		for (uint32_t n = 0; n < STATE_MAX_DISKS; n++) {
			const struct state_disk *disk = &spoiled->disk[n];

			if (!disk->used)
				continue;
			assert_true(disk->num_queues <= STATE_MAX_QUEUES);
			assert_true(disk->queue_size <= STATE_QUEUE_SIZE);
			for (uint32_t q = 0; q < disk->num_queues; q++)
				assert_true(disk->queue[q].num <=
					    disk->queue_size);
		}
	}
	assert_true(passed > 100);
	free(spoiled);
}

#define STATE(test) cmocka_unit_test_setup_teardown(test, state_setup, \
						    state_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fresh_state_is_good),
		STATE(what_is_no_state_is_refused),
		STATE(another_guests_state_is_stale),
		STATE(every_bound_is_checked),
		STATE(registers_of_pci_hold_what_they_can),
		STATE(every_queue_has_a_possible_size),
		STATE(a_running_ring_is_aligned),
		STATE(a_slot_that_is_not_used_may_hold_anything),
		STATE(garbage_that_passes_is_in_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
