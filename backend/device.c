// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A disk. The register machine says what a write means, this file makes it
 * so, and knows no transport: rings are mapped when a queue becomes ready and
 * unmapped before the write that ends it is answered, because from then on the
 * guest may have other plans for the memory. Until the requests under way are
 * returned such a write waits, and with it one vCPU, as it would for a real
 * disk.
 */
#include "backend/device.h"

#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <linux/virtio_ids.h>

#include "backend/aio.h"
#include "backend/log.h"

static struct queue_terms device_terms(const struct device *dev)
{
	return (struct queue_terms){
		.features = dev->vdev.reg->features,
		.writeback = (uint8_t)dev->vdev.reg->writeback,
	};
}

/* A driver can tell that something has changed (virtio 1.2, 2.5.3). */
static void device_fill_config(struct device *dev)
{
	struct virtio_blk_config config;

	blk_fill_config(&dev->backing.geometry,
			(uint8_t)dev->vdev.reg->writeback, &config);
	if (!memcmp(&config, &dev->config, sizeof(config)))
		return;
	dev->config = config;
	dev->vdev.reg->generation++;
}

static void device_describe(struct device *dev, const struct proto_disk *desc)
{
	struct blk_geometry *g = &dev->backing.geometry;

	g->size = desc->size;
	g->block_size = desc->block_size;
	g->physical_block_size = desc->physical_block_size;
	g->opt_io_size = desc->opt_io_size;
	g->discard_align = desc->discard_align;
	g->num_queues = desc->num_queues;
	g->queue_size = desc->queue_size;
	g->read_only = desc->flags & PROTO_DISK_READ_ONLY;
	g->discard = desc->flags & PROTO_DISK_DISCARD;
	g->writethrough = desc->flags & PROTO_DISK_WRITETHROUGH;
	memcpy(g->id, desc->id, sizeof(g->id));
	memcpy(dev->name, desc->name, sizeof(dev->name));
	dev->slot = desc->slot;
	dev->backing.file = desc->slot;
	dev->backing.direct = desc->flags & PROTO_DISK_DIRECT;
	dev->backing.can_punch = g->discard;
	dev->backing.can_zero_range = true;
	dev->backing.name = dev->name;
}

static void device_needs_reset(struct device *dev)
{
	if (vdev_needs_reset(&dev->vdev))
		dev->events |= DEVICE_EVENT_CONFIG;
}

/* Map the ring that the registers describe and take it up. */
static int device_start_queue(struct device *dev, uint32_t i)
{
	struct state_queue *regs = vdev_queue(&dev->vdev, i);
	int ret = queue_start(&dev->queue[i], regs, dev->vdev.reg->features);

	if (ret)
		log_guest(&dev->backing.limit, dev->name,
			  "queue %u: ring of %u entries at %#llx, %#llx, %#llx can't be mapped: %s",
			  i, regs->num, (unsigned long long)regs->desc,
			  (unsigned long long)regs->driver,
			  (unsigned long long)regs->device, log_strerror(ret));
	return ret;
}

static void device_enable_queue(struct device *dev, uint32_t i)
{
	struct queue_terms terms = device_terms(dev);

	if (device_start_queue(dev, i)) {
		dev->backing.stats->broken++;
		device_needs_reset(dev);
		return;
	}
	vdev_queue_enabled(&dev->vdev, i);
	if (!dev->vdev.reg->held)
		queue_resume(&dev->queue[i], &terms);
}

/*
 * Map the rings that an earlier worker left in the state. The guest may have
 * given up a page of one that our predecessor's mapping kept: that costs it
 * the device until a reset, as it would at any other time.
 */
static void device_attach(struct device *dev)
{
	for (uint32_t i = 0; i < dev->vdev.num_queues; i++) {
		if (!dev->vdev.reg->queue[i].ready ||
		    !device_start_queue(dev, i))
			continue;
		dev->backing.stats->broken++;
		vdev_queue_stopped(&dev->vdev, i);
		device_needs_reset(dev);
	}
}

/*
 * They may have been lost with the worker that owed them, and what the
 * interrupt status holds may have been raised or not.
 */
static void device_repeat_events(struct device *dev)
{
	uint32_t isr = dev->vdev.reg->isr;

	dev->irq_owed = isr != 0;
	if ((isr & VDEV_ISR_CONFIG) || vdev_asks_for_reset(&dev->vdev))
		dev->events |= DEVICE_EVENT_CONFIG;
	if (isr & VDEV_ISR_QUEUE)
		dev->events |= DEVICE_EVENT_QUEUE(0);
	for (uint32_t i = 0; i < dev->vdev.num_queues; i++)
		if (dev->queue[i].started && vdev_running(&dev->vdev))
			dev->events |= DEVICE_EVENT_QUEUE(i);
}

static void device_resume_queues(struct device *dev)
{
	struct queue_terms terms = device_terms(dev);

	for (uint32_t i = 0; i < dev->vdev.num_queues; i++)
		if (dev->queue[i].started)
			queue_resume(&dev->queue[i], &terms);
}

void device_resume(struct device *dev)
{
	if (!dev->vdev.reg->held)
		device_resume_queues(dev);
	device_repeat_events(dev);
}

static void device_init_registers(struct device *dev)
{
	struct state_disk *reg = dev->vdev.reg;

	reg->num_queues = dev->backing.geometry.num_queues;
	reg->queue_size = dev->backing.geometry.queue_size;
	reg->writeback = !dev->backing.geometry.writethrough;
	vdev_reset(&dev->vdev);
	reg->used = 1;
}

int device_open(struct device *dev, const struct proto_disk *desc, int fd,
		struct state_disk *reg, bool attach, struct engine *engine)
{
	int ret;

	*dev = (struct device){ .image = fd };
	device_describe(dev, desc);
	if (attach) {
		/* What the guest was told stays true. */
		dev->backing.geometry.num_queues = reg->num_queues;
		dev->backing.geometry.queue_size = reg->queue_size;
	}
	dev->backing.engine = engine;
	dev->backing.stats = &reg->stats;
	dev->vdev = (struct vdev){
		.reg = reg,
		.offered = blk_features(&dev->backing.geometry),
		.num_queues = dev->backing.geometry.num_queues,
		.queue_size_max = dev->backing.geometry.queue_size,
		.device_id = VIRTIO_ID_BLOCK,
	};
	if (!attach)
		device_init_registers(dev);
	reg->stats.in_flight = 0;
	device_fill_config(dev);
	ret = aio_register_file(engine->aio, dev->slot, fd);
	for (uint32_t i = 0; i < dev->vdev.num_queues && !ret; i++)
		ret = queue_init(&dev->queue[i], &dev->backing,
				 dev->vdev.queue_size_max);
	if (ret)
		device_close(dev);
	else if (attach)
		device_attach(dev);
	return ret;
}

void device_close(struct device *dev)
{
	for (uint32_t i = 0; i < dev->vdev.num_queues; i++) {
		queue_stop(&dev->queue[i]);
		queue_fini(&dev->queue[i]);
	}
	aio_unregister_file(dev->backing.engine->aio, dev->slot);
	close(dev->image);
	dev->image = -1;
}

static bool queue_stopped(struct queue *q)
{
	q->stopping = true;
	if (q->in_flight)
		return false;
	/* What was returned is published while the ring is still there. */
	queue_publish(q);
	queue_stop(q);
	return true;
}

static enum device_answer device_stop_queue(struct device *dev, uint32_t i)
{
	if (!queue_stopped(&dev->queue[i]))
		return DEVICE_WAIT;
	vdev_queue_stopped(&dev->vdev, i);
	return DEVICE_DONE;
}

static enum device_answer device_reset(struct device *dev)
{
	bool stopped = true;

	for (uint32_t i = 0; i < dev->vdev.num_queues; i++)
		stopped = queue_stopped(&dev->queue[i]) && stopped;
	if (!stopped)
		return DEVICE_WAIT;
	vdev_reset(&dev->vdev);
	dev->vdev.reg->writeback = !dev->backing.geometry.writethrough;
	device_fill_config(dev);
	dev->events = 0;
	dev->irq_owed = false;
	dev->backing.stats->resets++;
	return DEVICE_DONE;
}

/* The one field that a driver may write: writeback (virtio 1.2, 5.2.4). */
static void device_write_config(struct device *dev,
				const struct vdev_effect *e)
{
	if (e->offset != offsetof(struct virtio_blk_config, wce) ||
	    e->size != 1 || (e->data & 0xff) > 1 ||
	    !vdev_has(&dev->vdev, VIRTIO_BLK_F_CONFIG_WCE))
		return;
	dev->vdev.reg->writeback = e->data & 1;
	device_fill_config(dev);
}

static void device_kick_all(struct device *dev)
{
	for (uint32_t i = 0; i < dev->vdev.num_queues; i++)
		dev->queue[i].kicked = true;
}

enum device_answer device_apply(struct device *dev,
				const struct vdev_effect *e)
{
	switch (e->kind) {
	case VDEV_NOTHING:
		break;
	case VDEV_KICK:
		dev->backing.stats->kicks++;
		dev->queue[e->queue].kicked = true;
		break;
	case VDEV_ENABLE_QUEUE:
		device_enable_queue(dev, e->queue);
		break;
	case VDEV_STOP_QUEUE:
		return device_stop_queue(dev, e->queue);
	case VDEV_RESET_DEVICE:
		return device_reset(dev);
	case VDEV_FEATURES:
		dev->vdev.reg->writeback =
			blk_first_writeback(&dev->backing.geometry,
					    dev->vdev.reg->features);
		device_fill_config(dev);
		vdev_features_agreed(&dev->vdev);
		break;
	case VDEV_DRIVER_OK:
		device_kick_all(dev);
		break;
	case VDEV_CONFIG_WRITE:
		device_write_config(dev, e);
		break;
	}
	return DEVICE_DONE;
}

enum device_answer device_hold(struct device *dev)
{
	bool idle = device_idle(dev);

	/* What has been returned is published by now: each round ends so. */
	for (uint32_t i = 0; i < dev->vdev.num_queues; i++)
		dev->queue[i].stopping = !idle;
	if (!idle)
		return DEVICE_WAIT;
	dev->vdev.reg->held = 1;
	return DEVICE_DONE;
}

void device_unhold(struct device *dev)
{
	dev->vdev.reg->held = 0;
	device_resume_queues(dev);
}

bool device_serve(struct device *dev)
{
	struct queue_terms terms = device_terms(dev);
	bool more = false;

	if (!vdev_running(&dev->vdev) || dev->quiescing)
		return false;
	for (uint32_t i = 0; i < dev->vdev.num_queues; i++) {
		struct queue *q = &dev->queue[i];

		if (!q->kicked)
			continue;
		queue_serve(q, &terms);
		if (q->broken)
			device_needs_reset(dev);
		more = more || q->kicked;
	}
	return more;
}

int64_t device_look(struct device *dev, int64_t now, int64_t earliest)
{
	/* Nobody serves such a device: no time of its is ever to come. */
	if (!vdev_running(&dev->vdev) || dev->quiescing)
		return earliest;
	for (uint32_t i = 0; i < dev->vdev.num_queues; i++) {
		int64_t t = queue_deadline(&dev->queue[i]);

		if (!t)
			continue;
		queue_look(&dev->queue[i], now);
		if (!earliest || t < earliest)
			earliest = t;
	}
	return earliest;
}

void device_publish(struct device *dev)
{
	for (uint32_t i = 0; i < dev->vdev.num_queues; i++)
		if (queue_publish(&dev->queue[i]))
			dev->events |= DEVICE_EVENT_QUEUE(i);
}

void device_quiesce(struct device *dev)
{
	dev->quiescing = true;
	for (uint32_t i = 0; i < dev->vdev.num_queues; i++)
		dev->queue[i].stopping = true;
}

bool device_idle(const struct device *dev)
{
	for (uint32_t i = 0; i < dev->vdev.num_queues; i++)
		if (dev->queue[i].in_flight)
			return false;
	return true;
}
