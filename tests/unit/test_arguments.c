// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * xen-vblk-dm's command line: what libxl of several releases writes is
 * understood, what can't be done is refused with a reason.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/arguments.h"
#include "backend/config.h"

#define UUID "0a1b2c3d-0000-1111-2222-333344445555"
#define QMP  "/run/xen/qmp-libxl-7"
#define XENSTAT "/run/xen/qmp-libxenstat-7"
#define WORDS(...) ((const char *[]){ __VA_ARGS__, NULL })

static struct arguments args;
static char text[1024];

static int parse(const char *const words[])
{
	char *argv[64];
	size_t n = 0;

	for (; words[n]; n++)
		argv[n] = (char *)words[n];
	argv[n] = NULL;
	return arguments_parse(&args, argv, text, sizeof(text));
}

static void refused(const char *const words[], const char *why)
{
	assert_int_equal(parse(words), -EINVAL);
	if (!strstr(text, why))
		fail_msg("'%s' is not in: %s", why, text);
}

/* The -disk arguments over an empty configuration. */
static int apply(struct config_disk *disk, const char *vdev)
{
	struct config config = { 0 };
	int ret = arguments_apply(&args, &config, UUID, text, sizeof(text));

	if (!ret)
		config_for_disk(&config, "any", UUID, vdev, disk);
	free(config.sections);
	return ret;
}

/*
 * What libxl writes for a PVH guest with a channel, by release; the disks are
 * device_model_args. The lines of 4.17 to 4.21 are the same but for the probe,
 * which came with 4.20; "server,nowait" is older, and QEMU forks have it still.
 */
#define PVH_GUEST(listen, mem) WORDS( \
	"-xen-domid", "7", "-no-shutdown", \
	"-chardev", "socket,id=libxl-cmd,path=" QMP "," listen, \
	"-mon", "chardev=libxl-cmd,mode=control", \
	"-chardev", "socket,id=libxenstat-cmd,path=" XENSTAT "," listen, \
	"-mon", "chardev=libxenstat-cmd,mode=control", \
	"-chardev", "socket,id=libxl-channel1,path=/run/xen/none," listen, \
	"-nodefaults", "-no-user-config", "-xen-attach", \
	"-name", "one", "-vnc", "none", "-display", "none", \
	"-disk", "index=0,path=/srv/a.img", \
	"-machine", "xenpv", "-m", mem)

static void is_for_the_guest(void)
{
	assert_int_equal(args.job, ARGUMENTS_SERVE);
	assert_int_equal(args.domid, 7);
	assert_int_equal(args.nchardevs, 3);
	assert_true(args.chardev[0].monitor && args.chardev[1].monitor);
	assert_string_equal(args.chardev[0].path, QMP);
	assert_string_equal(args.chardev[1].path, XENSTAT);
	assert_int_equal(args.chardev[0].fd, -1);
	assert_false(args.chardev[2].monitor);
	assert_string_equal(args.chardev[2].id, "libxl-channel1");
	assert_int_equal(args.ndisks, 1);
	assert_int_equal(args.disk[0].index, 0);
}

static void libxl_4_17_to_4_21_is_understood(void **state)
{
	(void)state;
	assert_int_equal(parse(PVH_GUEST("server=on,wait=off", "256")), 0);
	is_for_the_guest();
}

static void libxl_before_4_15_is_understood(void **state)
{
	(void)state;
	assert_int_equal(parse(PVH_GUEST("server,nowait", "256")), 0);
	is_for_the_guest();
}

/* With device_model_restrict the socket is handed over; the rest is refused. */
static void a_restricted_one_is_refused(void **state)
{
	(void)state;
	refused(WORDS("-xen-domid", "7", "-no-shutdown",
		"-chardev", "socket,id=libxl-cmd,fd=19,server=on,wait=off",
		"-S", "-mon", "chardev=libxl-cmd,mode=control",
		"-xen-domid-restrict"), "device_model_restrict");
	assert_int_equal(args.chardev[0].fd, 19);
	assert_true(args.chardev[0].monitor);
}

/* A screen of a vfb, a keymap, an emulated network card. */
static void a_guest_that_wants_more_is_refused(void **state)
{
	(void)state;
	refused(WORDS("-xen-domid", "7", "-no-shutdown", "-nodefaults",
		"-no-user-config", "-xen-attach", "-name", "one",
		"-vnc", "127.0.0.1:0,to=99", "-display", "none"), "no screen");
	refused(WORDS("-xen-domid", "7", "-vnc", "none", "-display", "none",
		"-k", "de"), "no option -k");
	refused(WORDS("-xen-domid", "7", "-vnc", "none", "-display", "none",
		"-device", "rtl8139,id=nic0,netdev=net0,mac=00:16:3e:00:00:01"),
		"no option -device");
}

static void a_probe_has_no_domain(void **state)
{
	(void)state;
	assert_int_equal(parse(WORDS(
		"-S", "-no-user-config", "-nodefaults", "-nographic",
		"-machine", "none,accel=xen",
		"-chardev", "socket,id=libxl-cmd,fd=19,server=on,wait=off",
		"-mon", "chardev=libxl-cmd,mode=control")), 0);
	assert_int_equal(args.job, ARGUMENTS_PROBE);
	/* Nobody to talk to, or disks without a guest: no probe. */
	refused(WORDS("-S"), "no -xen-domid");
	refused(WORDS("-disk", "index=0,path=/a",
		      "-chardev", "socket,id=a,fd=3",
		      "-mon", "chardev=a,mode=control"), "no -xen-domid");
}

static void a_pty_channel_is_named_and_no_more(void **state)
{
	(void)state;
	assert_int_equal(parse(WORDS("-xen-domid", "7",
				     "-chardev",
				     "pty,id=libxl-channel1,logfile=/a")), 0);
	assert_false(args.chardev[0].socket);
	refused(WORDS("-xen-domid", "7", "-chardev", "pty,id=a",
		      "-mon", "chardev=a,mode=control"), "no chardev that is");
}

static void what_is_not_done_is_refused(void **state)
{
	(void)state;
	refused(WORDS("-xen-domid", "7", "-vnc", "127.0.0.1:0"), "no screen");
	refused(WORDS("-xen-domid", "7", "-display", "sdl"), "no screen");
	refused(WORDS("-xen-domid", "7", "-drive", "file=a"), "no option -drive");
	refused(WORDS("-xen-domid", "7", "-runas", "a"), "device_model_restrict");
	refused(WORDS("-xen-domid", "7", "-xen-domid-restrict"),
		"device_model_restrict");
	refused(WORDS("-xen-domid", "7", "a.img"), "'a.img' is not understood");
	refused(WORDS("-xen-domid", "7x"), "not the number of a domain");
	refused(WORDS("-xen-domid", "65536"), "not the number of a domain");
	refused(WORDS("-xen-domid"), "-xen-domid: what?");
	refused(WORDS("-xen-domid", "7", "-log-level", "loud"), "allowed is");
	refused(WORDS("-xen-domid", "7", "-mon", "chardev=a,mode=control"),
		"no chardev");
	refused(WORDS("-xen-domid", "7", "-chardev", "socket,id=a,fd=3",
		      "-mon", "chardev=a,mode=readline"), "mode=control");
	refused(WORDS("-xen-domid", "7", "-chardev", "socket,id=a,fd=3",
		      "-mon", "chardev=a,pretty=on"), "'pretty' is not");
	refused(WORDS("-xen-domid", "7",
		      "-chardev", "socket,id=a,host=b,port=1"), "'host=b'");
	refused(WORDS("-xen-domid", "7", "-chardev", "socket,fd=3"), "no id");
	refused(WORDS("-xen-domid", "7", "-chardev", "socket,id=a,fd=2"),
		"'fd=2'");
}

static void no_two_listen_at_one_place(void **state)
{
	(void)state;
	refused(WORDS("-xen-domid", "7", "-chardev", "socket,id=a,fd=3",
		      "-chardev", "socket,id=b,fd=3"), "b: has the socket of a");
	refused(WORDS("-xen-domid", "7", "-chardev", "socket,id=a,path=/x",
		      "-chardev", "socket,id=b,path=/x"),
		"b: has the socket of a");
	refused(WORDS("-xen-domid", "7", "-chardev", "socket,id=a,fd=3",
		      "-chardev", "socket,id=a,fd=4"), "another one with id a");
}

static void a_disk_has_the_keys_of_the_configuration(void **state)
{
	struct config_disk d;

	(void)state;
	assert_int_equal(parse(WORDS(
		"-xen-domid", "7",
		"-disk", "path=/dev/vg/a,,b=c,index=0,queues=2,ro=on,cache=writethrough,serial=x",
		"-disk", "index=10,path=/srv/b.img")), 0);
	assert_int_equal(args.ndisks, 2);
	assert_int_equal(apply(&d, "virtio0"), 0);
	assert_string_equal(d.path, "/dev/vg/a,b=c");
	assert_int_equal(d.queues, 2);
	assert_true(d.read_only && d.writethrough);
	assert_string_equal(d.serial, "x");
	assert_int_equal(apply(&d, "virtio10"), 0);
	assert_string_equal(d.path, "/srv/b.img");
	assert_false(d.read_only);
}

static void a_disk_needs_index_and_path(void **state)
{
	struct config_disk d;

	(void)state;
	refused(WORDS("-xen-domid", "7", "-disk", "path=/a"), "no index=");
	refused(WORDS("-xen-domid", "7", "-disk", "index=a,path=/a"),
		"index is a number");
	refused(WORDS("-xen-domid", "7", "-disk", "index=-1,path=/a"),
		"index is a number");
	refused(WORDS("-xen-domid", "7", "-disk", "index=1,path=/a",
		      "-disk", "index=1,path=/b"), "another one with index 1");
	assert_int_equal(parse(WORDS("-xen-domid", "7", "-disk", "index=0")), 0);
	assert_int_equal(apply(&d, "virtio0"), -EINVAL);
	assert_non_null(strstr(text, "no path="));
}

static void unknown_keys_of_a_disk_are_refused(void **state)
{
	static const char *const wrong[][2] = {
		{ "index=0,path=/a,cash=none", "no 'cash' for a disk" },
		{ "index=0,path=/a,ro", "'ro' has no value" },
		{ "index=0,path=/a,ro=maybe", "allowed is on or off" },
		{ "index=0,path=a", "allowed is an absolute path" },
		{ "index=0,path=/a,queues=0", "allowed is auto" },
		{ "index=0,path=/a,pci-slot=5", "has no PCI slot" },
		{ "index=0,path=/a,pci-slot=auto", "has no PCI slot" },
	};
	struct config_disk d;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		assert_int_equal(parse(WORDS("-xen-domid", "7", "-disk",
					     wrong[i][0])), 0);
		assert_int_equal(apply(&d, "virtio0"), -EINVAL);
		if (!strstr(text, wrong[i][1]))
			fail_msg("'%s' is not in: %s", wrong[i][1], text);
	}
}

static void a_disk_wins_over_the_configuration(void **state)
{
	struct config config = { 0 };
	struct config_section *s = config_add(&config, "one", "virtio0");
	struct config_disk d;

	(void)state;
	assert_non_null(s);
	assert_int_equal(config_set(s, "path", "/b", text, sizeof(text)), 0);
	assert_int_equal(config_set(s, "queues", "3", text, sizeof(text)), 0);
	assert_int_equal(parse(WORDS("-xen-domid", "7",
				     "-disk", "index=0,path=/a")), 0);
	assert_int_equal(arguments_apply(&args, &config, UUID, text,
					 sizeof(text)), 0);
	config_for_disk(&config, "one", UUID, "virtio0", &d);
	assert_string_equal(d.path, "/a");
	assert_int_equal(d.queues, 3);
	free(config.sections);
}

static void what_is_too_much_is_refused(void **state)
{
	static char path[8192];
	const char *words[64] = { "-xen-domid", "7" };
	char ids[ARGUMENTS_CHARDEVS + 1][16];
	struct config_disk d;
	size_t n = 2;

	(void)state;
	for (int i = 0; i < ARGUMENTS_CHARDEVS + 1; i++) {
		snprintf(ids[i], sizeof(ids[i]), "pty,id=%d", i);
		words[n++] = "-chardev";
		words[n++] = ids[i];
	}
	refused(words, "more than 8 -chardev");
	n = 2;
	for (int i = 0; i <= STATE_MAX_DISKS; i++) {
		static char disks[STATE_MAX_DISKS + 1][24];

		snprintf(disks[i], sizeof(disks[i]), "index=%d,path=/a", i);
		words[n++] = "-disk";
		words[n++] = disks[i];
	}
	words[n] = NULL;
	refused(words, "a guest has no room for more");
	memset(path, 'a', sizeof(path) - 1);
	memcpy(path, "index=0,path=/", strlen("index=0,path=/"));
	assert_int_equal(parse(WORDS("-xen-domid", "7", "-disk", path)), 0);
	assert_int_equal(apply(&d, "virtio0"), -EINVAL);
	refused(WORDS("-xen-domid", "7", "-chardev", path), "no kind");
}

static void its_own_options_have_two_forms(void **state)
{
	(void)state;
	assert_int_equal(parse(WORDS("-help")), 0);
	assert_int_equal(args.job, ARGUMENTS_HELP);
	assert_int_equal(parse(WORDS("--help")), 0);
	assert_int_equal(args.job, ARGUMENTS_HELP);
	assert_int_equal(parse(WORDS("-V")), 0);
	assert_int_equal(args.job, ARGUMENTS_VERSION);
	assert_int_equal(parse(WORDS("-xen-domid", "7", "--config", "/c",
				     "-log-level", "debug")), 0);
	assert_int_equal(args.job, ARGUMENTS_SERVE);
	assert_string_equal(args.config, "/c");
	assert_true(args.log_level_given);
	assert_int_equal(args.log_level, LOG_LEVEL_DEBUG);
	refused(WORDS("-log-level", "loud"), "allowed is error, warning");
	refused(WORDS("-xen-domid", "7", "-config"), "-config: what?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(libxl_4_17_to_4_21_is_understood),
		cmocka_unit_test(libxl_before_4_15_is_understood),
		cmocka_unit_test(a_restricted_one_is_refused),
		cmocka_unit_test(a_guest_that_wants_more_is_refused),
		cmocka_unit_test(a_probe_has_no_domain),
		cmocka_unit_test(a_pty_channel_is_named_and_no_more),
		cmocka_unit_test(what_is_not_done_is_refused),
		cmocka_unit_test(no_two_listen_at_one_place),
		cmocka_unit_test(a_disk_has_the_keys_of_the_configuration),
		cmocka_unit_test(a_disk_needs_index_and_path),
		cmocka_unit_test(unknown_keys_of_a_disk_are_refused),
		cmocka_unit_test(a_disk_wins_over_the_configuration),
		cmocka_unit_test(what_is_too_much_is_refused),
		cmocka_unit_test(its_own_options_have_two_forms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
