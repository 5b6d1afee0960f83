/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The data of reads and writes, piece by piece. Every function takes a request
 * that is in flight; none returns an error: a request that can't go on is
 * finished with a status.
 */
#ifndef BACKEND_TRANSFER_H
#define BACKEND_TRANSFER_H

#include <stdbool.h>
#include <stdint.h>

struct mapcache_segment;
struct request;

/*
 * Queue copies of the bytes [skip, skip + len) of the chain's readable or
 * writable part; the caller has checked that they are there. Failures show in
 * req->copy_err after mapcache_copy_run().
 */
void transfer_from_guest(struct request *req, uint64_t skip, uint64_t len,
			 uint8_t *to);
void transfer_into_guest(struct request *req, uint64_t skip, uint64_t len,
			 const uint8_t *from);

/* Will data of @len bytes, beginning in @first, be mapped rather than copied? */
bool transfer_wants_map(const struct request *req,
			const struct mapcache_segment *first, uint64_t len);

/* Begin the next piece: it is with the kernel then, or stalled, or settling. */
void transfer_next(struct request *req);
/* Hand what is left of the piece to the kernel again. */
void transfer_submit(struct request *req);
/* The kernel's answer to a piece: bytes or -errno. */
void transfer_complete(struct request *req, int result);
/* Drop buffer and mapping. */
void transfer_release(struct request *req);

#endif
