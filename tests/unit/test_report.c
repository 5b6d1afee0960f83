// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is answered about guests and disks, and what is said of those that there
 * are not. That every answer is JSON is for tests/fuzz/fuzz_control.c.
 */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "backend/report.h"

static struct guest_list guests;
static struct guest guest;
static struct disk disk;
static char *answer;

static int begin(void **state)
{
	static struct state saved;

	(void)state;
	memset(&guest, 0, sizeof(guest));
	memset(&disk, 0, sizeof(disk));
	memset(&saved, 0, sizeof(saved));
	LIST_INIT(&guests);
	LIST_INIT(&guest.disks);
	guest.domid = 5;
	strcpy(guest.name, "one");
	guest.state_fd = memfd_create("state", MFD_CLOEXEC);
	saved.disk[2].stats.reads = 4711;
	if (write(guest.state_fd, &saved, sizeof(saved)) != sizeof(saved))
		return -1;
	disk.guest = &guest;
	disk.slot = 2;
	disk.status = DISK_RUNNING;
	disk.node.devid = 51712;
	strcpy(disk.keys.vdev, "xvda");
	LIST_INSERT_HEAD(&guests, &guest, link);
	LIST_INSERT_HEAD(&guest.disks, &disk, link);
	return 0;
}

static int end(void **state)
{
	(void)state;
	free(answer);
	answer = NULL;
	return close(guest.state_fd);
}

static void says(const char *request, const char *words)
{
	free(answer);
	answer = report_answer(&guests, request);
	assert_non_null(answer);
	if (!strstr(answer, words))
		fail_msg("to %s: no '%s' in %s", request, words, answer);
}

static void a_disk_has_several_names(void **state)
{
	static const char *const names[] = {
		"one", "5", "one/xvda", "one/51712", "5/xvda",
	};
	char request[32];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(request, sizeof(request), "show %s", names[i]);
		says(request, "\"vdev\":\"xvda\"");
		snprintf(request, sizeof(request), "stats %s", names[i]);
		says(request, "\"reads\":4711");
	}
	says("list", "\"name\":\"one\"");
}

static void what_is_not_there_is_an_error(void **state)
{
	char request[256] = "show ";

	(void)state;
	says("show two", "\"error\":\"no such guest or disk is served here\"");
	says("show one/xvdb", "no such guest or disk");
	says("stats 50", "no such guest or disk");
	says("list one", "known are: list, show");
	says("show", "known are: list, show");
	says("resize one/xvda", "known are: list, show");
	says("a-verb-that-is-longer-than-any one", "known are: list, show");
	says("", "known are: list, show");
	memset(request + 5, 'a', 200);
	says(request, "that is too long");
	strcpy(request + 100, "/xvda");
	says(request, "that is too long");
	strcpy(request, "show one/");
	memset(request + 9, 'a', 100);
	says(request, "that is too long");
}

static void each_status_has_a_word(void **state)
{
	static const struct {
		enum disk_status status;
		const char *fresh, *known;
	} words[] = {
		{ DISK_NEW, "starting", "restarting" },
		{ DISK_WAITING, "starting", "restarting" },
		{ DISK_ADDING, "starting", "restarting" },
		{ DISK_RUNNING, "running", "running" },
		{ DISK_REMOVING, "stopping", "stopping" },
		{ DISK_CLOSED, "stopping", "stopping" },
		{ DISK_FAILED, "failed", "failed" },
	};
	char text[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		disk.status = words[i].status;
		for (int fresh = 0; fresh < 2; fresh++) {
			disk.fresh = fresh;
			snprintf(text, sizeof(text), "\"state\":\"%s\"",
				 fresh ? words[i].fresh : words[i].known);
			says("list", text);
		}
	}
	guest.status = GUEST_LOST;
	disk.status = DISK_WAITING;
	says("list", "\"state\":\"lost\"");
}

/* A worker could have made it anything; then there are no counters. */
static void a_state_that_is_none_counts_nothing(void **state)
{
	(void)state;
	assert_int_equal(ftruncate(guest.state_fd, 100), 0);
	says("stats", "\"reads\":0");
	disk.slot = DISK_NO_SLOT;
	says("show one", "\"reads\":0");
}

#define WITH_GUEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_GUEST(a_disk_has_several_names),
		WITH_GUEST(what_is_not_there_is_an_error),
		WITH_GUEST(each_status_has_a_word),
		WITH_GUEST(a_state_that_is_none_counts_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
