// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The life of a domain, what is counted, and what a test can make fail.
 */
#include "tests/sim/fixture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <xenctrl.h>

#include "tests/sim/sim.h"

static void a_domain_that_is_mapped_is_a_zombie(void **state)
{
	struct fixture *f = *state;
	const xen_pfn_t gfn = FIXTURE_GFN;
	struct fixture_server s;
	struct sim_dom_info info;
	unsigned int n;
	uint8_t *p;

	fixture_server(f, &s);
	p = xenforeignmemory_map(f->fm, f->domid, PROT_WRITE, 1, &gfn, NULL);
	assert_non_null(p);
	assert_int_equal(sim_dom_destroy(f->dom), 0);
	assert_int_equal(sim_dom_info(f->w, f->domid, &info), 0);
	assert_int_equal(info.state, SIM_DYING);
	assert_int_equal(info.mapped_pages, 2);
	assert_int_equal(fixture_stats(f).servers, 0);
	assert_int_equal(xendevicemodel_nr_vcpus(f->dm, (domid_t)f->domid, &n),
			 -1);
	assert_int_equal(sim_mmio_write(f->dom, 0, FIXTURE_MMIO, 4, 1), -ESRCH);
	p[0] = 1;
	s.slot->state = 0;
	assert_int_equal(xenforeignmemory_unmap(f->fm, p, 1), 0);
	assert_int_equal(xenforeignmemory_unmap_resource(f->fm, f->resource), 0);
	f->resource = NULL;
	assert_int_equal(sim_dom_info(f->w, f->domid, &info), -ENOENT);
	/* The end of an event channel leads nowhere, but is still ours. */
	assert_int_equal(xenevtchn_notify(f->ec, (evtchn_port_t)s.port[0]), 0);
}

/*
 * Who takes back what a dead process had may be killed in the middle, and the
 * next one does it again. Here the domain has been seen to, the process not yet.
 */
static void what_is_taken_back_twice_is_counted_once(void **state)
{
	struct fixture *f = *state;
	const uint32_t dead = SIM_PROCESSES - 1;
	struct sim_process *p = &f->w->s->process[dead];
	const xen_pfn_t gfn = FIXTURE_GFN;
	struct sim_dom_info info;
	void *page;

	page = xenforeignmemory_map(f->fm, f->domid, PROT_READ, 1, &gfn, NULL);
	assert_non_null(page);
	*p = (struct sim_process){ .number = UINT32_MAX, .backend = true };
	p->foreign_pages[f->dom->index] = 5;
	p->resource_pages[f->dom->index] = 1;
	p->io_maps[f->dom->index][0] = 1;
	assert_int_equal(fixture_stats(f).processes, 1);
	assert_int_equal(fixture_stats(f).foreign_pages, 1);
	assert_int_equal(fixture_stats(f).resource_maps, 0);
	assert_int_equal(f->w->s->dom[f->dom->index].io_maps[0], 0);
	assert_int_equal(sim_dom_destroy(f->dom), 0);
	assert_int_equal(sim_dom_info(f->w, f->domid, &info), 0);
	assert_int_equal(xenforeignmemory_unmap(f->fm, page, 1), 0);
	assert_int_equal(sim_dom_info(f->w, f->domid, &info), -ENOENT);
}

static void libxenctrl_knows_who_lives(void **state)
{
	struct fixture *f = *state;
	xc_interface *xc = xc_interface_open(NULL, NULL, 0);
	struct sim_dom_info info;
	xc_domaininfo_t list[3];

	assert_non_null(xc);
	assert_int_equal(xc_domain_getinfolist(xc, 0, 3, list), 2);
	assert_int_equal(list[0].domain, 0);
	assert_int_equal(list[1].domain, f->domid);
	assert_int_equal(list[1].max_vcpu_id, 1);
	sim_dom_info(f->w, f->domid, &info);
	assert_memory_equal(list[1].handle, info.uuid, 16);
	assert_false(list[1].flags & XEN_DOMINF_shutdown);
	assert_int_equal(sim_dom_shutdown(f->dom, SIM_REBOOT), 0);
	assert_int_equal(xc_domain_getinfolist(xc, f->domid, 1, list), 1);
	assert_true(list[0].flags & XEN_DOMINF_shutdown);
	assert_int_equal(sim_dom_destroy(f->dom), 0);
	assert_int_equal(xc_domain_getinfolist(xc, f->domid, 1, list), 0);
	xc_interface_close(xc);
}

static void a_new_domain_is_a_new_one(void **state)
{
	struct fixture *f = *state;
	const struct sim_dom_config config = {
		.name = "next", .vcpus = 128, .ram_bytes = 2 * SIM_PAGE };
	struct sim_dom_config bad = config;
	struct sim_dom *dom;

	fixture_page(f, 0)[0] = 1;
	assert_int_equal(sim_dom_destroy(f->dom), 0);
	dom = sim_dom_create(f->w, &config);
	assert_non_null(dom);
	assert_true(sim_domid(dom) > f->domid);
	assert_int_equal(((uint8_t *)sim_ram(dom))[0], 0);
	bad.vcpus = 129;
	assert_null(sim_dom_create(f->w, &bad));
	assert_int_equal(errno, EINVAL);
	assert_null(sim_dom_open(f->w, f->domid));
	assert_int_equal(errno, ESRCH);
	sim_dom_close(dom);
}

static void calls_are_counted(void **state)
{
	struct fixture *f = *state;
	xen_pfn_t gfn[20];
	struct sim_stats before = fixture_stats(f), after;
	void *p;

	for (uint32_t i = 0; i < 20; i++)
		gfn[i] = FIXTURE_GFN + i;
	p = xenforeignmemory_map(f->fm, f->domid, PROT_READ, 20, gfn, NULL);
	xenforeignmemory_unmap(f->fm, p, 20);
	after = fixture_stats(f);
	assert_int_equal(after.calls[SIM_FM_MAP], before.calls[SIM_FM_MAP] + 1);
	assert_int_equal(after.calls[SIM_FM_PAGE],
			 before.calls[SIM_FM_PAGE] + 20);
	assert_int_equal(after.hypercalls, before.hypercalls + 40);
	assert_int_equal(after.processes, 1);
	assert_string_equal(sim_call_name(SIM_FM_MAP), "fm_map");
}

static void the_nth_call_fails(void **state)
{
	struct fixture *f = *state;
	int fault = sim_fault(f->w, "dm_vcpus:2:EPERM:2");
	domid_t d = (domid_t)f->domid;
	unsigned int n;

	assert_true(fault >= 0);
	assert_int_equal(xendevicemodel_nr_vcpus(f->dm, d, &n), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(xendevicemodel_nr_vcpus(f->dm, d, &n), -1);
		assert_int_equal(errno, EPERM);
	}
	assert_int_equal(xendevicemodel_nr_vcpus(f->dm, d, &n), 0);
	assert_int_equal(sim_fault_hits(f->w, fault), 2);
	assert_int_equal(fixture_stats(f).faults, 2);
	assert_true(sim_fault(f->w, "dm_vcpus:1:ENOSYS:ever") >= 0);
	for (int i = 0; i < 5; i++)
		assert_int_equal(xendevicemodel_nr_vcpus(f->dm, d, &n), -1);
	sim_fault_clear(f->w);
	assert_int_equal(xendevicemodel_nr_vcpus(f->dm, d, &n), 0);
}

static void one_page_or_segment_fails(void **state)
{
	struct fixture *f = *state;
	const xen_pfn_t gfn[] = { FIXTURE_GFN, FIXTURE_GFN + 1 };
	xengnttab_grant_copy_segment_t s[2] = { 0 };
	char buf[4];
	int err[2];
	void *p;

	assert_true(sim_fault(f->w, "fm_page:2:EIO") >= 0);
	p = xenforeignmemory_map(f->fm, f->domid, PROT_READ, 2, gfn, err);
	assert_non_null(p);
	assert_int_equal(err[0], 0);
	assert_int_equal(err[1], -EIO);
	assert_int_equal(xenforeignmemory_unmap(f->fm, p, 2), 0);
	assert_int_equal(sim_grant(f->dom, 9, FIXTURE_GFN, SIM_GRANT_READ), 0);
	assert_true(sim_fault(f->w, "gnt_segment:2:EIO") >= 0);
	for (int i = 0; i < 2; i++) {
		s[i].source.foreign.ref = 9;
		s[i].source.foreign.domid = (uint16_t)f->domid;
		s[i].dest.virt = buf;
		s[i].len = sizeof(buf);
		s[i].flags = GNTCOPY_source_gref;
	}
	assert_int_equal(xengnttab_grant_copy(f->gnt, 2, s), 0);
	assert_int_equal(s[0].status, GNTST_okay);
	assert_int_equal(s[1].status, GNTST_general_error);
}

static void faults_that_make_no_sense(void **state)
{
	struct fixture *f = *state;
	static const char *const specs[] = {
		"", "fm_map", "fm_map:1", "fm_map:0:EIO", "fm_map:-1:EIO",
		"map:1:EIO", "fm_map:1:EWHAT", "fm_map:1:20ms", "fm_map:1:EIO:x",
		"fm_map:1:EIO:1:1", "gnt_unmap:1:20",
	};

	for (size_t i = 0; i < ARRAY_SIZE(specs); i++)
		assert_int_equal(sim_fault(f->w, specs[i]), -EINVAL);
	for (int i = 0; i < 16; i++)
		assert_true(sim_fault(f->w, "gnt_unmap:1:20ms") >= 0);
	assert_int_equal(sim_fault(f->w, "gnt_unmap:1:20ms"), -ENOSPC);
}

static void a_world_is_one(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(sim_init(f->dir), -EEXIST);
	assert_ptr_equal(sim_open(f->dir), f->w);
	sim_close(f->w);
	assert_null(sim_open("/"));
	assert_int_equal(errno, EBUSY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, \
						fixture_teardown)
		T(a_domain_that_is_mapped_is_a_zombie),
		T(what_is_taken_back_twice_is_counted_once),
		T(libxenctrl_knows_who_lives),
		T(a_new_domain_is_a_new_one),
		T(calls_are_counted),
		T(the_nth_call_fails),
		T(one_page_or_segment_fails),
		T(faults_that_make_no_sense),
		T(a_world_is_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
