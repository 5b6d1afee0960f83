/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One disk of a guest, seen by the manager (struct disk is in guest.h): what
 * has to be known and open before a worker hears of it, and what is said when
 * it can't be served.
 */
#ifndef BACKEND_DISK_H
#define BACKEND_DISK_H

#include <stddef.h>

#include "backend/guest.h"

/* DISK_NEW, in the guest's list; NULL without memory. */
struct disk *disk_open(struct guest *guest, const struct node *node,
		       bool fresh);

/* Out of the list and gone, with all that it holds. */
void disk_close(struct disk *disk);

/* Its keys and its configuration. 0 or -errno with a sentence in @text. */
int disk_read(struct disk *disk, char *text, size_t len);

/*
 * NEW becomes WAITING: image open, slot found. It has its keys and the guest
 * its state file. 0 or -errno with a sentence in @text, and it is NEW again;
 * -EBUSY may be worth another try.
 */
int disk_prepare(struct disk *disk, char *text, size_t len);

/*
 * The worker that had its image ended unasked: WAITING, until disk_retake() has
 * the image again and no request of that worker can reach it any more.
 */
void disk_lapse(struct disk *disk);

/* True if that takes longer; else it has the image or is FAILED. */
bool disk_retake(struct disk *disk);

/* DISK_ADD for it, to be sent with image.fd. */
void disk_describe(const struct disk *disk, struct proto_msg *msg);

/*
 * The worker serves it: RUNNING, and libxl hears of it; if that fails, a scan is
 * asked for.
 */
void disk_set_running(struct disk *disk);

/* Says it to libxl once more. 0, -ESTALE as from node_set_ready(), or -errno. */
int disk_tell_ready(struct disk *disk);

/*
 * It is about to be CLOSED or FAILED without a worker's word: what Xen and the
 * state may have of it is left to the next.
 */
void disk_orphan(struct disk *disk);

/* The image is closed: CLOSED. */
void disk_set_closed(struct disk *disk);

/* FAILED, in the log and, for a fresh one, in xenstore. */
void disk_set_failed(struct disk *disk, const char *why);

#endif
