// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A disk from reset to reset. Requests are in greq.c.
 */
#include "tests/guest/gblk.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include <linux/virtio_mmio.h>

#include "tests/guest/greq.h"

#define BIT(n) (UINT64_C(1) << (n))

/* What this driver knows how to use. */
#define KNOWN (BIT(VIRTIO_BLK_F_SIZE_MAX) | BIT(VIRTIO_BLK_F_SEG_MAX) | \
	BIT(VIRTIO_BLK_F_RO) | BIT(VIRTIO_BLK_F_BLK_SIZE) | \
	BIT(VIRTIO_BLK_F_FLUSH) | BIT(VIRTIO_BLK_F_TOPOLOGY) | \
	BIT(VIRTIO_BLK_F_CONFIG_WCE) | BIT(VIRTIO_BLK_F_MQ) | \
	BIT(VIRTIO_BLK_F_DISCARD) | BIT(VIRTIO_BLK_F_WRITE_ZEROES) | \
	BIT(VIRTIO_RING_F_INDIRECT_DESC) | BIT(VIRTIO_RING_F_EVENT_IDX) | \
	BIT(VIRTIO_F_VERSION_1) | BIT(VIRTIO_F_ACCESS_PLATFORM) | \
	BIT(VIRTIO_F_RING_RESET))

/* How late the thread hears of the end. */
#define IRQ_NAP_MS 5

/* --- interrupts --------------------------------------------------------------------- */

static void irq_handle(struct gblk *disk)
{
	uint32_t why = gmmio_read(&disk->mmio, VIRTIO_MMIO_INTERRUPT_STATUS);

	if (disk->mmio.err)
		return;
	gmmio_write(&disk->mmio, VIRTIO_MMIO_INTERRUPT_ACK, why);
	if ((why & VIRTIO_MMIO_INT_CONFIG) &&
	    (gmmio_read(&disk->mmio, VIRTIO_MMIO_STATUS) &
	     VIRTIO_CONFIG_S_NEEDS_RESET))
		disk->broken = true;
	/* What was published before the bit was cleared is seen now. */
	for (uint16_t i = 0; i < disk->queues; i++)
		greq_reap(&disk->queue[i]);
}

static void *irq_thread(void *arg)
{
	struct gblk *disk = arg;
	uint32_t irq = disk->config.irq, seen = 0;

	while (!disk->stop) {
		int ret = sim_irq_wait(disk->ram->dom, irq, seen, IRQ_NAP_MS);

		if (ret == -ESRCH)
			break;
		if (ret)
			continue;
		seen = sim_irqs(disk->ram->dom, irq);
		disk->interrupts++;
		irq_handle(disk);
	}
	return NULL;
}

/* --- queues --------------------------------------------------------------------------- */

static int queue_open(struct gblk_queue *q, struct gblk *disk, uint16_t index)
{
	struct gblk_config *c = &disk->config;
	uint32_t size = gmmio_queue_max(&disk->mmio, index);
	struct gmmio_queue regs;
	int ret;

	if (!size || size > 32768 || (size & (size - 1)))
		return -ENODEV;
	if (c->queue_size && size > c->queue_size)
		size = c->queue_size;
	ret = gvring_open(&q->ring, disk->ram, c->kind, (uint16_t)size,
			  gblk_has(disk, VIRTIO_RING_F_EVENT_IDX));
	if (ret)
		return ret;
	q->disk = disk;
	q->index = index;
	pthread_mutex_init(&q->lock, NULL);
	pthread_cond_init(&q->returned, NULL);
	ret = greq_slots_open(q);
	regs = (struct gmmio_queue){ (uint16_t)size,
		gvring_desc_addr(&q->ring), gvring_driver_addr(&q->ring),
		gvring_device_addr(&q->ring) };
	if (!ret)
		ret = gmmio_queue_enable(&disk->mmio, index, &regs);
	return ret;
}

/* After a reset of the device, or the end of the guest. */
static int queue_close(struct gblk_queue *q)
{
	int ret;

	if (!q->disk)
		return 0;
	greq_cancel(q);
	greq_slots_close(q);
	ret = gvring_close(&q->ring);
	pthread_cond_destroy(&q->returned);
	pthread_mutex_destroy(&q->lock);
	*q = (struct gblk_queue){ 0 };
	return ret;
}

/* --- the disk --------------------------------------------------------------------------- */

int gblk_negotiate(struct gblk *disk, const struct gblk_config *config)
{
	struct gmmio *m = &disk->mmio;
	int ret;

	*disk = (struct gblk){ .config = *config, .ram = config->ram };
	m->vcpu = config->vcpu;
	m->base = config->base;
	ret = gmmio_probe(m, 2);
	if (ret)
		return ret;
	gmmio_reset(m);
	gmmio_add_status(m, VIRTIO_CONFIG_S_ACKNOWLEDGE);
	gmmio_add_status(m, VIRTIO_CONFIG_S_DRIVER);
	disk->features = gmmio_offered(m) & KNOWN & ~config->refuse;
	ret = gmmio_accept(m, disk->features);
	if (!ret)
		gmmio_config(m, 0, &disk->space, sizeof(disk->space));
	if (!ret)
		ret = m->err;
	if (ret)
		gmmio_add_status(m, VIRTIO_CONFIG_S_FAILED);
	return ret;
}

static uint16_t queues_wanted(const struct gblk *disk)
{
	uint16_t n = gblk_has(disk, VIRTIO_BLK_F_MQ) ?
		disk->space.num_queues : 1;

	if (disk->config.queues && n > disk->config.queues)
		n = disk->config.queues;
	return n < GBLK_QUEUES ? n : GBLK_QUEUES;
}

int gblk_start(struct gblk *disk)
{
	uint16_t wanted = queues_wanted(disk);
	int ret = wanted ? 0 : -ENODEV;

	disk->parts_max = gblk_has(disk, VIRTIO_BLK_F_SEG_MAX) ?
		disk->space.seg_max : 1;
	if (disk->parts_max > GBLK_PARTS)
		disk->parts_max = GBLK_PARTS;
	while (!ret && disk->queues < wanted) {
		ret = queue_open(&disk->queue[disk->queues], disk,
				 disk->queues);
		disk->queues++;
	}
	if (!ret && !disk->config.raw)
		ret = -pthread_create(&disk->thread, NULL, irq_thread, disk);
	if (ret)
		disk->config.raw = true;	/* there is no thread */
	else
		gmmio_add_status(&disk->mmio, VIRTIO_CONFIG_S_DRIVER_OK);
	return ret ? ret : disk->mmio.err;
}

int gblk_open(struct gblk *disk, const struct gblk_config *config)
{
	int ret = gblk_negotiate(disk, config);

	if (ret)
		return ret;
	ret = gblk_start(disk);
	if (ret)
		gblk_close(disk);
	return ret;
}

int gblk_close(struct gblk *disk)
{
	int ret = 0;

	gmmio_reset(&disk->mmio);
	disk->stop = true;
	if (!disk->config.raw)
		pthread_join(disk->thread, NULL);
	for (uint16_t i = 0; i < disk->queues; i++) {
		int one = queue_close(&disk->queue[i]);

		ret = ret ? ret : one;
	}
	disk->queues = 0;
	return ret;
}

int gblk_check(struct gblk *disk)
{
	int ret = 0;

	for (uint16_t i = 0; !ret && i < disk->queues; i++) {
		pthread_mutex_lock(&disk->queue[i].lock);
		ret = gvring_check(&disk->queue[i].ring);
		pthread_mutex_unlock(&disk->queue[i].lock);
	}
	return ret;
}
