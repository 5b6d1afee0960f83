// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A QMP conversation as libxl has it, and everything that is none.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <json.h>

#include "backend/arguments.h"
#include "backend/qmp.h"

static struct arguments args;
static struct qmp_server server;
static struct qmp qmp;

static struct json_object *parse(char *answer)
{
	struct json_object *o;

	assert_non_null(answer);
	assert_int_equal(strlen(answer), strcspn(answer, "\r") + 2);
	o = json_tokener_parse(answer);
	assert_non_null(o);
	free(answer);
	return o;
}

static struct json_object *ask(const char *request)
{
	char *answer;

	assert_int_equal(qmp_feed(&qmp, request, strlen(request), &answer), 0);
	return parse(answer);
}

static struct json_object *get(struct json_object *o, const char *key)
{
	struct json_object *value = NULL;

	assert_true(json_object_object_get_ex(o, key, &value));
	return value;
}

static const char *get_text(struct json_object *o, const char *key)
{
	return json_object_get_string(get(o, key));
}

static void is_error(const char *request, const char *class)
{
	struct json_object *o = ask(request);

	assert_string_equal(get_text(get(o, "error"), "class"), class);
	assert_true(strlen(get_text(get(o, "error"), "desc")) > 0);
	json_object_put(o);
}

static void negotiate(void)
{
	json_object_put(ask("{\"execute\":\"qmp_capabilities\",\"id\":0}"));
}

static int begin(void **state)
{
	char *greeting;

	(void)state;
	server = (struct qmp_server){ .args = &args };
	if (qmp_init(&qmp, &server, &greeting))
		return -1;
	free(greeting);
	return 0;
}

static int end(void **state)
{
	(void)state;
	qmp_fini(&qmp);
	return 0;
}

static void the_greeting_has_a_version(void **state)
{
	struct json_object *o, *version;
	struct qmp other;
	char *greeting;

	(void)state;
	assert_int_equal(qmp_init(&other, &server, &greeting), 0);
	o = parse(greeting);
	version = get(get(o, "QMP"), "version");
	assert_true(json_object_is_type(get(get(version, "qemu"), "major"),
					json_type_int));
	assert_true(json_object_is_type(get(get(o, "QMP"), "capabilities"),
					json_type_array));
	json_object_put(o);
	qmp_fini(&other);
}

static void nothing_is_done_before_negotiation(void **state)
{
	(void)state;
	is_error("{\"execute\":\"query-status\"}", "CommandNotFound");
	is_error("{\"execute\":\"quit\"}", "CommandNotFound");
	assert_false(server.quit);
	negotiate();
	is_error("{\"execute\":\"qmp_capabilities\"}", "CommandNotFound");
	json_object_put(ask("{\"execute\":\"quit\"}"));
	assert_true(server.quit);
}

static void the_id_comes_back(void **state)
{
	struct json_object *o;

	(void)state;
	o = ask("{\"execute\":\"qmp_capabilities\",\"id\":12345}\n");
	assert_int_equal(json_object_get_int(get(o, "id")), 12345);
	assert_true(json_object_is_type(get(o, "return"), json_type_object));
	json_object_put(o);
	o = ask("{\"execute\":\"none\",\"id\":{\"a\":[1]}}\n");
	assert_string_equal(json_object_to_json_string_ext(
		get(o, "id"), JSON_C_TO_STRING_PLAIN), "{\"a\":[1]}");
	json_object_put(o);
}

static void the_status_is_true(void **state)
{
	struct json_object *o;

	(void)state;
	negotiate();
	o = ask("{\"execute\":\"query-status\"}");
	assert_string_equal(get_text(get(o, "return"), "status"), "prelaunch");
	assert_false(json_object_get_boolean(get(get(o, "return"), "running")));
	json_object_put(o);
	server.ready = true;
	o = ask("{\"execute\":\"query-status\"}");
	assert_string_equal(get_text(get(o, "return"), "status"), "running");
	assert_true(json_object_get_boolean(get(get(o, "return"), "running")));
	json_object_put(o);
}

static void chardevs_are_those_of_the_command_line(void **state)
{
	struct json_object *o, *all;

	(void)state;
	args.nchardevs = 2;
	args.chardev[0] = (struct arguments_chardev){
		.id = "libxl-cmd", .path = "/run/x", .fd = -1,
		.socket = true, .monitor = true,
	};
	args.chardev[1] = (struct arguments_chardev){
		.id = "libxl-channel1", .fd = -1,
	};
	negotiate();
	o = ask("{\"execute\":\"query-chardev\"}");
	all = get(o, "return");
	assert_int_equal(json_object_array_length(all), 2);
	assert_string_equal(get_text(json_object_array_get_idx(all, 0),
				     "filename"), "unix:/run/x");
	assert_string_equal(get_text(json_object_array_get_idx(all, 1),
				     "label"), "libxl-channel1");
	json_object_put(o);
	args.nchardevs = 0;
}

static void command_line_options_are_named(void **state)
{
	struct json_object *o, *all;

	(void)state;
	negotiate();
	o = ask("{\"execute\":\"query-command-line-options\"}");
	all = get(o, "return");
	assert_int_equal(json_object_array_length(all), 1);
	assert_string_equal(get_text(json_object_array_get_idx(all, 0),
				     "option"), "disk");
	assert_true(json_object_array_length(
		get(json_object_array_get_idx(all, 0), "parameters")) > 2);
	json_object_put(o);
}

static void what_is_no_request_is_an_error(void **state)
{
	(void)state;
	negotiate();
	is_error("{\"execute\":\"stop\"}", "CommandNotFound");
	is_error("{\"execute\":\"\"}", "CommandNotFound");
	is_error("{\"execute\":1}", "GenericError");
	is_error("{}", "GenericError");
	is_error("[]", "GenericError");
	is_error("null ", "GenericError");
	is_error("{\"execute\":\"query-status\",\"arguments\":[]}",
		 "GenericError");
	is_error("}{\"execute\":\"quit\"}", "GenericError");
	assert_false(server.quit);
	/* And it goes on. */
	json_object_put(ask("{\"execute\":\"query-status\"}"));
}

static void requests_come_in_pieces_and_in_heaps(void **state)
{
	static const char request[] =
		"{\"execute\":\"qmp_capabilities\"}\r\n"
		"{\"execute\":\"query-status\"}{\"execute\":\"none\"}\n";
	size_t answers = 0;
	char *answer;

	(void)state;
	for (size_t i = 0; i < strlen(request); i++) {
		assert_int_equal(qmp_feed(&qmp, &request[i], 1, &answer), 0);
		answers += answer != NULL;
		free(answer);
	}
	assert_int_equal(answers, 3);
	assert_int_equal(qmp_feed(&qmp, request, strlen(request), &answer), 0);
	for (const char *at = answer; (at = strchr(at, '\n')); at++)
		answers++;
	assert_int_equal(answers, 6);
	free(answer);
}

static void a_request_without_end_ends_the_conversation(void **state)
{
	static char more[4096];
	char *answer;
	int ret = 0;

	(void)state;
	memset(more, 'a', sizeof(more));
	more[0] = '"';
	for (int i = 0; i < 32 && !ret; i++) {
		ret = qmp_feed(&qmp, more, sizeof(more), &answer);
		assert_null(answer);
		more[0] = 'a';
	}
	assert_int_equal(ret, -EMSGSIZE);
}

static void depth_is_limited(void **state)
{
	char deep[256];

	(void)state;
	negotiate();
	memset(deep, '[', sizeof(deep) - 1);
	deep[sizeof(deep) - 1] = '\0';
	is_error(deep, "GenericError");
}

#define CONVERSATION(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CONVERSATION(the_greeting_has_a_version),
		CONVERSATION(nothing_is_done_before_negotiation),
		CONVERSATION(the_id_comes_back),
		CONVERSATION(the_status_is_true),
		CONVERSATION(chardevs_are_those_of_the_command_line),
		CONVERSATION(command_line_options_are_named),
		CONVERSATION(what_is_no_request_is_an_error),
		CONVERSATION(requests_come_in_pieces_and_in_heaps),
		CONVERSATION(a_request_without_end_ends_the_conversation),
		CONVERSATION(depth_is_limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
