// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The keys of the configuration file: two tables say which there are, what
 * they take and where it goes. Nothing else in the program knows their names.
 */
#include "backend/setting.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backend/place.h"
#include "backend/state.h"
#include "backend/text.h"

static int parse_number(const char *value, uint64_t *n)
{
	static const char units[] = "KMG";
	const char *unit;
	char *end;

	if (*value < '0' || *value > '9')
		return -EINVAL;
	errno = 0;
	*n = strtoull(value, &end, 0);
	if (errno)
		return -EINVAL;
	if (!*end)
		return 0;
	unit = strchr(units, *end);
	if (!unit || end[1] || *n > UINT64_MAX >> 40)
		return -EINVAL;
	*n <<= 10 * (unit - units + 1);
	return 0;
}

static int parse_range(const char *value, uint64_t min, uint64_t max,
		       uint64_t *n)
{
	return parse_number(value, n) || *n < min || *n > max ? -EINVAL : 0;
}

static int parse_power(const char *value, uint64_t min, uint64_t max,
		       uint32_t *to)
{
	uint64_t n;

	if (parse_range(value, min, max, &n) || (n & (n - 1)))
		return -EINVAL;
	*to = (uint32_t)n;
	return 0;
}

static int parse_word(const char *value, const char *const words[],
		      unsigned int *to)
{
	for (unsigned int i = 0; words[i]; i++) {
		if (strcmp(value, words[i]))
			continue;
		*to = i;
		return 0;
	}
	return -EINVAL;
}

int setting_log_level(const char *value, enum log_level *level)
{
	static const char *const words[] = { "error", "warning", "info",
					     "debug", NULL };
	static const enum log_level levels[] = {
		LOG_LEVEL_ERROR, LOG_LEVEL_WARNING,
		LOG_LEVEL_INFO, LOG_LEVEL_DEBUG,
	};
	unsigned int i;

	if (parse_word(value, words, &i))
		return -EINVAL;
	*level = levels[i];
	return 0;
}

static int parse_log_level(const char *value, void *to)
{
	return setting_log_level(value, to);
}

static int parse_path(const char *value, void *to)
{
	if (*value != '/' || strlen(value) >= PATH_MAX)
		return -EINVAL;
	strcpy(to, value);
	return 0;
}

static int parse_bucket_size(const char *value, void *to)
{
	return parse_power(value, 64u << 10, 16u << 20, to);
}

static int parse_foreign_budget(const char *value, void *to)
{
	return parse_range(value, 1u << 20, 1ull << 40, to);
}

static int parse_grant_budget(const char *value, void *to)
{
	return parse_range(value, 256, 65536, to);
}

static int parse_grant_io(const char *value, void *to)
{
	static const char *const words[] = { "auto", "copy", "map", NULL };
	unsigned int i;

	if (parse_word(value, words, &i))
		return -EINVAL;
	*(enum proto_grant_io *)to = (enum proto_grant_io)i;
	return 0;
}

static int parse_pool_size(const char *value, void *to)
{
	return parse_range(value, 2u << 20, 1u << 30, to);
}

static int parse_queues(const char *value, void *to)
{
	uint64_t n = 0;

	if (strcmp(value, "auto") &&
	    parse_range(value, 1, STATE_MAX_QUEUES, &n))
		return -EINVAL;
	*(uint32_t *)to = (uint32_t)n;
	return 0;
}

/* In a queue of two no request fits: header, data and status are three. */
static int parse_queue_size(const char *value, void *to)
{
	return parse_power(value, 4, STATE_QUEUE_SIZE, to);
}

static int parse_choice(const char *value, void *to)
{
	static const char *const words[] = { "auto", "on", "off", NULL };
	unsigned int i;

	if (parse_word(value, words, &i))
		return -EINVAL;
	*(enum image_choice *)to = (enum image_choice)i;
	return 0;
}

static int parse_cache(const char *value, void *to)
{
	static const char *const words[] = { "writeback", "writethrough",
					     NULL };

	return parse_word(value, words, to);
}

static int parse_serial(const char *value, void *to)
{
	size_t len = strlen(value);

	if (!len || len > PROTO_ID_LEN)
		return -EINVAL;
	for (size_t i = 0; i < len; i++)
		if (value[i] <= ' ' || value[i] > '~')
			return -EINVAL;
	strcpy(to, value);
	return 0;
}

static int parse_switch(const char *value, void *to)
{
	static const char *const words[] = { "off", "on", NULL };

	return parse_word(value, words, to);
}

static int parse_pci_slot(const char *value, void *to)
{
	uint64_t n = 0;

	if (strcmp(value, "auto") &&
	    parse_range(value, PLACE_SLOT_MIN, PLACE_SLOT_MAX, &n))
		return -EINVAL;
	*(uint32_t *)to = (uint32_t)n;
	return 0;
}

#define GLOBAL(name, parse, field, allowed) \
	{ name, parse, offsetof(struct config, field), \
	  sizeof(((struct config *)0)->field), allowed, NULL }
#define DISK(name, parse, field, allowed) \
	{ name, parse, offsetof(struct config_disk, field), \
	  sizeof(((struct config_disk *)0)->field), allowed, NULL }
#define ONE_DISK(name, parse, field, allowed) \
	{ name, parse, offsetof(struct config_disk, field), \
	  sizeof(((struct config_disk *)0)->field), allowed, "" }
#define VIRTIO(name, parse, field, allowed) \
	{ name, parse, offsetof(struct config_disk, field), \
	  sizeof(((struct config_disk *)0)->field), allowed, "virtio" }

const struct setting setting_global[] = {
	GLOBAL("log-level", parse_log_level, log_level,
	       "error, warning, info or debug"),
	GLOBAL("worker", parse_path, worker, "an absolute path"),
	GLOBAL("runtime-dir", parse_path, runtime_dir, "an absolute path"),
	GLOBAL("socket", parse_path, socket, "an absolute path"),
	GLOBAL("bucket-size", parse_bucket_size, bucket_size,
	       "a power of two, 64K to 16M"),
	GLOBAL("foreign-budget", parse_foreign_budget, foreign_budget,
	       "bytes, 1M to 1024G"),
	GLOBAL("grant-budget", parse_grant_budget, grant_budget,
	       "pages, 256 to 65536"),
	GLOBAL("grant-io", parse_grant_io, grant_io, "auto, copy or map"),
	GLOBAL("pool-size", parse_pool_size, pool_size, "bytes, 2M to 1G"),
	{ .name = NULL },
};

const struct setting setting_disk[] = {
	DISK("queues", parse_queues, queues, "auto, or 1 to 8"),
	DISK("queue-size", parse_queue_size, queue_size,
	     "a power of two, 2 to 256"),
	DISK("direct", parse_choice, direct, "auto, on or off"),
	DISK("discard", parse_choice, discard, "auto, on or off"),
	DISK("cache", parse_cache, writethrough, "writeback or writethrough"),
	ONE_DISK("serial", parse_serial, serial,
		 "1 to 20 printable characters without blanks"),
	ONE_DISK("pci-slot", parse_pci_slot, pci_slot, "auto, or 4 to 31"),
	VIRTIO("path", parse_path, path, "an absolute path"),
	VIRTIO("ro", parse_switch, read_only, "on or off"),
	{ .name = NULL },
};

int setting_apply(const struct setting *keys, void *to, const char *name,
		  const char *value, unsigned int *index, char *text,
		  size_t len)
{
	const struct setting *k = keys;

	while (k->name && strcmp(k->name, name))
		k++;
	if (!k->name) {
		text_set(text, len, "there is no '%s' %s", name,
			 keys == setting_disk ? "for a disk" :
			 "before the first section");
		return -EINVAL;
	}
	if (k->parse(value, (char *)to + k->offset)) {
		text_set(text, len, "%s = '%s': allowed is %s", name, value,
			 k->allowed);
		return -EINVAL;
	}
	*index = (unsigned int)(k - keys);
	return 0;
}
