// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How an ioreq server begins and ends, xen/ioreq.c, while a call fails at each
 * step, or a vCPU does not run.
 */
#include "tests/sim/bench.h"

#include <dlfcn.h>
#include <errno.h>

/* What Xen says how many vCPUs there are, instead of the truth; 0: that. */
static unsigned int vcpus_said;
static bool lies;

int xendevicemodel_nr_vcpus(xendevicemodel_handle *dmod, domid_t domid,
			    unsigned int *vcpus)
{
	int (*real)(xendevicemodel_handle *dmod, domid_t domid,
		    unsigned int *vcpus) = dlsym(RTLD_NEXT, __func__);
	int ret = real(dmod, domid, vcpus);

	if (lies)
		*vcpus = vcpus_said;
	return ret;
}

/* --- begin --------------------------------------------------------------------- */

static void a_call_that_fails_leaves_nothing(void **state)
{
	static const struct {
		const char *fault, *step;
	} calls[] = {
		{ "dm_vcpus:1:EIO", "nr_vcpus" },
		{ "dm_create:1:EIO", "create_ioreq_server" },
		{ "fm_resource:1:EIO", "map the ioreq page" },
		{ "dm_state:1:EIO", "enable the ioreq server" },
		{ "ev_bind:1:EIO", "bind event channels" },
		{ "ev_bind:2:EIO", "bind event channels" },
	};
	struct bench *b = *state;

	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		bench_fail(b, calls[i].fault);
		assert_int_equal(bench_open(b), -EIO);
		assert_string_equal(b->step, calls[i].step);
		assert_null(b->io);
		assert_int_equal(b->id, UINT32_MAX);
		bench_left(b, 0);
	}
	bench_start(b);
}

/* The guest may wait in it, and another worker will come. */
static void a_server_that_was_there_stays(void **state)
{
	static const char *const faults[] = {
		"dm_vcpus:1:EIO", "fm_resource:1:EIO", "dm_state:1:EIO",
		"ev_bind:2:EIO",
	};
	struct bench *b = *state;
	struct ioreq_access acc;
	uint32_t id;

	bench_start(b);
	id = b->id;
	bench_access(b, 0, true);
	bench_take(b, &acc);
	ioreq_close(b->io);
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		bench_fail(b, faults[i]);
		assert_int_equal(bench_open(b), -EIO);
		assert_int_equal(b->id, id);
		bench_left(b, 1);
	}
	assert_int_equal(bench_open(b), 0);
	bench_take(b, &acc);
	acc.data = 3;
	assert_int_equal(ioreq_done(b->io, &acc), 0);
	assert_int_equal(fixture_vcpu_end(b->f, 0), 0);
	assert_int_equal(b->f->vcpu[0].access.data, 3);
}

/* A page has so many slots, and a guest without a vCPU none. */
static void no_such_number_of_vcpus_is_believed(void **state)
{
	static const unsigned int numbers[] = {
		0, SIM_PAGE / sizeof(struct ioreq) + 1, UINT32_MAX };
	struct bench *b = *state;

	lies = true;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		vcpus_said = numbers[i];
		assert_int_equal(bench_open(b), -ERANGE);
		bench_left(b, 0);
	}
	lies = false;
	assert_int_equal(bench_open(b), 0);
}

/* --- end ------------------------------------------------------------------------ */

static void end(struct bench *b, int ret, uint32_t servers)
{
	assert_int_equal(ioreq_destroy(b->io), ret);
	b->io = NULL;
	bench_left(b, servers);
}

/* What was taken, what was not, and what somebody did not live to say. */
static void whoever_waits_is_answered_at_the_end(void **state)
{
	struct bench *b = *state;
	struct ioreq_access acc;

	bench_start(b);
	bench_access(b, 0, true);
	bench_take(b, &acc);
	bench_access(b, 1, true);
	while (bench_quiet(b))
		;
	end(b, 0, 0);
	for (uint32_t i = 0; i < FIXTURE_VCPUS; i++) {
		assert_int_equal(fixture_vcpu_end(b->f, i), 0);
		assert_int_equal(b->f->vcpu[i].access.data, UINT32_MAX);
	}

	b->id = UINT32_MAX;
	bench_start(b);
	bench_access(b, 0, true);
	bench_take(b, &acc);
	acc.data = 0x77;
	bench_fail(b, "ev_notify:1:EIO");
	assert_int_equal(ioreq_done(b->io, &acc), -EIO);
	end(b, 0, 0);
	assert_int_equal(fixture_vcpu_end(b->f, 0), 0);
	assert_int_equal(b->f->vcpu[0].access.data, 0x77);
}

/* Destroying it under a vCPU that has yet to take its answer crashes the host. */
static void a_vcpu_that_does_not_run_keeps_its_server(void **state)
{
	struct bench *b = *state;
	struct ioreq_access acc;

	bench_start(b);
	bench_access(b, 0, true);
	bench_take(b, &acc);
	assert_int_equal(sim_dom_pause(b->f->dom), 0);
	end(b, -EBUSY, 1);
	assert_int_equal(sim_dom_unpause(b->f->dom), 0);
	assert_int_equal(fixture_vcpu_end(b->f, 0), 0);
	assert_int_equal(b->f->vcpu[0].access.data, UINT32_MAX);
	/* It is disabled: nobody is there. */
	assert_int_equal(sim_mmio_write(b->f->dom, 0, FIXTURE_MMIO, 4, 1),
			 -EFAULT);
}

static void an_end_that_fails_is_closed_all_the_same(void **state)
{
	struct bench *b = *state;

	bench_start(b);
	bench_fail(b, "dm_state:1:EIO");
	end(b, -EIO, 1);
	assert_int_equal(bench_open(b), 0);
	bench_fail(b, "dm_destroy:1:EIO");
	end(b, -EIO, 1);
	assert_int_equal(bench_open(b), 0);
	end(b, 0, 0);
	ioreq_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BENCH(a_call_that_fails_leaves_nothing),
		BENCH(a_server_that_was_there_stays),
		BENCH(no_such_number_of_vcpus_is_believed),
		BENCH(whoever_waits_is_answered_at_the_end),
		BENCH(a_vcpu_that_does_not_run_keeps_its_server),
		BENCH(an_end_that_fails_is_closed_all_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
