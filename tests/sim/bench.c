// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Up and down, and the steps that tests of xen/ioreq.c share.
 */
#include "tests/sim/bench.h"

#include <poll.h>
#include <string.h>

#include "xen/dm.h"
#include "xen/evtchn.h"
#include "xen/foreign.h"

int bench_setup(void **state)
{
	static struct bench b;

	fixture_setup(state);
	b = (struct bench){ .f = *state, .id = UINT32_MAX };
	assert_int_equal(xen_dm_open(&b.dm, b.f->domid), 0);
	assert_int_equal(xen_evtchn_open(&b.ec, b.f->domid), 0);
	assert_int_equal(xen_foreign_open(&b.foreign, b.f->domid, 16), 0);
	*state = &b;
	return 0;
}

int bench_teardown(void **state)
{
	struct bench *b = *state;
	void *fixture = b->f;

	ioreq_close(b->io);
	xen_foreign_close(b->foreign);
	xen_evtchn_close(b->ec);
	xen_dm_close(b->dm);
	fixture_violations(b->f, 0, NULL);
	return fixture_teardown(&fixture);
}

int bench_open(struct bench *b)
{
	return ioreq_open(&b->io, b->dm, b->ec, b->foreign, &b->id, &b->step);
}

void bench_fail(struct bench *b, const char *spec)
{
	sim_fault_clear(b->f->w);
	assert_true(sim_fault(b->f->w, spec) >= 0);
}

/* Nothing but the events of the bindings is there. */
void bench_start(struct bench *b)
{
	struct ioreq_access acc;

	assert_int_equal(bench_open(b), 0);
	assert_int_equal(ioreq_add_range(b->io, FIXTURE_MMIO, 0x200), 0);
	assert_int_equal(ioreq_next(b->io, &acc), 0);
}

void bench_left(struct bench *b, uint32_t servers)
{
	struct sim_stats s = fixture_stats(b->f);

	assert_int_equal(s.servers, servers);
	assert_int_equal(s.resource_maps, 0);
	assert_int_equal(s.bound_ports, 0);
}

/* The next access, however long it takes to come. */
void bench_take(struct bench *b, struct ioreq_access *acc)
{
	struct pollfd p = { .fd = xen_evtchn_fd(b->ec), .events = POLLIN };
	int ret;

	while ((ret = ioreq_next(b->io, acc)) == 0)
		assert_int_equal(poll(&p, 1, 10000), 1);
	assert_int_equal(ret, 1);
}

void bench_access(struct bench *b, uint32_t n, bool read)
{
	const struct sim_access access = {
		.type = IOREQ_TYPE_COPY, .read = read, .count = 1, .size = 4,
		.addr = FIXTURE_MMIO + 0x10, .data = 7 + n };

	fixture_vcpu(b->f, n, &access);
}

bool bench_quiet(struct bench *b)
{
	struct pollfd p = { .fd = xen_evtchn_fd(b->ec), .events = POLLIN };

	return poll(&p, 1, 0) == 0;
}
