// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Log lines: one write each, whole, and never more of a guest's than allowed.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/log.h"

struct caught {
	int pipe[2];
	int stderr_fd;
	char text[8192];
};

/* From here to caught_lines() standard error is ours. */
static int caught_setup(void **state)
{
	static struct caught c;

	unsetenv("JOURNAL_STREAM");
	log_init("test", LOG_LEVEL_INFO);
	assert_int_equal(pipe2(c.pipe, O_NONBLOCK | O_CLOEXEC), 0);
	c.stderr_fd = dup(STDERR_FILENO);
	dup2(c.pipe[1], STDERR_FILENO);
	*state = &c;
	return 0;
}

static int caught_teardown(void **state)
{
	struct caught *c = *state;

	dup2(c->stderr_fd, STDERR_FILENO);
	close(c->stderr_fd);
	close(c->pipe[0]);
	close(c->pipe[1]);
	return 0;
}

/* What was written since the last call. */
static const char *caught_text(struct caught *c)
{
	ssize_t n = read(c->pipe[0], c->text, sizeof(c->text) - 1);

	c->text[n > 0 ? n : 0] = '\0';
	return c->text;
}

static void a_line_has_a_name_and_an_end(void **state)
{
	struct caught *c = *state;

	log_info("%d and %s", 1, "two");
	assert_string_equal(caught_text(c), "test: 1 and two\n");
}

static void lines_above_the_level_are_dropped(void **state)
{
	struct caught *c = *state;

	log_debug("not this");
	assert_string_equal(caught_text(c), "");
	log_init("test", LOG_LEVEL_ERROR);
	log_warning("nor this");
	log_error("this");
	assert_string_equal(caught_text(c), "test: this\n");
	assert_int_equal(log_get_level(), LOG_LEVEL_ERROR);
}

static void the_journal_gets_priorities(void **state)
{
	struct caught *c = *state;

	setenv("JOURNAL_STREAM", "8:1", 1);
	log_init("test", LOG_LEVEL_INFO);
	log_warning("hm");
	assert_string_equal(caught_text(c), "<4>test: hm\n");
}

static void a_long_line_is_cut_but_ends(void **state)
{
	struct caught *c = *state;
	static char much[4000];

	memset(much, 'x', sizeof(much) - 1);
	for (size_t len = 1000; len < 1040; len++) {
		const char *text;

		log_info("%.*s", (int)len, much);
		text = caught_text(c);
		assert_true(strlen(text) <= 1024);
		assert_int_equal(text[strlen(text) - 1], '\n');
		assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
	}
	log_info("%s", much);
	assert_int_equal(strlen(caught_text(c)), 1024);
}

static uint32_t count_passes(struct log_limit *limit, uint32_t n)
{
	uint32_t passed = 0;

	while (n--)
		passed += log_limit_pass(limit);
	return passed;
}

static void a_guest_cannot_fill_the_log(void **state)
{
	struct caught *c = *state;
	struct log_limit limit = { 0 }, other = { 0 };

	assert_int_equal(count_passes(&limit, 1000), LOG_LIMIT_BURST);
	assert_int_equal(count_passes(&other, 1), 1);
	assert_string_equal(caught_text(c), "");
	/* The window is over: so many were dropped, and it goes on. */
	limit.window -= LOG_LIMIT_SECONDS;
	assert_int_equal(count_passes(&limit, 1), 1);
	assert_non_null(strstr(caught_text(c), "990 "));
	assert_int_equal(count_passes(&limit, 1000), LOG_LIMIT_BURST - 1);
	assert_string_equal(caught_text(c), "");
}

static void an_error_has_words(void **state)
{
	(void)state;
	assert_string_equal(log_strerror(-ENOENT), "No such file or directory");
	assert_string_equal(log_strerror(ENOENT), "No such file or directory");
	assert_non_null(log_strerror(-123456));
	assert_non_null(log_strerror(0));
}

#define CAUGHT(test) cmocka_unit_test_setup_teardown(test, caught_setup, \
						     caught_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CAUGHT(a_line_has_a_name_and_an_end),
		CAUGHT(lines_above_the_level_are_dropped),
		CAUGHT(the_journal_gets_priorities),
		CAUGHT(a_long_line_is_cut_but_ends),
		CAUGHT(a_guest_cannot_fill_the_log),
		CAUGHT(an_error_has_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
