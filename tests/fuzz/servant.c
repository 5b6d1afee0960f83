// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Questions and answers, one after another.
 */
#include "tests/fuzz/servant.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "tests/fuzz/fuzz.h"

/* Who is watched; 0: nobody. */
static volatile sig_atomic_t watched;

/* Whoever waits for an access, or for a message, needs not wait on. */
static void child_ended(int sig)
{
	static const char why[] = "broken: the worker died\n";
	siginfo_t info = { 0 };

	(void)sig;
	if (!watched || waitid(P_PID, (id_t)watched, &info,
			       WEXITED | WNOHANG | WNOWAIT) || !info.si_pid)
		return;
	if (write(STDERR_FILENO, why, sizeof(why) - 1) < 0)
		_exit(1);
	abort();
}

void servant_watch(const struct servant *s)
{
	static bool ready;

	if (!ready)
		signal(SIGCHLD, child_ended);
	ready = true;
	watched = s->child.pid;
	/* It may have been too early. */
	child_ended(SIGCHLD);
}

__attribute__((noreturn))
void servant_lost(struct servant *s, const char *what)
{
	struct pollfd end = { .fd = s->child.pidfd, .events = POLLIN };
	char how[64] = "it lives";
	bool failed;

	watched = 0;
	/* A sanitizer may still be talking. */
	if (poll(&end, 1, 2000) == 1)
		spawn_reap(&s->child, &failed, how, sizeof(how));
	else
		spawn_kill(&s->child);
	fprintf(stderr, "broken: the worker: %s: %s\n", what, how);
	abort();
}

static void ask(struct servant *s, const struct proto_msg *msg, int fd)
{
	if (proto_send(s->child.sock, msg, fd))
		servant_lost(s, "a message can't be sent");
}

/* The answer that is due, and no other. */
static void hear(struct servant *s, enum proto_type type, uint32_t slot)
{
	struct pollfd ear = { .fd = s->child.sock, .events = POLLIN };
	struct proto_msg msg;
	int fd;

	while (poll(&ear, 1, PATIENCE_S * 1000) < 0 && errno == EINTR)
		;
	if (proto_recv(s->child.sock, &msg, &fd) != 1)
		servant_lost(s, "no answer to a message");
	if (msg.type == PROTO_FAILED || msg.type == PROTO_DISK_FAILED)
		servant_lost(s, msg.error.text);
	if (msg.type != type || msg.slot.slot != slot || fd >= 0)
		servant_lost(s, "not the answer to a message");
}

static void begin(struct servant *s, bool attach)
{
	struct proto_msg msg = { .type = PROTO_START, .start = s->start };

	msg.start.attach = attach;
	s->child = (struct spawn)SPAWN_NONE;
	MUST(!spawn_worker(&s->child, s->program, s->start.domid));
	servant_watch(s);
	ask(s, &msg, s->state_fd);
	hear(s, PROTO_READY, 0);
}

void servant_open(struct servant *s, const uint8_t uuid[16])
{
	s->state_fd = memfd_create("state", MFD_CLOEXEC);
	MUST(s->state_fd >= 0 && !ftruncate(s->state_fd, sizeof(*s->state)));
	s->state = mmap(NULL, sizeof(*s->state), PROT_READ | PROT_WRITE,
			MAP_SHARED, s->state_fd, 0);
	MUST(s->state != MAP_FAILED);
	state_init(s->state, s->start.domid, uuid);
	begin(s, false);
}

void servant_again(struct servant *s)
{
	begin(s, true);
}

void servant_add(struct servant *s, const struct proto_disk *disk, int image)
{
	struct proto_msg msg = { .type = PROTO_DISK_ADD, .disk = *disk };

	ask(s, &msg, image);
	hear(s, PROTO_DISK_READY, disk->slot);
}

void servant_remove(struct servant *s, uint32_t slot)
{
	struct proto_msg msg = { .type = PROTO_DISK_REMOVE };

	msg.slot.slot = slot;
	ask(s, &msg, -1);
	hear(s, PROTO_DISK_REMOVED, slot);
}

static void wait_for_end(struct servant *s, bool killed)
{
	struct pollfd end = { .fd = s->child.pidfd, .events = POLLIN };
	char how[64] = "";
	bool failed = false;

	while (poll(&end, 1, PATIENCE_S * 1000) < 0 && errno == EINTR)
		;
	if (!spawn_reap(&s->child, &failed, how, sizeof(how)))
		servant_lost(s, "it was told to end");
	if (!failed || killed)
		return;
	fprintf(stderr, "broken: the worker was told to end: %s\n", how);
	abort();
}

static void dismiss(struct servant *s, enum proto_type type)
{
	struct proto_msg msg = { .type = type };

	watched = 0;
	ask(s, &msg, -1);
	wait_for_end(s, false);
}

void servant_leave(struct servant *s)
{
	dismiss(s, PROTO_DETACH);
}

void servant_kill(struct servant *s)
{
	watched = 0;
	spawn_kill(&s->child);
	wait_for_end(s, true);
}

void servant_close(struct servant *s)
{
	dismiss(s, PROTO_STOP);
	munmap(s->state, sizeof(*s->state));
	close(s->state_fd);
}
