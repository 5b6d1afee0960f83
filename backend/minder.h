/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Minding a guest's worker: start it, see it end, start another.
 * Called by guest.c, calls guest_settle() when something came of it.
 */
#ifndef BACKEND_MINDER_H
#define BACKEND_MINDER_H

#include "backend/guest.h"

void minder_init(struct guest *guest);
/* A worker that still runs notices by its socket that nobody listens. */
void minder_fini(struct guest *guest);

/* Bring the worker and the disks that are WAITING together. */
void minder_advance(struct guest *guest);

/*
 * No disk is served: STOPPING, or IDLE when there is no worker to stop.
 * @stuck: the guest still waits for one, so its ioreq server has to stay.
 */
void minder_stop(struct guest *guest, bool stuck);

/*
 * No disk is left, but what a worker that ended unasked left in Xen: start one
 * that takes it away and ends. False if that is of no use, because the guest is
 * dead or too many workers have ended.
 */
bool minder_clean(struct guest *guest);

/* DETACHING, if there is a worker. */
void minder_detach(struct guest *guest);

/* LOST is forgiven. */
void minder_reload(struct guest *guest);

#endif
