// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests are taken one by one as json-c completes them, each is answered
 * before the next is looked at. What is no JSON costs the rest of what was
 * received with it and an error.
 */
#include "backend/qmp.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json.h>

#include "backend/arguments.h"
#include "backend/setting.h"

#define QMP_EOL "\r\n"

static void add(struct json_object *to, const char *key,
		struct json_object *value)
{
	json_object_object_add(to, key, value);
}

static void add_text(struct json_object *to, const char *key, const char *text)
{
	add(to, key, json_object_new_string(text));
}

static struct json_object *qmp_error(const char *class, const char *fmt,
				     const char *name)
{
	struct json_object *o = json_object_new_object();
	struct json_object *error = json_object_new_object();
	char text[256];

	snprintf(text, sizeof(text), fmt, name);
	add_text(error, "class", class);
	add_text(error, "desc", text);
	add(o, "error", error);
	return o;
}

static struct json_object *qmp_return(struct json_object *value)
{
	struct json_object *o = json_object_new_object();

	add(o, "return", value);
	return o;
}

/* Commands. */

static struct json_object *qmp_capabilities(struct qmp *q)
{
	q->negotiated = true;
	return json_object_new_object();
}

static struct json_object *qmp_query_status(struct qmp *q)
{
	struct json_object *o = json_object_new_object();

	add_text(o, "status", q->server->ready ? "running" : "prelaunch");
	add(o, "running", json_object_new_boolean(q->server->ready));
	return o;
}

static struct json_object *qmp_query_chardev(struct qmp *q)
{
	const struct arguments *a = q->server->args;
	struct json_object *all = json_object_new_array(), *o;
	char name[ARGUMENTS_PATH_LEN + 16];

	for (size_t i = 0; i < a->nchardevs; i++) {
		const struct arguments_chardev *c = &a->chardev[i];

		o = json_object_new_object();
		add_text(o, "label", c->id);
		snprintf(name, sizeof(name), c->monitor ? "unix:%s" : "null%s",
			 c->monitor ? c->path : "");
		add_text(o, "filename", name);
		add(o, "frontend-open", json_object_new_boolean(c->monitor));
		json_object_array_add(all, o);
	}
	return all;
}

static void qmp_add_parameter(struct json_object *all, const char *name,
			      const char *help)
{
	struct json_object *o = json_object_new_object();

	add_text(o, "name", name);
	add_text(o, "type", "string");
	add_text(o, "help", help);
	json_object_array_add(all, o);
}

static struct json_object *qmp_query_options(struct qmp *q)
{
	struct json_object *all = json_object_new_array();
	struct json_object *o = json_object_new_object();
	struct json_object *parameters = json_object_new_array();

	(void)q;
	qmp_add_parameter(parameters, "index", "number of the device");
	for (const struct setting *k = setting_disk; k->name; k++)
		if (arguments_takes(k->name))
			qmp_add_parameter(parameters, k->name, k->allowed);
	add_text(o, "option", "disk");
	add(o, "parameters", parameters);
	json_object_array_add(all, o);
	return all;
}

static struct json_object *qmp_quit(struct qmp *q)
{
	q->server->quit = true;
	return json_object_new_object();
}

static const struct {
	const char *name;
	struct json_object *(*run)(struct qmp *q);
} commands[] = {
	{ "query-status", qmp_query_status },
	{ "query-command-line-options", qmp_query_options },
	{ "query-chardev", qmp_query_chardev },
	{ "quit", qmp_quit },
};

static struct json_object *qmp_run(struct qmp *q, const char *name)
{
	bool negotiate = !strcmp(name, "qmp_capabilities");

	if (negotiate && q->negotiated)
		return qmp_error("CommandNotFound", "%s was said already",
				 name);
	if (negotiate)
		return qmp_return(qmp_capabilities(q));
	if (!q->negotiated)
		return qmp_error("CommandNotFound", "%s has to wait for qmp_capabilities",
				 name);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(name, commands[i].name))
			return qmp_return(commands[i].run(q));
	return qmp_error("CommandNotFound", "There is no command %s here",
			 name);
}

/* Requests. */

static struct json_object *qmp_request(struct qmp *q, struct json_object *r)
{
	struct json_object *name = NULL, *arguments = NULL, *id = NULL, *o;

	if (!json_object_is_type(r, json_type_object))
		return qmp_error("GenericError", "A request is an object%s", "");
	json_object_object_get_ex(r, "execute", &name);
	json_object_object_get_ex(r, "arguments", &arguments);
	if (!json_object_is_type(name, json_type_string))
		o = qmp_error("GenericError", "A request has a string '%s'",
			      "execute");
	else if (arguments && !json_object_is_type(arguments, json_type_object))
		o = qmp_error("GenericError", "'%s' is an object", "arguments");
	else
		o = qmp_run(q, json_object_get_string(name));
	if (json_object_object_get_ex(r, "id", &id))
		add(o, "id", json_object_get(id));
	return o;
}

/* Takes @o over. */
static void qmp_print(FILE *to, struct json_object *o)
{
	fputs(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN |
					     JSON_C_TO_STRING_NOSLASHESCAPE),
	      to);
	fputs(QMP_EOL, to);
	json_object_put(o);
}

/* One step through what was received; returns how much of it was taken. */
static size_t qmp_step(struct qmp *q, const char *bytes, size_t len, FILE *to)
{
	struct json_object *request;
	enum json_tokener_error error;

	if (!q->pending && isspace((unsigned char)*bytes))
		return 1;
	request = json_tokener_parse_ex(q->tokener, bytes, (int)len);
	error = json_tokener_get_error(q->tokener);
	if (error == json_tokener_continue) {
		q->pending += len;
		return len;
	}
	q->pending = 0;
	if (error != json_tokener_success) {
		json_tokener_reset(q->tokener);
		qmp_print(to, qmp_error("GenericError", "That is no JSON: %s",
					json_tokener_error_desc(error)));
		return len;
	}
	len = json_tokener_get_parse_end(q->tokener);
	qmp_print(to, qmp_request(q, request));
	json_object_put(request);
	return len;
}

int qmp_feed(struct qmp *qmp, const char *bytes, size_t len, char **answer)
{
	size_t size = 0;
	FILE *to;

	*answer = NULL;
	if (len > QMP_REQUEST_MAX - qmp->pending)
		return -EMSGSIZE;
	to = open_memstream(answer, &size);
	if (!to)
		return -ENOMEM;
	while (len) {
		size_t n = qmp_step(qmp, bytes, len, to);

		bytes += n;
		len -= n;
	}
	if (fclose(to))
		size = 0;
	if (!size) {
		free(*answer);
		*answer = NULL;
	}
	return 0;
}

static struct json_object *qmp_greeting(void)
{
	struct json_object *greeting = json_object_new_object();
	struct json_object *o = json_object_new_object();
	struct json_object *version = json_object_new_object();
	struct json_object *qemu = json_object_new_object();

	/* An early QEMU, as far as libxl looks: what came later is not here. */
	add(qemu, "major", json_object_new_int(0));
	add(qemu, "minor", json_object_new_int(1));
	add(qemu, "micro", json_object_new_int(0));
	add(version, "qemu", qemu);
	add_text(version, "package", "xen-vblk-dm " VERSION);
	add(o, "version", version);
	add(o, "capabilities", json_object_new_array());
	add(greeting, "QMP", o);
	return greeting;
}

int qmp_init(struct qmp *qmp, struct qmp_server *server, char **greeting)
{
	size_t size;
	FILE *to;

	*qmp = (struct qmp){ .server = server };
	to = open_memstream(greeting, &size);
	if (!to)
		return -ENOMEM;
	qmp_print(to, qmp_greeting());
	if (fclose(to))
		goto fail;
	qmp->tokener = json_tokener_new();
	if (qmp->tokener)
		return 0;
fail:
	free(*greeting);
	*greeting = NULL;
	return -ENOMEM;
}

void qmp_fini(struct qmp *qmp)
{
	if (qmp->tokener)
		json_tokener_free(qmp->tokener);
	qmp->tokener = NULL;
}
