// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The worker of one guest, from spawn to exit. A worker that ended without
 * being told to is replaced, at growing intervals, and the new one goes on
 * from the state. What is said to a worker and what it answers is in dialog.c.
 *
 * The kernel may go on with a dead worker's requests for seconds. So the new
 * one gets an image only when it could be locked again by a new open file,
 * which is when the old one is gone, and with it the last such request.
 */
#include "backend/minder.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "backend/dialog.h"
#include "backend/disk.h"
#include "backend/log.h"
#include "backend/text.h"

#define MINDER_BACKOFF_MS 100	/* doubled with each death */
#define MINDER_RETAKE_MS  100

/* Start. */

static int minder_spawn(struct guest *g)
{
	struct loop *loop = g->env->loop;
	int ret = spawn_worker(&g->worker, g->env->config->worker, g->domid);

	if (ret) {
		text_set(g->reason, sizeof(g->reason), "%s can't be run: %s",
			 g->env->config->worker, log_strerror(ret));
		return ret;
	}
	g->messages.fd = g->worker.sock;
	g->exit.fd = g->worker.pidfd;
	ret = loop_add(loop, &g->messages);
	if (!ret)
		ret = loop_add(loop, &g->exit);
	if (!ret)
		return 0;
	/* Without ears we are of no use to it. */
	loop_remove(loop, &g->messages);
	spawn_abort(&g->worker);
	text_set(g->reason, sizeof(g->reason), "a worker can't be listened to: %s",
		 log_strerror(ret));
	return ret;
}

static void minder_lost(struct guest *g);

static void minder_start(struct guest *g)
{
	g->reason[0] = '\0';
	if (minder_spawn(g)) {
		log_error("dom%u (%s): %s", g->domid, g->name, g->reason);
		minder_lost(g);
		return;
	}
	log_debug("dom%u: worker %d started%s", g->domid,
		  (int)g->worker.pid, g->attach ? ", going on" : "");
	g->status = GUEST_STARTING;
	dialog_send_start(g);
}

void minder_advance(struct guest *guest)
{
	struct guest *g = guest;
	struct disk *d;
	bool waiting = false;

	if (g->env->stopping)
		return;
	/* First: a disk to come may be where one of them was. */
	if (g->status == GUEST_READY)
		dialog_send_orphans(g);
	LIST_FOREACH(d, &g->disks, link) {
		if (d->status != DISK_WAITING || d->image.lapsed)
			continue;
		waiting = true;
		if (g->status != GUEST_READY)
			continue;
		dialog_send_add(d);
	}
	if (waiting && g->status == GUEST_IDLE)
		minder_start(g);
	else if (g->status == GUEST_READY)
		dialog_watch(g);
}

/* End. */

void minder_stop(struct guest *guest, bool stuck)
{
	loop_disarm(&guest->retake);
	switch (guest->status) {
	case GUEST_STARTING:
	case GUEST_READY:
		guest->status = GUEST_STOPPING;
		dialog_send(guest, stuck ? PROTO_DETACH : PROTO_STOP);
		break;
	case GUEST_BACKOFF:
	case GUEST_LOST:
		loop_disarm(&guest->timer);
		guest->status = GUEST_IDLE;
		break;
	default:
		break;
	}
}

void minder_detach(struct guest *guest)
{
	loop_disarm(&guest->retake);
	if (guest->status == GUEST_BACKOFF)
		guest->status = GUEST_IDLE;
	if (guest->status != GUEST_STOPPING)
		loop_disarm(&guest->timer);
	if (guest->status != GUEST_STARTING && guest->status != GUEST_READY)
		return;
	guest->status = GUEST_DETACHING;
	dialog_send(guest, PROTO_DETACH);
}

void minder_reload(struct guest *guest)
{
	if (guest->status != GUEST_LOST)
		return;
	memset(guest->death, 0, sizeof(guest->death));
	guest->status = GUEST_IDLE;
	minder_advance(guest);
}

/* How many there were lately, this one included. */
static unsigned int minder_count_death(struct guest *g)
{
	int64_t now = loop_now();
	unsigned int n = 1;

	memmove(&g->death[1], &g->death[0],
		sizeof(g->death) - sizeof(g->death[0]));
	g->death[0] = now;
	while (n < GUEST_DEATHS && g->death[n] &&
	       now - g->death[n] < GUEST_DEATHS_SPAN * 1000)
		n++;
	return n;
}

static bool minder_guest_alive(const struct guest *g)
{
	struct domain_info now;

	return !domains_info(g->env->domains, g->domid, &now) && !now.dying &&
	       !memcmp(now.uuid, g->info.uuid, sizeof(now.uuid));
}

bool minder_clean(struct guest *guest)
{
	if (guest->env->stopping || !minder_guest_alive(guest))
		return false;
	if (minder_count_death(guest) >= GUEST_DEATHS) {
		log_error("dom%u (%s): its ioreq server can't be taken away and stays in Xen until the guest ends: %s",
			  guest->domid, guest->name, guest->reason);
		return false;
	}
	guest->attach = true;
	minder_start(guest);
	/* It needs nothing else: the server goes with STOP. */
	minder_stop(guest, false);
	return guest->status != GUEST_IDLE;
}

/* Images whose old open file is gone are had again, the others later. */
static void minder_retake(struct guest *g)
{
	bool busy = false;
	struct disk *d;

	LIST_FOREACH(d, &g->disks, link)
		if (d->status == DISK_WAITING && d->image.lapsed &&
		    disk_retake(d))
			busy = true;
	if (busy)
		loop_arm(g->env->loop, &g->retake, MINDER_RETAKE_MS);
}

static void minder_retake_timer(struct loop_timer *timer)
{
	struct guest *g = timer->owner;

	minder_retake(g);
	minder_advance(g);
	guest_settle(g);
}

/*
 * It ended, or never began, while there was work to do. A disk that libxl
 * waits for fails: another try may take longer than libxl has patience. The
 * others belong to a guest that runs.
 */
static void minder_lost(struct guest *g)
{
	bool waiting = false;
	struct disk *d;
	unsigned int n;

	g->status = GUEST_IDLE;
	LIST_FOREACH(d, &g->disks, link) {
		if (d->status < DISK_WAITING || d->status > DISK_REMOVING)
			continue;
		if (d->status == DISK_REMOVING || d->leaving) {
			disk_orphan(d);
			disk_set_closed(d);
		} else if (d->fresh) {
			disk_orphan(d);
			disk_set_failed(d, g->reason);
		} else {
			if (d->status != DISK_WAITING)
				disk_lapse(d);
			waiting = true;
		}
	}
	if (!waiting)
		return;
	minder_retake(g);
	g->attach = true;
	n = minder_count_death(g);
	if (n >= GUEST_DEATHS) {
		g->status = GUEST_LOST;
		log_error("dom%u (%s): its worker ended %d times within %d s and is not started again; the guest waits for its disks. To try again, %s",
			  g->domid, g->name, GUEST_DEATHS, GUEST_DEATHS_SPAN,
			  g->env->again);
		return;
	}
	g->status = GUEST_BACKOFF;
	loop_arm(g->env->loop, &g->timer, MINDER_BACKOFF_MS << (n - 1));
}

static void minder_timer(struct loop_timer *timer)
{
	struct guest *g = timer->owner;

	if (g->status == GUEST_BACKOFF) {
		g->status = GUEST_IDLE;
		minder_advance(g);
		guest_settle(g);
	} else {
		dialog_kill(g, "the worker did not answer in time");
	}
}

static void minder_messages(struct loop_source *source)
{
	struct guest *g = source->owner;

	dialog_receive(g);
	guest_settle(g);
}

/* Exit. */

/* Told to end, with everything done or left for later: nothing is under way. */
static void minder_release_images(struct guest *g)
{
	struct disk *d;

	LIST_FOREACH(d, &g->disks, link)
		image_release(&d->image);
}

static void minder_exit(struct loop_source *source)
{
	struct guest *g = source->owner;
	enum guest_status before;
	char how[64];
	int pid = (int)g->worker.pid;
	bool failed;

	/* Its last words first. */
	dialog_receive(g);
	before = g->status;
	if (!spawn_reap(&g->worker, &failed, how, sizeof(how)))
		return;
	loop_remove(g->env->loop, &g->messages);
	loop_remove(g->env->loop, &g->exit);
	loop_disarm(&g->timer);
	g->orphans |= g->dropping;
	g->dropping = 0;
	if (before == GUEST_STOPPING || before == GUEST_DETACHING) {
		g->status = GUEST_IDLE;
		if (failed)
			log_warning("dom%u: worker %d was told to end and did, but with %s",
				    g->domid, pid, how);
		else
			minder_release_images(g);
	} else {
		log_error("dom%u (%s): worker %d ended, %s%s%s", g->domid,
			  g->name, pid, how, g->reason[0] ? ": " : "",
			  g->reason);
		if (!g->reason[0])
			text_set(g->reason, sizeof(g->reason),
				 "its worker ended with %s", how);
		minder_lost(g);
	}
	g->env->rescan = true;
	guest_settle(g);
}

void minder_init(struct guest *guest)
{
	guest->messages = (struct loop_source){
		.fd = -1, .events = POLLIN, .ready = minder_messages,
		.owner = guest,
	};
	guest->exit = (struct loop_source){
		.fd = -1, .events = POLLIN, .ready = minder_exit,
		.owner = guest,
	};
	guest->timer = (struct loop_timer){
		.fire = minder_timer, .owner = guest,
	};
	guest->retake = (struct loop_timer){
		.fire = minder_retake_timer, .owner = guest,
	};
}

void minder_fini(struct guest *guest)
{
	loop_disarm(&guest->timer);
	loop_disarm(&guest->retake);
	loop_remove(guest->env->loop, &guest->messages);
	loop_remove(guest->env->loop, &guest->exit);
	if (guest->worker.sock >= 0)
		close(guest->worker.sock);
	if (guest->worker.pidfd >= 0)
		close(guest->worker.pidfd);
}
