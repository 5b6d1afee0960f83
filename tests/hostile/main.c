// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tells all lies, one after another, to one daemon that serves two guests: the
 * liar's, with a disk to lie to, a read-only one and a bystander's, and another
 * one. run.sh makes that world. Ends as tests/check.sh wants it.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/hostile/after.h"
#include "tests/hostile/hostile.h"

#define BASE(n) (UINT64_C(0x2000000) + (n) * 0x200)
#define IRQ(n) (33u + (n))
enum { DISK_LIED_TO, DISK_BYSTANDER, DISK_READ_ONLY };

struct hostile {
	const char *title;	/* of this world */
	struct liar liar;
	struct gram ram[2];
	struct gvcpu vcpu[LIE_VCPUS], other_vcpu;
	struct bystander bystander[2];
	struct after after;
	uint32_t grants_at_rest;	/* those of xenstored */
	uint32_t passed, failed;
};

static struct lie *lies;

/* Sorted by name, so that a list in a document can be compared. */
void lie_register(struct lie *lie)
{
	struct lie **p = &lies;

	while (*p && strcmp((*p)->name, lie->name) < 0)
		p = &(*p)->next;
	lie->next = *p;
	*p = lie;
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* --- one lie -------------------------------------------------------------------- */

static int liar_open(struct liar *l, const struct lie *lie)
{
	unsigned int disk = lie->read_only ? DISK_READ_ONLY : DISK_LIED_TO;
	int ret = 0;

	l->config = (struct gblk_config){
		.ram = l->ram, .vcpu = &l->vcpu[0], .base = BASE(disk),
		.irq = IRQ(disk), .kind = l->kind, .raw = !lie->polite };
	l->why[0] = 0;
	l->answered = 0;
	l->scribbles = lie->scribbles;
	if (lie->reset) {
		l->disk = (struct gblk){ .config = l->config, .ram = l->ram };
		l->disk.mmio.vcpu = l->config.vcpu;
		l->disk.mmio.base = l->config.base;
		gmmio_reset(&l->disk.mmio);
	} else {
		ret = gblk_open(&l->disk, &l->config);
	}
	l->ring = &l->disk.queue[0].ring;
	l->mmio = &l->disk.mmio;
	if (ret)
		snprintf(l->why, sizeof(l->why), "the disk can't be opened: %s",
			 strerror(-ret));
	return ret;
}

/* What was lied to is a disk all the same. */
static int liar_works(struct liar *l)
{
	uint8_t out[4096], in[4096] = { 0 };
	bool writable;
	int ret;

	l->config.raw = false;
	l->config.refuse = 0;
	ret = gblk_open(&l->disk, &l->config);
	if (ret)
		return ret;
	writable = !gblk_has(&l->disk, VIRTIO_BLK_F_RO);
	memset(out, 0x5a, sizeof(out));
	if (writable)
		ret = gblk_write(&l->disk.queue[0], 65536, out, sizeof(out));
	if (!ret)
		ret = gblk_read(&l->disk.queue[0], 65536, in, sizeof(in));
	if (!ret && writable && memcmp(in, out, sizeof(in)))
		ret = -EILSEQ;
	gblk_check(&l->disk);
	if (!ret)
		ret = gblk_close(&l->disk);
	else
		gblk_close(&l->disk);
	return ret;
}

static void liar_run(struct liar *l, const struct lie *lie)
{
	int ret;

	if (liar_open(l, lie))
		return;
	if (!setjmp(l->end))
		lie->run(l);
	if (!lie->scribbles)
		gblk_check(&l->disk);
	ret = gblk_close(&l->disk);
	lie_release(l, 0);
	if (!ret)
		ret = liar_works(l);
	if (ret && !l->why[0])
		snprintf(l->why, sizeof(l->why), "no working disk after reset: %s",
			 strerror(-ret));
}

static void tell(struct hostile *h, const struct lie *lie, enum gaddr kind)
{
	double start = seconds();
	char name[80], why[200] = "";
	int ret;

	h->liar.kind = kind;
	for (int i = 0; lie->alone && i < 2; i++)
		bystander_pause(&h->bystander[i]);
	liar_run(&h->liar, lie);
	for (int i = 0; lie->alone && i < 2; i++)
		bystander_resume(&h->bystander[i]);
	ret = after_lie(&h->after, why, sizeof(why));
	snprintf(name, sizeof(name), "%s/%s%s", h->title, lie->name,
		 lie->once ? "" : kind == GADDR_GRANT ? " (grants)" :
		 " (foreign)");
	if (!ret && !h->liar.why[0]) {
		h->passed++;
		printf("  PASS    %-44s %7.2fs\n", name, seconds() - start);
	} else {
		h->failed++;
		printf("  FAIL    %-44s %7.2fs  %s%s%s\n", name,
		       seconds() - start, h->liar.why,
		       h->liar.why[0] && ret ? "; " : "", why);
	}
	fflush(stdout);
}

/* --- the world -------------------------------------------------------------------- */

static int world_open(struct hostile *h, const uint32_t domid[2])
{
	struct sim_stats stats;
	struct sim_dom *dom[2];
	int ret = 0;

	h->liar.world = h->after.world = sim_open(NULL);
	if (!h->liar.world)
		return -errno;
	sim_stats(h->liar.world, &stats);
	h->grants_at_rest = stats.grant_pages;
	for (int i = 0; !ret && i < 2; i++) {
		dom[i] = sim_dom_open(h->liar.world, domid[i]);
		ret = dom[i] ? gram_open(&h->ram[i], dom[i]) : -errno;
		h->after.ram[i] = &h->ram[i];
		h->after.bystander[i] = &h->bystander[i];
	}
	if (ret)
		return ret;
	for (uint32_t i = 0; i < LIE_VCPUS; i++)
		gvcpu_init(&h->vcpu[i], dom[0], i);
	gvcpu_init(&h->other_vcpu, dom[1], 0);
	h->liar.dom = dom[0];
	h->liar.ram = &h->ram[0];
	h->liar.vcpu = h->vcpu;
	return 0;
}

static int bystanders_start(struct hostile *h)
{
	struct gblk_config c = {
		.ram = &h->ram[0], .vcpu = &h->vcpu[1],
		.base = BASE(DISK_BYSTANDER), .irq = IRQ(DISK_BYSTANDER),
		.kind = GADDR_GRANT };
	int ret = bystander_start(&h->bystander[0], "disk beside", &c);

	if (ret)
		return ret;
	c.ram = &h->ram[1];
	c.vcpu = &h->other_vcpu;
	c.base = BASE(0);
	c.irq = IRQ(0);
	ret = bystander_start(&h->bystander[1], "other guest", &c);
	return ret;
}

/* After the last lie nothing of the guests is used by anybody. */
static void world_close(struct hostile *h)
{
	struct sim_stats stats;
	int ret = bystander_stop(&h->bystander[0]);

	if (!ret)
		ret = bystander_stop(&h->bystander[1]);
	sim_stats(h->liar.world, &stats);
	if (!ret && stats.grant_pages == h->grants_at_rest)
		return;
	h->failed++;
	printf("  FAIL    %s: at the end %u grants are mapped, not %u (%s)\n",
	       h->title, stats.grant_pages, h->grants_at_rest, strerror(-ret));
}

static bool wanted(const struct lie *lie, int argc, char *argv[])
{
	for (int i = 0; i < argc; i++)
		if (!strcmp(argv[i], lie->name))
			return true;
	return !argc;
}

static int usage(void)
{
	fprintf(stderr, "usage: hostile -l | -t TITLE -g DOMID -o DOMID -s SOCKET [LIE]...\n");
	return 2;
}

int main(int argc, char *argv[])
{
	static struct hostile h = { .title = "hostile" };
	uint32_t domid[2] = { 0, 0 };
	struct lie *lie;
	int opt, ret;

	while ((opt = getopt(argc, argv, "lt:g:o:s:")) >= 0)
		switch (opt) {
		case 'l':
			for (lie = lies; lie; lie = lie->next)
				puts(lie->name);
			return 0;
		case 't':
			h.title = optarg;
			break;
		case 'g':
			domid[0] = (uint32_t)atoi(optarg);
			break;
		case 'o':
			domid[1] = (uint32_t)atoi(optarg);
			break;
		case 's':
			h.after.socket = optarg;
			break;
		default:
			return usage();
		}
	if (!domid[0] || !domid[1] || !h.after.socket)
		return usage();
	ret = world_open(&h, domid);
	if (!ret)
		ret = bystanders_start(&h);
	if (!ret)
		ret = after_begin(&h.after);
	if (ret) {
		fprintf(stderr, "hostile: no world to lie in: %s\n",
			strerror(-ret));
		return 1;
	}
	for (lie = lies; lie; lie = lie->next) {
		if (!wanted(lie, argc - optind, argv + optind))
			continue;
		if (!lie->once)
			tell(&h, lie, GADDR_FOREIGN);
		tell(&h, lie, GADDR_GRANT);
	}
	world_close(&h);
	printf("%u passed, %u failed, 0 skipped\n", h.passed, h.failed);
	return h.failed != 0;
}
