// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A driver that rewrites all descriptors and entries between any two
 * instructions of the device: the device is a process of its own that is
 * traced and stepped. No two readings of a field give the same, so one that is
 * read twice shows in every run, whatever the machine has to do meanwhile.
 */
#include "tests/unit/unit.h"

#include <endian.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/ring.h"
#include "tests/unit/step.h"

#define ENTRIES 8u
#define ROUNDS  150u

/* What the traced process ends with. */
enum verdict { FINE, HEAD_OUT_OF_RANGE, HEAD_NOT_TAKEN, SUM_IS_WRONG, NOTHING };

/* Only what both processes see is written by the driver's side. */
static void *shared(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_true(p != MAP_FAILED);
	return p;
}

static void open_shared(struct ring *r)
{
	static struct mapcache_segment seg[ENTRIES];

	*r = (struct ring){ .pos = { .ready = 1, .num = ENTRIES } };
	guest_ring_init(&r->guest, shared(), shared(), shared(), ENTRIES, 0);
	r->vr = (struct virtq){
		.pos = &r->pos,
		.desc = r->guest.desc,
		.avail = r->guest.avail,
		.used = r->guest.used,
		.num = ENTRIES,
	};
	r->chain.seg = seg;
	vring_start(&r->vr);
}

static void close_shared(struct ring *r)
{
	munmap(r->guest.desc, 4096);
	munmap(r->guest.avail, 4096);
	munmap(r->guest.used, 4096);
}

static bool adds_up(const struct chain *c)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < c->nseg; i++)
		bytes += c->seg[i].len;
	return c->nseg <= ENTRIES && c->nread <= c->nseg &&
	       c->readable + c->writable == bytes;
}

/* The traced process: it has no test library and ends with its verdict. */
static enum verdict serve(struct ring *r)
{
	enum verdict verdict = NOTHING;

	for (uint32_t i = 0; i < ROUNDS; i++) {
		uint16_t head = UINT16_MAX;

		guest_set_avail_idx(&r->guest, (uint16_t)(i + 1));
		if (vring_pending(&r->vr) != 1 || !vring_pop(&r->vr, &head))
			continue;
		if (head >= ENTRIES)
			return HEAD_OUT_OF_RANGE;
		if (!(r->pos.in_flight[head] & STATE_TAKEN))
			return HEAD_NOT_TAKEN;
		ring_read(r, head);
		if (!adds_up(&r->chain))
			return SUM_IS_WRONG;
		if (r->chain.nseg)
			verdict = FINE;
		vring_push(&r->vr, head, 0);
		vring_publish(&r->vr);
	}
	return verdict;
}

/* Lengths are never the same again. */
static void rewrite(struct guest_ring *g, struct dice *dice, uint32_t step)
{
	for (uint32_t i = 0; i < ENTRIES; i++) {
		uint32_t roll = dice_below(dice, 1u << 16);

		g->desc[i] = (struct vring_desc){
			.addr = htole64((uint64_t)step << 12),
			.len = htole32(step),
			.flags = htole16(roll & 3),
			.next = htole16(roll >> 2 & (ENTRIES - 1)),
		};
		/* One in nine is out of range. */
		g->avail->ring[i] = htole16(
			(uint16_t)dice_below(dice, ENTRIES + 1));
	}
}

static void between_any_two_instructions(void **state)
{
	struct dice dice = { 7 };
	struct ring ring;
	uint32_t step = 1;
	int status;
	pid_t pid;

	(void)state;
	open_shared(&ring);
	step_on_one_processor();
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) || raise(SIGSTOP))
			_exit(NOTHING);
		_exit(serve(&ring));
	}
	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
		if (step == 1)
			ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_EXITKILL);
		/* Only the first stop and the steps are expected. */
		assert_true(WSTOPSIG(status) == SIGTRAP ||
			    WSTOPSIG(status) == SIGSTOP);
		rewrite(&ring.guest, &dice, step++);
		assert_int_equal(
			ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL), 0);
	}
	close_shared(&ring);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), FINE);
	assert_true(step > 100 * ROUNDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(between_any_two_instructions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
