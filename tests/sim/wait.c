// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sleeping in a domain: vCPUs that wait for answers, guests that wait for
 * interrupts. A back end wakes them with one write() into the domain's pipe,
 * because that is all it may do once it has locked itself in. Of those who
 * sleep, in however many processes, one is the leader and polls the pipe; it
 * tells the others, who sleep on a futex, and each looks for itself whether
 * what it waits for has come.
 *
 * The leader gives up the lead before it tells the others, so that one of them
 * finds it free. Should it be killed in between, their naps end by themselves.
 */
#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "tests/sim/sim.h"

#define FOLLOWER_NAP_MS 20
#define LEADER_NAP_MS 100

void sim_wake(struct sim_world *w, uint32_t dom)
{
	/* A full pipe wakes just as well. */
	if (w->near[dom].wake >= 0 && write(w->near[dom].wake, "", 1) < 0)
		return;
}

static void lead(struct sim_domain *d, int fd, int ms)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	char drain[512];

	poll(&poll_fd, 1, ms < LEADER_NAP_MS ? ms : LEADER_NAP_MS);
	while (read(fd, drain, sizeof(drain)) == sizeof(drain))
		;
	pthread_mutex_unlock(&d->leader);
	atomic_fetch_add(&d->wakeups, 1);
	if (atomic_load(&d->followers))
		syscall(SYS_futex, &d->wakeups, FUTEX_WAKE, INT32_MAX, NULL,
			NULL, 0);
}

static void follow(struct sim_domain *d, uint32_t seen, int ms)
{
	struct timespec nap = { 0 };

	if (ms > FOLLOWER_NAP_MS)
		ms = FOLLOWER_NAP_MS;
	nap.tv_nsec = ms * 1000000L;
	atomic_fetch_add(&d->followers, 1);
	syscall(SYS_futex, &d->wakeups, FUTEX_WAIT, seen, &nap, NULL, 0);
	atomic_fetch_sub(&d->followers, 1);
}

static bool take_lead(struct sim_domain *d)
{
	int ret = pthread_mutex_trylock(&d->leader);

	if (ret == EOWNERDEAD)
		ret = pthread_mutex_consistent(&d->leader);
	return !ret;
}

int sim_wait(struct sim_world *w, uint32_t dom, int (*done)(void *arg),
	     void *arg, int timeout_ms)
{
	struct sim_domain *d = &w->s->dom[dom];
	uint64_t end = sim_now() + (uint64_t)timeout_ms * 1000000;

	for (;;) {
		uint32_t seen = atomic_load(&d->wakeups);
		uint64_t now;
		int ret, ms;

		sim_lock(w);
		ret = done(arg);
		sim_unlock(w);
		if (ret)
			return ret < 0 ? ret : 0;
		now = sim_now();
		if (now >= end)
			return -ETIMEDOUT;
		ms = (int)((end - now + 999999) / 1000000);
		if (take_lead(d))
			lead(d, w->near[dom].wake, ms);
		else
			follow(d, seen, ms);
	}
}
