// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Packets between manager and worker, and what a stranger could send: a
 * descriptor that arrives belongs to the receiver or is closed, always.
 */
#include "tests/unit/unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/proto.h"

struct pair {
	int a, b;
	uint32_t fds;	/* open before the test */
};

static uint32_t open_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	uint32_t n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static int pair_setup(void **state)
{
	static struct pair p;
	int fd[2];

	p.fds = open_fds();
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK |
				    SOCK_CLOEXEC, 0, fd), 0);
	p.a = fd[0];
	p.b = fd[1];
	*state = &p;
	return 0;
}

/* Nothing may be left open that the test did not close. */
static int pair_teardown(void **state)
{
	struct pair *p = *state;

	if (p->a >= 0)
		close(p->a);
	close(p->b);
	assert_int_equal(open_fds(), p->fds);
	return 0;
}

/* Send @len bytes and @n descriptors, as they are. */
static void send_raw(int sock, const void *data, size_t len, const int *fds,
		     uint32_t n)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(16 * sizeof(int))];
	} control = { 0 };
	struct iovec iov = { (void *)(uintptr_t)data, len };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (n) {
		h.msg_control = control.room;
		h.msg_controllen = CMSG_SPACE(n * sizeof(int));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(&control.header), fds, n * sizeof(int));
	}
	assert_int_equal(sendmsg(sock, &h, 0), len);
}

static void a_packet_arrives_as_it_was_sent(void **state)
{
	struct pair *p = *state;
	struct proto_msg out = { .type = PROTO_START }, in;
	int fd = 5;

	out.start.domid = 7;
	out.start.pool_size = UINT64_MAX - 3;
	assert_int_equal(proto_send(p->a, &out, -1), 0);
	assert_int_equal(proto_recv(p->b, &in, &fd), 1);
	assert_int_equal(fd, -1);
	assert_memory_equal(&in, &out, sizeof(in));
	assert_int_equal(proto_recv(p->b, &in, &fd), -EAGAIN);
	assert_int_equal(fd, -1);
}

static void a_descriptor_comes_along(void **state)
{
	struct proto_msg out = { .type = PROTO_DISK_ADD }, in;
	struct pair *p = *state;
	struct stat was, is;
	int fd, null = open("/dev/null", O_RDWR | O_CLOEXEC);

	assert_int_equal(proto_send(p->a, &out, null), 0);
	assert_int_equal(proto_recv(p->b, &in, &fd), 1);
	assert_true(fd >= 0);
	assert_int_equal(fstat(null, &was), 0);
	assert_int_equal(fstat(fd, &is), 0);
	assert_int_equal(was.st_rdev, is.st_rdev);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
	close(null);
}

static void strings_end(void **state)
{
	struct pair *p = *state;
	struct proto_msg m, in;
	int fd;

	memset(&m, 'x', sizeof(m));
	m.type = PROTO_DISK_ADD;
	assert_int_equal(proto_send(p->a, &m, -1), 0);
	assert_int_equal(proto_recv(p->b, &in, &fd), 1);
	assert_int_equal(strlen(in.disk.name), PROTO_NAME_LEN - 1);
	for (m.type = PROTO_FAILED; m.type <= PROTO_DISK_FAILED;
	     m.type += PROTO_DISK_FAILED - PROTO_FAILED) {
		assert_int_equal(proto_send(p->a, &m, -1), 0);
		assert_int_equal(proto_recv(p->b, &in, &fd), 1);
		assert_int_equal(strlen(in.error.text), PROTO_TEXT_LEN - 1);
	}
}

static void a_packet_of_another_size_is_refused(void **state)
{
	struct pair *p = *state;
	static uint8_t big[4 * sizeof(struct proto_msg)] = { PROTO_STOP };
	static const size_t lens[] = { 1, 4, 8, sizeof(struct proto_msg) - 1,
				       sizeof(struct proto_msg) + 1,
				       sizeof(big) };
	int fd, fds[1] = { p->a };
	struct proto_msg in;

	for (size_t i = 0; i < ARRAY_SIZE(lens); i++) {
		send_raw(p->a, big, lens[i], NULL, 0);
		assert_int_equal(proto_recv(p->b, &in, &fd), -EBADMSG);
		assert_int_equal(fd, -1);
		send_raw(p->a, big, lens[i], fds, 1);
		assert_int_equal(proto_recv(p->b, &in, &fd), -EBADMSG);
		assert_int_equal(fd, -1);
	}
}

static void an_unknown_type_is_refused(void **state)
{
	static const uint32_t bad[] = { 0, PROTO_DETACH + 1, 0x80000000,
					UINT32_MAX };
	struct pair *p = *state;
	struct proto_msg m = { 0 }, in;
	int fd;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		m.type = bad[i];
		assert_int_equal(proto_send(p->a, &m, p->a), 0);
		assert_int_equal(proto_recv(p->b, &in, &fd), -EBADMSG);
		assert_int_equal(fd, -1);
	}
}

/* However many are sent, none stays behind. */
static void more_descriptors_than_one_are_refused(void **state)
{
	struct pair *p = *state;
	struct proto_msg m = { .type = PROTO_READY }, in;
	int fds[16], fd;

	for (uint32_t i = 0; i < 16; i++)
		fds[i] = p->a;
	for (uint32_t n = 2; n <= 16; n++) {
		uint32_t before = open_fds();

		send_raw(p->a, &m, sizeof(m), fds, n);
		assert_int_equal(proto_recv(p->b, &in, &fd), -EBADMSG);
		assert_int_equal(fd, -1);
		assert_int_equal(open_fds(), before);
	}
}

static void a_packet_of_no_bytes_leaves_no_descriptor(void **state)
{
	struct pair *p = *state;
	struct proto_msg in;
	int fd, fds[1] = { p->a };

	send_raw(p->a, "", 0, fds, 1);
	assert_int_not_equal(proto_recv(p->b, &in, &fd), 1);
	assert_int_equal(fd, -1);
}

static void the_end_is_seen_on_both_sides(void **state)
{
	struct pair *p = *state;
	struct proto_msg m = { .type = PROTO_STOP }, in;
	int fd;

	assert_int_equal(proto_send(p->a, &m, -1), 0);
	close(p->a);
	p->a = -1;
	assert_int_equal(proto_recv(p->b, &in, &fd), 1);
	assert_int_equal(proto_recv(p->b, &in, &fd), 0);
	assert_int_equal(proto_recv(p->b, &in, &fd), 0);
	assert_int_equal(proto_send(p->b, &m, -1), -EPIPE);
}

static void a_full_socket_is_no_loss(void **state)
{
	struct pair *p = *state;
	struct proto_msg m = { .type = PROTO_DISK_REMOVE }, in;
	uint32_t sent = 0;
	int fd, ret;

	while (!(ret = proto_send(p->a, &m, -1)))
		m.slot.slot = ++sent;
	assert_int_equal(ret, -EAGAIN);
	assert_true(sent > 5);
	for (uint32_t i = 0; i < sent; i++) {
		assert_int_equal(proto_recv(p->b, &in, &fd), 1);
		assert_int_equal(in.slot.slot, i);
	}
	assert_int_equal(proto_recv(p->b, &in, &fd), -EAGAIN);
}

#define PAIR(test) cmocka_unit_test_setup_teardown(test, pair_setup, \
						   pair_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PAIR(a_packet_arrives_as_it_was_sent),
		PAIR(a_descriptor_comes_along),
		PAIR(strings_end),
		PAIR(a_packet_of_another_size_is_refused),
		PAIR(an_unknown_type_is_refused),
		PAIR(more_descriptors_than_one_are_refused),
		PAIR(a_packet_of_no_bytes_leaves_no_descriptor),
		PAIR(the_end_is_seen_on_both_sides),
		PAIR(a_full_socket_is_no_loss),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
