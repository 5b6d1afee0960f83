// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A guest's virtio devices in xenstore, as libxl has them: virtio disks, and
 * generic devices whose image only their back end knows. Each in one
 * transaction; libxl waits for a disk to be ready, not for a generic device, and
 * for either to close.
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

#define DEVICES_MAX 11u	/* Arm has so many interrupts for them */

static const char *const kinds[] = { "virtio_disk", "virtio" };

/* xvda is 51712. */
static uint32_t disk_id(const char *vdev)
{
	if (strlen(vdev) != 4 || strncmp(vdev, "xvd", 3) || vdev[3] < 'a' ||
	    vdev[3] > 'p')
		die("%s: not xvda to xvdp", vdev);
	return 202u << 8 | (uint32_t)(vdev[3] - 'a') << 4;
}

struct device {
	const struct toolstack_disk *disk;	/* of a disk that is added */
	const struct toolstack_generic *generic;
	uint32_t domid, id, place;
	char back[128], front[128], libxl[128];
};

static void device_init(struct device *d, uint32_t domid, const char *kind,
			uint32_t id)
{
	*d = (struct device){ .domid = domid, .id = id };
	snprintf(d->back, sizeof(d->back), "/local/domain/0/backend/%s/%u/%u",
		 kind, domid, id);
	snprintf(d->front, sizeof(d->front), "/local/domain/%u/device/%s/%u",
		 domid, kind, id);
	snprintf(d->libxl, sizeof(d->libxl), "/libxl/%u/device/%s/%u", domid,
		 kind, id);
}

static uint32_t device_base(const struct device *d)
{
	return 0x2000000 + 0x200 * d->place;
}

__attribute__((format(printf, 4, 5)))
static void put_key(struct writer *w, const char *base, const char *key,
		    const char *fmt, ...)
{
	char path[256], value[512];
	va_list ap;

	snprintf(path, sizeof(path), "%s/%s", base, key);
	va_start(ap, fmt);
	vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	store_put(w, path, "%s", value);
}

/* The back end's keys, in @base: twice, because libxl keeps a copy. */
static void fill_back(struct writer *w, const struct device *d,
		      const char *base)
{
	bool ro = d->disk->read_only;

	put_key(w, base, "frontend", "%s", d->front);
	put_key(w, base, "params", "%s", d->disk->path);
	put_key(w, base, "frontend-id", "%u", d->domid);
	put_key(w, base, "online", "1");
	put_key(w, base, "removable", "0");
	put_key(w, base, "bootable", "1");
	put_key(w, base, "state", "1");
	put_key(w, base, "dev", "%s", d->disk->vdev);
	put_key(w, base, "type", "standalone");
	put_key(w, base, "mode", ro ? "r" : "w");
	put_key(w, base, "device-type", "disk");
	put_key(w, base, "discard-enable", ro ? "0" : "1");
	put_key(w, base, "specification", "virtio");
	put_key(w, base, "transport", "mmio");
	put_key(w, base, "base", "%u", device_base(d));
	put_key(w, base, "irq", "%u", 33 + d->place);
	put_key(w, base, "grant_usage", d->disk->grants ? "1" : "0");
}

static void fill_generic(struct writer *w, const struct device *d,
			 const char *base)
{
	put_key(w, base, "frontend", "%s", d->front);
	put_key(w, base, "irq", "%u", 33 + d->place);
	put_key(w, base, "base", "%#x", device_base(d));
	put_key(w, base, "type", "%s", d->generic->type);
	put_key(w, base, "transport", "mmio");
	put_key(w, base, "grant_usage", d->generic->grants ? "1" : "0");
	put_key(w, base, "frontend-id", "%u", d->domid);
	put_key(w, base, "online", "1");
	put_key(w, base, "state", "1");
}

static void fill_front(struct writer *w, const struct device *d)
{
	put_key(w, d->front, "backend", "%s", d->back);
	put_key(w, d->front, "backend-id", "0");
	put_key(w, d->front, "state", "1");
	if (!d->disk)
		return;
	put_key(w, d->front, "virtual-device", "%u", d->id);
	put_key(w, d->front, "device-type", "disk");
	put_key(w, d->front, "trusted", "1");
}

/* In the back end's nodes only; libxl's own are its own business. */
static void change_keys(struct writer *w, const struct device *d)
{
	for (uint32_t i = 0; i < d->disk->changes; i++) {
		const char *change = d->disk->change[i];
		size_t key = strcspn(change, "=");
		char path[256];

		if (*change == '-') {
			snprintf(path, sizeof(path), "%s/%s", d->back,
				 change + 1);
			w->failed |= !xs_rm(w->xs, w->t, path);
		} else {
			snprintf(path, sizeof(path), "%s/%.*s", d->back,
				 (int)key, change);
			store_put(w, path, "%s", change + key + 1);
		}
	}
}

static void fill_device(struct writer *w, const void *arg)
{
	const struct device *d = arg;

	store_dir(w, d->back, 0, d->domid);
	store_dir(w, d->front, d->domid, 0);
	fill_front(w, d);
	if (d->disk) {
		fill_back(w, d, d->back);
		change_keys(w, d);
		fill_back(w, d, d->libxl);
	} else {
		fill_generic(w, d, d->back);
		fill_generic(w, d, d->libxl);
	}
	put_key(w, d->libxl, "frontend", "%s", d->front);
	put_key(w, d->libxl, "backend", "%s", d->back);
}

/* What libxl remembers of @domid's devices: for each, done(d, arg). */
static void each_device(struct xs_handle *xs, uint32_t domid,
			void (*done)(struct xs_handle *xs,
				     const struct device *d, void *arg),
			void *arg)
{
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		char path[128], **names;
		unsigned int n = 0;

		snprintf(path, sizeof(path), "/libxl/%u/device/%s", domid,
			 kinds[k]);
		names = xs_directory(xs, XBT_NULL, path, &n);
		for (unsigned int i = 0; names && i < n; i++) {
			struct device d;

			device_init(&d, domid, kinds[k],
				    (uint32_t)strtoul(names[i], NULL, 10));
			done(xs, &d, arg);
		}
		free(names);
	}
}

static void place_note(struct xs_handle *xs, const struct device *d, void *arg)
{
	uint32_t *taken = arg;
	unsigned int len;
	char path[160], *irq;

	snprintf(path, sizeof(path), "%s/irq", d->libxl);
	irq = xs_read(xs, XBT_NULL, path, &len);
	if (irq)
		*taken |= 1u << (strtoul(irq, NULL, 10) - 33) % 32;
	free(irq);
}

/* Where there is a device, there is no room for another. */
static uint32_t place_find(struct xs_handle *xs, uint32_t domid)
{
	uint32_t taken = 0, place = 0;

	each_device(xs, domid, place_note, &taken);
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

/*
 * When libxl loses patience: in ten seconds, but tests of what never answers may
 * have less.
 */
static uint64_t patience_end(void)
{
	const char *text = getenv("SIM_PATIENCE_MS");

	return now_ms() + (text ? strtoull(text, NULL, 10) : 10000);
}

/* Exactly @state, as libxl wants it. A node that is gone counts for 6. */
static int state_wait(struct xs_handle *xs, const struct device *d, int state,
		      uint64_t end)
{
	uint64_t now;
	struct pollfd p = { .fd = xs_fileno(xs), .events = POLLIN };
	char path[256];
	int ret = -ETIMEDOUT;

	snprintf(path, sizeof(path), "%s/state", d->back);
	if (!xs_watch(xs, path, "state"))
		return -errno;
	for (;;) {
		unsigned int len;
		char *value, **event;

		while ((event = xs_check_watch(xs)))
			free(event);
		value = xs_read(xs, XBT_NULL, path, &len);
		if (value ? atoi(value) == state : state == 6)
			ret = 0;
		else if (!value)
			ret = -ENOENT;
		free(value);
		now = now_ms();
		if (ret != -ETIMEDOUT || now >= end)
			break;
		poll(&p, 1, (int)(end - now));
	}
	xs_unwatch(xs, path, "state");
	return ret;
}

static int device_add(struct xs_handle *xs, struct device *d,
		      struct toolstack_place *place)
{
	d->place = place_find(xs, d->domid);
	if (d->place >= DEVICES_MAX)
		return -ENOSPC;
	place->base = device_base(d);
	place->irq = 33 + d->place;
	return store_transaction(xs, fill_device, d);
}

int toolstack_disk_add(struct xs_handle *xs, uint32_t domid,
		       const struct toolstack_disk *disk,
		       struct toolstack_place *place)
{
	struct device d;
	int ret;

	device_init(&d, domid, kinds[0], disk_id(disk->vdev));
	d.disk = disk;
	ret = device_add(xs, &d, place);
	return ret ? ret : state_wait(xs, &d, 2, patience_end());
}

static void count(struct xs_handle *xs, const struct device *d, void *arg)
{
	(void)xs;
	if (strstr(d->libxl, "/virtio/"))
		++*(uint32_t *)arg;
}

int toolstack_generic_add(struct xs_handle *xs, uint32_t domid,
			  const struct toolstack_generic *generic,
			  struct toolstack_place *place)
{
	struct device d;
	uint32_t n = 0;

	each_device(xs, domid, count, &n);
	device_init(&d, domid, kinds[1], n);
	d.generic = generic;
	return device_add(xs, &d, place);
}

/* Who has closed it by himself is not asked to. */
static bool is_closed(struct writer *w, const struct device *d)
{
	unsigned int len;
	char path[160], *state;
	bool closed;

	snprintf(path, sizeof(path), "%s/state", d->back);
	state = xs_read(w->xs, w->t, path, &len);
	closed = state && !strcmp(state, "6");
	free(state);
	return closed;
}

static void fill_closing(struct writer *w, const void *arg)
{
	const struct device *d = arg;

	xs_rm(w->xs, w->t, d->front);
	if (is_closed(w, d))
		return;
	put_key(w, d->back, "online", "0");
	put_key(w, d->back, "state", "5");
}

static int device_closed(struct xs_handle *xs, const struct device *d,
			 uint64_t end)
{
	int ret = state_wait(xs, d, 6, end);

	/* What was not closed goes all the same. */
	xs_rm(xs, XBT_NULL, d->back);
	xs_rm(xs, XBT_NULL, d->libxl);
	return ret;
}

int toolstack_disk_remove(struct xs_handle *xs, uint32_t domid,
			  const char *vdev)
{
	struct device d;
	int ret;

	device_init(&d, domid, kinds[0], disk_id(vdev));
	ret = store_transaction(xs, fill_closing, &d);
	return ret ? ret : device_closed(xs, &d, patience_end());
}

struct closing {
	struct device device[DEVICES_MAX];
	unsigned int n;
};

static void start_closing(struct xs_handle *xs, const struct device *d,
			  void *arg)
{
	struct closing *c = arg;

	if (c->n < DEVICES_MAX && !store_transaction(xs, fill_closing, d))
		c->device[c->n++] = *d;
}

int toolstack_devices_remove(struct xs_handle *xs, uint32_t domid)
{
	/* All of them have the same ten seconds. */
	uint64_t end = patience_end();
	struct closing c = { .n = 0 };
	char path[160];
	int ret = 0;

	each_device(xs, domid, start_closing, &c);
	for (unsigned int i = 0; i < c.n; i++) {
		int closed = device_closed(xs, &c.device[i], end);

		ret = ret ? ret : closed;
	}
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		snprintf(path, sizeof(path), "/local/domain/0/backend/%s/%u",
			 kinds[k], domid);
		xs_rm(xs, XBT_NULL, path);
	}
	return ret;
}
