/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What Xen knows about other domains. Its library has no stable interface
 * (its soname is Xen's release), so this is the whole use that is made of it.
 *
 * Not fork-safe, not thread-safe; nothing logs. Errors are -errno.
 */
#ifndef XEN_DOMAIN_H
#define XEN_DOMAIN_H

#include <stdbool.h>
#include <stdint.h>

struct domains;

enum domain_type {
	DOMAIN_PV,
	DOMAIN_PVH,	/* and every guest on Arm */
	DOMAIN_HVM,	/* x86, with the emulated hardware of a PC */
};

struct domain_info {
	uint8_t uuid[16];	/* domain ids are used again, this is not */
	enum domain_type type;
	uint32_t vcpus;		/* at most, at least 1 */
	bool dying;		/* being destroyed: it never runs again */
	bool shutdown;		/* stopped by itself, still there */
};

/* *domains is NULL after a failure. */
int domains_open(struct domains **domains);
void domains_close(struct domains *domains);

/* -ENOENT when there is no such domain. */
int domains_info(struct domains *domains, uint32_t domid,
		 struct domain_info *info);

#endif
