// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * QMP over real sockets: those that libxl hands over open, those that it names,
 * clients that are too many, that are gone, and no descriptors for them.
 */
#include "tests/unit/turn.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "backend/monitor.h"

static struct arguments args;
static struct qmp_server server;
static struct monitor monitor;
static struct loop loop;
static char path[64], text[256];

static void turn(void)
{
	turn_once(&loop);
}

/* As libxl makes one: it blocks. */
static int listening(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(fd, 8), 0);
	return fd;
}

static int connected(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)),
			 0);
	return fd;
}

/* What is there to read begins like that. */
static void expect_answer(int fd, const char *begin)
{
	char bytes[4096];
	ssize_t n = recv(fd, bytes, sizeof(bytes) - 1, 0);

	assert_true(n > 0);
	bytes[n] = '\0';
	if (strncmp(bytes, begin, strlen(begin)) != 0)
		fail_msg("%s does not begin like %s", bytes, begin);
}

static void expect_nothing(int fd)
{
	char c;

	assert_int_equal(recv(fd, &c, 1, 0), -1);
	assert_int_equal(errno, EAGAIN);
}

static void expect_end(int fd)
{
	char bytes[4096];
	ssize_t n;

	do
		n = recv(fd, bytes, sizeof(bytes), 0);
	while (n > 0);
	assert_int_equal(n, 0);
}

static int open_at(int fd)
{
	args = (struct arguments){ .nchardevs = 1 };
	args.chardev[0] = (struct arguments_chardev){
		.id = "libxl-cmd", .fd = fd, .socket = true, .monitor = true,
	};
	if (fd < 0)
		strcpy(args.chardev[0].path, path);
	return monitor_open(&monitor, &loop, &server, text, sizeof(text));
}

static int begin(void **state)
{
	(void)state;
	snprintf(path, sizeof(path), "/tmp/monitor.%d", (int)getpid());
	server = (struct qmp_server){ .args = &args };
	loop_init(&loop);
	return 0;
}

static int end(void **state)
{
	(void)state;
	monitor_close(&monitor);
	loop_fini(&loop);
	unlink(path);
	return 0;
}

static void libxl_has_its_conversation(void **state)
{
	static const char *const talk[][2] = {
		{ "{\"execute\":\"qmp_capabilities\",\"id\":1}\r\n",
		  "{\"return\":{},\"id\":1}" },
		{ "{\"execute\":\"query-status\",\"id\":2}\r\n",
		  "{\"return\":{\"status\":\"prelaunch\",\"running\":false},\"id\":2}" },
		{ "{\"execute\":\"query-command-line-options\",\"id\":3}\r\n",
		  "{\"return\":[{\"option\":\"disk\"," },
		{ "{\"execute\":\"query-chardev\",\"id\":4}\r\n",
		  "{\"return\":[{\"label\":\"libxl-cmd\"," },
		{ "{\"execute\":\"device_add\",\"id\":5}\r\n",
		  "{\"error\":{\"class\":\"CommandNotFound\"," },
		{ "{\"execute\":\"quit\",\"id\":6}\r\n",
		  "{\"return\":{},\"id\":6}" },
	};
	int fd;

	(void)state;
	assert_int_equal(open_at(-1), 0);
	fd = connected();
	turn();
	expect_answer(fd, "{\"QMP\":{\"version\":");
	for (size_t i = 0; i < ARRAY_SIZE(talk); i++) {
		assert_int_equal(send(fd, talk[i][0], strlen(talk[i][0]), 0),
				 strlen(talk[i][0]));
		turn();
		expect_answer(fd, talk[i][1]);
	}
	assert_true(server.quit);
	close(fd);
	monitor_close(&monitor);
	assert_int_equal(access(path, F_OK), -1);
}

static void an_open_socket_is_taken_and_never_blocks(void **state)
{
	int listener = listening(), fd = connected(), others;

	(void)state;
	assert_int_equal(open_at(listener), 0);
	assert_true(fcntl(listener, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(listener, F_GETFD) & FD_CLOEXEC);
	/* Somebody else who has the socket takes the client away first. */
	others = accept(listener, NULL, NULL);
	assert_true(others >= 0);
	monitor.listener[0].source.ready(&monitor.listener[0].source);
	close(others);
	close(fd);
	fd = connected();
	turn();
	expect_answer(fd, "{\"QMP\"");
	close(fd);
}

static void what_does_not_listen_is_refused(void **state)
{
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(open_at(pair[0]), -EINVAL);
	assert_non_null(strstr(text, "-chardev libxl-cmd"));
	monitor_close(&monitor);
	/* It is still whose it was. */
	assert_int_equal(write(pair[0], "x", 1), 1);
	close(pair[0]);
	close(pair[1]);
	assert_int_equal(open_at(999), -EBADF);
}

static void one_client_too_many_is_not_let_in(void **state)
{
	int fd[MONITOR_CLIENTS + 1];

	(void)state;
	assert_int_equal(open_at(-1), 0);
	for (int i = 0; i <= MONITOR_CLIENTS; i++) {
		fd[i] = connected();
		turn();
	}
	for (int i = 0; i < MONITOR_CLIENTS; i++)
		expect_answer(fd[i], "{\"QMP\"");
	expect_end(fd[MONITOR_CLIENTS]);
	close(fd[0]);
	turn();
	fd[0] = connected();
	turn();
	expect_answer(fd[0], "{\"QMP\"");
	for (int i = 0; i <= MONITOR_CLIENTS; i++)
		close(fd[i]);
}

/* The client stays where it is; the loop sleeps instead of asking again. */
static void without_descriptors_it_rests(void **state)
{
	struct listener *l = &monitor.listener[0];
	struct rlimit before, none;
	int fd;

	(void)state;
	assert_int_equal(open_at(-1), 0);
	fd = connected();
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 3;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	turn();
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(l->source.events, 0);
	assert_true(l->rest.armed);
	turn();
	expect_nothing(fd);
	l->rest.fire(&l->rest);
	turn();
	expect_answer(fd, "{\"QMP\"");
	close(fd);
}

static void who_does_not_read_is_dropped(void **state)
{
	static const char request[] = "{\"execute\":\"query-chardev\"}\n";
	int fd, sent = 0;

	(void)state;
	assert_int_equal(open_at(-1), 0);
	fd = connected();
	while (send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) > 0) {
		turn();
		assert_true(++sent < 1000000);
	}
	assert_true(monitor.client[0].source.fd < 0);
	expect_end(fd);
	close(fd);
}

/* A request has a length; whoever sends more has no request in mind. */
static void a_request_that_never_ends_is_the_end(void **state)
{
	char part[1024];
	int fd, sent = 0;

	(void)state;
	memset(part, ' ', sizeof(part));
	part[0] = '{';
	assert_int_equal(open_at(-1), 0);
	fd = connected();
	turn();
	while (send(fd, part, sizeof(part), MSG_NOSIGNAL) > 0) {
		part[0] = ' ';
		turn();
		assert_true(++sent < 1000);
	}
	assert_true(monitor.client[0].source.fd < 0);
	close(fd);
	/* The next one is answered. */
	fd = connected();
	turn();
	expect_answer(fd, "{\"QMP\"");
	close(fd);
}

#define WITH_LOOP(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_LOOP(libxl_has_its_conversation),
		WITH_LOOP(an_open_socket_is_taken_and_never_blocks),
		WITH_LOOP(what_does_not_listen_is_refused),
		WITH_LOOP(one_client_too_many_is_not_let_in),
		WITH_LOOP(without_descriptors_it_rests),
		WITH_LOOP(who_does_not_read_is_dropped),
		WITH_LOOP(a_request_that_never_ends_is_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
