/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside simctl: the toolstack's half of xenstore.
 */
#ifndef SIM_SIMCTL_H
#define SIM_SIMCTL_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/sim/world.h"

struct xs_handle;

/* A transaction that is being written. */
struct writer {
	struct xs_handle *xs;
	uint32_t t;
	bool failed;
};

__attribute__((format(printf, 3, 4)))
void store_put(struct writer *w, const char *path, const char *fmt, ...);
/* A directory that @owner has and @reader may read; and what is put into it. */
void store_dir(struct writer *w, const char *path, uint32_t owner,
	       uint32_t reader);
/* fill(w, arg) in one transaction: 0 or -errno. */
int store_transaction(struct xs_handle *xs,
		      void (*fill)(struct writer *w, const void *arg),
		      const void *arg);

/* Says what is wrong and ends the program. */
__attribute__((noreturn, format(printf, 1, 2)))
void die(const char *fmt, ...);

/* The status to end with; of -errno it says what it was for. */
int check(const char *what, int ret);

struct xs_handle *toolstack_open(void);
/* What libxl writes about a new domain, and tell xenstored about it. */
void toolstack_introduce(struct xs_handle *xs, const struct sim_dom_info *dom);
/* Its nodes, and those of its devices. */
void toolstack_forget(struct xs_handle *xs, const struct sim_dom_info *dom);

#define TOOLSTACK_CHANGES 8u

struct toolstack_disk {
	const char *vdev, *path;
	bool read_only, grants;
	/* What libxl would not write: KEY=VALUE instead, or -KEY. */
	const char *change[TOOLSTACK_CHANGES];
	uint32_t changes;
};

struct toolstack_generic {
	const char *type;	/* as in xl's configuration: virtio,device2 */
	bool grants;
};

/* Where the guest finds its device. */
struct toolstack_place {
	uint32_t base, irq;
};

/*
 * Write a virtio disk's nodes in one transaction and wait up to ten seconds
 * ($SIM_PATIENCE_MS) for state 2: -ETIMEDOUT. Its window is at 0x2000000 +
 * 0x200 * n, its interrupt 33 + n, with n the first that is free.
 */
int toolstack_disk_add(struct xs_handle *xs, uint32_t domid,
		       const struct toolstack_disk *disk,
		       struct toolstack_place *place);
/* The same for a generic device, but nobody waits for it. */
int toolstack_generic_add(struct xs_handle *xs, uint32_t domid,
			  const struct toolstack_generic *generic,
			  struct toolstack_place *place);
/* Offline, closing, and wait as long for closed; then it is gone. */
int toolstack_disk_remove(struct xs_handle *xs, uint32_t domid,
			  const char *vdev);
/* All devices, side by side as libxl does. */
int toolstack_devices_remove(struct xs_handle *xs, uint32_t domid);

/* --- nodes.c: commands, for xenstore by hand ------------------------------------ */

int nodes_list(char **arg);
int nodes_read(char **arg);
int nodes_write(char **arg);
int nodes_remove(char **arg);

#endif
