// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The toolstack of a simulated world, for scripts: what xl is to real Xen, and
 * a look at what the back ends do in it.
 */
#include "tests/sim/simctl.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <xenstore.h>

static const char usage[] =
	"usage: simctl COMMAND ARGUMENT...\n"
	"\n"
	"init DIR                     make a world; $SIM_WORLD names it for the others\n"
	"create NAME [MIB [VCPUS [UUID]]]   a domain that runs at once; prints its id\n"
	"list                         id, name, state, pages mapped by back ends\n"
	"shutdown ID poweroff|reboot|suspend|crash   as the guest does it\n"
	"destroy ID                   pause, remove its disks, destroy\n"
	"disk-add ID VDEV FILE [ro] [grants] [KEY=VALUE]... [-KEY]...\n"
	"                             as libxl: 10 s for state 2; but with another\n"
	"                             value of a key, or without it\n"
	"generic-add ID TYPE [grants]          a generic virtio device\n"
	"disk-remove ID VDEV          10 s for state 6\n"
	"store-list PATH              names below a node of xenstore, one a line\n"
	"store-read PATH              its value\n"
	"store-write PATH VALUE\n"
	"store-remove PATH            with all that is below\n"
	"read ID ADDRESS              four bytes of a device, by vCPU 0\n"
	"write ID ADDRESS VALUE\n"
	"invalidate ID                a request to drop all mappings, on vCPU 0\n"
	"fault SPEC | fault clear     make calls fail, see world.h; prints a number\n"
	"fault-hits NUMBER            how many have\n"
	"grants ID                    how many of the guest's own are mapped now\n"
	"stats                        name and number, one a line\n"
	"held                         how many maps and ioreq servers there are\n"
	"empty                        status 1 if there are any, or a domain\n"
	"violations                   what real Xen would have punished; status 1\n"
	"                             if there is any\n";

void die(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "simctl: ");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

static struct sim_world *world(void)
{
	struct sim_world *w = sim_open(NULL);

	if (!w)
		die("%s: %s", getenv("SIM_WORLD") ? getenv("SIM_WORLD") :
		    "SIM_WORLD is not set", strerror(errno));
	return w;
}

static uint32_t number(const char *text)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (errno || end == text || *end || n > UINT32_MAX)
		die("%s: not a number", text);
	return (uint32_t)n;
}

static struct sim_dom *domain(struct sim_world *w, const char *text,
			      struct sim_dom_info *info)
{
	uint32_t domid = number(text);
	struct sim_dom *dom = sim_dom_open(w, domid);

	if (!dom || sim_dom_info(w, domid, info) || info->domid != domid)
		die("no domain %u", domid);
	return dom;
}

int check(const char *what, int ret)
{
	if (ret)
		fprintf(stderr, "simctl: %s: %s\n", what, strerror(-ret));
	return ret ? 1 : 0;
}

static int do_init(char **arg)
{
	return check(arg[0], sim_init(arg[0]));
}

static const uint8_t *uuid_parse(const char *text, uint8_t uuid[16])
{
	int n = 0;

	for (const char *p = text; *p && n < 16; p += 2) {
		p += *p == '-';
		if (sscanf(p, "%2hhx", &uuid[n++]) != 1)
			break;
	}
	if (n != 16 || strlen(text) != 36)
		die("%s: not a uuid", text);
	return uuid;
}

static int do_create(char **arg)
{
	struct sim_world *w = world();
	struct sim_dom_config config = {
		.name = arg[0], .vcpus = 1, .ram_bytes = 64 << 20 };
	struct sim_dom_info info;
	struct sim_dom *dom;
	uint8_t uuid[16];

	if (arg[1])
		config.ram_bytes = (uint64_t)number(arg[1]) << 20;
	if (arg[1] && arg[2])
		config.vcpus = number(arg[2]);
	if (arg[1] && arg[2] && arg[3])
		config.uuid = uuid_parse(arg[3], uuid);
	dom = sim_dom_create(w, &config);
	if (!dom)
		die("%s: %s", arg[0], strerror(errno));
	sim_dom_info(w, sim_domid(dom), &info);
	toolstack_introduce(toolstack_open(), &info);
	printf("%u\n", info.domid);
	return 0;
}

static int do_list(char **arg)
{
	static const char *const states[] = {
		[SIM_GONE] = "gone", [SIM_RUNNING] = "running",
		[SIM_SHUT] = "shut", [SIM_DYING] = "dying" };
	struct sim_world *w = world();
	struct sim_dom_info info = { 0 };

	(void)arg;
	while (!sim_dom_info(w, info.domid + 1, &info))
		printf("%u %s %s %u\n", info.domid, info.name,
		       states[info.state], info.mapped_pages);
	return 0;
}

static int do_shutdown(char **arg)
{
	static const char *const reasons[] = {
		[SIM_POWEROFF] = "poweroff", [SIM_REBOOT] = "reboot",
		[SIM_SUSPEND] = "suspend", [SIM_CRASH] = "crash" };
	struct sim_dom_info info;
	struct sim_dom *dom = domain(world(), arg[0], &info);

	for (int i = 0; i < 4; i++)
		if (!strcmp(arg[1], reasons[i]))
			return check("shutdown", sim_dom_shutdown(dom,
						(enum sim_shutdown)i));
	die("%s: not a reason", arg[1]);
}

static int do_destroy(char **arg)
{
	struct sim_world *w = world();
	struct xs_handle *xs = toolstack_open();
	struct sim_dom_info info;
	struct sim_dom *dom = domain(w, arg[0], &info);
	int ret;

	sim_dom_pause(dom);
	ret = check("a device", toolstack_devices_remove(xs, info.domid));
	toolstack_forget(xs, &info);
	return check("destroy", sim_dom_destroy(dom)) || ret;
}

static int do_disk_add(char **arg)
{
	struct sim_dom_info info;
	struct toolstack_disk disk = { .vdev = arg[1], .path = arg[2] };
	struct toolstack_place place;
	int ret;

	domain(world(), arg[0], &info);
	for (char **a = arg + 3; *a; a++) {
		if (!strcmp(*a, "ro"))
			disk.read_only = true;
		else if (!strcmp(*a, "grants"))
			disk.grants = true;
		else if (disk.changes + 1 < TOOLSTACK_CHANGES &&
			 (**a == '-' || strchr(*a, '=')))
			disk.change[disk.changes++] = *a;
		else
			die("%s: not ro, not grants, no key", *a);
	}
	ret = toolstack_disk_add(toolstack_open(), info.domid, &disk, &place);
	if (!ret)
		printf("0x%x %u\n", place.base, place.irq);
	return check(arg[1], ret);
}

static int do_generic_add(char **arg)
{
	struct toolstack_generic generic = { .type = arg[1] };
	struct toolstack_place place;
	struct sim_dom_info info;
	int ret;

	domain(world(), arg[0], &info);
	if (arg[2] && strcmp(arg[2], "grants"))
		die("%s: not grants", arg[2]);
	generic.grants = arg[2] != NULL;
	ret = toolstack_generic_add(toolstack_open(), info.domid, &generic,
				    &place);
	if (!ret)
		printf("0x%x %u\n", place.base, place.irq);
	return check(arg[1], ret);
}

static int do_disk_remove(char **arg)
{
	return check(arg[1], toolstack_disk_remove(toolstack_open(),
						   number(arg[0]), arg[1]));
}

static int do_invalidate(char **arg)
{
	struct sim_dom_info info;

	return check("invalidate", sim_invalidate(domain(world(), arg[0],
							 &info), 0));
}

static int do_read(char **arg)
{
	struct sim_dom_info info;
	uint64_t data = 0;
	int ret = sim_mmio_read(domain(world(), arg[0], &info), 0,
				strtoull(arg[1], NULL, 0), 4, &data);

	if (!ret)
		printf("0x%llx\n", (unsigned long long)data);
	return check(arg[1], ret);
}

static int do_write(char **arg)
{
	struct sim_dom_info info;

	return check(arg[1], sim_mmio_write(domain(world(), arg[0], &info), 0,
					    strtoull(arg[1], NULL, 0), 4,
					    strtoull(arg[2], NULL, 0)));
}

static int do_fault(char **arg)
{
	struct sim_world *w = world();
	int ret;

	if (!strcmp(arg[0], "clear")) {
		sim_fault_clear(w);
		return 0;
	}
	ret = sim_fault(w, arg[0]);
	if (ret >= 0)
		printf("%d\n", ret);
	return check(arg[0], ret < 0 ? ret : 0);
}

static int do_fault_hits(char **arg)
{
	printf("%llu\n", (unsigned long long)
	       sim_fault_hits(world(), (int)number(arg[0])));
	return 0;
}

static int do_grants(char **arg)
{
	struct sim_dom_info info;
	struct sim_dom *dom = domain(world(), arg[0], &info);
	uint32_t n = 0;

	for (uint32_t i = SIM_GRANT_FIRST; i < sim_grant_entries(dom); i++)
		n += sim_grant_mapped(dom, i) != 0;
	printf("%u\n", n);
	return 0;
}

static int do_stats(char **arg)
{
	struct sim_stats s;

	(void)arg;
	sim_stats(world(), &s);
	for (int i = 0; i < SIM_CALLS; i++)
		printf("%s %llu\n", sim_call_name((enum sim_call)i),
		       (unsigned long long)s.calls[i]);
	printf("hypercalls %llu\nfaults %llu\nbusy_ungrants %llu\n"
	       "violations %llu\n", (unsigned long long)s.hypercalls,
	       (unsigned long long)s.faults,
	       (unsigned long long)s.busy_ungrants,
	       (unsigned long long)s.violations);
	printf("foreign_maps %u\nforeign_pages %u\ngrant_maps %u\n"
	       "grant_pages %u\nresource_maps %u\nservers %u\n"
	       "bound_ports %u\nprocesses %u\n", s.foreign_maps,
	       s.foreign_pages, s.grant_maps, s.grant_pages, s.resource_maps,
	       s.servers, s.bound_ports, s.processes);
	return 0;
}

/* What a back end has of guests: a number, because scripts wait for it. */
static uint32_t held(struct sim_world *w)
{
	struct sim_stats s;

	sim_stats(w, &s);
	return s.foreign_maps + s.grant_maps + s.resource_maps + s.servers;
}

static int do_held(char **arg)
{
	(void)arg;
	printf("%u\n", held(world()));
	return 0;
}

/* They wait for this more often still. */
static int do_empty(char **arg)
{
	struct sim_world *w = world();
	struct sim_dom_info info;

	(void)arg;
	return held(w) || !sim_dom_info(w, 1, &info);
}

static int do_violations(char **arg)
{
	struct sim_world *w = world();
	struct sim_stats s;
	char text[256];

	(void)arg;
	sim_stats(w, &s);
	for (uint64_t n = s.violations > 64 ? s.violations - 64 : 0;
	     !sim_violation(w, n, text, sizeof(text)); n++)
		puts(text);
	return s.violations != 0;
}

static const struct command {
	const char *name;
	int min, max;
	int (*run)(char **arg);
} commands[] = {
	{ "init", 1, 1, do_init },
	{ "create", 1, 4, do_create },
	{ "list", 0, 0, do_list },
	{ "shutdown", 2, 2, do_shutdown },
	{ "destroy", 1, 1, do_destroy },
	{ "disk-add", 3, 9, do_disk_add },
	{ "generic-add", 2, 3, do_generic_add },
	{ "disk-remove", 2, 2, do_disk_remove },
	{ "store-list", 1, 1, nodes_list },
	{ "store-read", 1, 1, nodes_read },
	{ "store-write", 2, 2, nodes_write },
	{ "store-remove", 1, 1, nodes_remove },
	{ "read", 2, 2, do_read },
	{ "write", 3, 3, do_write },
	{ "invalidate", 1, 1, do_invalidate },
	{ "fault", 1, 1, do_fault },
	{ "fault-hits", 1, 1, do_fault_hits },
	{ "grants", 1, 1, do_grants },
	{ "stats", 0, 0, do_stats },
	{ "held", 0, 0, do_held },
	{ "empty", 0, 0, do_empty },
	{ "violations", 0, 0, do_violations },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 &&
	     i < sizeof(commands) / sizeof(commands[0]); i++) {
		const struct command *c = &commands[i];

		if (!strcmp(argv[1], c->name) && argc - 2 >= c->min &&
		    argc - 2 <= c->max)
			return c->run(argv + 2);
	}
	if (argc == 2 && !strcmp(argv[1], "-h")) {
		fputs(usage, stdout);
		return 0;
	}
	fputs(usage, stderr);
	return 2;
}
