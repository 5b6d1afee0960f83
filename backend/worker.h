/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside the worker only: what it is made of, and its rooms.
 *
 * startup.c  from the first message to READY, and the way down again
 * orders.c   the manager's messages: disks come and go
 * worker.c   the guest's accesses, and the round
 */
#ifndef BACKEND_WORKER_H
#define BACKEND_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/device.h"
#include "backend/log.h"
#include "backend/proto.h"
#include "backend/request.h"
#include "backend/state.h"
#include "backend/transport.h"

struct xen_dm;
struct xen_evtchn;
struct xen_foreign;
struct xen_grant;

#define WORKER_MAX_VCPUS 128	/* slots of an ioreq page */

/*
 * An access, who it is for, and what it asks for: what was found once stays so
 * while it waits.
 */
struct worker_access {
	struct ioreq_access acc;
	struct device *dev;	/* NULL: of a disk yet to be handed in */
	uint64_t offset;	/* in its registers */
	struct vdev_effect effect;
};

struct worker {
	int sock;
	uint32_t domid;
	struct state *state;
	struct xen_dm *dm;
	struct xen_evtchn *ec;
	struct xen_foreign *foreign;
	struct xen_grant *grant;	/* NULL: none on this host */
	int grant_err;			/* why */
	struct xen_ioreq *io;
	struct transport transport;
	struct engine engine;
	struct device *dev[STATE_MAX_DISKS];
	bool removing[STATE_MAX_DISKS];
	bool resume[STATE_MAX_DISKS];	/* in flight things are to be redone */
	bool attach;
	struct worker_access waiting[WORKER_MAX_VCPUS];
	uint32_t nwaiting;
	bool accesses;			/* the event channel has something */
	bool irq_owed;			/* an interrupt failed */
	bool again;			/* another round before we sleep */
	bool messages;			/* the socket has */
	bool detaching;
	bool stopping;
	struct log_limit limit;
};

/* Messages to the manager. A manager that is gone is no error here. */
void worker_send_slot(struct worker *w, enum proto_type type, uint32_t slot);
void worker_send_error(struct worker *w, enum proto_type type, uint32_t slot,
		       int err, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/*
 * Wait for START and take up the guest: the handles are open and restricted,
 * the ioreq server answers to us, root is given up, READY is sent. After a
 * failure FAILED is sent, and worker_close() is still to be called.
 */
int worker_start(struct worker *w);
/*
 * Let go of everything. If the worker is stopping, the ioreq server goes too;
 * else a later worker can take it up.
 */
void worker_close(struct worker *w);

/* Act on all messages that are there. */
void worker_messages(struct worker *w);
/* Go on with removals. True when no disk has a request under way. */
bool worker_disks_idle(struct worker *w);

#endif
