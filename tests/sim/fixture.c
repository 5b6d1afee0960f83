// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A world in memory, a guest with two vCPUs and a megabyte, and all handles.
 */
#include "tests/sim/fixture.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <xen/hvm/dm_op.h>
#include <xen/hvm/hvm_op.h>
#include <xen/memory.h>

static void fixture_open(struct fixture *f)
{
	f->dm = xendevicemodel_open(NULL, 0);
	f->ec = xenevtchn_open(NULL, 0);
	f->fm = xenforeignmemory_open(NULL, 0);
	f->gnt = xengnttab_open(NULL, 0);
	assert_non_null(f->dm);
	assert_non_null(f->ec);
	assert_non_null(f->fm);
	assert_non_null(f->gnt);
}

int fixture_setup(void **state)
{
	const struct sim_dom_config config = {
		.name = "guest", .vcpus = FIXTURE_VCPUS,
		.ram_bytes = FIXTURE_PAGES * SIM_PAGE };
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	/* On tmpfs where there is one. */
	snprintf(f->dir, sizeof(f->dir), "%s/simtest.XXXXXX",
		 access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
	assert_non_null(mkdtemp(f->dir));
	assert_int_equal(rmdir(f->dir), 0);
	assert_int_equal(sim_init(f->dir), 0);
	setenv("SIM_WORLD", f->dir, 1);
	f->w = sim_open(NULL);
	assert_non_null(f->w);
	f->dom = sim_dom_create(f->w, &config);
	assert_non_null(f->dom);
	f->domid = sim_domid(f->dom);
	fixture_open(f);
	*state = f;
	return 0;
}

int fixture_teardown(void **state)
{
	struct fixture *f = *state;
	char command[128];
	int status;

	/* A test that failed leaves vCPUs that wait: with the domain they go. */
	for (uint32_t n = 0; n < FIXTURE_VCPUS; n++)
		if (f->vcpu[n].runs) {
			sim_dom_destroy(f->dom);
			fixture_vcpu_end(f, n);
		}
	if (f->resource)
		xenforeignmemory_unmap_resource(f->fm, f->resource);
	xengnttab_close(f->gnt);
	xenforeignmemory_close(f->fm);
	xenevtchn_close(f->ec);
	xendevicemodel_close(f->dm);
	sim_dom_close(f->dom);
	sim_close(f->w);
	snprintf(command, sizeof(command), "rm -rf '%s'", f->dir);
	status = system(command);
	free(f);
	return status;
}

uint8_t *fixture_page(struct fixture *f, uint32_t n)
{
	return (uint8_t *)sim_ram(f->dom) + (size_t)n * SIM_PAGE;
}

struct sim_stats fixture_stats(struct fixture *f)
{
	struct sim_stats s;

	sim_stats(f->w, &s);
	return s;
}

void fixture_violations(struct fixture *f, uint64_t n, const char *text)
{
	char last[256];

	assert_int_equal(fixture_stats(f).violations, n);
	if (!n)
		return;
	assert_int_equal(sim_violation(f->w, n - 1, last, sizeof(last)), 0);
	if (!strstr(last, text))
		fail_msg("\"%s\" has no \"%s\"", last, text);
}

void fixture_server(struct fixture *f, struct fixture_server *s)
{
	void *page = NULL;

	assert_int_equal(xendevicemodel_create_ioreq_server(f->dm,
			(domid_t)f->domid, HVM_IOREQSRV_BUFIOREQ_OFF, &s->id),
			 0);
	f->resource = xenforeignmemory_map_resource(f->fm, (domid_t)f->domid,
			XENMEM_resource_ioreq_server, s->id, 1, 1, &page,
			PROT_READ | PROT_WRITE, 0);
	assert_non_null(f->resource);
	s->slot = page;
	assert_int_equal(xendevicemodel_map_io_range_to_ioreq_server(f->dm,
			(domid_t)f->domid, s->id, 1, FIXTURE_MMIO,
			FIXTURE_MMIO + 0x1ff), 0);
	assert_int_equal(xendevicemodel_set_ioreq_server_state(f->dm,
			(domid_t)f->domid, s->id, 1), 0);
	for (int i = 0; i < (int)FIXTURE_VCPUS; i++) {
		s->port[i] = xenevtchn_bind_interdomain(f->ec, f->domid,
							s->slot[i].vp_eport);
		assert_true(s->port[i] > 0);
		/* The one that every binding has. */
		assert_int_equal(fixture_event(f), s->port[i]);
	}
}

bool fixture_quiet(struct fixture *f)
{
	struct pollfd p = { .fd = xenevtchn_fd(f->ec), .events = POLLIN };

	return poll(&p, 1, 0) == 0;
}

int fixture_event(struct fixture *f)
{
	struct pollfd p = { .fd = xenevtchn_fd(f->ec), .events = POLLIN };
	int port;

	assert_int_equal(poll(&p, 1, 10000), 1);
	port = xenevtchn_pending(f->ec);
	assert_true(port > 0);
	assert_int_equal(xenevtchn_unmask(f->ec, (evtchn_port_t)port), 0);
	return port;
}

int fixture_child(int (*fn)(void *arg), void *arg)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (!pid)
		_exit(fn(arg));
	while (waitpid(pid, &status, 0) < 0)
		assert_int_equal(errno, EINTR);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void *vcpu_run(void *arg)
{
	struct fixture_vcpu *v = arg;

	v->ret = v->access.type == IOREQ_TYPE_INVALIDATE ?
		sim_invalidate(v->dom, v->n) :
		sim_access(v->dom, v->n, &v->access);
	return NULL;
}

void fixture_vcpu(struct fixture *f, uint32_t n, const struct sim_access *access)
{
	struct fixture_vcpu *v = &f->vcpu[n];

	*v = (struct fixture_vcpu){ .dom = f->dom, .n = n, .access = *access };
	assert_int_equal(pthread_create(&v->thread, NULL, vcpu_run, v), 0);
	v->runs = true;
}

int fixture_vcpu_end(struct fixture *f, uint32_t n)
{
	pthread_join(f->vcpu[n].thread, NULL);
	f->vcpu[n].runs = false;
	return f->vcpu[n].ret;
}
