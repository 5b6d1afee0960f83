/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One disk of the guest: registers, queues and image brought together.
 *
 *   device_open    from the manager's description; the rings that the state
 *                  says are in use are mapped, but nothing is served yet
 *   device_resume  goes on with what an earlier worker left in flight
 *   serving        accesses and completions come in
 *   device_quiesce takes nothing new; device_idle() once all is returned
 *   device_close   idle only; unmaps the rings, closes the image
 *
 * Knows nothing of Xen: an interrupt to be raised is a flag for the worker.
 */
#ifndef BACKEND_DEVICE_H
#define BACKEND_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/proto.h"
#include "backend/queue.h"
#include "backend/request.h"
#include "backend/state.h"
#include "backend/vdev.h"

struct device {
	struct vdev vdev;
	struct backing backing;
	uint32_t slot;			/* of state and of aio's files */
	uint64_t base;			/* of the window */
	uint32_t irq;
	int image;			/* fd */
	bool quiescing;
	bool irq_wanted;		/* raise it at the end of the round */
	char name[PROTO_NAME_LEN];
	struct virtio_blk_config config;
	struct queue queue[STATE_MAX_QUEUES];
};

/*
 * @fd becomes the device's in any case. @attach: go on from @reg, else reset
 * it. 0, or -errno with nothing left behind.
 */
int device_open(struct device *dev, const struct proto_disk *desc, int fd,
		struct state_disk *reg, bool attach, struct engine *engine);
void device_close(struct device *dev);
/* After device_open() with @attach, when the window is ours. */
void device_resume(struct device *dev);

/* A register read at @offset of the window. */
uint64_t device_read(struct device *dev, uint64_t offset, uint32_t size);

enum device_answer {
	DEVICE_DONE,		/* answer the access */
	DEVICE_WAIT,		/* requests are under way: ask again later */
};

/* Door 2. A kick only marks its queue: the vCPU is waiting. */
enum device_answer device_write(struct device *dev, uint64_t offset,
				uint32_t size, uint64_t data);

/* Serve what was kicked. True if more is waiting. */
bool device_serve(struct device *dev);
/*
 * The earliest time to look at a ring without a kick, or @earliest if that is
 * earlier; 0 is never. Kicks queues whose time has come at @now.
 */
int64_t device_look(struct device *dev, int64_t now, int64_t earliest);
/* Publish what was returned and decide on the interrupt. */
void device_publish(struct device *dev);

void device_quiesce(struct device *dev);
bool device_idle(const struct device *dev);

#endif
