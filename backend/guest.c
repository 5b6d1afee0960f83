// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A guest's disks over their life: claimed, served, left, closed. What the
 * worker does about it is in minder.c; this file decides what should be.
 *
 * A disk that is left goes through the worker (DISK_REMOVE) unless the worker
 * never heard of it. State 6 is written when nothing of the guest's is mapped
 * any more: at once while other disks are served, else when the worker has
 * ended. The state file goes with the last disk, but stays while a running
 * guest waits for a disk that could not be taken up again.
 */
#include "backend/guest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "backend/dialog.h"
#include "backend/disk.h"
#include "backend/log.h"
#include "backend/minder.h"
#include "backend/statefile.h"
#include "backend/text.h"

/* What is busy is tried again, less often once that has taken long. */
#define GUEST_RETRY_MS      200
#define GUEST_RETRY_SLOW_MS 5000

void guest_print_uuid(const struct domain_info *info, char *text)
{
	const uint8_t *u = info->uuid;

	snprintf(text, GUEST_UUID_LEN,
		 "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
		 u[0], u[1], u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9],
		 u[10], u[11], u[12], u[13], u[14], u[15]);
}

int guest_open(struct guest **guest, struct guest_env *env, uint32_t domid)
{
	struct guest *g = calloc(1, sizeof(*g));
	int ret;

	*guest = NULL;
	if (!g)
		return -ENOMEM;
	ret = domains_info(env->domains, domid, &g->info);
	if (!ret && g->info.dying)
		ret = -ENOENT;
	if (ret) {
		free(g);
		return ret;
	}
	g->env = env;
	g->domid = domid;
	g->state_fd = -1;
	g->worker = (struct spawn)SPAWN_NONE;
	LIST_INIT(&g->disks);
	guest_print_uuid(&g->info, g->uuid);
	node_guest_name(env->store, domid, g->name);
	minder_init(g);
	*guest = g;
	return 0;
}

void guest_close(struct guest *guest)
{
	while (!LIST_EMPTY(&guest->disks))
		disk_close(LIST_FIRST(&guest->disks));
	minder_fini(guest);
	if (guest->state_fd >= 0)
		close(guest->state_fd);
	free(guest);
}

bool guest_is_over(const struct guest *guest)
{
	return LIST_EMPTY(&guest->disks) && guest->status == GUEST_IDLE;
}

struct disk *guest_find_disk(struct guest *guest, const struct node *node)
{
	struct disk *d;

	LIST_FOREACH(d, &guest->disks, link)
		if (d->node.kind == node->kind && d->node.devid == node->devid)
			return d;
	return NULL;
}

bool guest_wants(const struct guest *guest, const struct node *node)
{
	char vdev[NODE_VDEV_LEN];
	struct config_disk c;

	if (node->kind == NODE_DISK)
		return true;
	node_generic_name(node, vdev);
	config_for_disk(guest->env->config, guest->name, guest->uuid, vdev, &c);
	return c.path[0] != '\0';
}

static int guest_read_file(const struct guest *guest, int fd,
			   struct state **copy)
{
	struct state *s = malloc(sizeof(*s));
	int ret = s ? statefile_read(fd, s) : -ENOMEM;

	if (!ret)
		ret = state_check(s, sizeof(*s), guest->domid,
				  guest->info.uuid);
	*copy = ret ? NULL : s;
	if (ret)
		free(s);
	return ret;
}

bool guest_had(const struct guest *guest, const struct node *node)
{
	int own = guest->state_fd;
	int fd = own >= 0 ? own : statefile_open(guest->env->runtime_dir,
						 guest->domid,
						 guest->info.uuid);
	struct state *s;
	bool had = false;

	if (fd < 0)
		return false;
	if (!guest_read_file(guest, fd, &s)) {
		for (uint32_t i = 0; i < STATE_MAX_DISKS; i++)
			had = had || (s->disk[i].used &&
				      s->disk[i].devid == node->devid);
		free(s);
	}
	if (fd != own)
		close(fd);
	return had;
}

/* Coming. */

/*
 * The state to go on from; for a fresh disk a new one if there is none. Its
 * lock settles who serves a guest: the manager and its worker hold it.
 */
static int guest_open_state(struct guest *g, bool fresh, char *text,
			    size_t len)
{
	int dir = g->env->runtime_dir;
	int fd;

	if (g->state_fd >= 0)
		return 0;
	g->attach = true;
	fd = fresh ? statefile_create(dir, g->domid, g->info.uuid, &g->attach) :
		statefile_open(dir, g->domid, g->info.uuid);
	if (fd >= 0) {
		g->state_fd = fd;
		return 0;
	}
	if (fd == -EBUSY)
		text_set(text, len, "another process serves this guest, or an earlier worker of it has not ended (lslocks shows who holds %s/%u.state)",
			 g->env->config->runtime_dir, g->domid);
	else if (fresh)
		text_set(text, len, "%s/%u.state can't be made: %s",
			 g->env->config->runtime_dir, g->domid,
			 log_strerror(fd));
	else
		text_set(text, len, "%s/%u.state, where the guest's device was saved, can't be used: %s; without it the guest waits for its disk until it is destroyed",
			 g->env->config->runtime_dir, g->domid,
			 log_strerror(fd));
	return fd;
}

static int guest_prepare(struct disk *d, char *text, size_t len)
{
	struct guest *g = d->guest;
	int ret;

	if (g->status == GUEST_STOPPING) {
		text_set(text, len, "the guest's previous worker does not end");
		return -EBUSY;
	}
	ret = disk_read(d, text, len);
	if (ret)
		return ret;
	ret = guest_open_state(g, d->fresh, text, len);
	if (ret == -ENOENT && !d->fresh && d->others) {
		/* They closed it after this scan had read its state. */
		text_set(text, len, "the process that served it has ended");
		d->others = false;
		return -EBUSY;
	}
	d->others = ret == -EBUSY;
	return ret ? ret : disk_prepare(d, text, len);
}

static void guest_retry(struct guest *g, int ms)
{
	if (!g->env->retry_ms || ms < g->env->retry_ms)
		g->env->retry_ms = ms;
}

void guest_try(struct disk *disk)
{
	struct guest *g = disk->guest;
	char text[TEXT_LEN];
	int ret;

	if (disk->status != DISK_NEW)
		return;
	ret = guest_prepare(disk, text, sizeof(text));
	if (ret == -EBUSY && !disk->fresh && loop_now() >= disk->patience) {
		/* There is nothing better to do for a guest that runs. */
		log_warning("%s (%s): still waiting: %s", disk->name, g->name,
			    text);
		disk->patience = INT64_MAX;
	}
	if (ret == -EBUSY && loop_now() < disk->patience) {
		log_debug("%s: %s", disk->name, text);
		guest_retry(g, disk->patience == INT64_MAX ?
			    GUEST_RETRY_SLOW_MS : GUEST_RETRY_MS);
		return;
	}
	if (ret)
		disk_set_failed(disk, text);
	else
		minder_advance(g);
	guest_settle(g);
}

int guest_claim(struct guest *guest, const struct node *node, bool fresh)
{
	struct disk *d = disk_open(guest, node, fresh);

	if (!d)
		return -ENOMEM;
	d->seen = true;
	guest_try(d);
	return 0;
}

/* Going. */

void guest_leave(struct disk *disk)
{
	switch (disk->status) {
	case DISK_NEW:
	case DISK_WAITING:
	case DISK_FAILED:
		disk_orphan(disk);
		disk_set_closed(disk);
		break;
	case DISK_ADDING:
		disk->leaving = true;
		break;
	case DISK_RUNNING:
		dialog_send_remove(disk);
		break;
	case DISK_REMOVING:
	case DISK_CLOSED:
		break;
	}
}

static bool guest_has(const struct guest *g, enum disk_status from,
		      enum disk_status to)
{
	const struct disk *d;

	LIST_FOREACH(d, &g->disks, link)
		if (d->status >= from && d->status <= to)
			return true;
	return false;
}

/* A guest that runs waits for a disk that we could not take up, or not yet. */
static bool guest_is_stuck(const struct guest *g)
{
	const struct disk *d;

	LIST_FOREACH(d, &g->disks, link)
		if ((d->status == DISK_FAILED || d->status == DISK_NEW) &&
		    !d->fresh)
			return true;
	return false;
}

int guest_read_state(const struct guest *guest, struct state **copy)
{
	return guest_read_file(guest, guest->state_fd, copy);
}

/*
 * A worker that ended unasked has left its ioreq server in Xen, and there is no
 * disk to come that needs it.
 */
static bool guest_leaves_server(const struct guest *g)
{
	struct state *s;
	bool has;

	if (g->state_fd < 0 || guest_has(g, DISK_NEW, DISK_NEW) ||
	    guest_is_stuck(g) || guest_read_state(g, &s))
		return false;
	has = s->server != STATE_NO_SERVER;
	free(s);
	return has;
}

static void guest_finish_closed(struct guest *g)
{
	struct disk *d, *next;
	bool others;
	int ret;

	for (d = LIST_FIRST(&g->disks); d; d = next) {
		next = LIST_NEXT(d, link);
		if (d->status != DISK_CLOSED)
			continue;
		/*
		 * Not over the head of whoever serves it; but should they end
		 * without, a scan finds it closing and unserved.
		 */
		others = d->others || (g->state_fd < 0 &&
				       statefile_is_locked(g->env->runtime_dir,
							   g->domid));
		ret = others ? 0 : node_set_closed(&d->node);
		if (others)
			guest_retry(g, GUEST_RETRY_MS);
		if (ret)
			log_error("%s: state 6 can't be written to xenstore: %s",
				  d->name, log_strerror(ret));
		if (d->served)
			log_info("%s: gone", d->name);
		disk_close(d);
	}
}

void guest_settle(struct guest *guest)
{
	struct guest *g = guest;

	if (guest_has(g, DISK_WAITING, DISK_REMOVING)) {
		if (g->status == GUEST_READY)
			dialog_send_orphans(g);
		guest_finish_closed(g);
		return;
	}
	minder_stop(g, guest_is_stuck(g));
	if (g->status != GUEST_IDLE)
		return;
	if (guest_leaves_server(g) && minder_clean(g))
		return;
	/* Before the lock goes: who gets it must not find a disk without state. */
	guest_finish_closed(g);
	if (g->state_fd >= 0 && !guest_has(g, DISK_NEW, DISK_NEW)) {
		if (!guest_is_stuck(g))
			statefile_remove(g->env->runtime_dir, g->domid,
					 g->state_fd);
		close(g->state_fd);
		g->state_fd = -1;
	}
}

void guest_reload(struct guest *guest)
{
	minder_reload(guest);
	guest_settle(guest);
}

void guest_detach(struct guest *guest)
{
	minder_detach(guest);
}
