// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The lock that settles who serves a guest: one process has it at a time, however
 * many take it, leave it, remove the file and make it anew.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backend/statefile.h"

#define DOMID     5
#define NAME      "5.state"
#define PROCESSES 4
#define WINS      500	/* of each process */

static const uint8_t uuid[16] = { 1, 2, 3 };
static const uint8_t other[16] = { 4, 5, 6 };
static char path[64];
static int dir;

/* What the processes of one test share. */
static struct shared {
	_Atomic int holders;
	_Atomic int twice;	/* how often there were two */
	_Atomic int fresh;	/* files made */
} *shared;

static int begin(void **state)
{
	(void)state;
	snprintf(path, sizeof(path), "/tmp/statefile.XXXXXX");
	if (!mkdtemp(path))
		return -1;
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return dir < 0 || shared == MAP_FAILED ? -1 : 0;
}

static int end(void **state)
{
	(void)state;
	munmap(shared, sizeof(*shared));
	unlinkat(dir, NAME, 0);
	close(dir);
	return rmdir(path);
}

static int create(bool *found)
{
	return statefile_create(dir, DOMID, uuid, found);
}

/* A fresh one, held. */
static int make(void)
{
	bool found;
	int fd = create(&found);

	assert_true(fd >= 0);
	assert_false(found);
	return fd;
}

static bool there(void)
{
	return !faccessat(dir, NAME, F_OK, AT_SYMLINK_NOFOLLOW);
}

/*
 * Win, look whether somebody else has won too, and give it up: every other time
 * with the file.
 */
static void contend(unsigned int seed)
{
	struct dice dice = { .state = seed + 1 };
	bool found;
	int fd;

	for (int won = 0; won < WINS;) {
		fd = dice_below(&dice, 4) ? create(&found) :
			statefile_open(dir, DOMID, uuid);
		if (fd < 0) {
			sched_yield();
			continue;
		}
		won++;
		if (atomic_fetch_add(&shared->holders, 1))
			atomic_fetch_add(&shared->twice, 1);
		sched_yield();
		atomic_fetch_sub(&shared->holders, 1);
		if (dice_below(&dice, 2)) {
			statefile_remove(dir, DOMID, fd);
			atomic_fetch_add(&shared->fresh, 1);
		}
		close(fd);
		if (!dice_below(&dice, 8))
			statefile_sweep(dir, DOMID);
	}
}

static void one_wins_of_many(void **state)
{
	int status;

	(void)state;
	for (unsigned int i = 0; i < PROCESSES; i++) {
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (!pid) {
			contend(i);
			_exit(0);
		}
	}
	for (int i = 0; i < PROCESSES; i++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	assert_int_equal(shared->twice, 0);
	/* They did get into each other's way. */
	assert_true(shared->fresh > PROCESSES * WINS / 4);
}

/* Stands in front of libc's: what another process does between open and lock. */
static void (*before_lock)(void);

int flock(int fd, int operation)
{
	void (*act)(void) = before_lock;

	before_lock = NULL;
	if (act)
		act();
	return (int)syscall(SYS_flock, fd, operation);
}

static void remove_it(void)
{
	assert_int_equal(unlinkat(dir, NAME, 0), 0);
}

static void replace_it(void)
{
	int fd;

	remove_it();
	fd = openat(dir, NAME, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
}

static void what_is_locked_is_what_has_the_name(void **state)
{
	void (*const acts[])(void) = { remove_it, replace_it };
	struct stat have, want;
	bool found;
	int fd;

	(void)state;
	close(make());
	for (size_t i = 0; i < ARRAY_SIZE(acts); i++) {
		before_lock = acts[i];
		fd = create(&found);
		assert_true(fd >= 0 && !found && !before_lock);
		assert_int_equal(fstat(fd, &have), 0);
		assert_int_equal(fstatat(dir, NAME, &want, 0), 0);
		assert_true(have.st_ino == want.st_ino);
		assert_int_equal(statefile_open(dir, DOMID, uuid), -EBUSY);
		close(fd);
	}
	before_lock = remove_it;
	assert_int_equal(statefile_open(dir, DOMID, uuid), -ENOENT);
}

static void who_has_it_keeps_others_out(void **state)
{
	int fd = make();
	bool found;

	(void)state;
	assert_int_equal(create(&found), -EBUSY);
	assert_int_equal(statefile_open(dir, DOMID, uuid), -EBUSY);
	assert_int_equal(statefile_sweep(dir, DOMID), -EBUSY);
	assert_true(there());
	assert_true(statefile_is_locked(dir, DOMID));
	close(fd);
	assert_false(statefile_is_locked(dir, DOMID));
	fd = create(&found);
	assert_true(fd >= 0 && found);
	close(fd);
	assert_int_equal(statefile_sweep(dir, DOMID), 0);
	assert_false(there());
	assert_int_equal(statefile_sweep(dir, DOMID), 0);
	assert_int_equal(statefile_open(dir, DOMID, uuid), -ENOENT);
}

/* As a worker has it: a duplicate, and a mapping after that is closed. */
static void the_lock_lasts_as_long_as_a_worker(void **state)
{
	int fd = make();
	void *map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);

	(void)state;
	assert_true(map != MAP_FAILED);
	close(fd);
	assert_true(statefile_is_locked(dir, DOMID));
	munmap(map, 4096);
	assert_false(statefile_is_locked(dir, DOMID));
}

static void a_holder_that_is_killed_leaves_it_to_others(void **state)
{
	int ready[2], status, fd;
	bool found;
	pid_t pid;
	char c;

	(void)state;
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		if (create(&found) >= 0 && write(ready[1], "", 1) == 1)
			pause();
		_exit(1);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	assert_int_equal(statefile_open(dir, DOMID, uuid), -EBUSY);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	fd = statefile_open(dir, DOMID, uuid);
	assert_true(fd >= 0);
	close(fd);
}

/* Of another guest, of another release, half made. */
static void what_is_no_state_of_this_guest_is_filled_anew(void **state)
{
	static const off_t sizes[] = { 0, 100, sizeof(struct state) - 1,
				       sizeof(struct state) + 4096 };
	struct state s;
	struct stat st;
	bool found;
	int fd;

	(void)state;
	fd = statefile_create(dir, DOMID, other, &found);
	assert_true(fd >= 0);
	close(fd);
	assert_true(statefile_open(dir, DOMID, uuid) < 0);
	for (size_t i = 0; i <= ARRAY_SIZE(sizes); i++) {
		fd = make();
		assert_int_equal(fstat(fd, &st), 0);
		assert_int_equal(st.st_size, sizeof(s));
		assert_int_equal(st.st_mode & 0777, 0600);
		assert_int_equal(statefile_read(fd, &s), 0);
		assert_int_equal(state_check(&s, sizeof(s), DOMID, uuid), 0);
		assert_memory_equal(s.uuid, uuid, sizeof(uuid));
		if (i < ARRAY_SIZE(sizes))
			assert_int_equal(ftruncate(fd, sizes[i]), 0);
		close(fd);
	}
}

/* Whoever lost the name, to an administrator say, does not take the new one. */
static void a_name_that_leads_elsewhere_is_not_removed(void **state)
{
	int fd = make(), new;

	(void)state;
	assert_int_equal(unlinkat(dir, NAME, 0), 0);
	statefile_remove(dir, DOMID, fd);
	new = make();
	statefile_remove(dir, DOMID, fd);
	assert_true(there());
	close(fd);
	assert_true(statefile_is_locked(dir, DOMID));
	statefile_remove(dir, DOMID, new);
	assert_false(there());
	close(new);
}

static void what_is_no_file_is_an_error(void **state)
{
	bool found;

	(void)state;
	assert_int_equal(symlinkat("/etc/hostname", dir, NAME), 0);
	assert_int_equal(create(&found), -ELOOP);
	assert_int_equal(statefile_open(dir, DOMID, uuid), -ELOOP);
	assert_int_equal(statefile_sweep(dir, DOMID), -ELOOP);
	assert_true(there());
	assert_int_equal(unlinkat(dir, NAME, 0), 0);
	assert_int_equal(mkdirat(dir, NAME, 0700), 0);
	assert_int_equal(create(&found), -EISDIR);
	assert_int_equal(unlinkat(dir, NAME, AT_REMOVEDIR), 0);
}

#define WITH_DIR(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DIR(one_wins_of_many),
		WITH_DIR(what_is_locked_is_what_has_the_name),
		WITH_DIR(who_has_it_keeps_others_out),
		WITH_DIR(the_lock_lasts_as_long_as_a_worker),
		WITH_DIR(a_holder_that_is_killed_leaves_it_to_others),
		WITH_DIR(what_is_no_state_of_this_guest_is_filled_anew),
		WITH_DIR(a_name_that_leads_elsewhere_is_not_removed),
		WITH_DIR(what_is_no_file_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
