// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What libxl does in xenstore for a guest with virtio disks: the same nodes
 * with the same owners, each disk in one transaction, the same two waits.
 */
#include "tests/sim/simctl.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <xenstore.h>

#define WAIT_MS 10000
#define ATTEMPTS 32
#define DISKS_MAX 11u	/* Arm has so many interrupts for them */

struct writer {
	struct xs_handle *xs;
	xs_transaction_t t;
	struct xs_permissions perms[2];
	bool failed;
};

__attribute__((format(printf, 3, 4)))
static void put(struct writer *w, const char *path, const char *fmt, ...)
{
	char value[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	if (!xs_write(w->xs, w->t, path, value, (unsigned int)strlen(value)))
		w->failed = true;
}

/* A directory that @owner has and @reader may read; and what is put into it. */
static void dir(struct writer *w, const char *path, uint32_t owner,
		uint32_t reader)
{
	w->perms[0] = (struct xs_permissions){ owner, XS_PERM_NONE };
	w->perms[1] = (struct xs_permissions){ reader, XS_PERM_READ };
	if (!xs_mkdir(w->xs, w->t, path) ||
	    !xs_set_permissions(w->xs, w->t, path, w->perms, 2))
		w->failed = true;
}

/* fill(w, arg) in one transaction. */
static int transaction(struct xs_handle *xs,
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
	dir(w, vm, 0, dom->domid);
	snprintf(path, sizeof(path), "%s/name", vm);
	put(w, path, "%s", dom->name);
	snprintf(path, sizeof(path), "%s/uuid", vm);
	put(w, path, "%s", uuid);

	domain_path(path, sizeof(path), dom->domid, "");
	dir(w, path, 0, dom->domid);
	domain_path(path, sizeof(path), dom->domid, "vm");
	put(w, path, "%s", vm);
	domain_path(path, sizeof(path), dom->domid, "name");
	put(w, path, "%s", dom->name);
	domain_path(path, sizeof(path), dom->domid, "domid");
	put(w, path, "%u", dom->domid);
	domain_path(path, sizeof(path), dom->domid, "device");
	dir(w, path, 0, dom->domid);
	snprintf(path, sizeof(path), "/libxl/%u", dom->domid);
	if (!xs_mkdir(w->xs, w->t, path))
		w->failed = true;
}

void toolstack_introduce(struct xs_handle *xs, const struct sim_dom_info *dom)
{
	int ret = transaction(xs, fill_domain, dom);

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

/* --- disks ------------------------------------------------------------------------ */

/* xvda is 51712. */
static uint32_t disk_id(const char *vdev)
{
	if (strlen(vdev) != 4 || strncmp(vdev, "xvd", 3) || vdev[3] < 'a' ||
	    vdev[3] > 'p')
		die("%s: not xvda to xvdp", vdev);
	return 202u << 8 | (uint32_t)(vdev[3] - 'a') << 4;
}

struct disk {
	const struct toolstack_disk *disk;
	uint32_t domid, id, place;
	char back[128], front[128], libxl[128];
};

static void disk_init(struct disk *d, uint32_t domid, const char *vdev)
{
	*d = (struct disk){ .domid = domid, .id = disk_id(vdev) };
	snprintf(d->back, sizeof(d->back),
		 "/local/domain/0/backend/virtio_disk/%u/%u", domid, d->id);
	snprintf(d->front, sizeof(d->front),
		 "/local/domain/%u/device/virtio_disk/%u", domid, d->id);
	snprintf(d->libxl, sizeof(d->libxl), "/libxl/%u/device/virtio_disk/%u",
		 domid, d->id);
}

/* The back end's keys, in @base: twice, because libxl keeps a copy. */
static void fill_back(struct writer *w, const struct disk *d, const char *base)
{
	const struct {
		const char *key, *value;
	} fixed[] = {
		{ "frontend", d->front },
		{ "params", d->disk->path },
		{ "online", "1" },
		{ "removable", "0" },
		{ "bootable", "1" },
		{ "state", "1" },
		{ "dev", d->disk->vdev },
		{ "type", "standalone" },
		{ "mode", d->disk->read_only ? "r" : "w" },
		{ "device-type", "disk" },
		{ "discard-enable", d->disk->read_only ? "0" : "1" },
		{ "specification", "virtio" },
		{ "transport", "mmio" },
		{ "grant_usage", d->disk->grants ? "1" : "0" },
	};
	char path[256];

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", base, fixed[i].key);
		put(w, path, "%s", fixed[i].value);
	}
	snprintf(path, sizeof(path), "%s/frontend-id", base);
	put(w, path, "%u", d->domid);
	snprintf(path, sizeof(path), "%s/base", base);
	put(w, path, "%u", 0x2000000 + 0x200 * d->place);
	snprintf(path, sizeof(path), "%s/irq", base);
	put(w, path, "%u", 33 + d->place);
}

static void fill_front(struct writer *w, const struct disk *d)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/backend", d->front);
	put(w, path, "%s", d->back);
	snprintf(path, sizeof(path), "%s/backend-id", d->front);
	put(w, path, "0");
	snprintf(path, sizeof(path), "%s/state", d->front);
	put(w, path, "1");
	snprintf(path, sizeof(path), "%s/virtual-device", d->front);
	put(w, path, "%u", d->id);
	snprintf(path, sizeof(path), "%s/device-type", d->front);
	put(w, path, "disk");
	snprintf(path, sizeof(path), "%s/trusted", d->front);
	put(w, path, "1");
}

static void fill_disk(struct writer *w, const void *arg)
{
	const struct disk *d = arg;
	char path[256];

	dir(w, d->back, 0, d->domid);
	dir(w, d->front, d->domid, 0);
	fill_back(w, d, d->back);
	fill_front(w, d);
	fill_back(w, d, d->libxl);
	snprintf(path, sizeof(path), "%s/frontend", d->libxl);
	put(w, path, "%s", d->front);
	snprintf(path, sizeof(path), "%s/backend", d->libxl);
	put(w, path, "%s", d->back);
}

/* Where there is a disk, there is no room for another. */
static uint32_t place_find(struct xs_handle *xs, uint32_t domid)
{
	char path[128];
	char **names;
	unsigned int n = 0, len;
	uint32_t taken = 0, place = 0;

	snprintf(path, sizeof(path), "/local/domain/0/backend/virtio_disk/%u",
		 domid);
	names = xs_directory(xs, XBT_NULL, path, &n);
	for (unsigned int i = 0; names && i < n; i++) {
		char *irq;

		snprintf(path, sizeof(path),
			 "/local/domain/0/backend/virtio_disk/%u/%s/irq", domid,
			 names[i]);
		irq = xs_read(xs, XBT_NULL, path, &len);
		if (irq)
			taken |= 1u << (strtoul(irq, NULL, 10) - 33) % 32;
		free(irq);
	}
	free(names);
	while (taken & 1u << place)
		place++;
	return place;
}

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Exactly @state, as libxl wants it. A node that is gone counts for 6. */
static int state_wait(struct xs_handle *xs, const struct disk *d, int state)
{
	uint64_t end = now_ms() + WAIT_MS, now;
	struct pollfd p = { .fd = xs_fileno(xs), .events = POLLIN };
	char path[256];
	int ret = -ETIMEDOUT;

	snprintf(path, sizeof(path), "%s/state", d->back);
	if (!xs_watch(xs, path, "state"))
		return -errno;
	while (ret == -ETIMEDOUT && (now = now_ms()) < end) {
		unsigned int len;
		char *value, **event;

		poll(&p, 1, (int)(end - now));
		while ((event = xs_check_watch(xs)))
			free(event);
		value = xs_read(xs, XBT_NULL, path, &len);
		if (value ? atoi(value) == state : state == 6)
			ret = 0;
		else if (!value)
			ret = -ENOENT;
		free(value);
	}
	xs_unwatch(xs, path, "state");
	return ret;
}

int toolstack_disk_add(struct xs_handle *xs, const struct sim_dom_info *dom,
		       const struct toolstack_disk *disk, uint32_t *place)
{
	struct disk d;
	int ret;

	disk_init(&d, dom->domid, disk->vdev);
	d.disk = disk;
	d.place = *place = place_find(xs, dom->domid);
	if (d.place >= DISKS_MAX)
		return -ENOSPC;
	ret = transaction(xs, fill_disk, &d);
	return ret ? ret : state_wait(xs, &d, 2);
}

static void fill_closing(struct writer *w, const void *arg)
{
	const struct disk *d = arg;
	char path[256];

	xs_rm(w->xs, w->t, d->front);
	snprintf(path, sizeof(path), "%s/online", d->back);
	put(w, path, "0");
	snprintf(path, sizeof(path), "%s/state", d->back);
	put(w, path, "5");
}

static int disk_closed(struct xs_handle *xs, const struct disk *d)
{
	int ret = state_wait(xs, d, 6);

	/* What was not closed goes all the same. */
	xs_rm(xs, XBT_NULL, d->back);
	xs_rm(xs, XBT_NULL, d->libxl);
	return ret;
}

int toolstack_disk_remove(struct xs_handle *xs, uint32_t domid,
			  const char *vdev)
{
	struct disk d;
	int ret;

	disk_init(&d, domid, vdev);
	ret = transaction(xs, fill_closing, &d);
	return ret ? ret : disk_closed(xs, &d);
}

int toolstack_disks_remove(struct xs_handle *xs, uint32_t domid)
{
	char vdev[] = "xvda", path[160];
	struct disk d[16];
	unsigned int n = 0, len;
	int ret = 0;

	for (; vdev[3] <= 'p'; vdev[3]++) {
		char *dev;

		disk_init(&d[n], domid, vdev);
		snprintf(path, sizeof(path), "%s/dev", d[n].back);
		dev = xs_read(xs, XBT_NULL, path, &len);
		if (dev && !transaction(xs, fill_closing, &d[n]))
			n++;
		free(dev);
	}
	for (unsigned int i = 0; i < n; i++) {
		int closed = disk_closed(xs, &d[i]);

		ret = ret ? ret : closed;
	}
	snprintf(path, sizeof(path), "/local/domain/0/backend/virtio_disk/%u",
		 domid);
	xs_rm(xs, XBT_NULL, path);
	return ret;
}
