// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A guest that writes to its disk and reads it back while calls of the back end
 * fail. An I/O error or a disk that wants a reset is what a guest must live with,
 * and it tries again; wrong data, a request that does not return, or a device that
 * does not come back is not.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/guest/gblk.h"

#define TRIES 6
#define SECONDS_MAX 60
#define LEN_MAX (UINT32_C(256) << 10)

static const char usage[] =
	"usage: verify ID ADDRESS IRQ grant|foreign [FAULT [PID]]\n"
	"\n"
	"FAULT  a call that fails, as in simctl fault\n"
	"PID    a process that is killed in the middle; the call is one after that\n"
	"\n"
	"ends with 0 if all data was right in the end; what the device did wrong\n"
	"meanwhile is on stderr, a line each. After a minute SIGALRM ends it.\n";

static struct gram ram;
static struct gvcpu vcpu;
static struct gblk disk;
static struct gblk_config config;
static bool is_open;
static pid_t victim;
static const char *fault;
static int fault_number;
static struct sim_world *world;
static unsigned int errors, resets;
static uint8_t out[LEN_MAX], in[LEN_MAX];

__attribute__((noreturn))
static void give_up(const char *what, int ret)
{
	fprintf(stderr, "guest: %s: %s, after %u errors and %u resets\n", what,
		strerror(-ret), errors, resets);
	exit(1);
}

static int reopen(void)
{
	if (is_open && !disk.broken)
		return 0;
	if (is_open) {
		resets++;
		gblk_close(&disk);
	}
	is_open = !gblk_open(&disk, &config);
	return is_open ? 0 : -EIO;
}

struct step {
	const char *name;
	int (*run)(const struct step *s);
	uint64_t offset;
	uint32_t len;
};

static int step_write(const struct step *s)
{
	for (uint32_t i = 0; i < s->len; i++)
		out[i] = (uint8_t)(i * 7 + s->offset / 512 + s->len + i / 511);
	return gblk_write(&disk.queue[0], s->offset, out, s->len);
}

/* Of what the last write of the same place has written. */
static int step_read(const struct step *s)
{
	int ret;

	memset(in, 0xee, s->len);
	ret = gblk_read(&disk.queue[0], s->offset, in, s->len);
	if (!ret && memcmp(in, out, s->len))
		give_up("other data than was written", -EILSEQ);
	return ret;
}

static int step_flush(const struct step *s)
{
	(void)s;
	return gblk_flush(&disk.queue[0]);
}

static int step_zero(const struct step *s)
{
	memset(out, 0, s->len);
	return gblk_clear(&disk.queue[0], VIRTIO_BLK_T_WRITE_ZEROES, s->offset,
			  s->len, 0);
}

static char serial[VIRTIO_BLK_ID_BYTES + 1];

static int step_id(const struct step *s)
{
	(void)s;
	return gblk_id(&disk.queue[0], serial);
}

/* As a guest that has several vCPUs may do it at any time. */
static int step_invalidate(const struct step *s)
{
	(void)s;
	return sim_invalidate(ram.dom, 1);
}

static void arm(void)
{
	fault_number = sim_fault(world, fault);
	if (fault_number < 0)
		give_up(fault, fault_number);
}

/* The fault first: whoever comes next makes the first call that counts. */
static int step_kill(const struct step *s)
{
	(void)s;
	if (!victim)
		return 0;
	arm();
	if (kill(victim, SIGKILL))
		give_up("the process to kill", -errno);
	return 0;
}

static const struct step steps[] = {
	{ "serial number", step_id, 0, 0 },
	{ "write", step_write, 0, 512 },
	{ "read", step_read, 0, 512 },
	{ "write", step_write, 8192, 4096 },
	{ "read", step_read, 8192, 4096 },
	{ "write", step_write, 1 << 20, LEN_MAX },
	{ "flush", step_flush, 0, 0 },
	{ "kill", step_kill, 0, 0 },
	{ "invalidate", step_invalidate, 0, 0 },
	{ "read", step_read, 1 << 20, LEN_MAX },
	{ "write zeroes", step_zero, 1 << 20, 65536 },
	{ "read", step_read, 1 << 20, 65536 },
};

static void step_until_done(const struct step *s)
{
	int ret = -EIO;

	for (int i = 0; ret && i < TRIES; i++) {
		ret = reopen();
		if (!ret)
			ret = s->run(s);
		if (ret == -ETIMEDOUT)
			give_up(s->name, ret);
		errors += ret != 0;
	}
	if (ret)
		give_up(s->name, ret);
}

static void open_guest(char **arg)
{
	struct sim_dom *dom = sim_dom_open(world, (uint32_t)atoi(arg[0]));

	if (!dom || gram_open(&ram, dom))
		give_up("no such guest", -errno);
	gvcpu_init(&vcpu, dom, 0);
	config = (struct gblk_config){
		.ram = &ram, .vcpu = &vcpu, .queues = 1,
		.base = strtoull(arg[1], NULL, 0),
		.irq = (uint32_t)atoi(arg[2]),
		.kind = strcmp(arg[3], "grant") ? GADDR_FOREIGN : GADDR_GRANT };
}

int main(int argc, char **argv)
{
	world = sim_open(NULL);
	if (argc < 5 || argc > 7 || !world) {
		fputs(usage, stderr);
		return 2;
	}
	alarm(SECONDS_MAX);
	open_guest(argv + 1);
	if (argc > 5)
		fault = argv[5];
	if (argc > 6)
		victim = atoi(argv[6]);
	else if (fault)
		arm();
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		step_until_done(&steps[i]);
	gblk_check(&disk);
	/* What is in use then, the grants' owner has complained of. */
	gblk_close(&disk);
	gram_check(&ram);
	printf("serial %s\n%u errors, %u resets\n", serial, errors, resets);
	if (fault) {
		printf("%llu failed calls\n", (unsigned long long)
		       sim_fault_hits(world, fault_number));
		sim_fault_clear(world);
	}
	return 0;
}
