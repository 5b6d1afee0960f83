/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ranges of a DISCARD or WRITE_ZEROES request, one after another, by the
 * best way that the image knows: deallocate, zero in place, write zeroes.
 */
#ifndef BACKEND_RANGE_H
#define BACKEND_RANGE_H

struct request;

/* Hand the current range to the kernel. 0 or -errno. */
int range_submit(struct request *req);
/*
 * The kernel's answer. Moves on to the next range, or to the next way for the
 * same one if this way is not supported. 0 or the -errno to fail with.
 */
int range_complete(struct request *req, int result);
/* Add the completed request to the disk's counters. */
void range_count(const struct request *req);

#endif
