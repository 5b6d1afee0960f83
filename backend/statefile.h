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
 *
 * What is locked is the file that the name leads to: only who has the lock
 * removes the name, and who gets a lock on what has lost its name tries again.
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

/*
 * The file of a guest that is to be served from now on: the one there is, if it
 * is this guest's (*found), else a fresh one in its place. As above.
 */
int statefile_create(int dir, uint32_t domid, const uint8_t uuid[16],
		     bool *found);

/* @fd is what one of these gave; the name goes, the lock stays. */
void statefile_remove(int dir, uint32_t domid, int fd);

/*
 * Remove the file of a guest that is no more. 0 also if there is none; -EBUSY
 * while somebody still has it, -errno.
 */
int statefile_sweep(int dir, uint32_t domid);

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
