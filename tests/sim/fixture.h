/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small world for the tests of the simulation itself: one guest, and a back
 * end in the same process that has every handle.
 */
#ifndef SIM_FIXTURE_H
#define SIM_FIXTURE_H

#include <pthread.h>

#include "tests/unit/unit.h"

/* Xen shows the device-model interface to programs that ask for it. */
#define __XEN_TOOLS__ 1
#include <xen/xen.h>
#include <xen/hvm/ioreq.h>
#include <xendevicemodel.h>
#include <xenevtchn.h>
#include <xenforeignmemory.h>
#include <xengnttab.h>

#include "tests/sim/world.h"

#define FIXTURE_PAGES 256u
#define FIXTURE_GFN (SIM_RAM_BASE / SIM_PAGE)
#define FIXTURE_MMIO 0x2000000u

#define FIXTURE_VCPUS 2u

struct fixture_vcpu {
	struct sim_dom *dom;
	uint32_t n;
	pthread_t thread;
	bool runs;
	struct sim_access access;
	int ret;
};

struct fixture {
	char dir[64];
	struct sim_world *w;
	struct sim_dom *dom;
	uint32_t domid;
	xendevicemodel_handle *dm;
	xenevtchn_handle *ec;
	xenforeignmemory_handle *fm;
	xengnttab_handle *gnt;
	xenforeignmemory_resource_handle *resource;	/* at the end, too */
	struct fixture_vcpu vcpu[FIXTURE_VCPUS];
};

int fixture_setup(void **state);
int fixture_teardown(void **state);

/* Page @n of the guest as the guest sees it. */
uint8_t *fixture_page(struct fixture *f, uint32_t n);
struct sim_stats fixture_stats(struct fixture *f);
/* The text of the last violation; fails when there were not @n. */
void fixture_violations(struct fixture *f, uint64_t n, const char *text);

/* An ioreq server with the window at FIXTURE_MMIO, ports bound and unmasked. */
struct fixture_server {
	ioservid_t id;
	struct ioreq *slot;
	int port[FIXTURE_VCPUS];
};
void fixture_server(struct fixture *f, struct fixture_server *s);
/* Wait for an event, take it, unmask it; the port. */
int fixture_event(struct fixture *f);
bool fixture_quiet(struct fixture *f);

/*
 * vCPU @n makes one access, of type INVALIDATE as sim_invalidate() does, in a
 * thread of its own: it stands still until the test, the device model, answers.
 */
void fixture_vcpu(struct fixture *f, uint32_t n, const struct sim_access *access);
/* Wait for it; its 0 or -errno. What it has read is in f->vcpu[n]. */
int fixture_vcpu_end(struct fixture *f, uint32_t n);

/* fn(arg) in a child; its exit status. */
int fixture_child(int (*fn)(void *arg), void *arg);

#endif
