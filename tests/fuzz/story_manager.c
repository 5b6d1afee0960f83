// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Nothing waits here: the worker that would have to act is this process.
 */
#include "tests/fuzz/story_manager.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/fuzz/disks.h"

void manager_begin(struct story_manager *m)
{
	int sock[2];

	MUST(!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sock));
	m->sock = sock[0];
	m->worker_sock = sock[1];
	MUST(!fcntl(m->sock, F_SETFL, O_NONBLOCK));
	m->leaving = false;
}

void manager_end(struct story_manager *m)
{
	close(m->sock);
	close(m->worker_sock);
}

static void tell(struct story_manager *m, const struct proto_msg *msg, int fd)
{
	/* One that does not listen is busy, and gets it later, or never. */
	(void)!proto_send(m->sock, msg, fd);
}

void manager_start(struct story_manager *m, const struct proto_start *start,
		   int state_fd)
{
	struct proto_msg msg = { .type = PROTO_START, .start = *start };

	tell(m, &msg, state_fd);
}

void manager_add_disk(struct story_manager *m, uint32_t slot, bool fresh)
{
	struct proto_msg msg = { .type = PROTO_DISK_ADD };

	msg.disk = m->disk[slot];
	msg.disk.flags |= fresh ? PROTO_DISK_FRESH : 0;
	tell(m, &msg, m->image);
}

void manager_leave(struct story_manager *m, enum proto_type type)
{
	struct proto_msg msg = { .type = type };

	tell(m, &msg, -1);
	m->leaving = true;
	m->over = m->over || type == PROTO_STOP;
}

void manager_send(struct story_manager *m, struct input *in)
{
	uint8_t how = input_u8(in);
	struct proto_msg msg = { .type = input_below(in, PROTO_DETACH + 2) };
	uint32_t slot = how & 15;

	if (how & 16) {
		msg.type = PROTO_DISK_REMOVE;
		msg.slot.slot = slot;
	} else if ((how & 32) && slot < STATE_MAX_DISKS) {
		m->disk[slot] = disks_describe(slot, how);
		manager_add_disk(m, slot, how & 64);
		return;
	} else if (msg.type == PROTO_STOP || msg.type == PROTO_DETACH) {
		manager_leave(m, msg.type);
		return;
	} else {
		uint8_t *raw = (uint8_t *)&msg.start;

		for (uint32_t i = 0; i < sizeof(msg.disk) && i < how; i++)
			raw[i] = input_u8(in);
	}
	tell(m, &msg, how & 64 ? m->image : -1);
}

void manager_send_half(struct story_manager *m)
{
	struct proto_msg msg = { .type = PROTO_STOP };

	(void)!send(m->sock, &msg, sizeof(msg) / 2, MSG_DONTWAIT);
}

void manager_send_useless_disk(struct story_manager *m)
{
	struct proto_msg msg = { .type = PROTO_DISK_ADD, .disk = m->disk[0] };
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", m->image);
	fd = open(path, O_PATH | O_CLOEXEC);
	MUST(fd >= 0);
	msg.disk.flags |= PROTO_DISK_FRESH;
	tell(m, &msg, fd);
	close(fd);
}

void manager_fill_socket(struct story_manager *m)
{
	struct proto_msg msg = { .type = PROTO_READY };

	m->deaf = 4;
	while (send(m->worker_sock, &msg, sizeof(msg), MSG_DONTWAIT) > 0)
		;
}

void manager_listen(struct story_manager *m)
{
	struct proto_msg msg;
	int fd, ret;

	while ((ret = proto_recv(m->sock, &msg, &fd)) == 1) {
		MUST(fd < 0);
		MUST(msg.type == PROTO_READY || msg.type == PROTO_FAILED ||
		     msg.type == PROTO_DISK_READY ||
		     msg.type == PROTO_DISK_FAILED ||
		     msg.type == PROTO_DISK_REMOVED);
		if (m->disks_due && msg.type == PROTO_DISK_READY)
			m->disks_due--;
	}
	MUST(ret == 0 || ret == -EAGAIN);
}

void manager_round(struct story_manager *m)
{
	if (!m->deaf)
		manager_listen(m);
	else
		m->deaf--;
}
