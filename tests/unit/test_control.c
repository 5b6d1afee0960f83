// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The control socket over a real one: clients that are silent, slow, too many or
 * gone. What they may say is in tests/fuzz/fuzz_control.c.
 */
#include "tests/unit/turn.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "backend/control.h"

#define MUCH (8u << 20)	/* more than any socket takes at once */

static struct loop loop;
static struct control control;
static char path[64], text[256];
static bool forgetful;

/* "much", or the question with an end. NULL once there is no memory. */
static char *answer(void *arg, const char *request)
{
	char *out = NULL;

	(void)arg;
	if (forgetful)
		return NULL;
	if (strcmp(request, "much") != 0)
		return asprintf(&out, "%s\n", request) < 0 ? NULL : out;
	out = malloc(MUCH + 1);
	assert_non_null(out);
	memset(out, 'm', MUCH);
	out[MUCH] = '\0';
	return out;
}

static int begin(void **state)
{
	(void)state;
	snprintf(path, sizeof(path), "/tmp/test_control.%d", (int)getpid());
	forgetful = false;
	loop_init(&loop);
	control_init(&control, &loop, answer, NULL);
	return control_open(&control, path, text, sizeof(text));
}

static int end(void **state)
{
	(void)state;
	control_close(&control);
	loop_fini(&loop);
	return access(path, F_OK) ? 0 : -1;
}

static void turn(void)
{
	turn_once(&loop);
}

static int connected(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	strcpy(addr.sun_path, path);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)),
			 0);
	turn();
	return fd;
}

static void say(int fd, const char *words)
{
	assert_int_equal(send(fd, words, strlen(words), MSG_NOSIGNAL),
			 strlen(words));
	turn();
}

/* So many bytes, and the end. */
static void expect_end_after(int fd, size_t bytes)
{
	char some[65536];
	size_t got = 0;
	ssize_t n;

	while ((n = recv(fd, some, sizeof(some), 0))) {
		if (n > 0)
			got += (size_t)n;
		else
			assert_int_equal(errno, EAGAIN);
		turn();
	}
	assert_int_equal(got, bytes);
	close(fd);
}

static uint32_t taken(void)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < CONTROL_CLIENTS; i++)
		n += control.client[i].source.fd >= 0;
	return n;
}

static void the_socket_is_its_owners(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(stat(path, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void a_line_has_an_answer(void **state)
{
	int fd = connected();

	(void)state;
	say(fd, "he");
	say(fd, "llo\nworld");
	expect_end_after(fd, strlen("hello\n"));
	assert_int_equal(taken(), 0);
}

static void a_line_without_end_has_none(void **state)
{
	int fd = connected();

	(void)state;
	for (int i = 0; i < CONTROL_LINE_LEN / 16; i++)
		say(fd, "0123456789abcdef");
	expect_end_after(fd, 0);
	assert_int_equal(taken(), 0);
}

static void a_long_answer_comes_in_pieces(void **state)
{
	int fd = connected();

	(void)state;
	say(fd, "much\n");
	assert_int_equal(taken(), 1);
	expect_end_after(fd, MUCH);
	assert_int_equal(taken(), 0);
}

static void who_leaves_is_forgotten(void **state)
{
	int fd = connected();

	(void)state;
	close(fd);
	turn();
	assert_int_equal(taken(), 0);
	fd = connected();
	say(fd, "much\n");
	close(fd);
	turn();
	assert_int_equal(taken(), 0);
}

/* A place is had again after CONTROL_PATIENCE_MS, whatever is missing. */
static void who_is_silent_is_dropped(void **state)
{
	int silent = connected(), slow;

	(void)state;
	assert_true(control.client[0].timer.armed);
	assert_in_range(control.client[0].timer.at - loop_now(), 1,
			CONTROL_PATIENCE_MS);
	slow = connected();
	say(slow, "much\n");
	for (int i = 0; i < 2; i++)
		control.client[i].timer.at = loop_now();
	turn();
	assert_int_equal(taken(), 0);
	expect_end_after(silent, 0);
	close(slow);
}

static void one_too_many_is_not_let_in(void **state)
{
	int fd[CONTROL_CLIENTS + 1];

	(void)state;
	for (int i = 0; i <= CONTROL_CLIENTS; i++)
		fd[i] = connected();
	assert_int_equal(taken(), CONTROL_CLIENTS);
	expect_end_after(fd[CONTROL_CLIENTS], 0);
	say(fd[0], "a\n");
	expect_end_after(fd[0], 2);
	fd[0] = connected();
	say(fd[0], "b\n");
	expect_end_after(fd[0], 2);
	for (int i = 1; i < CONTROL_CLIENTS; i++)
		close(fd[i]);
}

static void without_memory_there_is_an_end(void **state)
{
	int fd = connected();

	(void)state;
	forgetful = true;
	say(fd, "list\n");
	expect_end_after(fd, 0);
	assert_int_equal(taken(), 0);
}

static void a_place_that_cannot_be_had_is_named(void **state)
{
	static char far[256];
	struct control second;
	int clients[2];

	(void)state;
	/* Closed with clients that wait. */
	clients[0] = connected();
	clients[1] = connected();
	say(clients[1], "much\n");
	control_close(&control);
	expect_end_after(clients[0], 0);
	close(clients[1]);
	control_init(&second, &loop, answer, NULL);
	memset(far, 'a', sizeof(far) - 1);
	assert_int_equal(control_open(&second, far, text, sizeof(text)),
			 -ENAMETOOLONG);
	assert_non_null(strstr(text, "control socket aaa"));
	assert_int_equal(control_open(&second, "/nonexistent/control", text,
				      sizeof(text)), -ENOENT);
	/* A directory is nothing that an earlier daemon has left. */
	assert_true(control_open(&second, "/tmp", text, sizeof(text)) < 0);
	control_close(&second);
	assert_int_equal(access("/tmp", F_OK), 0);
}

#define WITH_SOCKET(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_SOCKET(the_socket_is_its_owners),
		WITH_SOCKET(a_line_has_an_answer),
		WITH_SOCKET(a_line_without_end_has_none),
		WITH_SOCKET(a_long_answer_comes_in_pieces),
		WITH_SOCKET(who_leaves_is_forgotten),
		WITH_SOCKET(who_is_silent_is_dropped),
		WITH_SOCKET(one_too_many_is_not_let_in),
		WITH_SOCKET(without_memory_there_is_an_end),
		WITH_SOCKET(a_place_that_cannot_be_had_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
