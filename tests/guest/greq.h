/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between gblk.c, which has the disk, and greq.c, which has its requests.
 */
#ifndef GUEST_GREQ_H
#define GUEST_GREQ_H

#include "tests/guest/gblk.h"

int greq_slots_open(struct gblk_queue *q);
void greq_slots_close(struct gblk_queue *q);
/* Take everything that the device has returned, until it has no more. */
void greq_reap(struct gblk_queue *q);
/* The device is reset: what is out returns -ECANCELED. */
void greq_cancel(struct gblk_queue *q);

#endif
