/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the daemon and the kernel say about the worker of a guest.
 */
#ifndef HOSTILE_DAEMON_H
#define HOSTILE_DAEMON_H

#include <stdint.h>
#include <sys/types.h>

struct daemon_view {
	pid_t pid;
	uint32_t fds;
	uint64_t data_kib;	/* memory of its own, touched or not */
	uint64_t pops, pushes, in_flight;	/* of the disks in @vdevs */
	uint64_t reads, writes, refused, malformed, skipped, failed, broken;
	uint64_t unmap_failures;
};

/* Asks xen-vblkd at its @socket. @vdevs: "xvda,xvdc". 0 or -errno. */
int daemon_look(const char *socket, uint32_t domid, const char *vdevs,
		struct daemon_view *out);

#endif
