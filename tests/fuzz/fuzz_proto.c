// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Packets of any size and with any number of descriptors on a socket between
 * manager and worker. A packet is taken as a whole or refused as a whole; its
 * strings end; of the descriptors one comes with it at most, and none stays
 * behind (proto.h).
 *
 * Input: packets, see packet().
 */
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

#include "backend/proto.h"

#define MAX_FDS 8u
#define MAX_LEN (2 * sizeof(struct proto_msg))

static struct {
	int ours, theirs;
} s;

static void send_packet(const uint8_t *data, size_t len, uint32_t nfds)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(MAX_FDS * sizeof(int))];
	} control = { 0 };
	struct iovec iov = { (void *)(uintptr_t)data, len };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1 };
	int fds[MAX_FDS];

	for (uint32_t i = 0; i < MAX_FDS; i++)
		fds[i] = s.theirs;
	if (nfds) {
		h.msg_control = control.room;
		h.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(nfds * sizeof(int));
		memcpy(CMSG_DATA(&control.header), fds, nfds * sizeof(int));
	}
	MUST(sendmsg(s.theirs, &h, 0) == (ssize_t)len);
}

static void check_strings(const struct proto_msg *msg)
{
	if (msg->type == PROTO_DISK_ADD)
		MUST(strnlen(msg->disk.name, PROTO_NAME_LEN) < PROTO_NAME_LEN);
	if (msg->type == PROTO_FAILED || msg->type == PROTO_DISK_FAILED)
		MUST(strnlen(msg->error.text, PROTO_TEXT_LEN) <
		     PROTO_TEXT_LEN);
}

/* Length (0: that of a message), descriptors, type, then bytes. */
static void packet(struct input *in)
{
	uint8_t data[MAX_LEN], how = input_u8(in), fill = input_u8(in);
	size_t len = how & 1 ? input_u16(in) % (MAX_LEN + 1) :
			       sizeof(struct proto_msg);
	uint32_t nfds = how & 2 ? 1 + input_below(in, MAX_FDS) : 0;
	uint32_t type = how & 4 ? input_u32(in) : input_below(in, 16);
	struct proto_msg *msg = malloc(sizeof(*msg));	/* exact, for asan */
	bool good;
	int fd = -2, ret;

	memset(data, fill, sizeof(data));
	memcpy(data, &type, sizeof(type));
	for (uint32_t i = 8; how & 8 && i < sizeof(struct proto_msg); i++)
		data[i] = input_u8(in);
	good = len == sizeof(*msg) && nfds <= 1 && type >= PROTO_START &&
	       type <= PROTO_DETACH;
	send_packet(data, len, nfds);
	ret = proto_recv(s.ours, msg, &fd);
	MUST(ret == (good ? 1 : len || nfds == 1 ? -EBADMSG : 0) ||
	     (!len && ret <= 0));
	MUST((fd >= 0) == (good && nfds == 1));
	if (good) {
		MUST(msg->type == type);
		check_strings(msg);
	}
	if (fd >= 0) {
		MUST(fcntl(fd, F_GETFD) & FD_CLOEXEC);
		close(fd);
	}
	MUST(proto_recv(s.ours, msg, &fd) == -EAGAIN && fd == -1);
	free(msg);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	int before = lowest_fd(), fd[2];

	MUST(!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC,
			 0, fd));
	s.ours = fd[0];
	s.theirs = fd[1];
	while (!input_ends(&in)) {
		int free_fd = lowest_fd();

		packet(&in);
		MUST(lowest_fd() == free_fd);
	}
	close(s.ours);
	close(s.theirs);
	MUST(lowest_fd() == before);
	return 0;
}
