/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A disk's back-end directory in xenstore, as libxl writes it:
 * /local/domain/SELF/backend/KIND/DOMID/DEVID. See docs/xenstore.md.
 *
 * The guest can read it and not write it. Its front-end directory, which the
 * guest can write, is never read. Nodes are changed, never made again once
 * libxl has removed them. Nothing here logs. Errors are -errno.
 */
#ifndef BACKEND_NODE_H
#define BACKEND_NODE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store;

#define NODE_ROOT_LEN 64
#define NODE_VDEV_LEN 16	/* "xvda1", with the zero */
#define NODE_NAME_LEN 64	/* of a domain, with the zero */

enum node_state {		/* XenbusState, as far as it is used */
	NODE_INITIALISING = 1,
	NODE_INIT_WAIT = 2,	/* served; stays for life */
	NODE_CONNECTED = 4,
	NODE_CLOSING = 5,
	NODE_CLOSED = 6,
};

enum node_kind {
	NODE_DISK,	/* "virtio_disk": libxl says everything */
	NODE_GENERIC,	/* "virtio": libxl says only where it is in the guest */
};

#define NODE_KINDS 2

struct node {			/* a name, to be copied freely */
	struct store *store;
	enum node_kind kind;
	uint32_t self;
	uint32_t domid;
	uint32_t devid;
};

struct node_keys {
	char vdev[NODE_VDEV_LEN];	/* "xvda"; "virtio0" if it is generic */
	uint64_t base;
	uint32_t irq;
	bool grants;		/* in use, says libxl */
	/* Not known of a generic one, left zero: */
	char params[PATH_MAX];	/* the image */
	bool read_only;
	bool discard;
};

/* The part of xenstore that a manager looks at. */
struct node_scope {
	uint32_t self;
	uint32_t domid;		/* this guest's nodes, or NODE_EVERY_GUEST */
	bool kind[NODE_KINDS];
};

#define NODE_EVERY_GUEST UINT32_MAX

/* The path that is to be watched. @path has NODE_ROOT_LEN bytes. */
void node_root(char *path, uint32_t self, enum node_kind kind);

/* What a generic device is called here. @vdev has NODE_VDEV_LEN bytes. */
void node_generic_name(const struct node *node, char *vdev);

/*
 * Call @each for every disk in @scope that has a state; generic devices that are no
 * block devices are passed over. Stops at the first error of xenstore; what was
 * not seen then says nothing.
 */
int node_for_each(struct store *store, const struct node_scope *scope,
		  void (*each)(void *arg, const struct node *node,
			       unsigned int state, bool online),
		  void *arg);

/*
 * Everything about a disk, at one moment, checked. -EINVAL and others come
 * with a sentence for the administrator in @text.
 */
int node_read(const struct node *node, struct node_keys *keys, char *text,
	      size_t len);

/* The name of the guest; "" if it has none. @name has NODE_NAME_LEN bytes. */
void node_guest_name(struct store *store, uint32_t domid, char *name);

/* 1 becomes 2. -ESTALE when it was not 1 any more: libxl thought better. */
int node_set_ready(const struct node *node);

/* Becomes 6, if libxl has not removed it (0 as well). */
int node_set_closed(const struct node *node);

/*
 * In place of 2: say why in hotplug-error and remove the state, which makes
 * libxl give up at once rather than after ten seconds. The state of a generic
 * device stays: libxl does not wait for it. -ESTALE as above.
 */
int node_set_failed(const struct node *node, const char *why);

#endif
