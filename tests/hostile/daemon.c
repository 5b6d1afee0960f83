// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The daemon is asked at its socket, and /proc. Not through the command line tool:
 * two processes for each look take longer than many a lie.
 */
#include "tests/hostile/daemon.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <json.h>

/* A stream to read the answer from; NULL if there is none. */
static FILE *ask_line(const char *path, const char *question, uint32_t domid)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char line[64];
	int n = snprintf(line, sizeof(line), "%s %u\n", question, domid);
	FILE *f = NULL;

	if (sock < 0)
		return NULL;
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	if (!connect(sock, (const struct sockaddr *)&addr, sizeof(addr)) &&
	    send(sock, line, (size_t)n, MSG_NOSIGNAL) == n)
		f = fdopen(sock, "r");
	if (!f)
		close(sock);
	return f;
}

static struct json_object *ask(const char *path, const char *question,
			       uint32_t domid)
{
	FILE *f = ask_line(path, question, domid);
	struct json_tokener *tok = json_tokener_new();
	struct json_object *o = NULL;
	char text[4096];
	size_t n;

	while (f && tok && !o && (n = fread(text, 1, sizeof(text), f)))
		o = json_tokener_parse_ex(tok, text, (int)n);
	if (f)
		fclose(f);
	if (tok)
		json_tokener_free(tok);
	return o;
}

static uint64_t number(struct json_object *o, const char *key)
{
	struct json_object *value = NULL;

	json_object_object_get_ex(o, key, &value);
	return (uint64_t)json_object_get_int64(value);
}

/* Element @i of the array @key of @o, NULL behind its end. */
static struct json_object *element(struct json_object *o, const char *key,
				   size_t i)
{
	struct json_object *array = NULL;

	if (!json_object_object_get_ex(o, key, &array) ||
	    !json_object_is_type(array, json_type_array))
		return NULL;
	return json_object_array_get_idx(array, i);
}

static int look_pid(const char *socket, uint32_t domid,
		    struct daemon_view *out)
{
	struct json_object *o = ask(socket, "show", domid);
	struct json_object *disk = element(o, "disks", 0);

	if (disk)
		out->pid = (pid_t)number(disk, "worker_pid");
	json_object_put(o);
	return disk && out->pid > 0 ? 0 : -ESRCH;
}

static int look_stats(const char *socket, uint32_t domid, const char *vdevs,
		      struct daemon_view *out)
{
	struct json_object *o = ask(socket, "stats", domid);
	struct json_object *guest = element(o, "guests", 0), *disk, *map;
	uint32_t found = 0;

	for (size_t i = 0; (disk = element(guest, "disks", i)); i++) {
		struct json_object *stats = NULL, *vdev = NULL;

		json_object_object_get_ex(disk, "vdev", &vdev);
		json_object_object_get_ex(disk, "stats", &stats);
		if (!vdev || !strstr(vdevs, json_object_get_string(vdev)))
			continue;
		found++;
		out->pops += number(stats, "pops");
		out->pushes += number(stats, "pushes");
		out->in_flight += number(stats, "in_flight");
		out->reads += number(stats, "reads");
		out->writes += number(stats, "writes");
		out->refused += number(stats, "refused");
		out->malformed += number(stats, "malformed");
		out->skipped += number(stats, "skipped");
		out->failed += number(stats, "failed");
		out->broken += number(stats, "broken");
	}
	map = NULL;
	if (guest && json_object_object_get_ex(guest, "mapcache", &map))
		out->unmap_failures = number(map, "unmap_failures");
	json_object_put(o);
	return found && map ? 0 : -ENOENT;
}

static int look_proc(struct daemon_view *out)
{
	char path[64], line[128];
	struct dirent *e;
	FILE *f;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)out->pid);
	d = opendir(path);
	if (!d)
		return -errno;
	while ((e = readdir(d)))
		out->fds += e->d_name[0] != '.';
	closedir(d);
	snprintf(path, sizeof(path), "/proc/%d/status", (int)out->pid);
	f = fopen(path, "r");
	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, "VmData:", 7))
			out->data_kib = strtoull(line + 7, NULL, 10);
	fclose(f);
	return 0;
}

int daemon_look(const char *socket, uint32_t domid, const char *vdevs,
		struct daemon_view *out)
{
	int ret;

	*out = (struct daemon_view){ 0 };
	ret = look_pid(socket, domid, out);
	if (!ret)
		ret = look_stats(socket, domid, vdevs, out);
	return ret ? ret : look_proc(out);
}
