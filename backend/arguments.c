// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The command line, one table of options. Values of several words are written
 * as QEMU has them, "key=value,key=value", with a comma inside of a value
 * doubled.
 */
#include "backend/arguments.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/config.h"
#include "backend/setting.h"
#include "backend/text.h"

#define WORD_LEN PATH_MAX

struct reading {
	struct arguments *args;
	char *text;
	size_t len;
};

#define refuse(r, ...) (text_set((r)->text, (r)->len, __VA_ARGS__), -EINVAL)

struct word {
	char key[WORD_LEN];
	char *value;	/* in key, behind its end; NULL without '=' */
};

/* The next word from *at. False at the end, or for one that is too long. */
static bool word_next(const char **at, struct word *w)
{
	size_t n = 0;

	w->value = NULL;
	if (!**at)
		return false;
	for (; **at; (*at)++) {
		if (**at == ',' && *++*at != ',')
			break;
		if (n == sizeof(w->key) - 1)
			return false;
		w->key[n] = **at;
		if (**at == '=' && !w->value) {
			w->key[n] = '\0';
			w->value = &w->key[n + 1];
		}
		n++;
	}
	w->key[n] = '\0';
	return true;
}

static bool word_is(const struct word *w, const char *key)
{
	return w->value && !strcmp(w->key, key);
}

static int parse_decimal(const char *value, uint32_t max, uint32_t *n)
{
	unsigned long number;
	char *end;

	if (*value < '0' || *value > '9')
		return -EINVAL;
	errno = 0;
	number = strtoul(value, &end, 10);
	if (errno || *end || number > max)
		return -EINVAL;
	*n = (uint32_t)number;
	return 0;
}

/* Options that libxl writes. */

static int take_domid(struct reading *r, const char *value)
{
	if (parse_decimal(value, UINT16_MAX, &r->args->domid))
		return refuse(r, "-xen-domid %s is not the number of a domain",
			      value);
	r->args->has_domid = true;
	return 0;
}

static int chardev_word(struct reading *r, struct arguments_chardev *c,
			const struct word *w)
{
	uint32_t fd;

	if (word_is(w, "id") && strlen(w->value) < sizeof(c->id)) {
		strcpy(c->id, w->value);
		return 0;
	}
	if (!c->socket)
		return 0;
	if (word_is(w, "path") && strlen(w->value) < sizeof(c->path)) {
		strcpy(c->path, w->value);
		return 0;
	}
	if (word_is(w, "fd") && !parse_decimal(w->value, INT_MAX, &fd) &&
	    fd > STDERR_FILENO) {
		c->fd = (int)fd;
		return 0;
	}
	/* We listen and do not wait for anybody: as libxl asks, in two ways. */
	if (!strcmp(w->key, "server") && (!w->value || !strcmp(w->value, "on")))
		return 0;
	if (!strcmp(w->key, "nowait") && !w->value)
		return 0;
	if (word_is(w, "wait") && !strcmp(w->value, "off"))
		return 0;
	return refuse(r, "-chardev socket: '%s%s%s' is not understood", w->key,
		      w->value ? "=" : "", w->value ? w->value : "");
}

/* Two that listen at one place would take each other's clients, or close it. */
static int chardev_check(struct reading *r, const struct arguments_chardev *c)
{
	const struct arguments *a = r->args;

	for (size_t i = 0; i < a->nchardevs; i++) {
		const struct arguments_chardev *o = &a->chardev[i];

		if (!strcmp(o->id, c->id))
			return refuse(r, "-chardev: there is another one with id %s",
				      c->id);
		if ((c->fd >= 0 && c->fd == o->fd) ||
		    (c->path[0] && !strcmp(c->path, o->path)))
			return refuse(r, "-chardev %s: has the socket of %s",
				      c->id, o->id);
	}
	return 0;
}

static int take_chardev(struct reading *r, const char *value)
{
	struct arguments *a = r->args;
	struct arguments_chardev *c = &a->chardev[a->nchardevs];
	struct word w;
	int ret = 0;

	if (a->nchardevs == ARGUMENTS_CHARDEVS)
		return refuse(r, "more than %d -chardev", ARGUMENTS_CHARDEVS);
	*c = (struct arguments_chardev){ .fd = -1 };
	if (!word_next(&value, &w) || w.value)
		return refuse(r, "-chardev has no kind");
	c->socket = !strcmp(w.key, "socket");
	while (!ret && word_next(&value, &w))
		ret = chardev_word(r, c, &w);
	if (ret)
		return ret;
	if (!c->id[0] || *value)
		return refuse(r, "-chardev has no id, or too long a word");
	ret = chardev_check(r, c);
	if (!ret)
		a->nchardevs++;
	return ret;
}

static int take_mon(struct reading *r, const char *value)
{
	struct arguments_chardev *c = NULL;
	bool control = false;
	struct word w;

	while (word_next(&value, &w)) {
		if (word_is(&w, "mode"))
			control = !strcmp(w.value, "control");
		else if (!word_is(&w, "chardev"))
			return refuse(r, "-mon: '%s' is not understood", w.key);
		else
			for (size_t i = 0; i < r->args->nchardevs; i++)
				if (!strcmp(r->args->chardev[i].id, w.value))
					c = &r->args->chardev[i];
	}
	if (!control)
		return refuse(r, "-mon without mode=control: there is no other monitor here");
	if (!c || !c->socket || (c->fd < 0) == !c->path[0])
		return refuse(r, "-mon has no chardev that is a socket with a path or an fd");
	c->monitor = true;
	return 0;
}

static int take_none(struct reading *r, const char *value)
{
	if (!strcmp(value, "none"))
		return 0;
	return refuse(r, "there is no screen here ('%s'): leave vnc, sdl, spice and vfb out of the guest's configuration",
		      value);
}

static int take_nothing(struct reading *r, const char *value)
{
	(void)r;
	(void)value;
	return 0;
}

static int refuse_restriction(struct reading *r, const char *value)
{
	(void)value;
	return refuse(r, "device_model_restrict and device_model_user are not supported: xen-vblk-dm needs xenstore, and gives up its rights where the guest is (see xen-vblk-worker(8))");
}

/* Our own. */

static int take_disk(struct reading *r, const char *value)
{
	struct arguments *a = r->args;
	struct arguments_disk *d = &a->disk[a->ndisks];
	bool has_index = false;
	const char *at = value;
	struct word w;

	if (a->ndisks == STATE_MAX_DISKS)
		return refuse(r, "more than %d -disk, a guest has no room for more",
			      STATE_MAX_DISKS);
	d->words = value;
	while (word_next(&at, &w)) {
		if (strcmp(w.key, "index") != 0)
			continue;
		if (!w.value || parse_decimal(w.value, 99, &d->index))
			return refuse(r, "-disk %s: index is a number, 0 for the first device of virtio=[]",
				      value);
		has_index = true;
	}
	if (!has_index)
		return refuse(r, "-disk %s: has no index=, the number of the device in virtio=[]",
			      value);
	for (size_t i = 0; i < a->ndisks; i++)
		if (a->disk[i].index == d->index)
			return refuse(r, "-disk %s: there is another one with index %u",
				      value, d->index);
	a->ndisks++;
	return 0;
}

static int take_config(struct reading *r, const char *value)
{
	r->args->config = value;
	return 0;
}

static int take_log_level(struct reading *r, const char *value)
{
	r->args->log_level_given = true;
	if (setting_log_level(value, &r->args->log_level))
		return refuse(r, "-log-level %s: allowed is error, warning, info or debug",
			      value);
	return 0;
}

static int take_help(struct reading *r, const char *value)
{
	(void)value;
	r->args->job = ARGUMENTS_HELP;
	return 0;
}

static int take_version(struct reading *r, const char *value)
{
	(void)value;
	r->args->job = ARGUMENTS_VERSION;
	return 0;
}

static const struct {
	const char *name;
	bool has_value;
	int (*take)(struct reading *r, const char *value);
} options[] = {
	{ "disk", true, take_disk },
	{ "config", true, take_config },
	{ "log-level", true, take_log_level },
	{ "h", false, take_help },
	{ "help", false, take_help },
	{ "V", false, take_version },
	{ "version", false, take_version },
	/* libxl's */
	{ "xen-domid", true, take_domid },
	{ "chardev", true, take_chardev },
	{ "mon", true, take_mon },
	{ "vnc", true, take_none },
	{ "display", true, take_none },
	{ "name", true, take_nothing },
	{ "machine", true, take_nothing },
	{ "m", true, take_nothing },
	{ "no-shutdown", false, take_nothing },
	{ "nodefaults", false, take_nothing },
	{ "no-user-config", false, take_nothing },
	{ "xen-attach", false, take_nothing },
	{ "nographic", false, take_nothing },
	{ "S", false, take_nothing },
	{ "xen-domid-restrict", false, refuse_restriction },
	{ "sandbox", true, refuse_restriction },
	{ "runas", true, refuse_restriction },
	{ "run-with", true, refuse_restriction },
	{ "chroot", true, refuse_restriction },
};

/* How many of @argv it took, or -EINVAL. */
static int arguments_option(struct reading *r, char **argv)
{
	const char *name = argv[0];

	if (*name != '-')
		return refuse(r, "'%s' is not understood, see -help", name);
	name += name[1] == '-' ? 2 : 1;
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		if (strcmp(name, options[i].name) != 0)
			continue;
		if (!options[i].has_value)
			return options[i].take(r, NULL) ? -EINVAL : 1;
		if (!argv[1])
			return refuse(r, "%s: what?", argv[0]);
		return options[i].take(r, argv[1]) ? -EINVAL : 2;
	}
	return refuse(r, "there is no option %s here: this is a device model for the virtio disks of PVH guests and nothing else (see xen-vblk-dm(8))",
		      argv[0]);
}

int arguments_parse(struct arguments *args, char **argv, char *text,
		    size_t len)
{
	struct reading r = { .args = args, .text = text, .len = len };
	int n;

	*args = (struct arguments){ .log_level = LOG_LEVEL_INFO };
	while (*argv) {
		n = arguments_option(&r, argv);
		if (n < 0)
			return n;
		argv += n;
	}
	if (args->job != ARGUMENTS_SERVE || args->has_domid)
		return 0;
	args->job = ARGUMENTS_PROBE;
	for (size_t i = 0; i < args->nchardevs; i++)
		if (args->chardev[i].monitor && !args->ndisks)
			return 0;
	return refuse(&r, "no -xen-domid: xl starts this program, see xen-vblk-dm(8)");
}

bool arguments_takes(const char *key)
{
	return strcmp(key, "pci-slot") != 0;
}

static int arguments_apply_disk(const struct arguments_disk *d,
				struct config *config, const char *guest,
				struct reading *r)
{
	char vdev[CONFIG_NAME_LEN], why[TEXT_LEN];
	struct config_section *s;
	const char *at = d->words;
	struct config_disk disk;
	struct word w;

	text_set(vdev, sizeof(vdev), "virtio%u", d->index);
	s = config_add(config, guest, vdev);
	if (!s)
		return refuse(r, "out of memory");
	while (word_next(&at, &w)) {
		if (!strcmp(w.key, "index"))
			continue;
		if (!arguments_takes(w.key))
			return refuse(r, "-disk %s: %s is for guests of x86 with disk = [], and xen-vblkd; a device of virtio = [] has no PCI slot",
				      d->words, w.key);
		if (!w.value)
			return refuse(r, "-disk %s: '%s' has no value",
				      d->words, w.key);
		if (config_set(s, w.key, w.value, why, sizeof(why)))
			return refuse(r, "-disk %s: %s", d->words, why);
	}
	if (*at)
		return refuse(r, "-disk %s: too long", d->words);
	config_for_disk(config, "", guest, vdev, &disk);
	if (!disk.path[0])
		return refuse(r, "-disk %s: has no path=, the image",
			      d->words);
	return 0;
}

int arguments_apply(const struct arguments *args, struct config *config,
		    const char *guest, char *text, size_t len)
{
	struct reading r = { .text = text, .len = len };
	int ret = 0;

	for (size_t i = 0; i < args->ndisks && !ret; i++)
		ret = arguments_apply_disk(&args->disk[i], config, guest, &r);
	return ret;
}
