// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The manager's side of one disk. Comes from xenstore as a node in state 1
 * (fresh: libxl waits for us) or 2 (the guest runs already, we are new), gets
 * its keys, its configuration, its image and a slot in the guest's state, and
 * is then a DISK_ADD.
 *
 * What the guest was told once stays as it was: queues, queue size and
 * features of a disk that is taken up again come from the state, whatever the
 * configuration says by now.
 */
#include "backend/disk.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/virtio_blk.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/log.h"
#include "backend/statefile.h"
#include "backend/text.h"

#define DISK_AUTO_QUEUES 4u

/* How long libxl, or a guest that runs, can wait for something busy, in ms. */
#define DISK_PATIENCE_FRESH  3000
#define DISK_PATIENCE_ATTACH 10000

/* After how much waiting for a dead worker's requests it is said, in ms. */
#define DISK_PATIENCE_RETAKE 3000

/* Ordered, for whoever looks at the list. */
static void disk_insert(struct disk *disk)
{
	struct disk *d, *before = NULL;

	LIST_FOREACH(d, &disk->guest->disks, link)
		if (d->node.devid < disk->node.devid)
			before = d;
	if (before)
		LIST_INSERT_AFTER(before, disk, link);
	else
		LIST_INSERT_HEAD(&disk->guest->disks, disk, link);
}

struct disk *disk_open(struct guest *guest, const struct node *node,
		       bool fresh)
{
	struct disk *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->guest = guest;
	d->node = *node;
	d->fresh = fresh;
	d->image.fd = -1;
	d->slot = DISK_NO_SLOT;
	d->patience = loop_now() + (fresh ? DISK_PATIENCE_FRESH :
				    DISK_PATIENCE_ATTACH);
	snprintf(d->name, sizeof(d->name), "dom%u/%s%u", node->domid,
		 node->kind == NODE_GENERIC ? "virtio" : "", node->devid);
	disk_insert(d);
	return d;
}

void disk_close(struct disk *disk)
{
	LIST_REMOVE(disk, link);
	image_close(&disk->image);
	free(disk);
}

static bool disk_slot_taken(const struct disk *disk, uint32_t slot)
{
	const struct disk *d;

	LIST_FOREACH(d, &disk->guest->disks, link)
		if (d != disk && d->slot == slot && d->status >= DISK_WAITING &&
		    d->status <= DISK_REMOVING)
			return true;
	return false;
}

/*
 * Its own from before, or, for a fresh one, any that is free. Disks and generic
 * devices are numbered apart, but have no window in common.
 */
static int disk_find_slot(struct disk *disk, const struct state *state)
{
	for (uint32_t i = 0; i < STATE_MAX_DISKS; i++) {
		disk->slot = i;
		if (state->disk[i].used &&
		    state->disk[i].devid == disk->node.devid &&
		    state->disk[i].transport == disk->place.transport &&
		    state->disk[i].base == disk->place.base &&
		    !disk_slot_taken(disk, i))
			return 0;
	}
	for (uint32_t i = 0; i < STATE_MAX_DISKS && disk->fresh; i++) {
		disk->slot = i;
		if (!state->disk[i].used && !disk_slot_taken(disk, i))
			return 0;
	}
	disk->slot = DISK_NO_SLOT;
	return disk->fresh ? -ENOSPC : -ENOENT;
}

static void disk_fit(struct disk *disk, const struct state *state)
{
	const struct state_disk *s = &state->disk[disk->slot];
	uint32_t vcpus = disk->guest->info.vcpus;

	disk->num_queues = disk->config.queues;
	if (!disk->num_queues)
		disk->num_queues = vcpus < DISK_AUTO_QUEUES ?
			vcpus : DISK_AUTO_QUEUES;
	disk->queue_size = disk->config.queue_size;
	disk->discard = disk->image.discard &&
		(disk->config.discard == IMAGE_ON ||
		 (disk->config.discard == IMAGE_AUTO && disk->keys.discard));
	if (disk->fresh)
		return;
	disk->place.pci_slot = s->pci.slot;
	disk->num_queues = s->num_queues;
	disk->queue_size = s->queue_size;
	if (s->features)
		disk->discard = disk->image.discard &&
			(s->features & (UINT64_C(1) << VIRTIO_BLK_F_DISCARD));
}

/* Only the configuration can bring this about. */
static int disk_check_place(const struct disk *disk, char *text, size_t len)
{
	const struct disk *d;

	LIST_FOREACH(d, &disk->guest->disks, link) {
		if (d == disk || d->status < DISK_WAITING ||
		    d->status > DISK_REMOVING ||
		    disk->place.transport != STATE_PCI ||
		    d->place.transport != STATE_PCI ||
		    d->place.pci_slot != disk->place.pci_slot)
			continue;
		text_set(text, len, "its PCI slot %u is that of %s (pci-slot in the configuration)",
			 disk->place.pci_slot, d->name);
		return -EEXIST;
	}
	return 0;
}

static int disk_take_slot(struct disk *disk, char *text, size_t len)
{
	struct guest *g = disk->guest;
	struct state *state;
	int ret = guest_read_state(g, &state);

	if (!ret)
		ret = disk_find_slot(disk, state);
	if (!ret && !disk->fresh &&
	    state->disk[disk->slot].irq != disk->place.irq)
		ret = -ESTALE;
	if (!ret) {
		g->orphans &= ~(1u << disk->slot);
		disk_fit(disk, state);
	}
	else if (ret == -ENOSPC)
		text_set(text, len, "the guest has %u disks already, more are not possible",
			 STATE_MAX_DISKS);
	else
		text_set(text, len, "the guest's saved state does not know this disk (%s); the guest waits for it until it is destroyed",
			 log_strerror(ret));
	free(state);
	return ret;
}

static int disk_open_image(struct disk *disk, char *text, size_t len)
{
	const struct config_disk *c = &disk->config;
	int ret = image_open(&disk->image, disk->keys.params,
			     disk->keys.read_only, c->direct, text, len);

	if (ret)
		return ret;
	if (c->discard == IMAGE_ON && !disk->image.discard) {
		text_set(text, len, "image %s can't have blocks given back; use discard=auto or off",
			 disk->keys.params);
		return -EOPNOTSUPP;
	}
	return 0;
}

/* What libxl says of a disk, the configuration says of a generic device. */
static int disk_read_configured(struct disk *disk, char *text, size_t len)
{
	struct node_keys *k = &disk->keys;

	strcpy(k->params, disk->config.path);
	k->read_only = disk->config.read_only;
	k->discard = !k->read_only;
	if (k->params[0])
		return 0;
	text_set(text, len, "the configuration has no image for it any more");
	return -ENOENT;
}

static enum place_guest disk_guest_type(const struct disk *disk)
{
	switch (disk->guest->info.type) {
	case DOMAIN_HVM:
		return PLACE_HVM;
	case DOMAIN_PVH:
		return PLACE_PVH;
	default:
		return PLACE_PV;
	}
}

static int disk_find_place(struct disk *disk, char *text, size_t len)
{
	struct place_wish wish = {
		.guest = disk_guest_type(disk),
		.base = disk->keys.base,
		.irq = disk->keys.irq,
		.devid = disk->node.kind == NODE_DISK ? disk->node.devid : 0,
		.vdev = disk->keys.vdev,
		.pci_slot = disk->config.pci_slot,
	};

	return place_find(&wish, &disk->place, text, len);
}

int disk_read(struct disk *disk, char *text, size_t len)
{
	struct guest *g = disk->guest;
	int ret = node_read(&disk->node, &disk->keys, text, len);

	if (!disk->keys.vdev[0])
		return ret;
	snprintf(disk->name, sizeof(disk->name), "dom%u/%s", g->domid,
		 disk->keys.vdev);
	config_for_disk(g->env->config, g->name, g->uuid, disk->keys.vdev,
			&disk->config);
	if (!ret && disk->node.kind == NODE_GENERIC)
		ret = disk_read_configured(disk, text, len);
	return ret ? ret : disk_find_place(disk, text, len);
}

int disk_prepare(struct disk *disk, char *text, size_t len)
{
	int ret = disk_open_image(disk, text, len);

	if (!ret)
		ret = disk_take_slot(disk, text, len);
	if (!ret)
		ret = disk_check_place(disk, text, len);
	if (ret) {
		image_close(&disk->image);
		disk->slot = DISK_NO_SLOT;
	} else {
		disk->status = DISK_WAITING;
	}
	return ret;
}

void disk_lapse(struct disk *disk)
{
	image_lapse(&disk->image);
	disk->status = DISK_WAITING;
	disk->patience = loop_now() + DISK_PATIENCE_RETAKE;
}

bool disk_retake(struct disk *disk)
{
	char text[TEXT_LEN];
	int ret = image_retake(&disk->image, disk->keys.params, text,
			       sizeof(text));

	if (ret == -EBUSY) {
		if (loop_now() < disk->patience)
			return true;
		disk->patience = INT64_MAX;
		log_info("%s: waiting for the requests of the worker that ended: %s",
			 disk->name, text);
		return true;
	}
	if (ret)
		disk_set_failed(disk, text);
	return false;
}

/*
 * The answer to GET_ID: what was configured, or something that stays the same
 * for this guest and disk and is most likely nobody else's. All of the uuid
 * goes in (FNV-1a), because people count theirs up at the end.
 */
static void disk_make_id(const struct disk *disk, char *id)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	char text[PROTO_ID_LEN + 1] = "";

	for (size_t i = 0; i < sizeof(disk->guest->info.uuid); i++)
		hash = (hash ^ disk->guest->info.uuid[i]) *
			UINT64_C(0x100000001b3);
	if (disk->config.serial[0])
		snprintf(text, sizeof(text), "%s", disk->config.serial);
	else
		snprintf(text, sizeof(text), "%012" PRIx64 "%08x", hash >> 16,
			 disk->node.devid);
	memcpy(id, text, PROTO_ID_LEN);
}

void disk_describe(const struct disk *disk, struct proto_msg *msg)
{
	const struct image *i = &disk->image;
	struct proto_disk *d = &msg->disk;

	*msg = (struct proto_msg){ .type = PROTO_DISK_ADD };
	d->slot = disk->slot;
	d->devid = disk->node.devid;
	d->transport = disk->place.transport;
	d->pci_slot = disk->place.pci_slot;
	d->base = disk->place.base;
	d->irq = disk->place.irq;
	d->flags = (disk->keys.read_only ? PROTO_DISK_READ_ONLY : 0) |
		(i->direct ? PROTO_DISK_DIRECT : 0) |
		(disk->discard ? PROTO_DISK_DISCARD : 0) |
		(disk->keys.grants ? PROTO_DISK_GRANTS : 0) |
		(i->block ? PROTO_DISK_BLOCK : 0) |
		(disk->config.writethrough ? PROTO_DISK_WRITETHROUGH : 0) |
		(disk->fresh ? PROTO_DISK_FRESH : 0);
	d->size = i->size;
	d->block_size = i->block_size;
	d->physical_block_size = i->physical_block_size;
	d->opt_io_size = i->opt_io_size;
	d->discard_align = i->discard_align;
	d->num_queues = disk->num_queues;
	d->queue_size = disk->queue_size;
	disk_make_id(disk, d->id);
	memcpy(d->name, disk->name, sizeof(d->name));
}

int disk_tell_ready(struct disk *disk)
{
	int ret = node_set_ready(&disk->node);

	if (ret && ret != -ESTALE)
		log_error("%s: state can't be written to xenstore: %s",
			  disk->name, log_strerror(ret));
	return ret;
}

void disk_set_running(struct disk *disk)
{
	int ret = disk->fresh ? disk_tell_ready(disk) : 0;
	char place[PLACE_TEXT_LEN];

	disk->status = DISK_RUNNING;
	disk->refusals = 0;
	disk->served = true;
	if (ret == -ESTALE)
		return;	/* going already; the scan that tells us is near */
	/* It finds the node as it was, and tries again. */
	if (ret)
		disk->guest->env->rescan = true;
	place_print(&disk->place, place);
	log_info("%s: %s %s, %" PRIu64 " MiB, %s, %s%s%u queue%s of %u, %s",
		 disk->name, disk->fresh ? "serving" : "serving again",
		 disk->keys.params, disk->image.size >> 20,
		 disk->keys.read_only ? "read-only" : "writable",
		 disk->image.direct ? "direct, " : "",
		 disk->keys.grants ? "grants, " : "",
		 disk->num_queues, disk->num_queues == 1 ? "" : "s",
		 disk->queue_size, place);
	disk->fresh = false;
}

void disk_orphan(struct disk *disk)
{
	/* One that never was the worker's may have given it up again. */
	if (disk->slot != DISK_NO_SLOT && !disk_slot_taken(disk, disk->slot))
		disk->guest->orphans |= 1u << disk->slot;
}

void disk_set_closed(struct disk *disk)
{
	image_close(&disk->image);
	disk->status = DISK_CLOSED;
}

void disk_set_failed(struct disk *disk, const char *why)
{
	int ret;

	image_close(&disk->image);
	disk->status = DISK_FAILED;
	log_error("%s (%s): %s", disk->name, disk->guest->name, why);
	if (!disk->fresh) {
		log_error("%s: the guest goes on and waits for this disk; put it right, then %s",
			  disk->name, disk->guest->env->again);
		return;
	}
	if (disk->others && disk->node.kind == NODE_GENERIC)
		return;
	ret = node_set_failed(&disk->node, why);
	if (ret && ret != -ESTALE)
		log_error("%s: the failure can't be written to xenstore: %s",
			  disk->name, log_strerror(ret));
}
