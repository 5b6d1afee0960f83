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

static const char usage[] =
	"usage: simctl COMMAND ARGUMENT...\n"
	"\n"
	"init DIR                     make a world; $SIM_WORLD names it for the others\n"
	"create NAME [MIB [VCPUS]]    a domain that runs at once; prints its id\n"
	"list                         id, name, state, pages mapped by back ends\n"
	"shutdown ID poweroff|reboot|suspend|crash   as the guest does it\n"
	"destroy ID                   pause, remove its disks, destroy\n"
	"disk-add ID VDEV FILE [ro] [grants]   as libxl: 10 s for state 2\n"
	"disk-remove ID VDEV          10 s for state 6\n"
	"read ID ADDRESS              four bytes of a device, by vCPU 0\n"
	"write ID ADDRESS VALUE\n"
	"invalidate ID                a request to drop all mappings, on vCPU 0\n"
	"fault SPEC | fault clear     make calls fail, see world.h; prints a number\n"
	"fault-hits NUMBER            how many have\n"
	"stats                        name and number, one a line\n"
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

static int check(const char *what, int ret)
{
	if (ret)
		fprintf(stderr, "simctl: %s: %s\n", what, strerror(-ret));
	return ret ? 1 : 0;
}

static int do_init(char **arg)
{
	return check(arg[0], sim_init(arg[0]));
}

static int do_create(char **arg)
{
	struct sim_world *w = world();
	struct sim_dom_config config = {
		.name = arg[0], .vcpus = 1, .ram_bytes = 64 << 20 };
	struct sim_dom_info info;
	struct sim_dom *dom;

	if (arg[1])
		config.ram_bytes = (uint64_t)number(arg[1]) << 20;
	if (arg[1] && arg[2])
		config.vcpus = number(arg[2]);
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
	ret = check("a disk", toolstack_disks_remove(xs, info.domid));
	toolstack_forget(xs, &info);
	return check("destroy", sim_dom_destroy(dom)) || ret;
}

static int do_disk_add(char **arg)
{
	struct sim_dom_info info;
	struct toolstack_disk disk = { .vdev = arg[1], .path = arg[2] };
	uint32_t place;
	int ret;

	domain(world(), arg[0], &info);
	for (char **a = arg + 3; *a; a++) {
		if (!strcmp(*a, "ro"))
			disk.read_only = true;
		else if (!strcmp(*a, "grants"))
			disk.grants = true;
		else
			die("%s: not ro, not grants", *a);
	}
	ret = toolstack_disk_add(toolstack_open(), &info, &disk, &place);
	if (!ret)
		printf("0x%x %u\n", 0x2000000 + 0x200 * place, 33 + place);
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
	{ "create", 1, 3, do_create },
	{ "list", 0, 0, do_list },
	{ "shutdown", 2, 2, do_shutdown },
	{ "destroy", 1, 1, do_destroy },
	{ "disk-add", 3, 5, do_disk_add },
	{ "disk-remove", 2, 2, do_disk_remove },
	{ "read", 2, 2, do_read },
	{ "write", 3, 3, do_write },
	{ "invalidate", 1, 1, do_invalidate },
	{ "fault", 1, 1, do_fault },
	{ "fault-hits", 1, 1, do_fault_hits },
	{ "stats", 0, 0, do_stats },
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
