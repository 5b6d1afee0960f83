// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Foreign memory: what is mapped is the guest's, what can't be mapped faults,
 * what is mapped is unmapped as a whole.
 */
#include "tests/sim/fixture.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

static void *map(struct fixture *f, const xen_pfn_t gfn[], size_t n, int err[])
{
	return xenforeignmemory_map(f->fm, f->domid, PROT_READ | PROT_WRITE, n,
				    gfn, err);
}

static void pages_are_the_guests(void **state)
{
	struct fixture *f = *state;
	const xen_pfn_t gfn[] = { FIXTURE_GFN + 7, FIXTURE_GFN, FIXTURE_GFN + 7 };
	int err[3] = { 1, 1, 1 };
	uint8_t *p = map(f, gfn, 3, err);

	assert_non_null(p);
	for (int i = 0; i < 3; i++)
		assert_int_equal(err[i], 0);
	strcpy((char *)fixture_page(f, 7) + 100, "seven");
	assert_string_equal((char *)p + 100, "seven");
	strcpy((char *)p + 2 * SIM_PAGE + 100, "again");
	assert_string_equal((char *)fixture_page(f, 7) + 100, "again");
	assert_int_equal(fixture_stats(f).foreign_maps, 1);
	assert_int_equal(fixture_stats(f).foreign_pages, 3);
	assert_int_equal(xenforeignmemory_unmap(f->fm, p, 3), 0);
	assert_int_equal(fixture_stats(f).foreign_maps, 0);
	assert_int_equal(fixture_stats(f).foreign_pages, 0);
}

struct touch {
	volatile uint8_t *p;
};

static int touch(void *arg)
{
	struct touch *t = arg;
	const struct rlimit none = { 0 };

	setrlimit(RLIMIT_CORE, &none);
	signal(SIGSEGV, SIG_DFL);
	t->p[0] = 1;
	return 0;
}

static void a_hole_has_an_error_and_faults(void **state)
{
	struct fixture *f = *state;
	const xen_pfn_t gfn[] = { FIXTURE_GFN, FIXTURE_GFN + FIXTURE_PAGES, 1 };
	int err[3];
	uint8_t *p = map(f, gfn, 3, err);
	struct touch t = { p + SIM_PAGE };

	assert_non_null(p);
	assert_int_equal(err[0], 0);
	assert_int_equal(err[1], -EINVAL);
	assert_int_equal(err[2], -EINVAL);
	p[0] = 1;
	assert_int_equal(fixture_child(touch, &t), -SIGSEGV);
	assert_int_equal(xenforeignmemory_unmap(f->fm, p, 3), 0);
}

static void without_errors_it_is_all_or_nothing(void **state)
{
	struct fixture *f = *state;
	const xen_pfn_t gfn[] = { FIXTURE_GFN, 1 };

	errno = 0;
	assert_null(map(f, gfn, 2, NULL));
	assert_int_equal(errno, EINVAL);
	assert_int_equal(fixture_stats(f).foreign_pages, 0);
}

static void a_domain_that_is_not_there(void **state)
{
	struct fixture *f = *state;
	const xen_pfn_t gfn = FIXTURE_GFN;
	int err = 0;
	void *p = xenforeignmemory_map(f->fm, f->domid + 1, PROT_READ, 1, &gfn,
				       &err);

	assert_non_null(p);
	assert_int_equal(err, -ESRCH);
	assert_int_equal(xenforeignmemory_unmap(f->fm, p, 1), 0);
	assert_null(xenforeignmemory_map(f->fm, f->domid + 1, PROT_READ, 1,
					 &gfn, NULL));
	assert_int_equal(errno, ESRCH);
}

static void a_part_cannot_be_unmapped(void **state)
{
	struct fixture *f = *state;
	const xen_pfn_t gfn[] = { FIXTURE_GFN, FIXTURE_GFN + 1 };
	uint8_t *p = map(f, gfn, 2, NULL);

	assert_non_null(p);
	assert_int_equal(xenforeignmemory_unmap(f->fm, p, 1), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(xenforeignmemory_unmap(f->fm, p + SIM_PAGE, 1), -1);
	fixture_violations(f, 2, "unmapped");
	p[SIM_PAGE] = 1;
	assert_int_equal(xenforeignmemory_unmap(f->fm, p, 2), 0);
}

static void an_old_mapping_keeps_the_old_page(void **state)
{
	struct fixture *f = *state;
	const xen_pfn_t gfn = FIXTURE_GFN + 3;
	uint8_t *old = map(f, &gfn, 1, NULL), *new;
	int err;

	assert_non_null(old);
	strcpy((char *)old, "old");
	assert_int_equal(sim_page_remove(f->dom, gfn), 0);
	assert_int_equal(sim_page_remove(f->dom, gfn), -ENOENT);
	new = map(f, &gfn, 1, &err);
	assert_non_null(new);
	assert_int_equal(err, -EINVAL);
	assert_int_equal(xenforeignmemory_unmap(f->fm, new, 1), 0);
	assert_int_equal(sim_page_restore(f->dom, gfn), 0);
	strcpy((char *)fixture_page(f, 3), "new");
	new = map(f, &gfn, 1, NULL);
	assert_non_null(new);
	assert_string_equal((char *)new, "new");
	assert_string_equal((char *)old, "old");
	assert_int_equal(xenforeignmemory_unmap(f->fm, new, 1), 0);
	assert_int_equal(xenforeignmemory_unmap(f->fm, old, 1), 0);
}

static void a_read_only_mapping_is_read_only(void **state)
{
	struct fixture *f = *state;
	const xen_pfn_t gfn = FIXTURE_GFN;
	uint8_t *p = xenforeignmemory_map(f->fm, f->domid, PROT_READ, 1, &gfn,
					  NULL);

	struct touch t = { p };

	assert_non_null(p);
	assert_int_equal(p[0], 0);
	assert_int_equal(fixture_child(touch, &t), -SIGSEGV);
	assert_int_equal(xenforeignmemory_unmap(f->fm, p, 1), 0);
}

static int touch_forked(void *arg)
{
	struct fixture *f = arg;
	const xen_pfn_t gfn = FIXTURE_GFN;

	return map(f, &gfn, 1, NULL) ? 0 : errno;
}

static void a_child_has_neither_mappings_nor_handles(void **state)
{
	struct fixture *f = *state;
	const xen_pfn_t gfn = FIXTURE_GFN;
	struct touch t = { map(f, &gfn, 1, NULL) };

	assert_non_null((void *)t.p);
	assert_int_equal(fixture_child(touch, &t), -SIGSEGV);
	assert_int_equal(fixture_child(touch_forked, f), EBADF);
	t.p[0] = 1;
	assert_int_equal(xenforeignmemory_unmap(f->fm, (void *)t.p, 1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, \
						fixture_teardown)
		T(pages_are_the_guests),
		T(a_hole_has_an_error_and_faults),
		T(without_errors_it_is_all_or_nothing),
		T(a_domain_that_is_not_there),
		T(a_part_cannot_be_unmapped),
		T(an_old_mapping_keeps_the_old_page),
		T(a_read_only_mapping_is_read_only),
		T(a_child_has_neither_mappings_nor_handles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
