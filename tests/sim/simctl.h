/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside simctl: the toolstack's half of xenstore.
 */
#ifndef SIM_SIMCTL_H
#define SIM_SIMCTL_H

#include <stdint.h>

#include "tests/sim/world.h"

struct xs_handle;

/* Says what is wrong and ends the program. */
__attribute__((noreturn, format(printf, 1, 2)))
void die(const char *fmt, ...);

struct xs_handle *toolstack_open(void);
/* What libxl writes about a new domain, and tell xenstored about it. */
void toolstack_introduce(struct xs_handle *xs, const struct sim_dom_info *dom);
/* Its nodes, and those of its devices. */
void toolstack_forget(struct xs_handle *xs, const struct sim_dom_info *dom);

struct toolstack_disk {
	const char *vdev, *path;
	bool read_only, grants;
};
/*
 * Write a virtio disk's nodes in one transaction and wait up to ten seconds for
 * state 2: -ETIMEDOUT. *place counts the domain's disks: its window is at
 * 0x2000000 + 0x200 * place, its interrupt 33 + place.
 */
int toolstack_disk_add(struct xs_handle *xs, const struct sim_dom_info *dom,
		       const struct toolstack_disk *disk, uint32_t *place);
/* Offline, closing, and wait up to ten seconds for closed; then it is gone. */
int toolstack_disk_remove(struct xs_handle *xs, uint32_t domid,
			  const char *vdev);
/* All of them, side by side as libxl does. */
int toolstack_disks_remove(struct xs_handle *xs, uint32_t domid);

#endif
