// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * No wake-up is lost: a driver may offer a chain at any instruction of the
 * device's way to sleep, and then either the device has seen it or the driver
 * finds that a kick is wanted. A child serves an empty ring and is stopped
 * after its k-th instruction, for all k; there the driver offers.
 */
#include "tests/unit/unit.h"

#include <endian.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/corridor.h"
#include "tests/unit/step.h"

#define STEPS 20000u	/* more than there are */

struct shared {
	bool begun;	/* the child is on its way to sleep */
	bool done;	/* it sleeps */
	bool awake;	/* or has seen the offer, or would look again */
};

/* For the queue's: libc's is most of the way, and touches nothing of the ring. */
int clock_gettime(clockid_t clock, struct timespec *t)
{
	static long ns;

	(void)clock;
	*t = (struct timespec){ .tv_nsec = ++ns };
	return 0;
}

/* virtio 1.2, 2.7.13.3: having offered an entry behind @old, kick? */
static bool driver_kicks(const struct corridor *c, uint16_t old)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (c->q.vr.event_idx)
		return guest_avail_event(&c->ring) == old;
	return !(guest_used_flags(&c->ring) & VRING_USED_F_NO_NOTIFY);
}

static void sleep_after_serving(struct corridor *c, struct shared *s)
{
	__atomic_store_n(&s->begun, true, __ATOMIC_SEQ_CST);
	queue_serve(&c->q, &c->terms);
	s->awake = c->q.kicked || queue_deadline(&c->q) ||
		   c->q.vr.pos->last_avail != c->ring.avail_idx;
	__atomic_store_n(&s->done, true, __ATOMIC_SEQ_CST);
}

static pid_t start_child(struct corridor *c, struct shared *s)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
			_exit(77);
		kill(getpid(), SIGSTOP);	/* raise() is a longer way back */
		sleep_after_serving(c, s);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSTOPPED(status))
		return pid;
	print_message("no ptrace here\n");
	skip();
	return -1;
}

static void step(pid_t pid)
{
	int status;

	assert_int_equal(ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSTOPPED(status));
}

static void finish_child(pid_t pid)
{
	int status;

	assert_int_equal(ptrace(PTRACE_CONT, pid, NULL, NULL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && !WEXITSTATUS(status));
}

/* As after entries were taken: the wish for a kick is for one of the past. */
static void let_wish_lapse(struct corridor *c)
{
	uint16_t past = htole16((uint16_t)(c->ring.avail_idx - 1));

	memcpy(&c->ring.used->ring[c->ring.num], &past, sizeof(past));
}

/* Offer after @k instructions. False when the child slept before that. */
static bool offer_at(struct corridor *c, struct shared *s, uint32_t k)
{
	uint16_t old = c->ring.avail_idx;
	pid_t pid;
	bool kick, slept;

	*s = (struct shared){ 0 };
	if (c->q.vr.event_idx)
		let_wish_lapse(c);
	pid = start_child(c, s);
	while (!s->begun)
		step(pid);
	for (uint32_t i = 0; i < k && !s->done; i++)
		step(pid);
	slept = s->done;
	guest_write_entry(&c->ring, 0);
	guest_set_avail_idx(&c->ring, (uint16_t)(old + 1));
	kick = driver_kicks(c, old);
	finish_child(pid);
	assert_true(kick || s->awake);
	/* Who sleeps must be kicked. */
	if (slept)
		assert_true(kick);
	guest_set_avail_idx(&c->ring, old);
	c->ring.avail_idx = old;
	return !slept;
}

static void check_all(struct corridor *c)
{
	struct shared *s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint32_t k = 0;

	assert_ptr_not_equal(s, MAP_FAILED);
	step_on_one_processor();
	while (offer_at(c, s, k))
		assert_true(++k < STEPS);
	print_message("%u instructions\n", k);
	assert_true(k > 20);
	munmap(s, sizeof(*s));
}

/* The way to sleep is the same in all modes: one is enough. */
static bool other_mode(const struct corridor *c)
{
	return c->mode->grants || c->mode->direct;
}

static void with_event_idx_no_offer_is_missed(void **state)
{
	struct corridor *c = *state;

	if (other_mode(c))
		return;
	guest_desc(&c->ring.desc[0], guest_addr(c, 0), 16, 0, 0);
	assert_true(c->q.vr.event_idx);
	check_all(c);
}

static void without_event_idx_no_offer_is_missed(void **state)
{
	struct corridor *c = *state;

	if (other_mode(c))
		return;
	guest_desc(&c->ring.desc[0], guest_addr(c, 0), 16, 0, 0);
	queue_stop(&c->q);
	c->terms.features &= ~(UINT64_C(1) << 29);
	assert_int_equal(queue_start(&c->q, &c->regs, c->terms.features), 0);
	queue_resume(&c->q, &c->terms);
	assert_false(c->q.vr.event_idx);
	check_all(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CORRIDOR(with_event_idx_no_offer_is_missed),
		CORRIDOR(without_event_idx_no_offer_is_missed),
	};

	return corridor_main(tests, ARRAY_SIZE(tests));
}
