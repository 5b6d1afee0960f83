// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A worker that its guest has taken over, and that says to the manager what it
 * likes. It is believed where it answers what it was asked, and killed for
 * anything else; a few lines of a model, from proto.h, say which is which.
 *
 * What the manager would do about an answer is played by functions below, and
 * written down.
 *
 * Input: what was asked (see make_guest()), then messages.
 */
#include "tests/fuzz/fuzz.h"

#include <ctype.h>
#include <string.h>
#include <sys/socket.h>

#include "backend/dialog.h"
#include "backend/disk.h"
#include "backend/log.h"
#include "backend/minder.h"

#define NDISKS 3u
#define REFUSALS 2u	/* after which a disk is given up, not the worker */

static struct {
	struct loop loop;
	struct config config;
	struct guest_env env;
	struct guest guest;
	struct disk disk[NDISKS];
	enum disk_status status[NDISKS];	/* the model's */
	bool held[NDISKS];			/* the image, in the model */
	enum guest_status guest_status;
	bool failed;				/* FAILED was said */
	bool killed, must_be_killed;
	bool released[NDISKS];
	bool deaf;				/* it reads nothing */
	int worker;				/* its end of the socket */
} s;

/* --- the rest of the manager -------------------------------------------------- */

void disk_describe(const struct disk *disk, struct proto_msg *msg)
{
	*msg = (struct proto_msg){ .type = PROTO_DISK_ADD };
	msg->disk.slot = disk->slot;
}

void disk_set_running(struct disk *disk)
{
	MUST(disk->status == DISK_ADDING);
	disk->status = DISK_RUNNING;
}

void disk_set_closed(struct disk *disk)
{
	disk->status = DISK_CLOSED;
}

void disk_set_failed(struct disk *disk, const char *why)
{
	MUST(strlen(why) < PROTO_TEXT_LEN);
	for (; *why; why++)
		MUST(isprint((unsigned char)*why));
	disk->status = DISK_FAILED;
}

void image_release(struct image *image)
{
	for (uint32_t i = 0; i < NDISKS; i++)
		if (image == &s.disk[i].image) {
			MUST(!s.released[i]);
			s.released[i] = true;
		}
}

void minder_advance(struct guest *guest)
{
	MUST(guest->status == GUEST_READY);
}

void spawn_kill(const struct spawn *child)
{
	MUST(child == &s.guest.worker);
	s.killed = true;
}

static void nothing_ready(struct loop_source *source)
{
	(void)source;
}

static void nothing_fires(struct loop_timer *timer)
{
	(void)timer;
}

/* --- the model ---------------------------------------------------------------- */

static int model_find(uint32_t slot, enum disk_status status)
{
	for (uint32_t i = 0; i < NDISKS; i++)
		if (s.disk[i].slot == slot && s.status[i] == status)
			return (int)i;
	return -1;
}

/* A running guest's disk that is refused costs the worker its life. */
static bool model_is_fatal(const struct disk *d)
{
	return s.guest_status == GUEST_READY && !d->fresh && !d->leaving &&
	       d->refusals < REFUSALS;
}

static bool model_answer(const struct proto_msg *msg)
{
	bool ready = msg->type == PROTO_DISK_READY;
	int i;

	switch (msg->type) {
	case PROTO_READY:
		if (s.guest_status == GUEST_READY)
			return false;
		if (s.guest_status == GUEST_STARTING)
			s.guest_status = GUEST_READY;
		return true;
	case PROTO_FAILED:
		if (s.failed)
			return false;
		s.failed = true;
		return true;
	case PROTO_DISK_READY:
	case PROTO_DISK_FAILED:
		i = model_find(msg->slot.slot, DISK_ADDING);
		if (i < 0 || (!ready && model_is_fatal(&s.disk[i])))
			return false;
		s.held[i] = ready;
		if (!ready) {
			s.status[i] = s.disk[i].leaving ? DISK_CLOSED :
							  DISK_FAILED;
			return true;
		}
		s.status[i] = DISK_RUNNING;
		if (!s.disk[i].leaving || s.env.stopping)
			return true;
		/* It is asked to let go of it, and does not hear that. */
		s.status[i] = DISK_REMOVING;
		return !s.deaf;
	case PROTO_DISK_REMOVED:
		i = model_find(msg->slot.slot, DISK_REMOVING);
		if (i < 0)
			return false;
		s.held[i] = false;
		s.status[i] = DISK_CLOSED;
		return true;
	default:
		return false;
	}
}

/* --- what is said ------------------------------------------------------------- */

/*
 * The guest: its status, bit 3 that the manager ends, bit 5 that the worker reads
 * nothing. Each disk: bits 0, 1 what was asked, bit 2 that it is to go again, bit 3
 * that it is new, bit 4 that workers were replaced for it.
 */
static void make_guest(struct input *in)
{
	static const enum disk_status asked[] = { DISK_ADDING, DISK_REMOVING,
						  DISK_RUNNING, DISK_WAITING };
	uint8_t how = input_u8(in);
	struct guest *g = &s.guest;

	g->env = &s.env;
	s.env.loop = &s.loop;
	s.env.config = &s.config;
	s.env.stopping = how & 8;
	g->status = how % 6;
	s.guest_status = g->status;
	g->messages = (struct loop_source){ .fd = g->worker.sock,
					    .ready = nothing_ready };
	g->timer.fire = nothing_fires;
	MUST(!loop_add(&s.loop, &g->messages));
	s.deaf = how & 32;
	while (s.deaf && send(g->worker.sock, "", 1, MSG_DONTWAIT) == 1)
		;
	LIST_INIT(&g->disks);
	for (uint32_t i = 0; i < NDISKS; i++) {
		how = input_u8(in);
		s.disk[i] = (struct disk){ .guest = g, .slot = i * 2,
					   .status = asked[how & 3],
					   .leaving = how & 4,
					   .fresh = how & 8,
					   .refusals = how & 16 ? REFUSALS : 0 };
		s.disk[i].image.fd = -1;
		s.status[i] = s.disk[i].status;
		s.held[i] = true;
		LIST_INSERT_HEAD(&g->disks, &s.disk[i], link);
	}
}

/* Bit 0: of another size; 1: with a descriptor; 2: raw type; 3: raw bytes. */
static void say(struct input *in)
{
	static const uint8_t types[] = { PROTO_READY, PROTO_FAILED,
					 PROTO_DISK_READY, PROTO_DISK_FAILED,
					 PROTO_DISK_REMOVED };
	uint8_t how = input_u8(in);
	struct proto_msg msg = { .type = types[input_below(in, 5)] };
	uint8_t slot = input_u8(in);
	size_t len = how & 1 ? 1u + input_u8(in) : sizeof(msg);
	bool whole = len == sizeof(msg);

	msg.slot.slot = slot & 0x80 ? input_u32(in) : slot % 8;
	memset(msg.error.text, how, sizeof(msg.error.text));
	if (how & 4)
		msg.type = input_u8(in);
	for (uint32_t i = 0; how & 8 && i < sizeof(msg.error.text); i++)
		msg.error.text[i] = (char)input_u8(in);
	if (how & 2 && whole)
		MUST(!proto_send(s.worker, &msg, s.worker));
	else
		MUST(send(s.worker, &msg, len, 0) == (ssize_t)len);
	if (s.must_be_killed)
		return;
	s.must_be_killed = !whole || (how & 2) || !model_answer(&msg);
}

static void check(void)
{
	MUST(s.killed == s.must_be_killed);
	MUST(!s.killed || s.guest.reason[0]);
	MUST(!s.failed || s.guest.reason[0]);
	MUST(s.guest.status == s.guest_status);
	MUST(strnlen(s.guest.reason, TEXT_LEN) < TEXT_LEN);
	for (const char *c = s.guest.reason; *c; c++)
		MUST(isprint((unsigned char)*c));
	for (uint32_t i = 0; i < NDISKS; i++) {
		MUST(s.disk[i].status == s.status[i]);
		MUST(s.released[i] == !s.held[i]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	int before = lowest_fd(), fd[2];

	memset(&s, 0, sizeof(s));
	log_init("fuzz", 0);
	loop_init(&s.loop);
	MUST(!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC,
			 0, fd));
	s.guest.worker.sock = fd[0];
	s.worker = fd[1];
	make_guest(&in);
	while (!input_ends(&in) && !s.killed) {
		struct proto_msg heard;
		int none;

		say(&in);
		if (input_u8(&in) & 1)
			say(&in);
		dialog_receive(&s.guest);
		check();
		while (!s.deaf && proto_recv(s.worker, &heard, &none) == 1)
			MUST(heard.type == PROTO_DISK_REMOVE && none < 0);
	}
	loop_fini(&s.loop);
	close(fd[0]);
	close(fd[1]);
	MUST(lowest_fd() == before);
	return 0;
}
