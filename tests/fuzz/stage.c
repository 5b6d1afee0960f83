// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One vCPU, so that at most two accesses fit into a turn of the worker's loop,
 * and nothing is outstanding whenever something is looked at.
 */
#include "tests/fuzz/stage.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#define __XEN_TOOLS__ 1
#include <xen/xen.h>
#include <xen/hvm/ioreq.h>

#include "backend/log.h"
#include "tests/fuzz/counters.h"
#include "tests/fuzz/disks.h"
#include "tests/fuzz/ownworld.h"
#include "tests/fuzz/stage_check.h"

#define OWN_SLOT  8u
#define RAM_PAGES 0xe80u

/* --- workers ------------------------------------------------------------------------ */

static const char *worker_program(void)
{
	static char *program;

	if (!program)
		program = ownworld_built(FUZZ_WORKER);
	return program;
}

static void counters_open(struct stage *st)
{
	static unsigned int n;
	int fd;

	MUST(asprintf(&st->counters_file, "%s/counters.%u", ownworld_path(),
		      n++) > 0);
	fd = open(st->counters_file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	MUST(fd >= 0 && !ftruncate(fd, COUNTERS_HEAD + COUNTERS_MAX));
	st->counters = mmap(NULL, COUNTERS_HEAD + COUNTERS_MAX,
			    PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	MUST(st->counters != MAP_FAILED);
	close(fd);
}

static void counters_close(struct stage *st)
{
	munmap(st->counters, COUNTERS_HEAD + COUNTERS_MAX);
	unlink(st->counters_file);
	free(st->counters_file);
}

static uint8_t *counters_of(struct stage *st, uint32_t *n)
{
	const struct counters_head *head = (const void *)st->counters;

	*n = head->count;
	MUST(*n <= COUNTERS_MAX);
	return st->counters + head->offset;
}

static void counters_take(struct stage *st)
{
	uint32_t n;
	const uint8_t *counter = counters_of(st, &n);

	memcpy(st->counted, counter, n);
}

static void counters_clear(struct stage *st)
{
	uint32_t n;
	uint8_t *counter = counters_of(st, &n);

	memset(counter, 0, n);
}

void stage_lost(struct stage *st, const char *what)
{
	char text[200];
	struct sim_stats stats;

	sim_stats(st->world, &stats);
	if (stats.violations &&
	    !sim_violation(st->world, stats.violations - 1, text, sizeof(text)))
		fprintf(stderr, "violation: %s\n", text);
	servant_lost(&st->servant, what);
}

/* --- begin and end ------------------------------------------------------------------ */

uint32_t stage_pages(struct stage *st)
{
	struct sim_dom_info info;
	struct sim_stats stats;

	/* It looks for processes that have ended. */
	sim_stats(st->world, &stats);
	MUST(!sim_dom_info(st->world, sim_domid(st->dom), &info) &&
	     info.domid == sim_domid(st->dom));
	return info.mapped_pages;
}

static void guest_make(struct stage *st)
{
	const struct sim_dom_config config = {
		.name = "story", .vcpus = 1,
		.ram_bytes = RAM_PAGES * (uint64_t)SIM_PAGE };

	st->dom = sim_dom_create(st->world, &config);
	MUST(st->dom);
	gvcpu_init(&st->vcpu, st->dom, 0);
	st->memory.dom = st->dom;
	st->memory.ram = sim_ram(st->dom);
	memset(st->memory.changed, true, sizeof(st->memory.changed));
	memset(st->memory.ram + (OWN_FRAME - GUARDS) * PAGE, GUARD,
	       (HONEST_PAGES + 2 * GUARDS) * PAGE);
}

static void own_disk_make(struct stage *st)
{
	static uint8_t poison[HONEST_DATA];

	/* Direct: what it reads comes through the worker's buffers. */
	st->own = disks_describe(OWN_SLOT, PROTO_DISK_READ_ONLY |
					   PROTO_DISK_DIRECT);
	st->own.size = HONEST_DATA;
	st->own_image = memfd_create("own", MFD_CLOEXEC);
	memset(poison, POISON, sizeof(poison));
	MUST(write(st->own_image, poison, HONEST_DATA) == HONEST_DATA);
	st->honest = (struct honest){
		.mmio = { .vcpu = &st->vcpu, .base = st->own.base },
		.mem = st->memory.ram + OWN_FRAME * PAGE,
		.gpa = SIM_RAM_BASE + OWN_FRAME * PAGE };
}

static void own_disk_read(struct stage *st)
{
	uint8_t *data = honest_data(&st->honest);

	memset(data, 0, HONEST_DATA);
	HOLDS(st, !honest_read(&st->honest, HONEST_DATA));
	HOLDS(st, data[0] == POISON &&
	      !memcmp(data, data + 1, HONEST_DATA - 1));
}

/* One stage plays at a time, the others rest and end by themselves. */
static void tell_living(struct stage *st)
{
	ownworld_living(&st->servant.child.pid, 1);
}

void stage_open(struct stage *st, struct sim_world *world, uint8_t how,
		uint8_t *counted)
{
	struct sim_dom_info info;

	*st = (struct stage){ .world = world, .counted = counted };
	guest_make(st);
	own_disk_make(st);
	counters_open(st);
	st->servant.program = worker_program();
	st->servant.start = (struct proto_start){
		.version = PROTO_VERSION, .domid = sim_domid(st->dom),
		.log_level = LOG_LEVEL_ERROR, .bucket_size = 1u << 16,
		.foreign_budget = 1u << 20, .grant_io = (how & 3) % 3,
		.grant_budget = how & 4 ? 8 : 256, .pool_size = 1u << 20 };
	MUST(!sim_dom_info(world, sim_domid(st->dom), &info));
	MUST(!setenv(COUNTERS_FILE, st->counters_file, 1));
	servant_open(&st->servant, info.uuid);
	tell_living(st);
	st->own.flags |= PROTO_DISK_FRESH;
	servant_add(&st->servant, &st->own, st->own_image);
	st->own.flags &= ~(uint32_t)PROTO_DISK_FRESH;
	HOLDS(st, !honest_open(&st->honest));
	own_disk_read(st);
	HOLDS(st, !sim_invalidate(st->dom, 0));
	st->at_rest = stage_pages(st);
}

void stage_close(struct stage *st)
{
	servant_watch(&st->servant);
	gmmio_reset(&st->honest.mmio);
	servant_remove(&st->servant, OWN_SLOT);
	servant_close(&st->servant);
	ownworld_living(NULL, 0);
	MUST(stage_pages(st) == 0);
	MUST(!sim_dom_destroy(st->dom));
	sim_dom_close(st->dom);
	counters_close(st);
	close(st->own_image);
}

static void add_disk(struct stage *st, const struct proto_disk *disk)
{
	servant_add(&st->servant, disk, disk->flags & PROTO_DISK_DIRECT ?
		    st->direct : st->image);
}

void stage_begin(struct stage *st, const struct proto_disk disk[DISKS],
		 int image, int direct)
{
	uint32_t pci = 0;

	tell_living(st);
	servant_watch(&st->servant);
	st->image = image;
	st->direct = direct;
	st->replaced = st->killed = false;
	for (uint32_t i = 0; i < DISKS; i++) {
		struct proto_disk fresh = disk[i];

		st->disk[i] = disk[i];
		fresh.flags |= PROTO_DISK_FRESH;
		add_disk(st, &fresh);
		pci |= disk[i].transport << i;
	}
	memory_use(&st->memory);
	guest_open(pci);
	/* What comes last is in the buffers. */
	own_disk_read(st);
	counters_clear(st);
}

void stage_replace(struct stage *st, bool killed)
{
	sim_fault_clear(st->world);
	if (killed)
		servant_kill(&st->servant);
	else
		servant_leave(&st->servant);
	st->replaced = true;
	st->killed = killed;
	MUST(stage_pages(st) == 0);
	MUST(!setenv(COUNTERS_FILE, st->counters_file, 1));
	servant_again(&st->servant);
	tell_living(st);
	for (uint32_t i = 0; i < DISKS; i++)
		add_disk(st, &st->disk[i]);
	servant_add(&st->servant, &st->own, st->own_image);
}

/* --- the guest acts ------------------------------------------------------------------ */

static int perform(struct stage *st, const struct ioreq_access *acc)
{
	bool config = acc->kind == IOREQ_CONFIG_READ ||
		      acc->kind == IOREQ_CONFIG_WRITE;
	struct sim_access a = {
		.type = config ? IOREQ_TYPE_PCI_CONFIG : IOREQ_TYPE_COPY,
		.read = acc->kind == IOREQ_CONFIG_READ ||
			acc->kind == IOREQ_MMIO_READ,
		.count = 1, .size = acc->size, .addr = acc->addr,
		.data = acc->data };

	if (acc->kind == IOREQ_UNMAP_ALL)
		return sim_invalidate(st->dom, 0);
	if (config)
		a.addr |= (uint64_t)acc->sbdf << 32;
	if (acc->kind == IOREQ_OTHER) {
		/* As a string instruction of x86 makes one. */
		a.addr = WINDOW;
		a.size = 4;
		a.count = 2;
	}
	return sim_access(st->dom, 0, &a);
}

void stage_act(struct stage *st)
{
	while (guest_has_access()) {
		struct ioreq_access acc = guest_take_access();
		int ret = perform(st, &acc);

		/* -EFAULT: it is nobody's address. */
		HOLDS(st, ret == 0 || ret == -EFAULT);
	}
}

void stage_end(struct stage *st, bool reset, uint32_t tried, bool grants)
{
	sim_fault_clear(st->world);
	if (reset) {
		guest_reset();
		stage_act(st);
		check_reset(st);
		check_memory(st);
		counters_take(st);
		check_works(st, tried, grants);
	}
	for (uint32_t i = 0; i < DISKS; i++)
		servant_remove(&st->servant, i);
	if (!reset)
		counters_take(st);
	check_gone(st);
}
