// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Packets between manager and worker. One sendmsg or recvmsg each, with room
 * for one descriptor: the kernel drops, and does not install, any that do not
 * fit, so a packet can't fill our table. (Room is CMSG_LEN() bytes; in the
 * padding of CMSG_SPACE() is room for another.)
 */
#include "backend/proto.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union proto_control {
	struct cmsghdr header;
	char room[CMSG_SPACE(sizeof(int))];
};

/* #syscalls worker: sendmsg */
int proto_send(int sock, const struct proto_msg *msg, int fd)
{
	/* sendmsg only reads what its structures point to. */
	struct iovec iov = { (void *)(uintptr_t)msg, sizeof(*msg) };
	union proto_control control = { 0 };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	if (fd >= 0) {
		h.msg_control = control.room;
		h.msg_controllen = sizeof(control.room);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	}
	do {
		n = sendmsg(sock, &h, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

static int proto_take_fd(struct msghdr *h)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(h);
	int fd;

	if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS ||
	    c->cmsg_len != CMSG_LEN(sizeof(int)))
		return -1;
	memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

static void proto_terminate(struct proto_msg *msg)
{
	if (msg->type == PROTO_DISK_ADD)
		msg->disk.name[PROTO_NAME_LEN - 1] = '\0';
	else if (msg->type == PROTO_FAILED || msg->type == PROTO_DISK_FAILED)
		msg->error.text[PROTO_TEXT_LEN - 1] = '\0';
}

/* #syscalls worker: recvmsg close */
int proto_recv(int sock, struct proto_msg *msg, int *fd)
{
	struct iovec iov = { msg, sizeof(*msg) };
	union proto_control control;
	struct msghdr h = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = CMSG_LEN(sizeof(int)),
	};
	ssize_t n;

	*fd = -1;
	do {
		n = recvmsg(sock, &h, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == ECONNRESET ? 0 : -errno;
	*fd = proto_take_fd(&h);
	/* Nobody sends packets of no bytes, so it is the end. */
	if (n == 0 && *fd < 0)
		return 0;
	if (n != sizeof(*msg) || (h.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) ||
	    msg->type < PROTO_START || msg->type > PROTO_DETACH) {
		if (*fd >= 0)
			close(*fd);
		*fd = -1;
		return -EBADMSG;
	}
	proto_terminate(msg);
	return 1;
}
