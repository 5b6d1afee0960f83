// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The configuration file. inih takes the lines apart; setting.c knows the
 * keys.
 *
 * inih's limits are silent (lines and section names are cut, an indented line
 * continues the one before), so lines pass config_line() first, which counts
 * them, takes indentation away and stops what would be cut.
 */
#include "backend/config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <ini.h>

#include "backend/setting.h"
#include "backend/state.h"
#include "backend/text.h"

#define CONFIG_SECTION_MAX 49	/* inih's, without the brackets */
#define CONFIG_DISK        "disk"

struct config_section {
	char guest[CONFIG_NAME_LEN];	/* "": every one */
	char vdev[CONFIG_NAME_LEN];	/* "": every one */
	uint32_t set;			/* bit per entry of setting_disk[] */
	struct config_disk disk;
};

struct config_reader {
	FILE *file;
	const char *path;
	struct config *config;
	unsigned int line;
	int err;		/* the first error, already in text */
	char *text;
	size_t len;
};

static const struct config_disk disk_defaults = {
	.queue_size = STATE_QUEUE_SIZE,
};

__attribute__((format(printf, 2, 3)))
static int config_error(struct config_reader *r, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (r->err)
		return 0;
	r->err = -EINVAL;
	n = snprintf(r->text, r->len, "%s:%u: ", r->path, r->line);
	if (n < 0 || (size_t)n >= r->len)
		return 0;
	va_start(ap, fmt);
	vsnprintf(r->text + n, r->len - (size_t)n, fmt, ap);
	va_end(ap);
	return 0;
}

/* "disk", "disk GUEST", "disk GUEST/VDEV" */
static int config_parse_section(struct config_section *s, const char *section)
{
	const char *name = section + strlen(CONFIG_DISK), *slash;

	*s = (struct config_section){ .disk = disk_defaults };
	if (strncmp(section, CONFIG_DISK, strlen(CONFIG_DISK)) ||
	    (*name && *name != ' ' && *name != '\t'))
		return -EINVAL;
	name += strspn(name, " \t");
	slash = strrchr(name, '/');
	snprintf(s->guest, sizeof(s->guest), "%.*s",
		 slash ? (int)(slash - name) : (int)strlen(name), name);
	snprintf(s->vdev, sizeof(s->vdev), "%s", slash ? slash + 1 : "");
	return slash && (!s->guest[0] || !s->vdev[0]) ? -EINVAL : 0;
}

static struct config_section *config_find(struct config *c,
					  const struct config_section *s)
{
	for (size_t i = 0; i < c->nsections; i++)
		if (!strcmp(c->sections[i].guest, s->guest) &&
		    !strcmp(c->sections[i].vdev, s->vdev))
			return &c->sections[i];
	return NULL;
}

static struct config_section *config_append(struct config *c,
					    const struct config_section *s)
{
	struct config_section *more =
		reallocarray(c->sections, c->nsections + 1, sizeof(*s));

	if (!more)
		return NULL;
	c->sections = more;
	c->sections[c->nsections] = *s;
	return &c->sections[c->nsections++];
}

struct config_section *config_add(struct config *config, const char *guest,
				  const char *vdev)
{
	struct config_section s = { .disk = disk_defaults };

	snprintf(s.guest, sizeof(s.guest), "%s", guest);
	snprintf(s.vdev, sizeof(s.vdev), "%s", vdev);
	return config_append(config, &s);
}

int config_set(struct config_section *section, const char *name,
	       const char *value, char *text, size_t len)
{
	struct config_section *s = section;
	const struct setting *k = setting_disk;
	unsigned int index;
	int ret = setting_apply(setting_disk, &s->disk, name, value, &index,
				text, len);

	if (ret)
		return ret;
	k += index;
	if (k->vdev && !*k->vdev && !*s->vdev) {
		text_set(text, len, "'%s' belongs in a section [disk GUEST/VDEV]: no two disks have the same",
			 name);
		return -EINVAL;
	}
	if (k->vdev && strncmp(s->vdev, k->vdev, strlen(k->vdev)) != 0) {
		text_set(text, len, "'%s' belongs in a section [disk GUEST/%sN]; what xl calls a disk has it in the guest's own configuration",
			 name, k->vdev);
		return -EINVAL;
	}
	s->set |= 1u << index;
	return 0;
}

static struct config_section *config_section(struct config_reader *r,
					     const char *section)
{
	struct config_section s, *found;

	if (config_parse_section(&s, section)) {
		config_error(r, "section [%s]: allowed are [disk], [disk GUEST] and [disk GUEST/VDEV]",
			     section);
		return NULL;
	}
	found = config_find(r->config, &s);
	if (!found)
		found = config_append(r->config, &s);
	if (!found)
		config_error(r, "out of memory");
	return found;
}

/* 1 when it was taken, as inih wants it. */
static int config_handler(void *arg, const char *section, const char *name,
			  const char *value)
{
	struct config_reader *r = arg;
	struct config_section *s;
	char text[TEXT_LEN];
	unsigned int index;
	int ret;

	if (*section) {
		s = config_section(r, section);
		if (!s)
			return 0;
		ret = config_set(s, name, value, text, sizeof(text));
	} else {
		ret = setting_apply(setting_global, r->config, name, value,
				    &index, text, sizeof(text));
	}
	return ret ? config_error(r, "%s", text) : 1;
}

/* A section is looked at when it begins, so one without keys is, too. */
static bool config_header(struct config_reader *r, const char *line)
{
	char name[CONFIG_SECTION_MAX + 1];
	size_t len = strcspn(line, "]");

	if (!line[len]) {
		config_error(r, "the section's name has no ']' behind it");
		return false;
	}
	if (len > CONFIG_SECTION_MAX) {
		config_error(r, "the section's name is too long, allowed are %d characters",
			     CONFIG_SECTION_MAX);
		return false;
	}
	memcpy(name, line, len);
	name[len] = '\0';
	return config_section(r, name) != NULL;
}

/* What fgets() is, for inih. */
static char *config_line(char *line, int room, void *arg)
{
	struct config_reader *r = arg;
	size_t indent, len;

	if (!fgets(line, room, r->file))
		return NULL;
	r->line++;
	len = strlen(line);
	if (len + 1 == (size_t)room && line[len - 1] != '\n') {
		config_error(r, "the line is too long, allowed are %d characters",
			     room - 2);
		return NULL;
	}
	indent = strspn(line, " \t");
	memmove(line, line + indent, len - indent + 1);
	if (*line == '[' && !config_header(r, line + 1))
		return NULL;
	return line;
}

static void config_defaults(struct config *c)
{
	c->log_level = LOG_LEVEL_INFO;
	c->bucket_size = 2u << 20;
	c->foreign_budget = 128u << 20;
	c->grant_budget = 4096;
	c->grant_io = PROTO_GRANT_AUTO;
	c->pool_size = 16u << 20;
	strcpy(c->worker, WORKER_PATH);
	strcpy(c->runtime_dir, CONFIG_RUNTIME_DIR);
}

static int config_read(struct config_reader *r)
{
	int ret = ini_parse_stream(config_line, r, config_handler, r);

	if (!r->err && ferror(r->file)) {
		config_error(r, "can't be read");
		return r->err;
	}
	if (r->err || !ret)
		return r->err;
	r->line = ret > 0 ? (unsigned int)ret : r->line;
	config_error(r, "neither [section] nor key = value");
	return r->err;
}

int config_load(struct config **config, const char *path, char *text,
		size_t len)
{
	struct config_reader r = {
		.path = path ? path : SYSCONFDIR "/xen-vblkd.conf",
		.config = calloc(1, sizeof(*r.config)),
		.text = text,
		.len = len,
	};
	int ret = 0;

	*config = NULL;
	if (!r.config) {
		snprintf(text, len, "out of memory");
		return -ENOMEM;
	}
	config_defaults(r.config);
	r.file = fopen(r.path, "re");
	if (r.file) {
		ret = config_read(&r);
		fclose(r.file);
	} else if (path || errno != ENOENT) {
		ret = -errno;
		snprintf(text, len, "%s: %s", r.path, log_strerror(errno));
	}
	if (ret) {
		config_free(r.config);
		return ret;
	}
	if (!*r.config->socket &&
	    snprintf(r.config->socket, sizeof(r.config->socket), "%.*s/control",
		     PATH_MAX - 16, r.config->runtime_dir) < 0)
		*r.config->socket = '\0';
	*config = r.config;
	return 0;
}

void config_free(struct config *config)
{
	if (!config)
		return;
	free(config->sections);
	free(config);
}

void config_for_each_image(const struct config *config,
			   void (*each)(void *arg, const char *guest,
					const char *vdev,
					const struct config_disk *disk),
			   void *arg)
{
	for (size_t i = 0; i < config->nsections; i++) {
		const struct config_section *s = &config->sections[i];

		if (s->disk.path[0])
			each(arg, s->guest, s->vdev, &s->disk);
	}
}

/* What the section says, over what was said before. */
static void config_merge(const struct config_section *s,
			 struct config_disk *disk)
{
	for (unsigned int i = 0; setting_disk[i].name; i++) {
		const struct setting *k = &setting_disk[i];

		if (s->set & (1u << i))
			memcpy((char *)disk + k->offset,
			       (const char *)&s->disk + k->offset, k->size);
	}
}

void config_for_disk(const struct config *config, const char *name,
		     const char *uuid, const char *vdev,
		     struct config_disk *disk)
{
	*disk = disk_defaults;
	/* From the general to the particular. */
	for (int level = 0; level < 3; level++) {
		for (size_t i = 0; i < config->nsections; i++) {
			const struct config_section *s = &config->sections[i];

			if (level != !!s->guest[0] + !!s->vdev[0])
				continue;
			if (s->guest[0] && strcmp(s->guest, name) &&
			    strcasecmp(s->guest, uuid))
				continue;
			if (!s->vdev[0] || !strcmp(s->vdev, vdev))
				config_merge(s, disk);
		}
	}
}
