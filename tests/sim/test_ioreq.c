// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Door 1 by itself, xen/ioreq.c: what comes from a guest, and what Xen never
 * sends a worker, such as an event that comes twice.
 */
#include "tests/sim/bench.h"

#include <errno.h>
#include <unistd.h>

#include "tests/sim/sim.h"
#include "xen/evtchn.h"
#include "xen/irq.h"

#define PIN_OF_SLOT_4 32u

/* Our port of a vCPU, from the events that its binding has. */
static void find_ports(struct bench *b, uint32_t port[FIXTURE_VCPUS])
{
	const ssize_t len = FIXTURE_VCPUS * sizeof(*port);
	int fd = xen_evtchn_fd(b->ec);

	assert_int_equal(read(fd, port, (size_t)len), len);
	assert_int_equal(write(fd, port, (size_t)len), len);
}

/* --- events ------------------------------------------------------------------ */

/* Each port is masked from its event to its answer, so nothing else can come. */
static void who_takes_the_last_event_is_told(void **state)
{
	struct bench *b = *state;
	struct ioreq_access first, second;

	bench_start(b);
	for (int turn = 0; turn < 3; turn++) {
		bench_access(b, 0, true);
		bench_take(b, &first);
		assert_false(first.last);
		bench_access(b, 1, false);
		bench_take(b, &second);
		assert_true(second.last);
		assert_int_equal(second.data, 8);
		assert_true(bench_quiet(b));
		first.data = 0x1234;
		assert_int_equal(ioreq_done(b->io, &first), 0);
		assert_int_equal(fixture_vcpu_end(b->f, 0), 0);
		assert_int_equal(b->f->vcpu[0].access.data, 0x1234);
		/* The other one is still taken. */
		bench_access(b, 0, false);
		bench_take(b, &first);
		assert_true(first.last);
		assert_int_equal(ioreq_done(b->io, &second), 0);
		assert_int_equal(ioreq_done(b->io, &first), 0);
		assert_int_equal(fixture_vcpu_end(b->f, 0), 0);
		assert_int_equal(fixture_vcpu_end(b->f, 1), 0);
	}
}

/* It is no access, and no reason to listen again before the answer. */
static void an_event_for_a_taken_access_leaves_its_port_masked(void **state)
{
	struct bench *b = *state;
	struct ioreq_access acc, none;
	uint32_t port[FIXTURE_VCPUS];

	assert_int_equal(bench_open(b), 0);
	find_ports(b, port);
	assert_int_equal(ioreq_add_range(b->io, FIXTURE_MMIO, 0x200), 0);
	assert_int_equal(ioreq_next(b->io, &acc), 0);
	bench_access(b, 0, true);
	bench_take(b, &acc);
	assert_true(b->f->w->s->local[port[0]].masked);

	assert_int_equal(write(xen_evtchn_fd(b->ec), &port[0], 4), 4);
	assert_int_equal(ioreq_next(b->io, &none), 0);
	assert_true(b->f->w->s->local[port[0]].masked);
	assert_false(b->f->w->s->local[port[1]].masked);

	assert_int_equal(ioreq_done(b->io, &acc), 0);
	assert_int_equal(fixture_vcpu_end(b->f, 0), 0);
	assert_false(b->f->w->s->local[port[0]].masked);
}

static void an_event_of_nobody_is_passed_over(void **state)
{
	const uint32_t nobody = SIM_LOCAL_PORTS - 1;
	struct bench *b = *state;
	struct ioreq_access acc;

	bench_start(b);
	assert_int_equal(write(xen_evtchn_fd(b->ec), &nobody, 4), 4);
	bench_access(b, 1, true);
	bench_take(b, &acc);
	assert_int_equal(acc.vcpu, 1);
	assert_int_equal(ioreq_done(b->io, &acc), 0);
	assert_int_equal(fixture_vcpu_end(b->f, 1), 0);
}

static void events_that_fail_are_heard_of(void **state)
{
	struct bench *b = *state;
	struct ioreq_access acc;

	assert_int_equal(bench_open(b), 0);
	bench_fail(b, "ev_pending:1:EIO");
	assert_int_equal(ioreq_next(b->io, &acc), -EIO);
	bench_fail(b, "ev_unmask:1:EBADF");
	assert_int_equal(ioreq_next(b->io, &acc), -EBADF);
	/* As it has to be after an error: a new binding has an event. */
	ioreq_close(b->io);
	bench_start(b);
	bench_access(b, 0, true);
	bench_take(b, &acc);
	bench_fail(b, "ev_unmask:1:EIO");
	assert_int_equal(ioreq_done(b->io, &acc), -EIO);
	assert_int_equal(fixture_vcpu_end(b->f, 0), 0);
}

/* A worker ended between the answer and the event that wakes the vCPU. */
static void the_next_worker_wakes_who_was_answered(void **state)
{
	struct bench *b = *state;
	struct ioreq_access acc;

	bench_start(b);
	bench_access(b, 0, true);
	bench_take(b, &acc);
	acc.data = 0x99;
	bench_fail(b, "ev_notify:1:EIO");
	assert_int_equal(ioreq_done(b->io, &acc), -EIO);
	ioreq_close(b->io);
	bench_fail(b, "ev_notify:1:EIO");
	assert_int_equal(bench_open(b), 0);
	assert_int_equal(ioreq_next(b->io, &acc), -EIO);
	ioreq_close(b->io);
	assert_int_equal(bench_open(b), 0);
	assert_int_equal(ioreq_next(b->io, &acc), 0);
	assert_int_equal(fixture_vcpu_end(b->f, 0), 0);
	assert_int_equal(b->f->vcpu[0].access.data, 0x99);
}

/* --- what comes --------------------------------------------------------------- */

static void answered(struct bench *b, const struct sim_access *access,
		     struct ioreq_access *acc, uint64_t read)
{

	fixture_vcpu(b->f, 0, access);
	bench_take(b, acc);
	acc->data = 0x5678;
	assert_int_equal(ioreq_done(b->io, acc), 0);
	assert_int_equal(fixture_vcpu_end(b->f, 0), 0);
	if (access->read)
		assert_int_equal(b->f->vcpu[0].access.data, read);
}

/* What x86 makes of a string instruction, or a width that there is not. */
static void what_nobody_knows_is_all_ones(void **state)
{
	const struct sim_access odd[] = {
		{ .type = IOREQ_TYPE_COPY, .read = true, .count = 2, .size = 4,
		  .addr = FIXTURE_MMIO },
		{ .type = IOREQ_TYPE_COPY, .read = true, .count = 1, .size = 3,
		  .addr = FIXTURE_MMIO },
		{ .type = IOREQ_TYPE_COPY, .count = 2, .size = 4,
		  .addr = FIXTURE_MMIO },
	};
	/* There the data is where it is to go: not ours to overwrite. */
	const struct sim_access by_address = {
		.type = IOREQ_TYPE_COPY, .read = true, .data_is_ptr = true,
		.count = 1, .size = 4, .addr = FIXTURE_MMIO, .data = 0x4321 };
	struct bench *b = *state;
	struct ioreq_access acc;

	bench_start(b);
	for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
		uint32_t bits = 8 * odd[i].size;

		answered(b, &odd[i], &acc, (UINT64_C(1) << bits) - 1);
		assert_int_equal(acc.kind, IOREQ_OTHER);
	}
	answered(b, &by_address, &acc, 0x4321);
	assert_int_equal(acc.kind, IOREQ_OTHER);
}

static void memory_that_moves_is_told(void **state)
{
	const struct sim_access access = { .type = IOREQ_TYPE_INVALIDATE };
	struct bench *b = *state;
	struct ioreq_access acc;

	bench_start(b);
	answered(b, &access, &acc, 0);
	assert_int_equal(acc.kind, IOREQ_UNMAP_ALL);
}

static void configuration_space_has_an_address_of_its_own(void **state)
{
	struct sim_access access = {
		.type = IOREQ_TYPE_PCI_CONFIG, .read = true, .count = 1,
		.size = 2, .addr = (uint64_t)(5 << 3) << 32 | 0x2c };
	struct bench *b = *state;
	struct ioreq_access acc;

	bench_start(b);
	assert_int_equal(ioreq_add_pci(b->io, 5), 0);
	assert_int_equal(ioreq_add_pci(b->io, 5), -EEXIST);
	answered(b, &access, &acc, 0x5678);
	assert_int_equal(acc.kind, IOREQ_CONFIG_READ);
	assert_int_equal(acc.sbdf, 5 << 3);
	assert_int_equal(acc.addr, 0x2c);
	access.read = false;
	answered(b, &access, &acc, 0);
	assert_int_equal(acc.kind, IOREQ_CONFIG_WRITE);
	access.size = 8;
	answered(b, &access, &acc, 0);
	assert_int_equal(acc.kind, IOREQ_OTHER);
	assert_int_equal(ioreq_remove_pci(b->io, 5), 0);
	assert_int_equal(ioreq_remove_pci(b->io, 5), -ENOENT);
	assert_int_equal(sim_access(b->f->dom, 0, &access), -EFAULT);
}

static void a_window_is_had_once(void **state)
{
	struct bench *b = *state;

	bench_start(b);
	assert_int_equal(ioreq_vcpus(b->io), FIXTURE_VCPUS);
	assert_int_equal(ioreq_add_range(b->io, FIXTURE_MMIO + 0x100, 0x200),
			 -EEXIST);
	assert_int_equal(ioreq_remove_range(b->io, FIXTURE_MMIO + 0x200, 0x200),
			 -ENOENT);
	bench_fail(b, "dm_map_range:1:ENOMEM:2");
	assert_int_equal(ioreq_add_range(b->io, FIXTURE_MMIO + 0x200, 0x200),
			 -ENOMEM);
	assert_int_equal(ioreq_add_pci(b->io, 4), -ENOMEM);
	bench_fail(b, "dm_unmap_range:1:EIO:2");
	assert_int_equal(ioreq_remove_range(b->io, FIXTURE_MMIO, 0x200), -EIO);
	assert_int_equal(ioreq_remove_pci(b->io, 4), -EIO);
	assert_int_equal(ioreq_remove_range(b->io, FIXTURE_MMIO, 0x200), 0);
}

static void interrupts_are_sent(void **state)
{
	struct bench *b = *state;
	struct sim_dom *dom = b->f->dom;

	assert_int_equal(irq_raise(b->dm, 33), 0);
	assert_int_equal(sim_irqs(dom, 33), 1);
	for (uint32_t level = 0; level < 2; level++)
		assert_int_equal(irq_set_intx(b->dm, 4, level), 0);
	assert_int_equal(sim_irqs(dom, PIN_OF_SLOT_4), 1);
	assert_int_equal(irq_send_msi(b->dm, 0xfee00000, 0x51), 0);
	assert_int_equal(sim_irqs(dom, SIM_MSI + 0x51), 1);
	assert_int_equal(irq_send_msi(b->dm, 0x1000, 0x51), -EINVAL);
	bench_fail(b, "dm_irq:1:EIO:2");
	assert_int_equal(irq_raise(b->dm, 33), -EIO);
	assert_int_equal(irq_set_intx(b->dm, 4, 0), -EIO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BENCH(who_takes_the_last_event_is_told),
		BENCH(an_event_for_a_taken_access_leaves_its_port_masked),
		BENCH(an_event_of_nobody_is_passed_over),
		BENCH(events_that_fail_are_heard_of),
		BENCH(the_next_worker_wakes_who_was_answered),
		BENCH(what_nobody_knows_is_all_ones),
		BENCH(memory_that_moves_is_told),
		BENCH(configuration_space_has_an_address_of_its_own),
		BENCH(a_window_is_had_once),
		BENCH(interrupts_are_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
