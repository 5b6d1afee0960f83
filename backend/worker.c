// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * xen-vblk-worker: one guest, all its disks, one thread. The manager hands in
 * a socket, and over it the state and the images; there are no paths here and
 * no xenstore. The loop at the end is the corridor, and aio_wait() the only
 * place where it sleeps.
 *
 * Access order: a vCPU stands still until its access is answered, so accesses
 * are answered before any ring is walked. An access that needs requests to
 * finish first waits in waiting[] and is asked again each round.
 */
#include "backend/worker.h"

#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "backend/aio.h"
#include "backend/isolate.h"
#include "mapcache/mapcache.h"

/* Between two tries to raise an interrupt that failed. */
#define WORKER_IRQ_RETRY_NS (10 * INT64_C(1000000))

static void worker_find(struct worker *w, struct worker_access *a)
{
	for (uint32_t i = 0; i < STATE_MAX_DISKS && !a->dev; i++)
		if (w->dev[i] && transport_owns(w->dev[i]->vdev.reg, &a->acc,
						&a->offset))
			a->dev = w->dev[i];
}

/* After a restart: one for a disk that has not been handed in yet. */
static bool worker_expects(struct worker *w, const struct ioreq_access *acc)
{
	uint64_t offset;

	for (uint32_t i = 0; w->attach && i < STATE_MAX_DISKS; i++)
		if (w->state->disk[i].used &&
		    transport_owns(&w->state->disk[i], acc, &offset))
			return true;
	return false;
}

static enum device_answer worker_access(struct worker *w,
					struct worker_access *a)
{
	if (a->acc.kind == IOREQ_UNMAP_ALL) {
		mapcache_invalidate(w->engine.mc);
		return DEVICE_DONE;
	}
	if (a->acc.kind == IOREQ_OTHER)
		return DEVICE_DONE;
	worker_find(w, a);
	if (a->dev)
		return transport_access(&w->transport, a->dev, a->offset,
					&a->acc, &a->effect);
	if (worker_expects(w, &a->acc))
		return DEVICE_WAIT;
	/* Its range was removed while it was on the way. */
	a->acc.data = UINT64_MAX;
	return DEVICE_DONE;
}

/* Now, or it joins those that wait. */
static int worker_answer(struct worker *w, struct worker_access *a)
{
	if (worker_access(w, a) == DEVICE_DONE)
		return ioreq_done(w->io, &a->acc);
	w->waiting[w->nwaiting++] = *a;
	return 0;
}

/* A round's worth: vCPUs that never stop asking must not stop the rest. */
static int worker_accesses(struct worker *w)
{
	int more = 1;

	for (uint32_t i = 0; i < 2 * ioreq_vcpus(w->io) && more; i++) {
		struct worker_access a = { .dev = NULL };
		int ret;

		more = ioreq_next(w->io, &a.acc);
		ret = more > 0 ? worker_answer(w, &a) : more;
		if (ret)
			return ret;
		if (a.acc.last)
			more = 0;
	}
	/* Stopped short, there may be more: no new event will say so. */
	w->accesses = more;
	return 0;
}

static int worker_retry_waiting(struct worker *w)
{
	uint32_t n = w->nwaiting;
	int ret = 0;

	w->nwaiting = 0;
	for (uint32_t i = 0; i < n && !ret; i++) {
		struct worker_access a = w->waiting[i];

		ret = worker_answer(w, &a);
	}
	/* One that was answered may have kicked a queue, or broken one. */
	if (w->nwaiting < n)
		w->again = true;
	return ret;
}

static void worker_reap(struct worker *w)
{
	/* What its handling adds is for the next round. */
	uint32_t n = aio_ready(w->engine.aio);
	struct aio_event e;

	while (n-- && aio_reap(w->engine.aio, &e)) {
		if (e.tag == &w->accesses)
			w->accesses = true;
		else if (e.tag == &w->messages)
			w->messages = true;
		else
			request_complete(e.tag, e.result);
	}
}

static bool worker_serve(struct worker *w)
{
	bool more = false;

	for (uint32_t i = 0; i < STATE_MAX_DISKS; i++)
		if (w->dev[i])
			more = device_serve(w->dev[i]) || more;
	return more;
}

static void worker_notify(struct worker *w)
{
	w->irq_owed = false;
	for (uint32_t i = 0; i < STATE_MAX_DISKS; i++) {
		struct device *dev = w->dev[i];
		int ret;

		if (!dev)
			continue;
		device_publish(dev);
		if (!dev->events && !dev->irq_owed)
			continue;
		ret = transport_notify(&w->transport, dev);
		if (!ret)
			continue;
		/* The guest waits for it: tried again in the next rounds. */
		log_guest(&w->limit, dev->name, "interrupt failed: %s",
			  log_strerror(ret));
		w->irq_owed = true;
	}
}

/* 1 when the worker is done. */
static int worker_progress(struct worker *w)
{
	bool idle = worker_disks_idle(w);
	int ret = worker_retry_waiting(w);

	if (ret)
		return ret;
	return (w->detaching || w->stopping) && idle;
}

/* Nanoseconds until a ring wants to be looked at; -1: none does. */
static int64_t worker_look(struct worker *w)
{
	int64_t earliest = 0;
	struct timespec t;
	int64_t now;

	clock_gettime(CLOCK_MONOTONIC, &t);
	now = t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
	for (uint32_t i = 0; i < STATE_MAX_DISKS; i++)
		if (w->dev[i])
			earliest = device_look(w->dev[i], now, earliest);
	if (w->again || w->accesses || w->messages)
		return 0;
	if (w->irq_owed && (!earliest || earliest > now + WORKER_IRQ_RETRY_NS))
		earliest = now + WORKER_IRQ_RETRY_NS;
	if (!earliest)
		return -1;
	return earliest > now ? earliest - now : 0;
}

static int worker_run(struct worker *w)
{
	bool more = false;
	int ret;

	for (;;) {
		ret = aio_wait(w->engine.aio, more ? 0 : worker_look(w));
		if (ret)
			break;
		w->again = false;
		worker_look(w);
		worker_reap(w);
		if (w->accesses)
			ret = worker_accesses(w);
		if (ret < 0)
			break;
		if (w->messages)
			worker_messages(w);
		more = worker_serve(w);
		ret = aio_submit(w->engine.aio);
		if (ret)
			break;
		worker_reap(w);
		engine_settle(&w->engine, queue_return);
		worker_notify(w);
		ret = worker_progress(w);
		if (ret > 0)
			return 0;
		if (ret)
			break;
	}
	log_error("dom%u: the worker can't go on: %s", w->domid,
		  log_strerror(ret));
	return ret;
}

int main(int argc, char **argv)
{
	static struct worker worker = { .sock = PROTO_WORKER_FD };
	struct stat st;
	int ret;

	log_init("xen-vblk-worker", LOG_LEVEL_INFO);
	if (argc > 2 || (argc == 2 && argv[1][0] == '-') ||
	    fstat(PROTO_WORKER_FD, &st) || !S_ISSOCK(st.st_mode)) {
		fprintf(stderr, "xen-vblk-worker is started by xen-vblkd, see xen-vblkd(8)\n");
		return 2;
	}
	/* The manager decides when we end; a terminal's ^C goes to it too. */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	ret = isolate_begin(PROTO_WORKER_FD);
	if (!ret)
		ret = worker_start(&worker);
	if (!ret)
		ret = worker_run(&worker);
	else
		worker.stopping = !worker.attach;
	worker_close(&worker);
	return ret ? 1 : 0;
}
