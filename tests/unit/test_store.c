// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * xen/store.c over a xenstore that fails: libxenstore's functions are these here.
 * What the real one says, and what it means then, is for the simulation.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <xenstore.h>

#include "xen/store.h"

static struct {
	int fail;		/* errno of what is read, listed, written, removed */
	const char *value;	/* of any node */
	uint32_t conflicts;	/* transactions that others are faster than */
	bool no_transaction;
	uint32_t started, ended, given_up;
	const char *const *events;	/* tokens, to be handed out */
	int drained;		/* errno when there are none */
} xs;

static struct store *store;

/* --- libxenstore -------------------------------------------------------------- */

struct xs_handle {
	bool open;
};

static struct xs_handle handle;

struct xs_handle *xs_open(unsigned long flags)
{
	assert_int_equal(flags, XS_UNWATCH_FILTER);
	errno = xs.fail;
	handle.open = !xs.fail;
	return xs.fail ? NULL : &handle;
}

void xs_close(struct xs_handle *h)
{
	assert_true(h->open);
	h->open = false;
}

static bool answer(void)
{
	errno = xs.fail;
	return !xs.fail;
}

void *xs_read(struct xs_handle *h, xs_transaction_t t, const char *path,
	      unsigned int *len)
{
	(void)h;
	(void)t;
	(void)path;
	if (!answer())
		return NULL;
	*len = (unsigned int)strlen(xs.value);
	return strdup(xs.value);
}

char **xs_directory(struct xs_handle *h, xs_transaction_t t, const char *path,
		    unsigned int *num)
{
	(void)h;
	(void)t;
	(void)path;
	*num = 0;
	return answer() ? calloc(1, sizeof(char *)) : NULL;
}

bool xs_write(struct xs_handle *h, xs_transaction_t t, const char *path,
	      const void *data, unsigned int len)
{
	(void)h;
	(void)path;
	(void)data;
	(void)len;
	/* Whatever is written belongs to the transaction that runs. */
	assert_int_equal(t, xs.started == xs.ended ? XBT_NULL : xs.started);
	return answer();
}

bool xs_rm(struct xs_handle *h, xs_transaction_t t, const char *path)
{
	(void)h;
	(void)t;
	(void)path;
	return answer();
}

bool xs_watch(struct xs_handle *h, const char *path, const char *token)
{
	(void)h;
	assert_string_equal(path, token);
	return answer();
}

int xs_fileno(struct xs_handle *h)
{
	(void)h;
	return 7;
}

char **xs_check_watch(struct xs_handle *h)
{
	char **event;

	(void)h;
	if (!xs.events || !*xs.events) {
		errno = xs.drained;
		return NULL;
	}
	event = calloc(2, sizeof(*event));
	event[XS_WATCH_TOKEN] = (char *)(uintptr_t)*xs.events++;
	return event;
}

xs_transaction_t xs_transaction_start(struct xs_handle *h)
{
	(void)h;
	errno = ENOSPC;
	return xs.no_transaction ? XBT_NULL : ++xs.started;
}

bool xs_transaction_end(struct xs_handle *h, xs_transaction_t t, bool abort)
{
	(void)h;
	assert_int_equal(t, xs.started);
	xs.ended++;
	xs.given_up += abort;
	if (abort || !xs.conflicts)
		return true;
	xs.conflicts--;
	errno = EAGAIN;
	return false;
}

/* --- what is made of it -------------------------------------------------------- */

static int begin(void **state)
{
	(void)state;
	memset(&xs, 0, sizeof(xs));
	xs.value = "";
	xs.drained = EAGAIN;
	return store_open(&store);
}

static int end(void **state)
{
	(void)state;
	store_close(store);
	assert_false(handle.open);
	return 0;
}

static void a_failure_is_its_errno(void **state)
{
	static const int errors[] = { EACCES, ENOSPC, EIO };
	char *value, **names;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		xs.fail = errors[i];
		assert_int_equal(store_read(store, "/a", &value), -xs.fail);
		assert_null(value);
		assert_int_equal(store_list(store, "/a", &names), -xs.fail);
		assert_null(names);
		assert_int_equal(store_write(store, "/a", "b"), -xs.fail);
		assert_int_equal(store_remove(store, "/a"), -xs.fail);
		assert_int_equal(store_watch(store, "/a"), -xs.fail);
	}
	/* What is not there any more is removed. */
	xs.fail = ENOENT;
	assert_int_equal(store_remove(store, "/a"), 0);
	xs.fail = 0;
	assert_int_equal(store_remove(store, "/a"), 0);
	assert_int_equal(store_fd(store), 7);
}

static void without_xenstored_there_is_no_store(void **state)
{
	struct store *none;

	(void)state;
	xs.fail = ECONNREFUSED;
	assert_int_equal(store_open(&none), -ECONNREFUSED);
	assert_null(none);
	store_close(NULL);
	handle.open = true;
}

/* dom0 has no such node; a driver domain has. */
static void our_own_domain_is_a_number(void **state)
{
	static const char *const nonsense[] = { "", "dom3", "3 ", "3x", "65536",
						"99999999999999999999" };
	uint32_t domid = 9;

	(void)state;
	xs.fail = ENOENT;
	assert_int_equal(store_own_domid(store, &domid), 0);
	assert_int_equal(domid, 0);
	xs.fail = EIO;
	assert_int_equal(store_own_domid(store, &domid), -EIO);
	xs.fail = 0;
	xs.value = "3";
	assert_int_equal(store_own_domid(store, &domid), 0);
	assert_int_equal(domid, 3);
	for (size_t i = 0; i < ARRAY_SIZE(nonsense); i++) {
		xs.value = nonsense[i];
		assert_int_equal(store_own_domid(store, &domid), -EINVAL);
		assert_int_equal(domid, 0);
	}
}

static void events_are_taken_until_there_are_none(void **state)
{
	static const char *const events[] = { "/a", STORE_RELEASE, "/a", NULL };
	static const char *const others[] = { "/a", NULL };
	bool released;

	(void)state;
	xs.events = events;
	assert_int_equal(store_drain(store, &released), 3);
	assert_true(released);
	xs.events = others;
	assert_int_equal(store_drain(store, &released), 1);
	assert_false(released);
	assert_int_equal(store_drain(store, &released), 0);
	xs.drained = EPIPE;
	assert_int_equal(store_drain(store, &released), -EPIPE);
}

/* --- transactions --------------------------------------------------------------- */

static uint32_t runs;

static int write_one(struct store *s, void *arg)
{
	const int *ret = arg;

	runs++;
	assert_int_equal(store_write(s, "/a", "1"), 0);
	return *ret;
}

static int transaction(int ret)
{
	runs = 0;
	xs.given_up = 0;
	return store_transaction(store, write_one, &ret);
}

static void a_transaction_is_tried_until_it_comes_through(void **state)
{
	(void)state;
	assert_int_equal(transaction(0), 0);
	assert_int_equal(runs, 1);
	xs.conflicts = 5;
	assert_int_equal(transaction(0), 0);
	assert_int_equal(runs, 6);
	assert_int_equal(xs.given_up, 0);
	/* Not without end. */
	xs.conflicts = UINT32_MAX;
	assert_int_equal(transaction(0), -EAGAIN);
	assert_true(runs > 5 && runs < 1000);
	assert_int_equal(xs.started, xs.ended);
	/* What is written now is in none. */
	assert_int_equal(store_write(store, "/a", "1"), 0);
}

static void what_a_body_gives_up_is_not_written(void **state)
{
	(void)state;
	assert_int_equal(transaction(-ESTALE), -ESTALE);
	assert_int_equal(runs, 1);
	assert_int_equal(xs.given_up, 1);
	assert_int_equal(xs.started, xs.ended);
}

static void without_a_transaction_nothing_is_done(void **state)
{
	(void)state;
	xs.no_transaction = true;
	assert_int_equal(transaction(0), -ENOSPC);
	assert_int_equal(runs, 0);
	assert_int_equal(store_write(store, "/a", "1"), 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		T(a_failure_is_its_errno),
		T(without_xenstored_there_is_no_store),
		T(our_own_domain_is_a_number),
		T(events_are_taken_until_there_are_none),
		T(a_transaction_is_tried_until_it_comes_through),
		T(what_a_body_gives_up_is_not_written),
		T(without_a_transaction_nothing_is_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
