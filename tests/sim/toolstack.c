// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What libxl does in xenstore for a guest: the same nodes with the same owners.
 * The guest's devices are in devices.c.
 */
#include "tests/sim/simctl.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xenstore.h>

#define ATTEMPTS 32

void store_put(struct writer *w, const char *path, const char *fmt, ...)
{
	char value[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	if (!xs_write(w->xs, w->t, path, value, (unsigned int)strlen(value)))
		w->failed = true;
}

void store_dir(struct writer *w, const char *path, uint32_t owner,
	       uint32_t reader)
{
	struct xs_permissions perms[2] = { { owner, XS_PERM_NONE },
					   { reader, XS_PERM_READ } };

	if (!xs_mkdir(w->xs, w->t, path) ||
	    !xs_set_permissions(w->xs, w->t, path, perms, 2))
		w->failed = true;
}

int store_transaction(struct xs_handle *xs,
		      void (*fill)(struct writer *w, const void *arg),
		      const void *arg)
{
	for (int i = 0; i < ATTEMPTS; i++) {
		struct writer w = { .xs = xs, .t = xs_transaction_start(xs) };

		if (w.t == XBT_NULL)
			return -errno;
		fill(&w, arg);
		if (xs_transaction_end(xs, w.t, w.failed))
			return w.failed ? -EIO : 0;
		if (errno != EAGAIN)
			return -errno;
	}
	return -EAGAIN;
}

struct xs_handle *toolstack_open(void)
{
	const char *world = getenv("SIM_WORLD");
	struct xs_handle *xs;
	char path[512];

	if (!world)
		die("SIM_WORLD names no world");
	snprintf(path, sizeof(path), "%s/xenstored/socket", world);
	setenv("XENSTORED_PATH", path, 0);
	xs = xs_open(XS_UNWATCH_FILTER);
	if (!xs)
		die("xenstored of %s: %s", world, strerror(errno));
	return xs;
}

/* --- domains -------------------------------------------------------------------- */

static void domain_path(char *path, size_t len, uint32_t domid,
			const char *name)
{
	snprintf(path, len, "/local/domain/%u%s%s", domid, *name ? "/" : "",
		 name);
}

static void format_uuid(const uint8_t uuid[16], char out[37])
{
	for (int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*out++ = '-';
		out += sprintf(out, "%02x", uuid[i]);
	}
}

static void fill_domain(struct writer *w, const void *arg)
{
	const struct sim_dom_info *dom = arg;
	char path[128], uuid[37], vm[64];

	format_uuid(dom->uuid, uuid);
	snprintf(vm, sizeof(vm), "/vm/%s", uuid);
	store_dir(w, vm, 0, dom->domid);
	snprintf(path, sizeof(path), "%s/name", vm);
	store_put(w, path, "%s", dom->name);
	snprintf(path, sizeof(path), "%s/uuid", vm);
	store_put(w, path, "%s", uuid);

	domain_path(path, sizeof(path), dom->domid, "");
	store_dir(w, path, 0, dom->domid);
	domain_path(path, sizeof(path), dom->domid, "vm");
	store_put(w, path, "%s", vm);
	domain_path(path, sizeof(path), dom->domid, "name");
	store_put(w, path, "%s", dom->name);
	domain_path(path, sizeof(path), dom->domid, "domid");
	store_put(w, path, "%u", dom->domid);
	domain_path(path, sizeof(path), dom->domid, "device");
	store_dir(w, path, 0, dom->domid);
	snprintf(path, sizeof(path), "/libxl/%u", dom->domid);
	if (!xs_mkdir(w->xs, w->t, path))
		w->failed = true;
}

void toolstack_introduce(struct xs_handle *xs, const struct sim_dom_info *dom)
{
	int ret = store_transaction(xs, fill_domain, dom);

	if (ret)
		die("the nodes of domain %u: %s", dom->domid, strerror(-ret));
	if (!xs_introduce_domain(xs, dom->domid, (unsigned long)dom->store_gfn,
				 dom->store_port))
		die("xenstored does not take domain %u: %s", dom->domid,
		    strerror(errno));
}

void toolstack_forget(struct xs_handle *xs, const struct sim_dom_info *dom)
{
	char path[128], uuid[37];

	xs_release_domain(xs, dom->domid);
	domain_path(path, sizeof(path), dom->domid, "");
	xs_rm(xs, XBT_NULL, path);
	format_uuid(dom->uuid, uuid);
	snprintf(path, sizeof(path), "/vm/%s", uuid);
	xs_rm(xs, XBT_NULL, path);
	snprintf(path, sizeof(path), "/libxl/%u", dom->domid);
	xs_rm(xs, XBT_NULL, path);
}
