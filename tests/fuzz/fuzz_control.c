// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Clients of the control socket that send any bytes in any pieces, about
 * guests whose state is anything a worker may have left there. Each client gets
 * one JSON document, or none if it never finished its line, and the end of the
 * connection; its place is free then.
 *
 * Input: the state (see spoil_state()), then steps of clients.
 */
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <json.h>

#include "backend/control.h"
#include "backend/report.h"

#define CLIENTS    3u
#define ANSWER_MAX (256u << 10)

static struct {
	struct loop loop;
	struct control control;
	struct guest_list guests;
	struct guest guest[2];
	struct disk disk[2];
	struct state *state;
	int client[CLIENTS];		/* -1: not connected */
	bool asked[CLIENTS];		/* it has sent a whole line */
	char text[CLIENTS][ANSWER_MAX];
	size_t len[CLIENTS];
	uint32_t questions, answers;
	char path[64];
} s;

static char *answer(void *arg, const char *request)
{
	MUST(strlen(request) < CONTROL_LINE_LEN && !strchr(request, '\n'));
	s.questions++;
	return report_answer(arg, request);
}

static void go_on(struct loop_timer *timer)
{
	(void)timer;
}

/* Whatever is ready, and back. */
static void turn(void)
{
	struct loop_timer timer = { .fire = go_on };

	loop_arm(&s.loop, &timer, 0);
	MUST(!loop_once(&s.loop));
	loop_disarm(&timer);
}

static void spoil_state(struct input *in)
{
	uint8_t *bytes = (uint8_t *)s.state;

	memset(bytes, input_u8(in), sizeof(*s.state));
	for (uint8_t n = input_u8(in) % 16; n; n--) {
		uint32_t at = input_u32(in);

		bytes[at % sizeof(*s.state)] = input_u8(in);
	}
}

static void make_guests(struct input *in)
{
	static const char *const names[] = { "one", "two/three" };

	LIST_INIT(&s.guests);
	for (uint32_t i = 0; i < 2; i++) {
		struct guest *g = &s.guest[i];
		struct disk *d = &s.disk[i];

		g->domid = 5 + i;
		g->state_fd = i ? -1 : memfd_create("state", MFD_CLOEXEC);
		strcpy(g->name, names[i]);
		LIST_INIT(&g->disks);
		LIST_INSERT_HEAD(&s.guests, g, link);
		d->guest = g;
		d->status = input_below(in, DISK_FAILED + 1);
		/* The other has no state, and its disk no part of one. */
		d->slot = i ? DISK_NO_SLOT : 0;
		d->node.devid = 51712;
		strcpy(d->keys.vdev, "xvda");
		LIST_INSERT_HEAD(&g->disks, d, link);
	}
	s.state = calloc(1, sizeof(*s.state));
	spoil_state(in);
	MUST(write(s.guest[0].state_fd, s.state, sizeof(*s.state)) ==
	     sizeof(*s.state));
	free(s.state);
}

/* --- clients ------------------------------------------------------------------ */

static void check_answer(uint32_t i)
{
	struct json_object *o;

	if (!s.len[i])
		return;
	MUST(s.asked[i]);
	MUST(s.text[i][s.len[i] - 1] == '\n');
	s.text[i][s.len[i]] = '\0';
	MUST(strlen(s.text[i]) == s.len[i]);
	o = json_tokener_parse(s.text[i]);
	MUST(o && json_object_is_type(o, json_type_object));
	MUST(json_object_object_length(o) == 1);
	MUST(json_object_object_get(o, "error") ||
	     json_object_object_get(o, "disks") ||
	     json_object_object_get(o, "guests"));
	json_object_put(o);
	s.answers++;
}

static void leave(uint32_t i)
{
	if (s.client[i] >= 0)
		close(s.client[i]);
	s.client[i] = -1;
	s.asked[i] = false;
	s.len[i] = 0;
}

static void listen_to_answer(uint32_t i)
{
	ssize_t n;

	if (s.client[i] < 0)
		return;
	do {
		n = recv(s.client[i], s.text[i] + s.len[i],
			 ANSWER_MAX - 1 - s.len[i], MSG_DONTWAIT);
		if (n > 0)
			s.len[i] += (size_t)n;
		turn();
	} while (n > 0);
	if (n < 0 && errno == EAGAIN)
		return;
	check_answer(i);
	leave(i);
}

static void visit(uint32_t i)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	leave(i);
	s.client[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC |
			     SOCK_NONBLOCK, 0);
	strcpy(addr.sun_path, s.path);
	if (!connect(s.client[i], (struct sockaddr *)&addr, sizeof(addr)))
		return;
	/* Too many came and went since the daemon had its last turn. */
	MUST(errno == EAGAIN);
	leave(i);
	turn();
}

static void say(uint32_t i, struct input *in)
{
	static const char *const words[] = {
		"list\n", "show ", "stats ", "one", "5", "/", "xvda", "\n",
		"two/three", "51712", "stats\n", " ", "show one/xvda\n",
	};
	uint8_t how = input_u8(in);
	char bytes[300];
	size_t len;

	if (how & 0x80) {
		len = input_u16(in) % sizeof(bytes);
		for (size_t k = 0; k < len; k++)
			bytes[k] = (char)input_u8(in);
	} else {
		strcpy(bytes, words[how % 13]);
		len = strlen(bytes);
	}
	/* One that was answered, or talked too much, may be gone. */
	if (send(s.client[i], bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT) > 0 &&
	    memchr(bytes, '\n', len))
		s.asked[i] = true;
}

static void step(struct input *in)
{
	uint8_t how = input_u8(in);
	uint32_t i = how % CLIENTS;

	if (s.client[i] < 0)
		visit(i);
	if (s.client[i] < 0)
		return;
	switch (how / CLIENTS % 5) {
	case 0:
		visit(i);
		break;
	case 1:
		leave(i);
		break;
	case 2:
		turn();
		break;
	case 3:
		listen_to_answer(i);
		break;
	default:
		say(i, in);
		break;
	}
}

static uint32_t places_taken(void)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < CONTROL_CLIENTS; i++)
		n += s.control.client[i].source.fd >= 0;
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	int before = lowest_fd();
	char text[TEXT_LEN];

	memset(&s, 0, offsetof(typeof(s), text));
	memset(s.len, 0, sizeof(s.len));
	s.questions = s.answers = 0;
	snprintf(s.path, sizeof(s.path), "/tmp/fuzz_control.%d", getpid());
	make_guests(&in);
	loop_init(&s.loop);
	control_init(&s.control, &s.loop, answer, &s.guests);
	MUST(!control_open(&s.control, s.path, text, sizeof(text)));
	for (uint32_t i = 0; i < CLIENTS; i++)
		s.client[i] = -1;
	while (!input_ends(&in))
		step(&in);
	for (uint32_t i = 0; i < CLIENTS; i++) {
		turn();
		listen_to_answer(i);
		leave(i);
	}
	for (uint32_t i = 0; places_taken() && i < 3 * CONTROL_CLIENTS; i++)
		turn();
	MUST(!places_taken());
	MUST(s.answers <= s.questions);
	control_close(&s.control);
	unlink(s.path);
	loop_fini(&s.loop);
	close(s.guest[0].state_fd);
	MUST(lowest_fd() == before);
	return 0;
}
