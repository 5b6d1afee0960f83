// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Stories of a worker. An input is the configuration (see story_tell()), then
 * steps: a byte that says what happens (see step()), then its arguments. Before
 * each worker but the first there may be what is changed in the state.
 *
 * story_life.c     the worker, from START to its end
 * story_manager.c  what it is told
 * story_vcpus.c    who make the accesses of guest_steps.c, and wait
 * story_law.c      what must hold
 */
#include "tests/fuzz/story.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "backend/pool.h"
#include "mapcache/mapcache.h"
#include "tests/fuzz/disks.h"
#include "tests/fuzz/guest_steps.h"
#include "tests/fuzz/pretend.h"
#include "tests/fuzz/story_law.h"
#include "tests/fuzz/story_life.h"
#include "tests/fuzz/story_manager.h"
#include "tests/fuzz/story_vcpus.h"
#include "tests/unit/fake_xen.h"

#define DOMID      5u
#define LIVES      4u
#define STANDSTILL 2000u	/* rounds, and the story ends */

static struct {
	struct input *in;
	enum story_state spoiling;
	struct worker w;
	struct story_manager manager;
	struct story_vcpus vcpus;
	int state_fd;
	struct state *state;
	struct proto_start start;
	uint32_t lives;
	uint32_t standstill;	/* rounds in which no vCPU could go on */
	bool closing;		/* the worker lets go of everything */
	bool killed_once;
	bool spoiled;
	bool refused;		/* the worker did not take up the state */
} s;

/* --- steps ---------------------------------------------------------------------- */

static void fail_something(struct input *in)
{
	static const int errs[] = { ENOMEM, EAGAIN, EINVAL, EFAULT, ESRCH };
	uint8_t how = input_u8(in);

	if ((how & 0xc0) == 0xc0)
		pretend.range_failures = how & 7;
	else if (how & 0x80)
		pretend.irq_failures = how & 7;
	else
		fake_fail_call(1 + how % 16, -errs[how / 16 % 5]);
}

/* True if the round goes on without another access. */
static bool manager_step(uint8_t what)
{
	if (what & 16)
		manager_leave(&s.manager, PROTO_DETACH);
	else if (what & 32)
		life_kill();
	else if ((what & 0xc0) == 0xc0)
		manager_send_useless_disk(&s.manager);
	else if (what & 0x40)
		manager_send_half(&s.manager);
	else if (what & 0x80)
		manager_fill_socket(&s.manager);
	return (what & 0xf0) != 0x80;
}

/* The same. */
static bool step(struct input *in)
{
	uint8_t what = input_u8(in);

	if ((what & 15) < GUEST_STEPS) {
		guest_step(what, in);
		return false;
	}
	switch (what & 15) {
	case 12:
		fail_something(in);
		return false;
	case 13:
		manager_send(&s.manager, in);
		return true;
	case 14:
		return manager_step(what);
	default:
		return true;
	}
}

/* All vCPUs wait: for I/O, or for ever for disks that were not taken up. */
static void stand_still(void)
{
	if (++s.standstill == STANDSTILL && !s.manager.leaving)
		manager_leave(&s.manager, PROTO_STOP);
}

static bool story_next(struct ioreq_access *acc)
{
	if (s.closing)
		return false;
	law_check(&s.w);
	manager_round(&s.manager);
	if (vcpus_repeat(&s.vcpus, &s.w, acc))
		return true;
	while (!s.manager.disks_due) {
		if (guest_has_access()) {
			if (vcpus_next(&s.vcpus, &s.w, acc))
				return true;
			stand_still();
			break;
		}
		if (s.manager.leaving)
			return false;
		if (input_ends(s.in)) {
			manager_leave(&s.manager, PROTO_STOP);
			return false;
		}
		if (step(s.in))
			break;
	}
	pretend_wake();
	return false;
}

static void story_done(const struct ioreq_access *acc)
{
	s.standstill = 0;
	vcpus_done(&s.vcpus, &s.w, acc);
}

/* --- lives --------------------------------------------------------------------- */

static void spoil_state(void)
{
	struct input *in = s.in;
	uint8_t n = input_u8(in) % 16;

	for (s.spoiled = s.spoiled || n; n; n--) {
		uint8_t how = input_u8(in), at = input_u8(in);
		uint32_t value = how & 16 ? input_u32(in) : input_u8(in);
		struct state_disk *d = &s.state->disk[how % DISKS];
		struct state_queue *q = &d->queue[how / DISKS % QUEUES];
		uint8_t *base = how & 4 ? (uint8_t *)q : (uint8_t *)d;

		if (how & 32) {
			q->in_flight[at] = value;
		} else if (how & 64) {
			base = (uint8_t *)s.state;
			base[(value >> 8) % sizeof(*s.state)] = (uint8_t)value;
		} else {
			memcpy(base + at % 64 * (how & 8 ? 2 : 4), &value,
			       how & 8 ? 2 : 4);
		}
	}
}

static void send_what_it_needs(void)
{
	s.start.attach = s.lives > 0;
	manager_start(&s.manager, &s.start, s.state_fd);
	for (uint32_t i = 0; i < STATE_MAX_DISKS; i++)
		if (s.lives ? s.state->disk[i].used : i < DISKS)
			manager_add_disk(&s.manager, i, !s.lives);
}

static void live(void)
{
	enum life_end end;

	manager_begin(&s.manager);
	s.w = (struct worker){ .sock = s.manager.worker_sock };
	s.standstill = 0;
	vcpus_begin(&s.vcpus);
	if (s.lives && s.spoiling == STORY_STATE_SPOILED)
		spoil_state();
	send_what_it_needs();
	/* A kick that an earlier one did not see, or a story that begins. */
	pretend_wake();
	end = life_run(&s.w);
	MUST(end != LIFE_REFUSED || s.spoiled);
	s.refused = end == LIFE_REFUSED;
	s.killed_once = s.killed_once || end == LIFE_KILLED;
	manager_listen(&s.manager);
	s.closing = true;
	life_close(&s.w);
	s.closing = false;
	manager_end(&s.manager);
	s.lives++;
}

/* --- from the first to the last ------------------------------------------------- */

static uint32_t open_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	uint32_t n = 0;

	MUST(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

/* One of each kind for all runs, filled again for each. */
static int take_image(bool on_disk)
{
	static int image[2];
	int *fd = &image[on_disk];

	if (!*fd)
		*fd = image_make(on_disk);
	image_fill(*fd);
	return *fd;
}

static void make_state(void)
{
	uint8_t uuid[16] = { 1 };

	s.state_fd = memfd_create("state", MFD_CLOEXEC);
	MUST(!ftruncate(s.state_fd, sizeof(*s.state)));
	s.state = mmap(NULL, sizeof(*s.state), PROT_READ | PROT_WRITE,
		       MAP_SHARED, s.state_fd, 0);
	MUST(s.state != MAP_FAILED);
	state_init(s.state, DOMID, uuid);
}

static bool is_over(void)
{
	return s.manager.over || s.refused;
}

void story_tell(struct input *in, enum story_state state)
{
	uint8_t how = input_u8(in);
	int image = take_image(how & 8);
	uint32_t fds = open_fds(), pci = 0;

	memset(&s, 0, sizeof(s));
	s.in = in;
	s.spoiling = state;
	s.manager.image = image;
	s.manager.disks_due = DISKS;
	make_state();
	pretend_open();
	pretend.next = story_next;
	pretend.done = story_done;
	s.start = (struct proto_start){
		.version = PROTO_VERSION, .domid = DOMID,
		.bucket_size = MAPCACHE_BUCKET_MIN, .grant_io = how & 3,
		.grant_budget = how & 4 ? 8 : 256, .pool_size = POOL_BLOCK_MAX,
	};
	for (uint32_t i = 0; i < DISKS; i++) {
		s.manager.disk[i] = disks_describe(i, input_u8(in));
		pci |= s.manager.disk[i].transport << i;
	}
	guest_open(pci);
	while (!is_over() && s.lives < LIVES)
		live();
	if (is_over())
		law_check_end(s.state, s.killed_once, s.spoiled);
	pretend_close();
	fake_close();
	munmap(s.state, sizeof(*s.state));
	close(s.state_fd);
	MUST(open_fds() == fds);
}
