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
 * Knows nothing of Xen and of how the guest reaches it (transport.h): what the
 * guest should hear of is an event for the transport.
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

/* Bits of device.events: queue q has returned something; config changed. */
#define DEVICE_EVENT_QUEUE(q) (1u << (q))
#define DEVICE_EVENT_CONFIG   (1u << STATE_MAX_QUEUES)

struct device {
	struct vdev vdev;
	struct backing backing;
	uint32_t slot;			/* of state and of aio's files */
	int image;			/* fd */
	bool quiescing;
	uint32_t events;		/* to be told at the end of the round */
	bool irq_owed;			/* the transport's: telling failed */
	int irq_level;			/* the transport's: of its line */
	char name[PROTO_NAME_LEN];
	struct virtio_blk_config config;
	struct queue queue[STATE_MAX_QUEUES];
};

/*
 * @fd becomes the device's in any case. @attach: go on from @reg, else from
 * what transport_init() has left there. 0, or -errno with nothing left behind.
 */
int device_open(struct device *dev, const struct proto_disk *desc, int fd,
		struct state_disk *reg, bool attach, struct engine *engine);
void device_close(struct device *dev);
/* After device_open() with @attach, when the window is ours. */
void device_resume(struct device *dev);

enum device_answer {
	DEVICE_DONE,		/* answer the access */
	DEVICE_WAIT,		/* requests are under way: ask again later */
};

/* What a register write asks for. A kick only marks its queue: a vCPU waits. */
enum device_answer device_apply(struct device *dev,
				const struct vdev_effect *e);

/*
 * Its bus forbids it to reach memory: DEVICE_WAIT until nothing is in flight,
 * and then nothing happens until device_unhold().
 */
enum device_answer device_hold(struct device *dev);
void device_unhold(struct device *dev);

/* Serve what was kicked. True if more is waiting. */
bool device_serve(struct device *dev);
/*
 * The earliest time to look at a ring without a kick, or @earliest if that is
 * earlier; 0 is never. Kicks queues whose time has come at @now.
 */
int64_t device_look(struct device *dev, int64_t now, int64_t earliest);
/* Publish what was returned; what the guest wants to hear of is an event. */
void device_publish(struct device *dev);

void device_quiesce(struct device *dev);
bool device_idle(const struct device *dev);

#endif
