// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A worker may be killed at any instruction. This test looks at each: a child
 * serves a ring and is single-stepped; whenever a step changed the memory that
 * outlives it, a copy of that memory is taken up by a new owner of the ring,
 * which finishes the work. The driver must find every chain that it offered
 * returned, once.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backend/vring.h"
#include "tests/unit/guest.h"

#define NUM     4
#define OFFERED 6u	/* chains at most: some heads are used twice */
#define START   65533u	/* both indices wrap on the way */
#define STEPS   4000000u

/* All that outlives a worker, and the guest's own memory. */
struct shared {
	struct state_queue pos;
	uint8_t desc[GUEST_DESC_BYTES(NUM)] __attribute__((aligned(16)));
	uint8_t avail[GUEST_AVAIL_BYTES(NUM)] __attribute__((aligned(16)));
	uint8_t used[GUEST_USED_BYTES(NUM)] __attribute__((aligned(16)));
	struct guest_ring guest;	/* the driver's own variables */
	uint32_t returned[OFFERED];	/* how often the driver got it back */
	uint32_t offered;
	uint16_t tag[NUM];		/* which offer a head is */
	bool out[NUM];			/* the device has it */
	bool busy;			/* the driver is at work */
};

static void attach_guest(struct shared *s)
{
	s->guest.desc = (void *)s->desc;
	s->guest.avail = (void *)s->avail;
	s->guest.used = (void *)s->used;
}

static void attach_device(struct shared *s, struct virtq *vr)
{
	*vr = (struct virtq){
		.pos = &s->pos, .desc = (void *)s->desc,
		.avail = (void *)s->avail, .used = (void *)s->used,
		.num = NUM, .event_idx = true,
	};
}

/* --- the driver ------------------------------------------------------------ */

static void drive_offer(struct shared *s, uint16_t head)
{
	guest_desc(&s->guest.desc[head], head * 4096u, 16, 0, 0);
	s->tag[head] = (uint16_t)s->offered++;
	s->out[head] = true;
	guest_offer(&s->guest, head);
}

/* False when something comes back that the device did not have. */
static bool drive_take(struct shared *s)
{
	uint32_t id, len;

	while (guest_take(&s->guest, &id, &len)) {
		if (id >= NUM || !s->out[id] || len != id + 1)
			return false;
		s->out[id] = false;
		s->returned[s->tag[id]]++;
	}
	return true;
}

static bool drive_content(const struct shared *s)
{
	for (uint32_t i = 0; i < s->offered; i++)
		if (s->returned[i] != 1)
			return false;
	return true;
}

/* --- the device ------------------------------------------------------------ */

static void serve(struct virtq *vr)
{
	int n = vring_pending(vr);
	uint16_t head[NUM];
	int taken = 0;

	while (n-- > 0)
		if (vring_pop(vr, &head[taken]))
			taken++;
	/* Out of order, in two batches. */
	for (int i = taken - 1; i >= 0; i--) {
		vring_push(vr, head[i], head[i] + 1u);
		if (i == 1)
			vring_publish(vr);
	}
	vring_publish(vr);
}

static void resume(struct virtq *vr)
{
	uint32_t again = 0;

	vring_start(vr);
	for (uint16_t h = 0; h < NUM; h++) {
		if (!vr->pos->in_flight[h])
			continue;
		vring_retake(vr, h);
		again |= 1u << h;
	}
	for (uint16_t h = 0; h < NUM; h++) {
		if (!(again >> h & 1))
			continue;
		vring_push(vr, h, h + 1u);
		vring_publish(vr);
	}
	serve(vr);
}

/*
 * What the child does, first to last. The driver is played in the child, too,
 * but is not killed: while it is busy nobody looks.
 */
static void play(struct shared *s)
{
	struct virtq vr;

	attach_device(s, &vr);
	vring_start(&vr);
	serve(&vr);
	__atomic_store_n(&s->busy, true, __ATOMIC_SEQ_CST);
	drive_take(s);
	drive_offer(s, 2);
	drive_offer(s, 0);
	drive_offer(s, 1);
	__atomic_store_n(&s->busy, false, __ATOMIC_SEQ_CST);
	serve(&vr);
	__atomic_store_n(&s->busy, true, __ATOMIC_SEQ_CST);
	drive_take(s);
}

/*
 * A life that begins after a death with everything written and nothing
 * published.
 */
static void play_again(struct shared *s)
{
	struct virtq vr;
	uint16_t head;

	__atomic_store_n(&s->busy, true, __ATOMIC_SEQ_CST);
	attach_device(s, &vr);
	vring_start(&vr);
	while (vring_pending(&vr) > 0 && vring_pop(&vr, &head))
		vring_push(&vr, head, head + 1u);
	__atomic_store_n(&s->busy, false, __ATOMIC_SEQ_CST);
	attach_device(s, &vr);
	resume(&vr);
	__atomic_store_n(&s->busy, true, __ATOMIC_SEQ_CST);
	drive_take(s);
}

/* --- the killer ------------------------------------------------------------ */

static struct shared *shared_new(void)
{
	struct shared *s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(s, MAP_FAILED);
	s->pos = (struct state_queue){
		.ready = 1, .num = NUM, .last_avail = START, .used = START,
		.used_next = START,
	};
	guest_ring_init(&s->guest, s->desc, s->avail, s->used, NUM, START);
	drive_offer(s, 3);
	drive_offer(s, 0);
	drive_offer(s, 2);
	return s;
}

/*
 * The child died here: a new worker goes on, and is itself killed at once
 * after its resumption, which nobody may notice.
 */
static void assert_survives(const struct shared *at_death)
{
	struct shared s = *at_death;
	struct virtq vr;

	attach_guest(&s);
	for (int lives = 0; lives < 2; lives++) {
		attach_device(&s, &vr);
		resume(&vr);
	}
	assert_true(drive_take(&s));
	assert_true(drive_content(&s));
	for (uint32_t h = 0; h < NUM; h++)
		assert_int_equal(s.pos.in_flight[h], 0);
	assert_int_equal(s.pos.used, s.pos.used_next);
}

/* True while the child lives. */
static bool step(pid_t pid)
{
	int status;

	if (ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) ||
	    waitpid(pid, &status, 0) != pid)
		return false;
	return WIFSTOPPED(status);
}

static pid_t start_child(struct shared *s, void (*script)(struct shared *))
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
			_exit(77);
		raise(SIGSTOP);
		script(s);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSTOPPED(status) ? pid : -1;
}

static void kill_everywhere(void (*script)(struct shared *), uint32_t least)
{
	struct shared *s = shared_new();
	struct shared last = *s, now;
	uint32_t instants = 0, steps = 0;
	pid_t pid = start_child(s, script);

	if (pid < 0) {
		print_message("no ptrace here\n");
		skip();
	}
	while (steps++ < STEPS && step(pid)) {
		now = *s;
		if (!memcmp(&now, &last, sizeof(now)) || now.busy)
			continue;
		last = now;
		assert_survives(&now);
		instants++;
	}
	print_message("%u instructions, %u states\n", steps, instants);
	assert_true(instants >= least);
	assert_true(drive_content(s));
	munmap(s, sizeof(*s));
}

static void a_kill_at_any_instruction_is_survived(void **state)
{
	(void)state;
	kill_everywhere(play, 40);
}

static void a_kill_in_the_next_life_is_survived(void **state)
{
	(void)state;
	kill_everywhere(play_again, 15);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_kill_at_any_instruction_is_survived),
		cmocka_unit_test(a_kill_in_the_next_life_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
