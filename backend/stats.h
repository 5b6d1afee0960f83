/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counters. The worker counts, in memory that it shares with the manager (see
 * state.h); the manager only reads and believes nothing: a counter is a number
 * to show, never to decide by. Each list is the one place where a counter is
 * named: struct, JSON key and help text come from it.
 *
 * Locking: one writer, plain 64-bit stores that are atomic on every machine
 * that runs Xen; readers may see counters of slightly different moments.
 */
#ifndef BACKEND_STATS_H
#define BACKEND_STATS_H

#include <stdint.h>

#include "mapcache/stats.h"	/* the mapcache's own, struct mapcache_stats */

/* name, what it counts */
#define STATS_DISK(X) \
	X(reads, "read requests completed") \
	X(read_bytes, "bytes read for the guest") \
	X(writes, "write requests completed") \
	X(write_bytes, "bytes written for the guest") \
	X(flushes, "flush requests completed") \
	X(discards, "discard requests completed") \
	X(discard_bytes, "bytes discarded") \
	X(write_zeroes, "write-zeroes requests completed") \
	X(write_zeroes_bytes, "bytes zeroed") \
	X(get_ids, "serial number requests completed") \
	X(failed, "requests answered IOERR because the host failed") \
	X(refused, "requests answered IOERR or UNSUPP because they were wrong") \
	X(malformed, "chains returned unexecuted because they were malformed") \
	X(skipped, "available entries that named no valid head") \
	X(pops, "chains taken from the available ring") \
	X(pushes, "chains returned through the used ring") \
	X(kicks, "queue notifications from the guest") \
	X(drains, "passes over an available ring that found work") \
	X(polls, "looks at an available ring while kicks were off") \
	X(irqs, "interrupts raised") \
	X(irqs_suppressed, "interrupts the guest did not want or need") \
	X(accesses, "register accesses") \
	X(resets, "device resets by the guest") \
	X(broken, "times the device had to ask for a reset") \
	X(stalls, "requests that waited for buffer space") \
	X(in_flight, "requests at this moment taken and not yet returned")

#define STATS_FIELD(name, help) uint64_t name;

struct stats_disk {
	STATS_DISK(STATS_FIELD)
};

#endif
