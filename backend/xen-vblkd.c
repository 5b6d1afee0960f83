// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * xen-vblkd: the daemon's options, its beginning and its end. The life between
 * is in manager.c.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "backend/log.h"
#include "backend/manager.h"
#include "backend/runtime.h"
#include "backend/setting.h"

#define EXIT_USAGE 2

static const char usage[] =
"usage: xen-vblkd [option]...\n"
"\n"
"Serves the virtio disks of Xen guests, see xen-vblkd(8).\n"
"\n"
"  -c, --config FILE      configuration [" SYSCONFDIR "/xen-vblkd.conf]\n"
"  -l, --log-level LEVEL  error, warning, info or debug\n"
"  -t, --test             read the configuration, say what is wrong, and end\n"
"  -f, --foreground       the only mode there is\n"
"  -V, --version\n"
"  -h, --help\n";

struct options {
	const char *config;
	enum log_level level;
	bool level_given;
	bool test;
};

/* Whatever is not a start ends the program here. */
static void options_parse(struct options *o, int argc, char **argv)
{
	static const struct option names[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "log-level", required_argument, NULL, 'l' },
		{ "test", no_argument, NULL, 't' },
		{ "foreground", no_argument, NULL, 'f' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "c:l:tfVh", names, NULL)) != -1) {
		switch (c) {
		case 'c':
			o->config = optarg;
			break;
		case 'l':
			if (setting_log_level(optarg, &o->level)) {
				fprintf(stderr, "xen-vblkd: --log-level is error, warning, info or debug\n");
				exit(EXIT_USAGE);
			}
			o->level_given = true;
			break;
		case 't':
			o->test = true;
			break;
		case 'f':
			break;
		case 'V':
			puts("xen-vblkd " VERSION);
			exit(EXIT_SUCCESS);
		case 'h':
			fputs(usage, stdout);
			exit(EXIT_SUCCESS);
		default:
			fputs("Try xen-vblkd --help.\n", stderr);
			exit(EXIT_USAGE);
		}
	}
	if (optind == argc)
		return;
	fprintf(stderr, "xen-vblkd: '%s' is too much, see --help\n",
		argv[optind]);
	exit(EXIT_USAGE);
}

/* What the configuration says is well said; but is it there? */
static int daemon_test(const struct config *c)
{
	if (!access(c->worker, X_OK))
		return EXIT_SUCCESS;
	log_error("worker %s: %s; no guest can be served (make install, or worker = in the configuration)",
		  c->worker, log_strerror(errno));
	return EXIT_FAILURE;
}

/* The directory, the lock, then what could disturb another xen-vblkd. */
static int daemon_open(struct manager *m, char *text, size_t len)
{
	const char *dir = m->config->runtime_dir;
	static int lock;
	int ret = runtime_open(dir, &m->runtime_dir, text, len);

	/* Held until the process ends. */
	if (!ret)
		ret = runtime_lock(m->runtime_dir, dir, &lock, text, len);
	if (!ret)
		ret = manager_open(m, text, len);
	return ret ? ret : manager_listen(m, text, len);
}

int main(int argc, char **argv)
{
	static struct manager manager = {
		.program = "xen-vblkd",
		.again = "reload xen-vblkd (SIGHUP)",
		.scope = {
			.domid = NODE_EVERY_GUEST,
			.kind = { [NODE_DISK] = true, [NODE_GENERIC] = true },
		},
		.hangup = manager_reload,
		.runtime_dir = -1,
	};
	struct options o = { .level = LOG_LEVEL_INFO };
	struct config *config;
	char text[TEXT_LEN];
	int ret;

	options_parse(&o, argc, argv);
	log_init("xen-vblkd", o.level);
	ret = config_load(&config, o.config, text, sizeof(text));
	if (ret) {
		log_error("%s", text);
		return EXIT_FAILURE;
	}
	if (o.test) {
		ret = daemon_test(config);
		config_free(config);
		return ret;
	}
	if (!o.level_given)
		log_init("xen-vblkd", config->log_level);
	manager.config = config;
	manager.config_path = o.config;
	manager.log_level_given = o.level_given;
	ret = daemon_open(&manager, text, sizeof(text));
	if (ret) {
		log_error("%s", text);
	} else {
		log_info("version " VERSION ", serving the guests of domain %u",
			 manager.scope.self);
		runtime_notify("READY=1");
		ret = manager_run(&manager);
		runtime_notify("STOPPING=1");
	}
	manager_close(&manager);
	config_free(manager.config);
	return ret ? EXIT_FAILURE : EXIT_SUCCESS;
}
