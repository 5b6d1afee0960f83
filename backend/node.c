// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What libxl says about a disk and what we answer. libxl writes all keys of a
 * disk in one transaction, so whoever sees `state` sees everything; reading
 * them in one transaction too keeps a removal from coming in between.
 *
 * dom0's toolstack wrote the values, but a number is a number only after it
 * was looked at. Where a disk may lie in a guest is judged in place.c.
 */
#include "backend/node.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/log.h"
#include "backend/text.h"
#include "xen/store.h"

#define NODE_PATH_LEN 128

/* virtio device 2, as the compatible string that xl's type= asks for */
#define NODE_TYPE_BLOCK "virtio,device2"

static const char *const node_kinds[NODE_KINDS] = {
	[NODE_DISK] = "virtio_disk",
	[NODE_GENERIC] = "virtio",
};

void node_root(char *path, uint32_t self, enum node_kind kind)
{
	snprintf(path, NODE_ROOT_LEN, "/local/domain/%u/backend/%s", self,
		 node_kinds[kind]);
}

void node_generic_name(const struct node *node, char *vdev)
{
	snprintf(vdev, NODE_VDEV_LEN, "virtio%u", node->devid % 100000);
}

static void node_path(const struct node *n, const char *leaf, char *path)
{
	snprintf(path, NODE_PATH_LEN,
		 "/local/domain/%u/backend/%s/%u/%u/%s", n->self,
		 node_kinds[n->kind], n->domid, n->devid, leaf);
}

/* One key; *value is NULL after a failure. */
static int node_get(const struct node *n, const char *leaf, char **value)
{
	char path[NODE_PATH_LEN];

	node_path(n, leaf, path);
	return store_read(n->store, path, value);
}

static int node_put(const struct node *n, const char *leaf, const char *value)
{
	char path[NODE_PATH_LEN];

	node_path(n, leaf, path);
	return store_write(n->store, path, value);
}

/* Decimal, or hexadecimal with 0x: libxl writes both. */
static int node_parse(const char *value, uint64_t max, uint64_t *n)
{
	char *end;

	if (*value < '0' || *value > '9')
		return -EINVAL;
	errno = 0;
	*n = strtoull(value, &end, value[1] == 'x' ? 16 : 10);
	return errno || *end || *n > max ? -EINVAL : 0;
}

static int node_get_number(const struct node *n, const char *leaf,
			   uint64_t max, uint64_t *number)
{
	char *value;
	int ret = node_get(n, leaf, &value);

	if (ret)
		return ret;
	ret = node_parse(value, max, number);
	free(value);
	return ret;
}

/* "0" or "1"; *flag stays what it is when the key is not there. */
static int node_get_flag(const struct node *n, const char *leaf, bool *flag)
{
	uint64_t number = *flag;
	int ret = node_get_number(n, leaf, 1, &number);

	*flag = number == 1;
	return ret == -ENOENT ? 0 : ret;
}

static int node_get_text(const struct node *n, const char *leaf, char *text,
			 size_t len)
{
	char *value;
	int ret = node_get(n, leaf, &value);

	if (ret)
		return ret;
	if (strlen(value) >= len)
		ret = -ENAMETOOLONG;
	else
		strcpy(text, value);
	free(value);
	return ret;
}

/* Look around. */

struct node_walk {
	void (*each)(void *arg, const struct node *node, unsigned int state,
		     bool online);
	void *arg;
};

/* 1 if it is a block device, 0 if it is something else, or -errno. */
static int node_is_block(const struct node *n)
{
	char *type;
	int ret;

	if (n->kind == NODE_DISK)
		return 1;
	ret = node_get(n, "type", &type);
	if (ret)
		return ret;
	ret = !strcmp(type, NODE_TYPE_BLOCK);
	free(type);
	return ret;
}

static int node_visit(const struct node *n, const struct node_walk *w)
{
	bool online = true;
	uint64_t state;
	int ret = node_is_block(n);

	if (ret == 0)
		return 0;
	if (ret > 0)
		ret = node_get_number(n, "state", 8, &state);
	if (!ret)
		ret = node_get_flag(n, "online", &online);
	if (!ret)
		w->each(w->arg, n, (unsigned int)state, online);
	/* Gone again, or nonsense: nothing to act on. */
	return ret == -ENOENT || ret == -EINVAL ? 0 : ret;
}

static int node_visit_guest(struct node *n, const char *root,
			    const struct node_walk *w)
{
	char path[NODE_PATH_LEN], **names;
	uint64_t devid;
	int count, ret = 0;

	snprintf(path, sizeof(path), "%s/%u", root, n->domid);
	count = store_list(n->store, path, &names);
	if (count < 0)
		return count == -ENOENT ? 0 : count;
	for (int i = 0; i < count && !ret; i++) {
		if (node_parse(names[i], UINT32_MAX, &devid))
			continue;
		n->devid = (uint32_t)devid;
		ret = node_visit(n, w);
	}
	free(names);
	return ret;
}

static int node_visit_kind(struct node *n, uint32_t only,
			   const struct node_walk *w)
{
	char root[NODE_ROOT_LEN], **names;
	uint64_t domid;
	int count, ret = 0;

	node_root(root, n->self, n->kind);
	count = store_list(n->store, root, &names);
	if (count < 0)
		return count == -ENOENT ? 0 : count;
	for (int i = 0; i < count && !ret; i++) {
		if (node_parse(names[i], UINT16_MAX, &domid))
			continue;
		if (only != NODE_EVERY_GUEST && only != domid)
			continue;
		n->domid = (uint32_t)domid;
		ret = node_visit_guest(n, root, w);
	}
	free(names);
	return ret;
}

int node_for_each(struct store *store, const struct node_scope *scope,
		  void (*each)(void *arg, const struct node *node,
			       unsigned int state, bool online),
		  void *arg)
{
	struct node n = { .store = store, .self = scope->self };
	struct node_walk w = { each, arg };
	int ret = 0;

	for (int kind = 0; kind < NODE_KINDS && !ret; kind++) {
		n.kind = (enum node_kind)kind;
		if (scope->kind[kind])
			ret = node_visit_kind(&n, scope->domid, &w);
	}
	return ret;
}

/* One disk. */

struct node_reading {
	const struct node *node;
	struct node_keys *keys;
	const char *leaf;	/* the one that failed; NULL: their transaction */
};

/* What only libxl's disks have. */
static int node_read_disk(struct node_reading *r)
{
	const struct node *n = r->node;
	struct node_keys *k = r->keys;
	char mode[16];
	int ret = node_get_text(n, r->leaf = "params", k->params,
				sizeof(k->params));

	if (!ret)
		ret = node_get_text(n, r->leaf = "dev", k->vdev,
				    sizeof(k->vdev));
	if (!ret)
		ret = node_get_text(n, r->leaf = "mode", mode, sizeof(mode));
	if (ret)
		return ret;
	k->read_only = mode[0] != 'w';
	return node_get_flag(n, r->leaf = "discard-enable", &k->discard);
}

static int node_read_body(struct store *store, void *arg)
{
	struct node_reading *r = arg;
	const struct node *n = r->node;
	struct node_keys *k = r->keys;
	uint64_t irq = 0;
	int ret = 0;

	(void)store;
	*k = (struct node_keys){ .grants = n->self != 0 };
	if (n->kind == NODE_DISK)
		ret = node_read_disk(r);
	else
		node_generic_name(n, k->vdev);
	if (!ret)
		ret = node_get_number(n, r->leaf = "base", UINT64_MAX,
				      &k->base);
	if (!ret)
		ret = node_get_number(n, r->leaf = "irq", UINT32_MAX, &irq);
	if (!ret)
		ret = node_get_flag(n, r->leaf = "grant_usage", &k->grants);
	k->irq = (uint32_t)irq;
	if (!ret)
		r->leaf = NULL;
	return ret;
}

int node_read(const struct node *node, struct node_keys *keys, char *text,
	      size_t len)
{
	struct node_reading r = { .node = node, .keys = keys };
	int ret = store_transaction(node->store, node_read_body, &r);

	if (ret && r.leaf)
		text_set(text, len, "its xenstore node %s can't be used: %s",
			 r.leaf, log_strerror(ret));
	else if (ret)
		text_set(text, len, "its xenstore nodes can't be read: %s",
			 log_strerror(ret));
	if (ret)
		return ret;
	if (node->kind == NODE_DISK && keys->params[0] != '/') {
		text_set(text, len, "target=%s is not an absolute path",
			 keys->params);
		return -EINVAL;
	}
	return 0;
}

void node_guest_name(struct store *store, uint32_t domid, char *name)
{
	char path[NODE_PATH_LEN], *value;

	*name = '\0';
	snprintf(path, sizeof(path), "/local/domain/%u/name", domid);
	if (store_read(store, path, &value))
		return;
	snprintf(name, NODE_NAME_LEN, "%s", value);
	free(value);
}

/* Answers. */

static int node_ready_body(struct store *store, void *arg)
{
	const struct node *n = arg;
	uint64_t state;
	int ret = node_get_number(n, "state", 8, &state);

	(void)store;
	if (ret || state != NODE_INITIALISING)
		return ret && ret != -ENOENT ? ret : -ESTALE;
	return node_put(n, "state", "2");
}

int node_set_ready(const struct node *node)
{
	struct node n = *node;

	return store_transaction(n.store, node_ready_body, &n);
}

static int node_closed_body(struct store *store, void *arg)
{
	const struct node *n = arg;
	uint64_t state;
	int ret = node_get_number(n, "state", 8, &state);

	(void)store;
	if (ret || state == NODE_CLOSED)
		return ret == -ENOENT ? 0 : ret;
	return node_put(n, "state", "6");
}

int node_set_closed(const struct node *node)
{
	struct node n = *node;

	return store_transaction(n.store, node_closed_body, &n);
}

struct node_failure {
	const struct node *node;
	const char *why;
};

static int node_failed_body(struct store *store, void *arg)
{
	const struct node_failure *f = arg;
	char path[NODE_PATH_LEN];
	uint64_t state;
	int ret = node_get_number(f->node, "state", 8, &state);

	if (ret || state != NODE_INITIALISING)
		return ret && ret != -ENOENT ? ret : -ESTALE;
	ret = node_put(f->node, "hotplug-error", f->why);
	if (ret || f->node->kind == NODE_GENERIC)
		return ret;
	node_path(f->node, "state", path);
	return store_remove(store, path);
}

int node_set_failed(const struct node *node, const char *why)
{
	struct node_failure f = { node, why };

	return store_transaction(node->store, node_failed_body, &f);
}
