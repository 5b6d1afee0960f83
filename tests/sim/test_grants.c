// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Grants: only what is granted, only as it is granted, and the guest knows
 * whether somebody still has it.
 */
#include "tests/sim/fixture.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define RO 100u
#define RW 101u

static void grant_both(struct fixture *f)
{
	assert_int_equal(sim_grant(f->dom, RO, FIXTURE_GFN, SIM_GRANT_READ), 0);
	assert_int_equal(sim_grant(f->dom, RW, FIXTURE_GFN + 1,
				   SIM_GRANT_WRITE), 0);
}

static void *map(struct fixture *f, uint32_t ref, uint32_t n, int prot)
{
	uint32_t refs[4] = { ref, ref + 1, ref + 2, ref + 3 };

	return xengnttab_map_domain_grant_refs(f->gnt, n, f->domid, refs, prot);
}

static void a_map_is_all_or_nothing(void **state)
{
	struct fixture *f = *state;
	uint8_t *p;

	grant_both(f);
	assert_null(map(f, RO, 3, PROT_READ));
	assert_int_equal(errno, EINVAL);
	assert_null(map(f, RO, 2, PROT_READ | PROT_WRITE));
	assert_int_equal(errno, EINVAL);
	assert_null(map(f, SIM_GRANT_FIRST, 1, PROT_READ));
	assert_null(map(f, UINT32_MAX, 1, PROT_READ));
	assert_int_equal(fixture_stats(f).grant_pages, 0);

	p = map(f, RO, 2, PROT_READ);
	assert_non_null(p);
	strcpy((char *)fixture_page(f, 1), "one");
	assert_string_equal((char *)p + SIM_PAGE, "one");
	assert_int_equal(fixture_stats(f).grant_maps, 1);
	assert_int_equal(fixture_stats(f).grant_pages, 2);
	assert_int_equal(xengnttab_unmap(f->gnt, p, 2), 0);
	assert_int_equal(fixture_stats(f).grant_pages, 0);
}

static void the_guest_notices_who_still_has_it(void **state)
{
	struct fixture *f = *state;
	uint8_t *p, *q;

	grant_both(f);
	p = map(f, RW, 1, PROT_READ | PROT_WRITE);
	q = map(f, RW, 1, PROT_READ);
	assert_int_equal(sim_grant_mapped(f->dom, RW), 2);
	assert_int_equal(sim_ungrant(f->dom, RW), -EBUSY);
	assert_int_equal(xengnttab_unmap(f->gnt, p, 1), 0);
	assert_int_equal(sim_ungrant(f->dom, RW), -EBUSY);
	assert_int_equal(xengnttab_unmap(f->gnt, q, 1), 0);
	assert_int_equal(sim_ungrant(f->dom, RW), 0);
	assert_int_equal(sim_ungrant(f->dom, RW), -ENOENT);
	assert_int_equal(fixture_stats(f).busy_ungrants, 2);
	assert_null(map(f, RW, 1, PROT_READ));
}

static void an_unmap_can_be_late(void **state)
{
	struct fixture *f = *state;
	uint8_t *p;

	grant_both(f);
	assert_true(sim_fault(f->w, "gnt_unmap:1:30ms") >= 0);
	p = map(f, RW, 1, PROT_READ);
	assert_int_equal(xengnttab_unmap(f->gnt, p, 1), 0);
	assert_int_equal(sim_ungrant(f->dom, RW), -EBUSY);
	usleep(40000);
	assert_int_equal(sim_ungrant(f->dom, RW), 0);
}

static void unmap_as_it_was_mapped(void **state)
{
	struct fixture *f = *state;
	uint8_t *p;

	grant_both(f);
	p = map(f, RO, 2, PROT_READ);
	assert_int_equal(xengnttab_unmap(f->gnt, p, 1), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(xengnttab_unmap(f->gnt, p, 2), 0);
	fixture_violations(f, 1, "grants unmapped");
}

static xengnttab_grant_copy_segment_t from_guest(struct fixture *f,
						 uint32_t ref, uint16_t offset,
						 uint16_t len, void *to)
{
	return (xengnttab_grant_copy_segment_t){
		.source.foreign = { ref, offset, (uint16_t)f->domid },
		.dest.virt = to, .len = len, .flags = GNTCOPY_source_gref };
}

static xengnttab_grant_copy_segment_t to_guest(struct fixture *f, uint32_t ref,
					       uint16_t offset, uint16_t len,
					       void *from)
{
	return (xengnttab_grant_copy_segment_t){
		.dest.foreign = { ref, offset, (uint16_t)f->domid },
		.source.virt = from, .len = len, .flags = GNTCOPY_dest_gref };
}

static void each_segment_has_its_status(void **state)
{
	struct fixture *f = *state;
	char in[8] = "", out[8] = "to you";
	xengnttab_grant_copy_segment_t s[5];

	grant_both(f);
	strcpy((char *)fixture_page(f, 0) + 4090, "12345");
	s[0] = from_guest(f, RO, 4090, 6, in);
	s[1] = to_guest(f, RO, 0, 7, out);
	s[2] = to_guest(f, RW, 9, 7, out);
	s[3] = from_guest(f, RW, 4090, 7, in);
	s[4] = from_guest(f, 4711, 0, 7, in);
	assert_int_equal(xengnttab_grant_copy(f->gnt, 5, s), 0);
	assert_int_equal(s[0].status, GNTST_okay);
	assert_int_equal(s[1].status, GNTST_permission_denied);
	assert_int_equal(s[2].status, GNTST_okay);
	assert_int_equal(s[3].status, GNTST_bad_copy_arg);
	assert_int_equal(s[4].status, GNTST_bad_gntref);
	assert_string_equal(in, "12345");
	assert_string_equal((char *)fixture_page(f, 1) + 9, "to you");
	assert_int_equal(fixture_page(f, 0)[0], 0);
}

static void a_copy_needs_memory_of_its_own(void **state)
{
	struct fixture *f = *state;
	xengnttab_grant_copy_segment_t s;
	uint8_t *p;

	grant_both(f);
	p = map(f, RW, 1, PROT_READ | PROT_WRITE);
	s = from_guest(f, RO, 0, 16, p + 4000);
	assert_int_equal(xengnttab_grant_copy(f->gnt, 1, &s), 0);
	assert_int_equal(s.status, GNTST_bad_page);
	s.flags = 0;
	assert_int_equal(xengnttab_grant_copy(f->gnt, 1, &s), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(xengnttab_unmap(f->gnt, p, 1), 0);
}

static int map_and_die(void *arg)
{
	struct fixture *f = arg;

	/* A process of its own in the world. */
	execl("/proc/self/exe", "test_grants", "die", f->dir, NULL);
	return 1;
}

static int die(void)
{
	struct sim_world *w = sim_open(NULL);
	xengnttab_handle *gnt = xengnttab_open(NULL, 0);
	struct sim_dom_info info;

	if (!w || !gnt || sim_dom_info(w, 1, &info))
		return 1;
	return xengnttab_map_grant_ref(gnt, info.domid, RW, PROT_READ) ? 0 : 2;
}

static void who_is_killed_gives_all_back(void **state)
{
	struct fixture *f = *state;

	grant_both(f);
	assert_int_equal(fixture_child(map_and_die, f), 0);
	assert_int_equal(fixture_stats(f).calls[SIM_GNT_MAP], 1);
	assert_int_equal(sim_ungrant(f->dom, RW), 0);
	assert_int_equal(fixture_stats(f).busy_ungrants, 0);
	assert_int_equal(fixture_stats(f).grant_pages, 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, \
						fixture_teardown)
		T(a_map_is_all_or_nothing),
		T(the_guest_notices_who_still_has_it),
		T(an_unmap_can_be_late),
		T(unmap_as_it_was_mapped),
		T(each_segment_has_its_status),
		T(a_copy_needs_memory_of_its_own),
		T(who_is_killed_gives_all_back),
	};

	if (argc > 1 && !strcmp(argv[1], "die"))
		return die();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
