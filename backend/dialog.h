/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is said to a guest's worker and what comes back (proto.h has the
 * words). Sending never blocks; a worker that can't be told anything any more
 * is killed, and its end dealt with in minder.c.
 */
#ifndef BACKEND_DIALOG_H
#define BACKEND_DIALOG_H

#include "backend/guest.h"

/* START. */
void dialog_send_start(struct guest *guest);

/* WAITING becomes ADDING. */
void dialog_send_add(struct disk *disk);

/* RUNNING becomes REMOVING. */
void dialog_send_remove(struct disk *disk);

/* To a worker that is READY: what is left of disks that are no more goes. */
void dialog_send_orphans(struct guest *guest);

/* STOP or DETACH. */
void dialog_send(struct guest *guest, enum proto_type type);

/* Set the guest's timer to when an answer is overdue, if one is due. */
void dialog_watch(struct guest *guest);

/* Take the worker's messages and do what they mean. */
void dialog_receive(struct guest *guest);

/* @why is the reason of its end, unless it gave one. Nothing more is heard of it. */
void dialog_kill(struct guest *guest, const char *why);

#endif
