// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Nothing here knows which lie was told. Order matters: the others must have
 * gone on first, so that what the worker still had to do is done.
 */
#include "tests/hostile/after.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define LIARS_DISKS "xvda,xvdc"
static uint32_t after_complaints(const struct after *a)
{
	return a->ram[0]->complaints + a->ram[1]->complaints;
}

int after_begin(struct after *a)
{
	a->complaints = after_complaints(a);
	sim_stats(a->world, &a->stats);
	return daemon_look(a->socket, sim_domid(a->ram[0]->dom), LIARS_DISKS,
			   &a->view);
}

#define AFTER(what, ...) do {						\
	if (!(what)) {							\
		snprintf(why, len, __VA_ARGS__);			\
		return -EIO;						\
	}								\
} while (0)

static int after_others(struct after *a, char *why, size_t len)
{
	for (unsigned int i = 0; i < 2; i++)
		AFTER(!bystander_goes_on(a->bystander[i]), "%s",
		      a->bystander[i]->why);
	return 0;
}

static int after_memory(struct after *a, char *why, size_t len)
{
	unsigned int who;

	gram_check(a->ram[0]);
	gram_check(a->ram[1]);
	who = a->ram[1]->complaints != 0;
	if (after_complaints(a) == a->complaints)
		return 0;
	/* Said once, not after every lie to come. */
	a->complaints = after_complaints(a);
	snprintf(why, len, "%s", a->ram[who]->complaint);
	return -EIO;
}

static int after_worker(struct after *a, char *why, size_t len)
{
	struct daemon_view now;
	int ret = daemon_look(a->socket, sim_domid(a->ram[0]->dom),
			      LIARS_DISKS, &now);

	AFTER(!ret, "no answer from the daemon: %s", strerror(-ret));
	if (now.pid != a->view.pid) {
		snprintf(why, len, "the worker did not live: %d became %d",
			 (int)a->view.pid, (int)now.pid);
		a->view = now;	/* each death is told once */
		return -EIO;
	}
	AFTER(now.pops == now.pushes && !now.in_flight,
	      "%llu chains taken, %llu returned, %llu in flight",
	      (unsigned long long)now.pops, (unsigned long long)now.pushes,
	      (unsigned long long)now.in_flight);
	AFTER(now.fds == a->view.fds, "the worker has %u descriptors, it had %u",
	      now.fds, a->view.fds);
	AFTER(now.data_kib <= a->view.data_kib + a->data_more_kib,
	      "the worker has %llu KiB, it had %llu",
	      (unsigned long long)now.data_kib,
	      (unsigned long long)a->view.data_kib);
	AFTER(now.unmap_failures == a->view.unmap_failures,
	      "unmap calls failed: %llu",
	      (unsigned long long)now.unmap_failures);
	return 0;
}

static int after_world(struct after *a, char *why, size_t len)
{
	struct sim_stats now;
	uint64_t n = a->stats.violations;

	sim_stats(a->world, &now);
	if (now.busy_ungrants != a->stats.busy_ungrants) {
		a->stats.busy_ungrants = now.busy_ungrants;
		snprintf(why, len, "a grant was in use when the guest took it back");
		return -EIO;
	}
	if (now.violations == n)
		return 0;
	a->stats.violations = now.violations;
	if (sim_violation(a->world, n, why, len))
		snprintf(why, len, "a violation that nobody remembers");
	return -EIO;
}

int after_lie(struct after *a, char *why, size_t len)
{
	int ret = after_others(a, why, len);

	if (!ret)
		ret = after_memory(a, why, len);
	if (!ret)
		ret = after_world(a, why, len);
	return ret ? ret : after_worker(a, why, len);
}
