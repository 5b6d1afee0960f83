// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Talking to a worker. Every question has to be answered in time, or the
 * worker is killed; one timer is enough, because the worker takes one question
 * after the other.
 *
 * A worker faces the guest, so what it says is believed only where it fits
 * what it was asked: anything else ends it. It can harm the disks of its own
 * guest, which it could do anyway, and nobody else's.
 */
#include "backend/dialog.h"

#include <errno.h>
#include <unistd.h>

#include "backend/disk.h"
#include "backend/log.h"
#include "backend/minder.h"
#include "backend/text.h"

#define DIALOG_ANSWER_MS 5000
#define DIALOG_STOP_MS   3000
#define DIALOG_BURST     64	/* messages taken before others get a turn */
#define DIALOG_REFUSALS  2	/* workers replaced for what they can't serve */

/* The answer that is still due, if one is; otherwise no timer. */
void dialog_watch(struct guest *g)
{
	const struct disk *d;
	bool due = g->status == GUEST_STARTING || g->dropping;

	LIST_FOREACH(d, &g->disks, link)
		due = due || d->status == DISK_ADDING ||
		      d->status == DISK_REMOVING;
	if (g->status == GUEST_STOPPING)
		loop_arm(g->env->loop, &g->timer, DIALOG_STOP_MS);
	else if (due)
		loop_arm(g->env->loop, &g->timer, DIALOG_ANSWER_MS);
	else
		loop_disarm(&g->timer);
}

/* Whatever it still has to say. */
static void dialog_close_ears(struct guest *g)
{
	loop_remove(g->env->loop, &g->messages);
	g->messages.fd = -1;
}

void dialog_kill(struct guest *g, const char *why)
{
	dialog_close_ears(g);
	if (!g->reason[0])
		text_set(g->reason, sizeof(g->reason), "%s", why);
	log_error("dom%u: killing worker %d: %s", g->domid,
		  (int)g->worker.pid, why);
	spawn_kill(&g->worker);
}

/* What can't be sent ends the worker, and its end is dealt with there. */
static void dialog_put(struct guest *g, const struct proto_msg *msg, int fd)
{
	int ret = proto_send(g->worker.sock, msg, fd);

	if (ret && ret != -EPIPE)
		dialog_kill(g, "the worker does not read its messages");
}

void dialog_send_start(struct guest *g)
{
	const struct config *c = g->env->config;
	struct proto_msg msg = { .type = PROTO_START };

	msg.start.version = PROTO_VERSION;
	msg.start.domid = g->domid;
	msg.start.attach = g->attach;
	msg.start.log_level = log_get_level();
	msg.start.bucket_size = c->bucket_size;
	msg.start.grant_io = c->grant_io;
	msg.start.foreign_budget = c->foreign_budget;
	msg.start.grant_budget = c->grant_budget;
	msg.start.pool_size = c->pool_size;
	dialog_put(g, &msg, g->state_fd);
	dialog_watch(g);
}

void dialog_send_add(struct disk *disk)
{
	struct proto_msg msg;

	disk_describe(disk, &msg);
	disk->status = DISK_ADDING;
	dialog_put(disk->guest, &msg, disk->image.fd);
	dialog_watch(disk->guest);
}

void dialog_send_remove(struct disk *disk)
{
	struct proto_msg msg = {
		.type = PROTO_DISK_REMOVE,
		.slot = { .slot = disk->slot },
	};

	disk->status = DISK_REMOVING;
	dialog_put(disk->guest, &msg, -1);
	dialog_watch(disk->guest);
}

void dialog_send_orphans(struct guest *guest)
{
	struct proto_msg msg = { .type = PROTO_DISK_REMOVE };
	/* One answer clears the bit: a slot is said again when it has come. */
	uint32_t orphans = guest->orphans & ~guest->dropping;

	if (!orphans)
		return;
	guest->orphans &= ~orphans;
	guest->dropping |= orphans;
	for (uint32_t i = 0; i < STATE_MAX_DISKS; i++) {
		msg.slot.slot = i;
		if (orphans >> i & 1)
			dialog_put(guest, &msg, -1);
	}
	dialog_watch(guest);
}

void dialog_send(struct guest *guest, enum proto_type type)
{
	struct proto_msg msg = { .type = type };

	dialog_put(guest, &msg, -1);
	dialog_watch(guest);
}

static struct disk *dialog_find(struct guest *g, uint32_t slot,
				enum disk_status status)
{
	struct disk *d;

	LIST_FOREACH(d, &g->disks, link)
		if (d->slot == slot && d->status == status)
			return d;
	return NULL;
}

static bool dialog_disk_ready(struct guest *g, uint32_t slot)
{
	struct disk *d = dialog_find(g, slot, DISK_ADDING);

	if (!d)
		return false;
	if (g->env->stopping)
		d->status = DISK_RUNNING;
	else
		disk_set_running(d);
	if (d->leaving && !g->env->stopping)
		dialog_send_remove(d);
	return true;
}

/*
 * A guest that runs needs the disk, and what one worker could not do, for want
 * of memory perhaps, the next may. Not without end: the guest's other disks
 * stand still meanwhile.
 */
static bool dialog_replace(struct guest *g, struct disk *d, const char *why)
{
	if (d->fresh || d->leaving || g->status != GUEST_READY ||
	    d->refusals == DIALOG_REFUSALS)
		return false;
	d->refusals++;
	dialog_kill(g, why[0] ? why : "it can't serve a disk and does not say why");
	return true;
}

static bool dialog_disk_failed(struct guest *g, struct proto_error *error)
{
	struct disk *d = dialog_find(g, error->slot, DISK_ADDING);

	if (!d)
		return false;
	if (dialog_replace(g, d, text_clean(error->text)))
		return true;
	image_release(&d->image);
	if (d->leaving)
		disk_set_closed(d);
	else
		disk_set_failed(d, text_clean(error->text));
	return true;
}

static bool dialog_disk_removed(struct guest *g, uint32_t slot)
{
	struct disk *d;

	/* Asked before a disk could get the slot, so answered before. */
	if (slot < STATE_MAX_DISKS && (g->dropping >> slot & 1)) {
		g->dropping &= ~(1u << slot);
		return true;
	}
	d = dialog_find(g, slot, DISK_REMOVING);
	if (!d)
		return false;
	image_release(&d->image);
	disk_set_closed(d);
	return true;
}

/* False for what it was not asked. */
static bool dialog_message(struct guest *g, struct proto_msg *msg)
{
	switch (msg->type) {
	case PROTO_READY:
		if (g->status == GUEST_STARTING)
			g->status = GUEST_READY;
		else
			return g->status != GUEST_READY;
		minder_advance(g);
		return true;
	case PROTO_FAILED:
		if (g->reason[0])
			return false;
		text_set(g->reason, sizeof(g->reason), "%s",
			 msg->error.text[0] ? text_clean(msg->error.text) :
			 "the worker gave up and did not say why");
		return true;
	case PROTO_DISK_READY:
		return dialog_disk_ready(g, msg->slot.slot);
	case PROTO_DISK_FAILED:
		return dialog_disk_failed(g, &msg->error);
	case PROTO_DISK_REMOVED:
		return dialog_disk_removed(g, msg->slot.slot);
	default:
		return false;
	}
}

/* Everything that is there, as far as one turn goes. */
void dialog_receive(struct guest *g)
{
	struct proto_msg msg;
	int fd, ret;

	for (int i = 0; i < DIALOG_BURST && g->messages.fd >= 0; i++) {
		ret = proto_recv(g->worker.sock, &msg, &fd);
		if (ret == -EAGAIN)
			break;
		if (ret == 0) {
			/* It is ending, and soon; its exit says how. */
			dialog_close_ears(g);
			loop_arm(g->env->loop, &g->timer, DIALOG_STOP_MS);
			return;
		}
		if (ret == 1 && fd < 0 && dialog_message(g, &msg))
			continue;
		if (ret == 1 && fd >= 0)
			close(fd);
		dialog_kill(g, "the worker said what makes no sense");
		return;
	}
	if (g->status == GUEST_READY || g->status == GUEST_STARTING)
		dialog_watch(g);
}
