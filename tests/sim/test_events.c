// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Event channels and the accesses that come over them: one thread is the vCPU,
 * the test is the device model.
 */
#include "tests/sim/fixture.h"

#include <errno.h>

#include <xentoolcore.h>

static void vcpu_start(struct fixture *f, bool read, uint64_t data)
{
	const struct sim_access access = {
		.type = IOREQ_TYPE_COPY, .read = read, .count = 1, .size = 4,
		.addr = FIXTURE_MMIO + 0x10, .data = data };

	fixture_vcpu(f, 0, &access);
}

static void answer(struct fixture *f, struct fixture_server *s, uint64_t data)
{
	volatile struct ioreq *slot = s->slot;

	slot->data = data;
	__atomic_thread_fence(__ATOMIC_RELEASE);
	slot->state = STATE_IORESP_READY;
	assert_int_equal(xenevtchn_notify(f->ec, (evtchn_port_t)s->port[0]), 0);
}

static void an_access_is_answered(void **state)
{
	struct fixture *f = *state;
	struct fixture_server s;

	fixture_server(f, &s);
	vcpu_start(f, true, 0);
	assert_int_equal(fixture_event(f), s.port[0]);
	assert_int_equal(s.slot->state, STATE_IOREQ_READY);
	assert_int_equal(s.slot->addr, FIXTURE_MMIO + 0x10);
	assert_int_equal(s.slot->dir, IOREQ_READ);
	s.slot->state = STATE_IOREQ_INPROCESS;
	answer(f, &s, UINT64_C(0x123456789));
	assert_int_equal(fixture_vcpu_end(f, 0), 0);
	assert_int_equal(f->vcpu[0].access.data, 0x23456789);
	assert_int_equal(s.slot->state, STATE_IOREQ_NONE);
	fixture_violations(f, 0, NULL);
}

static void nobody_is_there(void **state)
{
	struct fixture *f = *state;
	struct fixture_server s;

	assert_int_equal(sim_mmio_write(f->dom, 0, FIXTURE_MMIO, 4, 1),
			 -EFAULT);
	fixture_server(f, &s);
	assert_int_equal(sim_mmio_write(f->dom, 0, FIXTURE_MMIO + 0x1fe, 4, 1),
			 -EFAULT);
	assert_int_equal(sim_mmio_write(f->dom, 2, FIXTURE_MMIO, 4, 1),
			 -EINVAL);
	assert_int_equal(xendevicemodel_set_ioreq_server_state(f->dm,
			(domid_t)f->domid, s.id, 0), 0);
	assert_int_equal(sim_mmio_write(f->dom, 0, FIXTURE_MMIO, 4, 1),
			 -EFAULT);
}

static void a_masked_port_keeps_one_event(void **state)
{
	struct fixture *f = *state;
	struct fixture_server s;
	int port;

	fixture_server(f, &s);
	vcpu_start(f, false, 1);
	assert_int_equal(sim_mmio_write(f->dom, 1, 0, 4, 1), -EFAULT);
	while (fixture_quiet(f))
		;
	port = xenevtchn_pending(f->ec);
	assert_int_equal(port, s.port[0]);
	answer(f, &s, 0);
	assert_int_equal(fixture_vcpu_end(f, 0), 0);
	/* Not unmasked: the next access is not heard of ... */
	vcpu_start(f, false, 2);
	while (((volatile struct ioreq *)s.slot)->state != STATE_IOREQ_READY)
		;
	assert_true(fixture_quiet(f));
	/* ... until it is. */
	assert_int_equal(fixture_stats(f).violations, 0);
	xenevtchn_unmask(f->ec, (evtchn_port_t)port);
	assert_int_equal(fixture_event(f), port);
	answer(f, &s, 0);
	assert_int_equal(fixture_vcpu_end(f, 0), 0);
}

static void a_slot_that_goes_back_is_a_crash(void **state)
{
	struct fixture *f = *state;
	struct fixture_server s;
	struct sim_dom_info info;

	fixture_server(f, &s);
	vcpu_start(f, false, 1);
	fixture_event(f);
	s.slot->state = STATE_IOREQ_NONE;
	xenevtchn_notify(f->ec, (evtchn_port_t)s.port[0]);
	assert_int_equal(fixture_vcpu_end(f, 0), -ESRCH);
	fixture_violations(f, 1, "from state 1 to 0");
	assert_int_equal(sim_dom_info(f->w, f->domid, &info), 0);
	assert_int_equal(info.state, SIM_SHUT);
	assert_int_equal(info.reason, SIM_CRASH);
}

static void destroying_a_server_under_a_vcpu(void **state)
{
	struct fixture *f = *state;
	struct fixture_server s;

	fixture_server(f, &s);
	vcpu_start(f, false, 1);
	fixture_event(f);
	assert_int_equal(xendevicemodel_destroy_ioreq_server(f->dm,
			(domid_t)f->domid, s.id), 0);
	fixture_violations(f, 1, "destroyed while vCPU 0 waits");
	assert_int_equal(fixture_vcpu_end(f, 0), -EFAULT);
}

static void a_page_that_goes_sends_an_invalidate(void **state)
{
	struct fixture *f = *state;
	struct fixture_server s;

	fixture_server(f, &s);
	assert_int_equal(sim_page_remove(f->dom, FIXTURE_GFN + 1), 0);
	vcpu_start(f, false, 7);
	fixture_event(f);
	assert_int_equal(s.slot->type, IOREQ_TYPE_INVALIDATE);
	answer(f, &s, 0);
	fixture_event(f);
	assert_int_equal(s.slot->type, IOREQ_TYPE_COPY);
	assert_int_equal(s.slot->data, 7);
	answer(f, &s, 0);
	assert_int_equal(fixture_vcpu_end(f, 0), 0);
}

static void a_vcpu_gives_up_waiting(void **state)
{
	struct fixture *f = *state;
	struct fixture_server s;

	fixture_server(f, &s);
	sim_vcpu_timeout(f->w, 20);
	assert_int_equal(sim_mmio_write(f->dom, 0, FIXTURE_MMIO, 4, 5),
			 -ETIMEDOUT);
	fixture_event(f);
	assert_int_equal(s.slot->data, 5);
	sim_vcpu_timeout(f->w, 10000);
	/* The late answer is taken, then comes the next access. */
	vcpu_start(f, false, 6);
	answer(f, &s, 0);
	fixture_event(f);
	assert_int_equal(s.slot->data, 6);
	answer(f, &s, 0);
	assert_int_equal(fixture_vcpu_end(f, 0), 0);
}

static void the_server_outlives_its_process(void **state)
{
	struct fixture *f = *state;
	struct fixture_server s;
	uint32_t remote;
	int port;

	fixture_server(f, &s);
	vcpu_start(f, false, 9);
	fixture_event(f);
	remote = s.slot->vp_eport;
	assert_true(xenevtchn_bind_interdomain(f->ec, f->domid, remote) < 0);
	assert_int_equal(errno, EINVAL);
	xenevtchn_close(f->ec);
	f->ec = xenevtchn_open(NULL, 0);
	assert_int_equal(s.slot->vp_eport, remote);
	port = xenevtchn_bind_interdomain(f->ec, f->domid, remote);
	assert_true(port > 0);
	s.port[0] = port;
	assert_int_equal(fixture_event(f), port);
	assert_int_equal(s.slot->data, 9);
	answer(f, &s, 0);
	assert_int_equal(fixture_vcpu_end(f, 0), 0);
}

static void interrupts_are_edges(void **state)
{
	struct fixture *f = *state;
	uint32_t seen = sim_irqs(f->dom, 33);
	domid_t d = (domid_t)f->domid;

	assert_int_equal(sim_irq_wait(f->dom, 33, seen, 1), -ETIMEDOUT);
	assert_int_equal(xendevicemodel_set_irq_level(f->dm, d, 33, 0), 0);
	assert_int_equal(sim_irqs(f->dom, 33), seen);
	assert_int_equal(xendevicemodel_set_irq_level(f->dm, d, 33, 1), 0);
	assert_int_equal(xendevicemodel_set_irq_level(f->dm, d, 33, 1), 0);
	assert_int_equal(sim_irq_wait(f->dom, 33, seen, 1000), 0);
	assert_int_equal(sim_irqs(f->dom, 33), seen + 2);
	assert_int_equal(xendevicemodel_set_irq_level(f->dm, d, 31, 1), -1);
	assert_int_equal(xendevicemodel_set_irq_level(f->dm, d, 33, 2), -1);
	assert_int_equal(xendevicemodel_inject_msi(f->dm, d, 0xfee00000, 0x51),
			 0);
	assert_int_equal(sim_irqs(f->dom, SIM_MSI + 0x51), 1);
	assert_int_equal(xendevicemodel_set_isa_irq_level(f->dm, d, 5, 1), 0);
	assert_int_equal(xendevicemodel_set_isa_irq_level(f->dm, d, 5, 1), 0);
	assert_int_equal(sim_irqs(f->dom, 5), 1);
	/* Pin A of device 4. */
	for (unsigned int level = 2; level-- > 0;)
		assert_int_equal(xendevicemodel_set_pci_intx_level(f->dm, d, 0,
				0, 4, 0, level), 0);
	assert_int_equal(xendevicemodel_set_pci_intx_level(f->dm, d, 0, 0, 4, 0,
							   1), 0);
	assert_int_equal(sim_irqs(f->dom, 32), 2);
	assert_int_equal(xendevicemodel_set_pci_intx_level(f->dm, d, 0, 1, 4, 0,
							   1), -1);
}

static void restricted_handles(void **state)
{
	struct fixture *f = *state;
	const struct sim_dom_config config = {
		.name = "other", .vcpus = 1, .ram_bytes = SIM_PAGE };
	struct sim_dom *other = sim_dom_create(f->w, &config);
	const xen_pfn_t gfn = FIXTURE_GFN;
	struct fixture_server s;
	unsigned int n;
	void *p;

	assert_non_null(other);
	assert_int_equal(sim_grant(f->dom, 9, FIXTURE_GFN, SIM_GRANT_READ), 0);
	fixture_server(f, &s);
	assert_int_equal(xentoolcore_restrict_all((domid_t)f->domid), 0);
	assert_int_equal(xendevicemodel_nr_vcpus(f->dm, (domid_t)f->domid, &n),
			 0);
	assert_int_equal(n, 2);
	assert_int_equal(xendevicemodel_nr_vcpus(f->dm,
			(domid_t)sim_domid(other), &n), -1);
	assert_int_equal(errno, EPERM);
	assert_null(xenforeignmemory_map(f->fm, sim_domid(other), 1, 1, &gfn,
					 NULL));
	assert_int_equal(errno, EPERM);
	/* A grant handle from before is dead, a new one is not. */
	assert_null(xengnttab_map_grant_ref(f->gnt, f->domid, 9, 1));
	assert_int_equal(errno, EBADF);
	xengnttab_close(f->gnt);
	f->gnt = xengnttab_open(NULL, 0);
	p = xengnttab_map_grant_ref(f->gnt, f->domid, 9, 1);
	assert_non_null(p);
	assert_int_equal(xengnttab_unmap(f->gnt, p, 1), 0);
	/* What was bound works on, and nothing of another domain. */
	assert_true(xenevtchn_bind_interdomain(f->ec, sim_domid(other), 1) < 0);
	assert_int_equal(errno, EACCES);
	assert_true(xenevtchn_bind_virq(f->ec, 3) < 0);
	assert_int_equal(xenevtchn_notify(f->ec, (evtchn_port_t)s.port[0]), 0);
	sim_dom_close(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, \
						fixture_teardown)
		T(an_access_is_answered),
		T(nobody_is_there),
		T(a_masked_port_keeps_one_event),
		T(a_slot_that_goes_back_is_a_crash),
		T(destroying_a_server_under_a_vcpu),
		T(a_page_that_goes_sends_an_invalidate),
		T(a_vcpu_gives_up_waiting),
		T(the_server_outlives_its_process),
		T(interrupts_are_edges),
		T(restricted_handles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
