/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A worker's end of an ioreq server, the product's own, in a small simulated
 * world: threads are the vCPUs, the test is the worker.
 */
#ifndef SIM_BENCH_H
#define SIM_BENCH_H

#include "tests/sim/fixture.h"
#include "xen/ioreq.h"

struct xen_dm;
struct xen_evtchn;
struct xen_foreign;

struct bench {
	struct fixture *f;
	struct xen_dm *dm;
	struct xen_evtchn *ec;
	struct xen_foreign *foreign;
	struct xen_ioreq *io;
	uint32_t id;
	const char *step;
};

/* For cmocka. In the end nothing may have happened that Xen would punish. */
int bench_setup(void **state);
int bench_teardown(void **state);

#define BENCH(test) cmocka_unit_test_setup_teardown(test, bench_setup, \
						    bench_teardown)

/* As ioreq_open() does it; and with a window, and no event left. */
int bench_open(struct bench *b);
void bench_start(struct bench *b);
/* From now on calls fail as @spec says (world.h), and no others. */
void bench_fail(struct bench *b, const char *spec);
/* Closed: there are @servers in Xen, and nothing of ours. */
void bench_left(struct bench *b, uint32_t servers);
/* The next access, however long it takes to come. */
void bench_take(struct bench *b, struct ioreq_access *acc);
/* vCPU @n accesses the window, and writes 7 + @n if it writes. */
void bench_access(struct bench *b, uint32_t n, bool read);
/* Is there no event? */
bool bench_quiet(struct bench *b);

#endif
