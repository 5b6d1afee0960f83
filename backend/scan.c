// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The scan compares what xenstore has with what we have, and acts on the
 * difference. It may be repeated at any time and then does nothing more:
 *
 *   node's state   unknown disk            known disk
 *   1              claim it                (on its way; say 2 again)
 *   2, 4           take it up again        (served)
 *   5, online=0    write 6                 leave
 *   6              nothing                 leave
 *   gone           -                       leave
 *
 * A disk whose guest is dead is left as well, whatever its node says.
 */
#include "backend/scan.h"

#include <errno.h>
#include <string.h>

#include "backend/disk.h"
#include "backend/log.h"
#include "backend/runtime.h"
#include "backend/statefile.h"

#define SCAN_RETRY_MS   200	/* for what others are still closing */
#define SCAN_TELL_MS    1000	/* and what libxl could not be told */
#define SCAN_UNSWEPT_MS 1000	/* and what a worker still has of a dead guest */

static struct guest *scan_find(struct manager *m, uint32_t domid)
{
	struct guest *g;

	LIST_FOREACH(g, &m->guests, link)
		if (g->domid == domid)
			return g;
	return NULL;
}

static void scan_insert(struct manager *m, struct guest *guest)
{
	struct guest *g, *before = NULL;

	LIST_FOREACH(g, &m->guests, link)
		if (g->domid < guest->domid)
			before = g;
	if (before)
		LIST_INSERT_AFTER(before, guest, link);
	else
		LIST_INSERT_HEAD(&m->guests, guest, link);
}

static void scan_claim(struct guest *g, const struct node *node, bool fresh)
{
	int ret = guest_claim(g, node, fresh);

	if (ret)
		log_error("dom%u: disk %u can't be looked at: %s", node->domid,
			  node->devid, log_strerror(ret));
}

/*
 * Nobody serves it here. If somebody else does, 6 is theirs to write: what they
 * have of the guest may still be mapped.
 */
static void scan_finish_removal(struct manager *m, const struct guest *g,
				const struct node *node)
{
	int ret;

	if ((!g || g->state_fd < 0) &&
	    statefile_is_locked(m->env.runtime_dir, node->domid)) {
		m->env.retry_ms = SCAN_RETRY_MS;
		return;
	}
	ret = node_set_closed(node);
	if (ret)
		log_error("dom%u: state 6 of disk %u can't be written to xenstore: %s",
			  node->domid, node->devid, log_strerror(ret));
	else
		log_info("dom%u: disk %u was not served any more; gone",
			 node->domid, node->devid);
}

/*
 * A generic device that nobody serves, though its guest has used it with us. It may
 * be that a device model is to come back, so nothing is done about it.
 */
static void scan_lost(struct manager *m, const struct guest *g,
		      const struct node *node)
{
	log_warning("dom%u/virtio%u (%s): the guest has used it, nobody serves it, and the configuration has no image for it; put it right, then %s",
		    node->domid, node->devid, g->name, m->again);
}

static void scan_unknown(struct manager *m, struct guest *g,
			 const struct node *node, unsigned int state,
			 bool online)
{
	bool served = state == NODE_INIT_WAIT || state == NODE_CONNECTED;

	if (!guest_wants(g, node)) {
		if (served && m->config_new && guest_had(g, node))
			scan_lost(m, g, node);
		return;
	}
	if (state == NODE_INITIALISING && online)
		scan_claim(g, node, true);
	else if (served)
		scan_claim(g, node, false);
	else if (state == NODE_CLOSING && !online)
		scan_finish_removal(m, g, node);
}

/*
 * What had failed is looked at anew when there is a new configuration. It leaves
 * the list only to come back at once: a guest that runs and waits for nothing
 * loses its state and its ioreq server.
 */
static void scan_failed(struct manager *m, struct disk *d,
			const struct node *node, unsigned int state,
			bool online)
{
	struct guest *g = d->guest;

	d->seen = true;
	if (d->fresh || guest_wants(g, node))
		disk_close(d);
	scan_unknown(m, g, node, state, online);
}

/*
 * It is served, and state 2 could not be written. Nobody but libxl may wait for it,
 * but who comes after us must not take a disk in use for a fresh one.
 */
static void scan_tell(struct manager *m, struct disk *d)
{
	int ret = disk_tell_ready(d);

	if (ret && ret != -ESTALE)
		m->env.retry_ms = SCAN_TELL_MS;
}

/* Of a guest that has no disk here yet; it stays if it gets one. */
static void scan_new_guest(struct manager *m, const struct node *node,
			   unsigned int state, bool online)
{
	struct guest *g;
	int ret = guest_open(&g, &m->env, node->domid);

	if (ret == -ENOENT)
		return;	/* left over by a guest that is no more */
	if (ret) {
		log_error("dom%u: can't be looked at: %s", node->domid,
			  log_strerror(ret));
		return;
	}
	scan_insert(m, g);
	scan_unknown(m, g, node, state, online);
}

static void scan_node(void *arg, const struct node *node,
			 unsigned int state, bool online)
{
	struct manager *m = arg;
	struct guest *g = scan_find(m, node->domid);
	struct disk *d = g ? guest_find_disk(g, node) : NULL;
	bool closing = state == NODE_CLOSING && !online;
	bool going = state == NODE_CLOSED || closing || m->leaving;

	if (d && d->status == DISK_FAILED && m->config_new && !going) {
		scan_failed(m, d, node, state, online);
	} else if (d) {
		d->seen = true;
		if (going)
			guest_leave(d);
		else if (state == NODE_INITIALISING &&
			 d->status == DISK_RUNNING)
			scan_tell(m, d);
		else
			guest_try(d);
		guest_settle(g);
	} else if (m->leaving) {
		return;
	} else if (closing && node->kind == NODE_DISK) {
		scan_finish_removal(m, g, node);
	} else if (g) {
		scan_unknown(m, g, node, state, online);
	} else {
		scan_new_guest(m, node, state, online);
	}
}

static bool scan_guest_alive(struct manager *m, const struct guest *g)
{
	struct domain_info now;
	int ret = domains_info(m->env.domains, g->domid, &now);

	if (ret && ret != -ENOENT) {
		log_error("dom%u: Xen does not say whether it lives: %s",
			  g->domid, log_strerror(ret));
		return true;
	}
	return !ret && !now.dying &&
	       !memcmp(now.uuid, g->info.uuid, sizeof(now.uuid));
}

/* Disks that were not seen, and all of guests that are dead. */
static void scan_leave_gone(struct manager *m, struct guest *g)
{
	bool alive = !m->released || scan_guest_alive(m, g);
	struct disk *d;

	LIST_FOREACH(d, &g->disks, link)
		if (!alive || !d->seen)
			guest_leave(d);
	guest_settle(g);
}

static void scan_reap(struct manager *m)
{
	struct guest *g, *next;

	for (g = LIST_FIRST(&m->guests); g; g = next) {
		next = LIST_NEXT(g, link);
		if (!guest_is_over(g))
			continue;
		LIST_REMOVE(g, link);
		guest_close(g);
	}
}

/* The state of a guest that is no more. */
static void scan_sweep_one(void *arg, uint32_t domid)
{
	struct manager *m = arg;
	struct domain_info info;
	int ret;

	if (scan_find(m, domid))
		return;
	ret = domains_info(m->env.domains, domid, &info);
	if (ret != -ENOENT && (ret || !info.dying))
		return;
	log_debug("dom%u: is no more, removing its state", domid);
	ret = statefile_sweep(m->env.runtime_dir, domid);
	if (!ret)
		runtime_remove_control(m->env.runtime_dir, domid);
	else if (ret == -EBUSY)
		m->unswept = true;
}

int scan_run(struct manager *m)
{
	struct guest *g;
	struct disk *d;
	int ret;

	m->env.rescan = false;
	m->env.retry_ms = 0;
	LIST_FOREACH(g, &m->guests, link)
		LIST_FOREACH(d, &g->disks, link)
			d->seen = false;
	ret = node_for_each(m->env.store, &m->scope, scan_node, m);
	if (ret)
		return ret;
	LIST_FOREACH(g, &m->guests, link)
		scan_leave_gone(m, g);
	scan_reap(m);
	m->unswept = false;
	if (m->released)
		statefile_for_each(m->env.runtime_dir, scan_sweep_one, m);
	m->config_new = false;
	m->released = m->unswept;
	if (m->unswept && !m->env.retry_ms)
		m->env.retry_ms = SCAN_UNSWEPT_MS;
	if (m->env.retry_ms)
		loop_arm(&m->loop, &m->retry, m->env.retry_ms);
	return 0;
}
