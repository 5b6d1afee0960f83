// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * xen-vblk: asks a running xen-vblkd and shows the answer, as JSON or as a
 * table, or examines the host (check.c). Nothing here knows which counters there
 * are: a table of counters has a row for each that the answer has.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <json.h>

#include "backend/config.h"
#include "tools/check.h"

#define EXIT_USAGE     2
#define DEFAULT_SOCKET CONFIG_RUNTIME_DIR "/control"
#define ANSWER_SECONDS 10
#define MAX_COLUMNS    12

static const char usage[] =
"usage: xen-vblk [option]... list                    all disks\n"
"       xen-vblk [option]... show GUEST[/VDEV]       all about a guest's, or one\n"
"       xen-vblk [option]... stats [GUEST[/VDEV]]    what they did\n"
"       xen-vblk [option]... check                   what does this host lack?\n"
"\n"
"Asks xen-vblkd about its disks, or examines the host. GUEST is a domain id or a\n"
"name.\n"
"\n"
"  -s, --socket PATH  where xen-vblkd listens [" DEFAULT_SOCKET "]\n"
"  -c, --config FILE  check: configuration [" SYSCONFDIR "/xen-vblkd.conf]\n"
"  -j, --json         the answer as JSON\n"
"  -V, --version\n"
"  -h, --help\n";

struct options {
	const char *socket;	/* NULL: not given */
	const char *config;	/* likewise */
	bool json;
	const char *verb;
	const char *what;	/* "" */
};

static void die(const char *fmt, ...)
	__attribute__((format(printf, 1, 2), noreturn));

static void die(const char *fmt, ...)
{
	va_list ap;

	fputs("xen-vblk: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(EXIT_FAILURE);
}

/* Ask. */

static int ask_connect(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct timeval patience = { .tv_sec = ANSWER_SECONDS };
	int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (sock < 0)
		die("%s", strerror(errno));
	if (strlen(path) >= sizeof(addr.sun_path))
		die("%s is too long for a socket", path);
	strcpy(addr.sun_path, path);
	setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (!connect(sock, (const struct sockaddr *)&addr, sizeof(addr)))
		return sock;
	if (errno == ENOENT || errno == ECONNREFUSED)
		die("xen-vblkd does not run (nobody listens at %s)", path);
	if (errno == EACCES)
		die("only root may ask (%s)", path);
	die("%s: %s", path, strerror(errno));
}

/* Everything until the end of the connection. */
static char *ask_read(int sock)
{
	size_t len = 0, room = 0;
	char *answer = NULL;
	ssize_t n;

	do {
		if (len + 1 >= room) {
			room = room ? 2 * room : 16384;
			answer = realloc(answer, room);
			if (!answer)
				die("out of memory");
		}
		n = recv(sock, answer + len, room - len - 1, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			die("no answer from xen-vblkd: %s", strerror(errno));
		len += (size_t)n;
	} while (n);
	answer[len] = '\0';
	if (!len)
		die("xen-vblkd gave no answer (too many clients, or too long a question)");
	return answer;
}

static char *ask(const struct options *o)
{
	int sock = ask_connect(o->socket ? o->socket : DEFAULT_SOCKET);
	char line[256], *answer;
	int n = snprintf(line, sizeof(line), "%s%s%s\n", o->verb,
			 *o->what ? " " : "", o->what);

	if (n < 0 || (size_t)n >= sizeof(line) || strchr(o->what, '\n'))
		die("'%s' can't be the name of a guest", o->what);
	if (send(sock, line, (size_t)n, MSG_NOSIGNAL) != n)
		die("xen-vblkd does not listen: %s", strerror(errno));
	answer = ask_read(sock);
	close(sock);
	return answer;
}

/* Show. */

static struct json_object *get(struct json_object *o, const char *key)
{
	struct json_object *value = NULL;

	json_object_object_get_ex(o, key, &value);
	return value;
}

static const char *get_text(struct json_object *o, const char *key)
{
	struct json_object *value = get(o, key);

	return value ? json_object_get_string(value) : "";
}

/* "10G": with one digit behind the point where that says more. */
static void print_size(char *text, size_t len, int64_t bytes)
{
	static const char units[] = "BKMGTPE";
	double size = (double)bytes;
	int unit = 0;

	while (size >= 1024 && units[unit + 1]) {
		size /= 1024;
		unit++;
	}
	if (size == (double)(int64_t)size)
		snprintf(text, len, "%" PRId64 "%c", (int64_t)size,
			 units[unit]);
	else
		snprintf(text, len, "%.1f%c", size, units[unit]);
}

/* Columns of text; numbers to the right. */
struct table {
	int columns;
	int rows;
	char **cell;		/* rows * columns, strings of their own */
	bool right[MAX_COLUMNS];
};

static void table_row(struct table *t, const char *const cells[])
{
	t->cell = reallocarray(t->cell, (size_t)(t->rows + 1) * t->columns,
			       sizeof(*t->cell));
	if (!t->cell)
		die("out of memory");
	for (int i = 0; i < t->columns; i++) {
		t->cell[t->rows * t->columns + i] = strdup(cells[i]);
		if (!t->cell[t->rows * t->columns + i])
			die("out of memory");
	}
	t->rows++;
}

static void table_print(struct table *t)
{
	int width[MAX_COLUMNS] = { 0 };
	const char *cell;

	for (int i = 0; i < t->rows * t->columns; i++) {
		int len = (int)strlen(t->cell[i]);

		if (len > width[i % t->columns])
			width[i % t->columns] = len;
	}
	for (int i = 0; i < t->rows * t->columns; i++) {
		int column = i % t->columns;
		bool last = column == t->columns - 1;

		cell = t->cell[i];
		if (t->right[column])
			printf("%*s", width[column], cell);
		else
			printf("%-*s", last ? 0 : width[column], cell);
		fputs(last ? "\n" : "  ", stdout);
		free(t->cell[i]);
	}
	free(t->cell);
	t->cell = NULL;
}

static void show_list(struct json_object *answer)
{
	static const char *const head[] = {
		"DOMID", "NAME", "VDEV", "STATE", "SIZE", "MODE", "GRANTS",
		"QUEUES", "READS", "WRITES", "WORKER", "IMAGE",
	};
	struct table t = { .columns = 12 };
	struct json_object *disks = get(answer, "disks"), *d;
	char size[32];

	t.right[0] = t.right[4] = t.right[7] = true;
	t.right[8] = t.right[9] = t.right[10] = true;
	table_row(&t, head);
	for (size_t i = 0; i < json_object_array_length(disks); i++) {
		d = json_object_array_get_idx(disks, i);
		print_size(size, sizeof(size),
			   json_object_get_int64(get(d, "size")));
		table_row(&t, (const char *const[]){
			get_text(d, "domid"), get_text(d, "name"),
			get_text(d, "vdev"), get_text(d, "state"), size,
			json_object_get_boolean(get(d, "read_only")) ?
				"r" : "w",
			json_object_get_boolean(get(d, "grants")) ?
				"yes" : "no",
			get_text(d, "queues"), get_text(d, "reads"),
			get_text(d, "writes"), get_text(d, "worker_pid"),
			get_text(d, "image") });
	}
	table_print(&t);
}

/* key value, one per line, what is inside below what it is in. */
static void show_object(struct json_object *o, struct table *t, const char *in)
{
	char name[96];

	json_object_object_foreach(o, key, value) {
		snprintf(name, sizeof(name), "%s%s%s", in, *in ? "." : "",
			 key);
		if (json_object_is_type(value, json_type_object))
			show_object(value, t, name);
		else
			table_row(t, (const char *const[]){
				name, json_object_get_string(value) });
	}
}

static void show_disks(struct json_object *answer)
{
	struct json_object *disks = get(answer, "disks");

	for (size_t i = 0; i < json_object_array_length(disks); i++) {
		struct table t = { .columns = 2 };

		if (i)
			putchar('\n');
		show_object(json_object_array_get_idx(disks, i), &t, "");
		table_print(&t);
	}
}

static void show_counters(const char *title, struct json_object *counters)
{
	struct table t = { .columns = 2, .right = { false, true } };

	puts(title);
	json_object_object_foreach(counters, key, value) {
		char name[80];

		snprintf(name, sizeof(name), "  %s", key);
		table_row(&t, (const char *const[]){
			name, json_object_get_string(value) });
	}
	table_print(&t);
}

static void show_stats(struct json_object *answer)
{
	struct json_object *guests = get(answer, "guests"), *g, *disks, *d;
	char title[128];

	for (size_t i = 0; i < json_object_array_length(guests); i++) {
		g = json_object_array_get_idx(guests, i);
		disks = get(g, "disks");
		for (size_t k = 0; k < json_object_array_length(disks); k++) {
			d = json_object_array_get_idx(disks, k);
			snprintf(title, sizeof(title), "%s/%s (domain %s, %s)",
				 get_text(g, "name"), get_text(d, "vdev"),
				 get_text(g, "domid"), get_text(d, "state"));
			show_counters(title, get(d, "stats"));
		}
		snprintf(title, sizeof(title), "%s (domain %s): guest memory",
			 get_text(g, "name"), get_text(g, "domid"));
		show_counters(title, get(g, "mapcache"));
	}
}

static void show(const struct options *o, const char *text)
{
	struct json_object *answer = json_tokener_parse(text);
	const char *error;

	if (!answer || !json_object_is_type(answer, json_type_object))
		die("xen-vblkd's answer makes no sense");
	error = get_text(answer, "error");
	if (*error)
		die("%s", error);
	if (o->json)
		fputs(text, stdout);
	else if (get(answer, "guests"))
		show_stats(answer);
	else if (!get(answer, "disks"))
		die("xen-vblkd's answer has neither disks nor guests");
	else if (!strcmp(o->verb, "show"))
		show_disks(answer);
	else
		show_list(answer);
	json_object_put(answer);
}

/* Begin. */

__attribute__((noreturn))
static void options_refuse(void)
{
	fputs("Try xen-vblk --help.\n", stderr);
	exit(EXIT_USAGE);
}

/* VERB and what it may or must be followed by. */
static void options_verb(struct options *o, int argc, char **argv)
{
	int most = 1, least = 0;

	if (!argc)
		options_refuse();
	o->verb = argv[0];
	if (!strcmp(o->verb, "list") || !strcmp(o->verb, "check"))
		most = 0;
	else if (!strcmp(o->verb, "show"))
		least = 1;
	else if (strcmp(o->verb, "stats") != 0)
		most = -1;
	if (most < 0)
		fprintf(stderr, "xen-vblk: there is no '%s'\n", o->verb);
	else if (argc - 1 < least)
		fprintf(stderr, "xen-vblk: %s: of which guest?\n", o->verb);
	else if (argc - 1 > most)
		fprintf(stderr, "xen-vblk: %s: '%s' is too much%s\n", o->verb,
			argv[most + 1], !strcmp(o->verb, "list") ?
			"; show or stats are about one guest" : "");
	if (argc - 1 < least || argc - 1 > most)
		options_refuse();
	if (o->config && strcmp(o->verb, "check") != 0) {
		fprintf(stderr, "xen-vblk: --config is for check\n");
		options_refuse();
	}
	o->what = argc > 1 ? argv[1] : "";
}

static void options_parse(struct options *o, int argc, char **argv)
{
	static const struct option names[] = {
		{ "socket", required_argument, NULL, 's' },
		{ "config", required_argument, NULL, 'c' },
		{ "json", no_argument, NULL, 'j' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "s:c:jVh", names, NULL)) != -1) {
		switch (c) {
		case 's':
			o->socket = optarg;
			break;
		case 'c':
			o->config = optarg;
			break;
		case 'j':
			o->json = true;
			break;
		case 'V':
			puts("xen-vblk " VERSION);
			exit(EXIT_SUCCESS);
		case 'h':
			fputs(usage, stdout);
			exit(EXIT_SUCCESS);
		default:
			options_refuse();
		}
	}
	options_verb(o, argc - optind, argv + optind);
}

int main(int argc, char **argv)
{
	struct options o = { .json = false };
	bool good = true;
	char *answer;

	options_parse(&o, argc, argv);
	if (!strcmp(o.verb, "check")) {
		good = check_host(o.config, o.socket, o.json);
	} else {
		answer = ask(&o);
		show(&o, answer);
		free(answer);
	}
	if (fflush(stdout) || ferror(stdout))
		die("output: %s", strerror(errno));
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
