// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The configuration file: what a disk gets from several sections, and that
 * what is wrong is refused as a whole, with the line and the reason.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/config.h"

#define UUID "0a1b2c3d-0000-1111-2222-333344445555"

static char path[] = "/tmp/test_config.XXXXXX";
static char text[1024];
static struct config *config;

static int load(const char *lines)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_true(fputs(lines, f) >= 0);
	assert_int_equal(fclose(f), 0);
	config_free(config);
	return config_load(&config, path, text, sizeof(text));
}

static struct config_disk of(const char *guest, const char *vdev)
{
	struct config_disk disk;

	config_for_disk(config, guest, UUID, vdev, &disk);
	return disk;
}

static void refused(const char *lines, const char *why)
{
	assert_int_equal(load(lines), -EINVAL);
	assert_null(config);
	assert_non_null(strstr(text, why));
}

static int setup(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	if (fd < 0)
		return -1;
	return close(fd);
}

static int teardown(void **state)
{
	(void)state;
	config_free(config);
	return unlink(path);
}

static void an_empty_file_is_the_defaults(void **state)
{
	struct config_disk d;

	(void)state;
	assert_int_equal(load(""), 0);
	assert_string_equal(config->runtime_dir, "/run/xen-vblkd");
	assert_string_equal(config->socket, "/run/xen-vblkd/control");
	d = of("db1", "xvda");
	assert_int_equal(d.queues, 0);
	assert_int_equal(d.queue_size, 256);
	assert_string_equal(d.serial, "");
	assert_string_equal(d.path, "");
}

static void the_more_particular_section_wins(void **state)
{
	(void)state;
	assert_int_equal(load("[disk db1/xvda]\nqueues = 3\n"
			      "[disk]\nqueues = 1\nqueue-size = 64\n"
			      "[disk db1]\nqueues = 2\n"), 0);
	assert_int_equal(of("db1", "xvda").queues, 3);
	assert_int_equal(of("db1", "xvdb").queues, 2);
	assert_int_equal(of("db2", "xvda").queues, 1);
	assert_int_equal(of("db1", "xvda").queue_size, 64);
}

static void a_guest_has_a_name_and_a_uuid(void **state)
{
	(void)state;
	assert_int_equal(load("[disk " UUID "/virtio1]\npath = /a\n"), 0);
	assert_string_equal(of("any", "virtio1").path, "/a");
	assert_string_equal(of("any", "virtio0").path, "");
}

static void a_generic_device_has_an_image(void **state)
{
	struct config_disk d;

	(void)state;
	assert_int_equal(load("[disk db1/virtio0]\npath = /dev/vg/a b\n"
			      "ro = on\n"
			      "[disk db1/virtio1]\npath = /srv/c\n"), 0);
	d = of("db1", "virtio0");
	assert_string_equal(d.path, "/dev/vg/a b");
	assert_true(d.read_only);
	d = of("db1", "virtio1");
	assert_string_equal(d.path, "/srv/c");
	assert_false(d.read_only);
	assert_string_equal(of("db1", "xvda").path, "");
	assert_string_equal(of("db2", "virtio0").path, "");
}

static void an_image_belongs_to_one_device(void **state)
{
	(void)state;
	refused("[disk]\npath = /a\n", ":2: 'path' belongs in");
	refused("[disk db1]\npath = /a\n", ":2: 'path' belongs in");
	refused("[disk]\nserial = a\n", ":2: 'serial' belongs in");
	refused("[disk db1]\npci-slot = 9\n", ":2: 'pci-slot' belongs in");
	refused("[disk db1/xvda]\npath = /a\n", ":2: 'path' belongs in");
	refused("[disk db1/xvda]\nro = on\n", "'ro' belongs in");
	refused("[disk db1/virtio0]\npath = a\n", "allowed is an absolute");
	refused("[disk db1/virtio0]\nro = r\n", "allowed is on or off");
}

static void a_pci_slot_is_a_number_or_auto(void **state)
{
	(void)state;
	assert_int_equal(load("[disk db1/xvde]\npci-slot = 0x14\n"
			      "[disk db1/xvdf]\npci-slot = 31\n"
			      "[disk db1/xvdg]\npci-slot = auto\n"), 0);
	assert_int_equal(of("db1", "xvde").pci_slot, 20);
	assert_int_equal(of("db1", "xvdf").pci_slot, 31);
	assert_int_equal(of("db1", "xvdg").pci_slot, 0);
	refused("[disk]\npci-slot = 3\n", "allowed is auto, or 4 to 31");
	refused("[disk]\npci-slot = 32\n", "allowed is auto, or 4 to 31");
	refused("[disk]\npci-slot = 00:14.0\n", "allowed is auto");
}

static void nonsense_is_refused(void **state)
{
	(void)state;
	refused("qeues = 1\n", ":1: there is no 'qeues'");
	refused("[disk]\nqueues = 9\n", ":2: queues = '9': allowed is");
	refused("[disk a/]\n", "section [disk a/]");
	refused("[disc]\n", "section [disc]");
	refused("\n[disk\n", ":2: the section's name has no ']'");
	refused("[disk]\nqueues\n", ":2: ");
	refused("[disk]\ndirect = maybe\n", "allowed is auto, on or off");
}

/* The least and the most, and one less and one more. */
static void each_key_has_its_values(void **state)
{
	static const struct {
		const char *key, *good[4], *bad[4];
	} keys[] = {
		{ "log-level", { "error", "warning", "info", "debug" },
		  { "7", "Error", "" } },
		{ "worker", { "/a" }, { "a", "" } },
		{ "runtime-dir", { "/run/x" }, { "run" } },
		{ "socket", { "/run/x/y" }, { "@x" } },
		{ "bucket-size", { "64K", "0x10000", "16M" },
		  { "32K", "32M", "65537", "2m" } },
		{ "foreign-budget", { "1M", "1048576", "1024G" },
		  { "1048575", "1025G", "-1", "99999999999999999999" } },
		{ "grant-budget", { "256", "65536", "64K" },
		  { "255", "65537", "1.5K" } },
		{ "grant-io", { "auto", "copy", "map" }, { "both" } },
		{ "pool-size", { "2M", "1G" },
		  { "1M", "2G", "17179869185G", "2MB" } },
	};
	char line[128], why[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		for (int n = 0; n < 4 && keys[i].good[n]; n++) {
			snprintf(line, sizeof(line), "%s = %s\n", keys[i].key,
				 keys[i].good[n]);
			if (load(line))
				fail_msg("%s: %s", line, text);
		}
		for (int n = 0; n < 4 && keys[i].bad[n]; n++) {
			snprintf(line, sizeof(line), "%s = %s\n", keys[i].key,
				 keys[i].bad[n]);
			snprintf(why, sizeof(why), ":1: %s = '%s': allowed is",
				 keys[i].key, keys[i].bad[n]);
			refused(line, why);
		}
	}
}

static void each_key_goes_where_it_belongs(void **state)
{
	struct config_disk d;

	(void)state;
	assert_int_equal(load("log-level = debug\nworker = /w\n"
			      "runtime-dir = /r\nbucket-size = 64K\n"
			      "foreign-budget = 2M\ngrant-budget = 300\n"
			      "grant-io = map\npool-size = 3M\n"
			      "[disk]\ndirect = off\ndiscard = on\n"
			      "cache = writethrough\nqueues = auto\n"
			      "queue-size = 4\n"), 0);
	assert_int_equal(config->log_level, LOG_LEVEL_DEBUG);
	assert_string_equal(config->worker, "/w");
	assert_string_equal(config->runtime_dir, "/r");
	assert_string_equal(config->socket, "/r/control");
	assert_int_equal(config->bucket_size, 64 << 10);
	assert_int_equal(config->foreign_budget, 2 << 20);
	assert_int_equal(config->grant_budget, 300);
	assert_int_equal(config->grant_io, PROTO_GRANT_MAP);
	assert_int_equal(config->pool_size, 3 << 20);
	d = of("any", "xvda");
	assert_int_equal(d.direct, IMAGE_OFF);
	assert_int_equal(d.discard, IMAGE_ON);
	assert_true(d.writethrough);
	assert_int_equal(d.queues, 0);
	assert_int_equal(d.queue_size, 4);
	assert_int_equal(load("[disk]\nqueue-size = 2\n"), -EINVAL);
}

static void a_serial_number_is_printable_and_short(void **state)
{
	(void)state;
	assert_int_equal(load("[disk a/xvda]\n"
			      "serial = 01234567890123456789\n"), 0);
	assert_string_equal(of("a", "xvda").serial, "01234567890123456789");
	refused("[disk a/xvda]\nserial = 012345678901234567890\n",
		"allowed is 1 to 20");
	refused("[disk a/xvda]\nserial = a b\n", "allowed is 1 to 20");
	refused("[disk a/xvda]\nserial = \n", "allowed is 1 to 20");
}

/* What inih would cut in silence. */
static void what_is_too_long_is_refused(void **state)
{
	char line[4096];

	(void)state;
	memset(line, 'a', sizeof(line));
	memcpy(line, "worker = /", strlen("worker = /"));
	strcpy(line + sizeof(line) - 2, "\n");
	refused(line, ":1: the line is too long");
	snprintf(line, sizeof(line), "[disk %060d]\n", 1);
	refused(line, ":1: the section's name is too long");
}

static void a_directory_is_no_file(void **state)
{
	struct config *none;

	(void)state;
	assert_int_equal(config_load(&none, "/", text, sizeof(text)), -EINVAL);
	assert_null(none);
	assert_non_null(strstr(text, "can't be read"));
}

static void a_missing_file_is_named(void **state)
{
	struct config *none;

	(void)state;
	assert_int_equal(config_load(&none, "/nonexistent/x.conf", text,
				     sizeof(text)), -ENOENT);
	assert_null(none);
	assert_non_null(strstr(text, "/nonexistent/x.conf"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_file_is_the_defaults),
		cmocka_unit_test(the_more_particular_section_wins),
		cmocka_unit_test(a_guest_has_a_name_and_a_uuid),
		cmocka_unit_test(a_generic_device_has_an_image),
		cmocka_unit_test(an_image_belongs_to_one_device),
		cmocka_unit_test(a_pci_slot_is_a_number_or_auto),
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(each_key_has_its_values),
		cmocka_unit_test(each_key_goes_where_it_belongs),
		cmocka_unit_test(a_serial_number_is_printable_and_short),
		cmocka_unit_test(what_is_too_long_is_refused),
		cmocka_unit_test(a_directory_is_no_file),
		cmocka_unit_test(a_missing_file_is_named),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
