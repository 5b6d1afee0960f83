/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files in the runtime directory that hold a guest's struct state while
 * no worker runs: DOMID.state. The manager makes, checks and removes them; it
 * reads copies and never maps one, because the worker could make the file
 * shorter under a mapping.
 *
 * Each open file is locked. The lock belongs to the open file, which a worker
 * gets a duplicate of, so a file stays locked until both the manager that
 * opened it and its worker have ended: nobody can start a second worker on it,
 * and of several managers that see a guest one serves it.
 */
#ifndef BACKEND_STATEFILE_H
#define BACKEND_STATEFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/state.h"

/*
 * The file of a running guest. A descriptor, or -ENOENT; -EBUSY while another
 * manager or an earlier worker has it; what state_check() says of one that is no use.
 */
int statefile_open(int dir, uint32_t domid, const uint8_t uuid[16]);

/* A fresh one; one of an earlier guest is replaced. As above. */
int statefile_create(int dir, uint32_t domid, const uint8_t uuid[16]);

void statefile_remove(int dir, uint32_t domid);

/*
 * Does anybody serve that guest? Not to be asked about one whose file is open
 * here: true then, too.
 */
bool statefile_is_locked(int dir, uint32_t domid);

/* A copy of what is in it now. 0 or -errno. */
int statefile_read(int fd, struct state *state);

/* Call @each for every file there is, with its domid. */
int statefile_for_each(int dir, void (*each)(void *arg, uint32_t domid),
		       void *arg);

#endif
