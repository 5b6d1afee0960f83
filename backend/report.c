// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The one user of json-c in the daemon: what guests and disks look like from
 * outside. Counters come from a copy of the guest's state, so a worker can
 * make them wrong and nothing else; their names come from the lists in
 * stats.h. JSON has no 64-bit unsigned numbers that all readers agree on, so a
 * counter above 2^63 would be shown as that.
 */
#include "backend/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json.h>

#include "backend/statefile.h"

struct report_query {
	char guest[NODE_NAME_LEN];	/* "": all */
	char vdev[NODE_VDEV_LEN];	/* "": all */
};

static void report_text(struct json_object *o, const char *key,
			const char *value)
{
	json_object_object_add(o, key, json_object_new_string(value));
}

static void report_number(struct json_object *o, const char *key,
			  uint64_t value)
{
	json_object_object_add(o, key, json_object_new_int64(
		value > INT64_MAX ? INT64_MAX : (int64_t)value));
}

static void report_bool(struct json_object *o, const char *key, bool value)
{
	json_object_object_add(o, key, json_object_new_boolean(value));
}

static struct json_object *report_error(const char *why)
{
	struct json_object *o = json_object_new_object();

	report_text(o, "error", why);
	return o;
}

/* What is asked for. */

static bool report_wants_guest(const struct report_query *q,
			       const struct guest *g)
{
	char domid[16];

	snprintf(domid, sizeof(domid), "%u", g->domid);
	return !q->guest[0] || !strcmp(q->guest, domid) ||
	       !strcmp(q->guest, g->name);
}

static bool report_wants_disk(const struct report_query *q,
			      const struct disk *d)
{
	char devid[16];

	snprintf(devid, sizeof(devid), "%u", d->node.devid);
	return !q->vdev[0] || !strcmp(q->vdev, d->keys.vdev) ||
	       !strcmp(q->vdev, devid);
}

/* "GUEST" or "GUEST/VDEV"; false for what is too long to be one. */
static bool report_parse_query(struct report_query *q, const char *text)
{
	const char *slash = strrchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);

	*q = (struct report_query){ .guest = "" };
	if (len >= sizeof(q->guest) ||
	    (slash && strlen(slash + 1) >= sizeof(q->vdev)))
		return false;
	memcpy(q->guest, text, len);
	if (slash)
		strcpy(q->vdev, slash + 1);
	return true;
}

/* Disks. */

static const char *report_status(const struct disk *d)
{
	switch (d->status) {
	case DISK_WAITING:
		if (d->guest->status == GUEST_LOST)
			return "lost";
		return d->fresh ? "starting" : "restarting";
	case DISK_NEW:
	case DISK_ADDING:
		return d->fresh ? "starting" : "restarting";
	case DISK_RUNNING:
		return "running";
	case DISK_REMOVING:
	case DISK_CLOSED:
		return "stopping";
	case DISK_FAILED:
		return "failed";
	}
	return "unknown";
}

/* A copy of the guest's state, zeroes when there is none; free() it. */
static struct state *report_load(const struct guest *g)
{
	struct state *s = calloc(1, sizeof(*s));

	if (s && g->state_fd >= 0 && statefile_read(g->state_fd, s))
		memset(s, 0, sizeof(*s));
	return s;
}

/* A disk that is not served, or not yet, has no part of the state. */
static const struct state_disk *report_saved(const struct disk *d,
					     const struct state *s)
{
	static const struct state_disk none;

	return d->slot < STATE_MAX_DISKS ? &s->disk[d->slot] : &none;
}

static struct json_object *report_disk_list(const struct disk *d,
					    const struct state *s)
{
	const struct stats_disk *stats = &report_saved(d, s)->stats;
	struct json_object *o = json_object_new_object();

	report_number(o, "domid", d->guest->domid);
	report_text(o, "name", d->guest->name);
	report_text(o, "vdev", d->keys.vdev);
	report_text(o, "state", report_status(d));
	report_text(o, "image", d->keys.params);
	report_number(o, "size", d->image.size);
	report_bool(o, "read_only", d->keys.read_only);
	report_bool(o, "grants", d->keys.grants);
	report_number(o, "queues", d->num_queues);
	report_number(o, "reads", stats->reads);
	report_number(o, "writes", stats->writes);
	report_number(o, "worker_pid", (uint64_t)d->guest->worker.pid);
	return o;
}

static void report_hex(struct json_object *o, const char *key, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%llx", (unsigned long long)value);
	report_text(o, key, text);
}

/* How the guest drives it, as far as its registers say. */
static struct json_object *report_device(const struct state_disk *s)
{
	struct json_object *o = json_object_new_object();
	uint64_t ready = 0;

	for (uint32_t i = 0; i < s->num_queues && i < STATE_MAX_QUEUES; i++)
		ready += s->queue[i].ready == 1;
	report_hex(o, "status", s->status);
	report_hex(o, "features", s->features);
	report_number(o, "queues_ready", ready);
	report_bool(o, "writeback", s->writeback == 1);
	return o;
}

static struct json_object *report_disk_show(const struct disk *d,
					    const struct state *s)
{
	struct json_object *o = report_disk_list(d, s);
	char place[PLACE_TEXT_LEN];

	report_text(o, "uuid", d->guest->uuid);
	report_number(o, "devid", d->node.devid);
	place_print(&d->place, place);
	report_text(o, "place", place);
	report_bool(o, "block_device", d->image.block);
	report_bool(o, "direct", d->image.direct);
	report_bool(o, "discard", d->discard);
	report_text(o, "cache", d->config.writethrough ?
		    "writethrough" : "writeback");
	report_number(o, "block_size", d->image.block_size);
	report_number(o, "physical_block_size",
		      d->image.physical_block_size);
	report_number(o, "opt_io_size", d->image.opt_io_size);
	report_number(o, "discard_align", d->image.discard_align);
	report_number(o, "queue_size", d->queue_size);
	if (d->slot < STATE_MAX_DISKS)
		report_number(o, "slot", d->slot);
	json_object_object_add(o, "device", report_device(report_saved(d, s)));
	return o;
}

static struct json_object *report_disks(const struct guest_list *guests,
					const struct report_query *q, bool show)
{
	struct json_object *all = json_object_new_array();
	struct json_object *o = json_object_new_object();
	const struct guest *g;
	const struct disk *d;
	struct state *s;

	json_object_object_add(o, "disks", all);
	LIST_FOREACH(g, guests, link) {
		if (!report_wants_guest(q, g))
			continue;
		s = report_load(g);
		LIST_FOREACH(d, &g->disks, link)
			if (s && report_wants_disk(q, d))
				json_object_array_add(all, show ?
					report_disk_show(d, s) :
					report_disk_list(d, s));
		free(s);
	}
	return o;
}

/* Counters. */

#define REPORT_STAT(name, help) report_number(o, #name, stats->name);

static struct json_object *report_disk_stats(const struct stats_disk *stats)
{
	struct json_object *o = json_object_new_object();

	STATS_DISK(REPORT_STAT)
	return o;
}

static struct json_object *report_map_stats(const struct mapcache_stats *stats)
{
	struct json_object *o = json_object_new_object();

	MAPCACHE_STATS(REPORT_STAT)
	return o;
}

static struct json_object *report_guest_stats(const struct guest *g,
					      const struct report_query *q,
					      const struct state *s)
{
	struct json_object *o = json_object_new_object();
	struct json_object *disks = json_object_new_array(), *one;
	const struct disk *d;

	report_number(o, "domid", g->domid);
	report_text(o, "name", g->name);
	json_object_object_add(o, "mapcache", report_map_stats(&s->map));
	json_object_object_add(o, "disks", disks);
	LIST_FOREACH(d, &g->disks, link) {
		if (!report_wants_disk(q, d))
			continue;
		one = json_object_new_object();
		report_text(one, "vdev", d->keys.vdev);
		report_text(one, "state", report_status(d));
		json_object_object_add(one, "stats", report_disk_stats(
			&report_saved(d, s)->stats));
		json_object_array_add(disks, one);
	}
	return o;
}

static struct json_object *report_stats(const struct guest_list *guests,
					const struct report_query *q)
{
	struct json_object *all = json_object_new_array();
	struct json_object *o = json_object_new_object();
	const struct guest *g;
	struct state *s;

	json_object_object_add(o, "guests", all);
	LIST_FOREACH(g, guests, link) {
		if (!report_wants_guest(q, g))
			continue;
		s = report_load(g);
		if (s)
			json_object_array_add(all, report_guest_stats(g, q, s));
		free(s);
	}
	return o;
}

/* The question. */

static bool report_knows(const struct guest_list *guests,
			 const struct report_query *q)
{
	const struct guest *g;
	const struct disk *d;

	LIST_FOREACH(g, guests, link)
		LIST_FOREACH(d, &g->disks, link)
			if (report_wants_guest(q, g) && report_wants_disk(q, d))
				return true;
	return false;
}

static struct json_object *report_query(const struct guest_list *guests,
					const char *verb, const char *what)
{
	struct report_query q;

	if (!report_parse_query(&q, what))
		return report_error("that is too long for a guest or disk");
	if (*what && !report_knows(guests, &q))
		return report_error("no such guest or disk is served here");
	if (!strcmp(verb, "list") && !*what)
		return report_disks(guests, &q, false);
	if (!strcmp(verb, "show") && *what)
		return report_disks(guests, &q, true);
	if (!strcmp(verb, "stats"))
		return report_stats(guests, &q);
	return report_error("known are: list, show GUEST[/VDEV], stats [GUEST[/VDEV]]");
}

char *report_answer(const struct guest_list *guests, const char *request)
{
	const char *what = request + strcspn(request, " ");
	struct json_object *o;
	char verb[16], *answer = NULL;

	snprintf(verb, sizeof(verb), "%.*s", (int)(what - request), request);
	o = report_query(guests, verb, what + strspn(what, " "));
	if (asprintf(&answer, "%s\n", json_object_to_json_string_ext(
			o, JSON_C_TO_STRING_PRETTY |
			JSON_C_TO_STRING_NOSLASHESCAPE)) < 0)
		answer = NULL;
	json_object_put(o);
	return answer;
}
