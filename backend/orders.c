// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The manager's messages. A disk is added when its window can be served, and
 * removed in two steps: it takes nothing new, and when all is returned the
 * window goes, then the rings, then the image.
 *
 * A slot that is used without a device is what an earlier worker left: the disk
 * is about to be handed in again, or to be removed. The guest waits meanwhile.
 */
#include "backend/worker.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static bool disk_ok(const struct proto_disk *d)
{
	return d->slot < STATE_MAX_DISKS && d->transport <= STATE_PCI &&
	       d->pci_slot < 32 && d->num_queues >= 1 &&
	       d->num_queues <= STATE_MAX_QUEUES && d->queue_size >= 2 &&
	       d->queue_size <= STATE_QUEUE_SIZE &&
	       !(d->queue_size & (d->queue_size - 1)) &&
	       d->block_size >= BLK_SECTOR_SIZE && d->block_size <= 4096 &&
	       !(d->block_size & (d->block_size - 1)) &&
	       d->physical_block_size >= d->block_size && d->size &&
	       !(d->size % d->block_size);
}

/* Nothing of the slot stays in Xen, and it is free. */
static void worker_drop(struct worker *w, uint32_t slot)
{
	struct state_disk *reg = &w->state->disk[slot];
	char where[TRANSPORT_TEXT_LEN];
	int ret;

	if (!reg->used)
		return;
	ret = transport_close(&w->transport, reg);
	if (ret && ret != -ESRCH) {
		transport_describe(reg, where, sizeof(where));
		log_warning("dom%u: %s can't be removed from Xen: %s",
			    w->domid, where, log_strerror(ret));
	}
	reg->used = 0;
}

static int worker_open_disk(struct worker *w, const struct proto_disk *d,
			    int fd)
{
	struct state_disk *reg = &w->state->disk[d->slot];
	struct device *dev = calloc(1, sizeof(*dev));
	bool attach = !(d->flags & PROTO_DISK_FRESH);
	int ret;

	if (!dev) {
		close(fd);
		return -ENOMEM;
	}
	if (!attach) {
		worker_drop(w, d->slot);
		transport_init(reg, d);
	}
	ret = device_open(dev, d, fd, reg, attach, &w->engine);
	if (ret)
		goto free;
	ret = transport_open(&w->transport, dev, attach);
	if (ret)
		goto close;
	w->dev[d->slot] = dev;
	if (attach)
		w->resume[d->slot] = true;
	return 0;
close:
	device_close(dev);
free:
	if (!attach)
		reg->used = 0;
	free(dev);
	return ret;
}

static void worker_add_disk(struct worker *w, const struct proto_disk *d,
			    int fd)
{
	char where[TRANSPORT_TEXT_LEN];
	int ret;

	if (!disk_ok(d) || w->dev[d->slot] || fd < 0 ||
	    !(w->state->disk[d->slot].used || d->flags & PROTO_DISK_FRESH)) {
		if (fd >= 0)
			close(fd);
		worker_send_error(w, PROTO_DISK_FAILED, d->slot, -EINVAL,
				  "the worker does not accept this disk");
		return;
	}
	if ((d->flags & PROTO_DISK_GRANTS) && !w->grant) {
		close(fd);
		worker_send_error(w, PROTO_DISK_FAILED, d->slot, w->grant_err,
				  "the guest wants grants but /dev/xen/gntdev can't be opened: %s (load the module xen_gntdev, or create the guest with grant_usage=0)",
				  log_strerror(w->grant_err));
		return;
	}
	ret = worker_open_disk(w, d, fd);
	if (ret) {
		transport_describe(&w->state->disk[d->slot], where,
				   sizeof(where));
		worker_send_error(w, PROTO_DISK_FAILED, d->slot, ret,
				  "%s can't be served: %s", where,
				  log_strerror(ret));
		return;
	}
	/* What was in flight may take long to replay: after the answer. */
	worker_send_slot(w, PROTO_DISK_READY, d->slot);
	if (w->resume[d->slot])
		device_resume(w->dev[d->slot]);
	w->resume[d->slot] = false;
	w->again = true;
}

static void worker_remove_disk(struct worker *w, uint32_t slot)
{
	if (slot < STATE_MAX_DISKS && w->dev[slot]) {
		w->removing[slot] = true;
		device_quiesce(w->dev[slot]);
		return;
	}
	if (slot < STATE_MAX_DISKS)
		worker_drop(w, slot);
	worker_send_slot(w, PROTO_DISK_REMOVED, slot);
}

/* What waits for it is for nobody, or for who comes to the same place. */
static void worker_forget(struct worker *w, const struct device *dev)
{
	for (uint32_t i = 0; i < w->nwaiting; i++)
		if (w->waiting[i].dev == dev)
			w->waiting[i].dev = NULL;
}

/* Its requests are returned and published: let go. */
static void worker_finish_removal(struct worker *w, uint32_t slot)
{
	struct device *dev = w->dev[slot];

	worker_drop(w, slot);
	worker_forget(w, dev);
	w->dev[slot] = NULL;
	w->removing[slot] = false;
	device_close(dev);
	free(dev);
	worker_send_slot(w, PROTO_DISK_REMOVED, slot);
}

static void worker_quiesce(struct worker *w)
{
	for (uint32_t i = 0; i < STATE_MAX_DISKS; i++)
		if (w->dev[i])
			device_quiesce(w->dev[i]);
}

static void worker_message(struct worker *w, const struct proto_msg *msg,
			   int fd)
{
	switch (msg->type) {
	case PROTO_DISK_ADD:
		worker_add_disk(w, &msg->disk, fd);
		return;
	case PROTO_DISK_REMOVE:
		worker_remove_disk(w, msg->slot.slot);
		break;
	case PROTO_STOP:
		w->stopping = true;
		worker_quiesce(w);
		break;
	case PROTO_DETACH:
		w->detaching = true;
		worker_quiesce(w);
		break;
	default:
		log_error("dom%u: unexpected message %u from the manager",
			  w->domid, msg->type);
		break;
	}
	if (fd >= 0)
		close(fd);
}

void worker_messages(struct worker *w)
{
	struct proto_msg msg;
	int fd, ret;

	w->messages = false;
	while ((ret = proto_recv(w->sock, &msg, &fd)) == 1 ||
	       ret == -EBADMSG) {
		if (ret == 1)
			worker_message(w, &msg, fd);
		else
			log_error("dom%u: unreadable message from the manager",
				  w->domid);
	}
	if (ret == 0 && !w->detaching && !w->stopping) {
		log_warning("dom%u: the manager is gone; detaching", w->domid);
		w->detaching = true;
		worker_quiesce(w);
	}
}

bool worker_disks_idle(struct worker *w)
{
	bool idle = true;

	for (uint32_t i = 0; i < STATE_MAX_DISKS; i++) {
		struct device *dev = w->dev[i];

		if (!dev)
			continue;
		if (w->removing[i] && device_idle(dev))
			worker_finish_removal(w, i);
		else
			idle = idle && device_idle(dev);
	}
	return idle;
}
