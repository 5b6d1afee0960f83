// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tells all lies, one after another, to one daemon. Ends as tests/check.sh
 * wants it.
 */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "tests/hostile/hostile.h"
#include "tests/hostile/scene.h"

/* What the allocator may keep; it asks for 132 KiB at a time. */
#define DATA_MORE_KIB 264

struct hostile {
	struct scene scene;
	struct liar liar;
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
	int ret = 0;

	l->config.raw = !lie->polite;
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

static void liar_run(struct liar *l, const struct lie *lie)
{
	const struct gblk_config config = l->config;
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
		ret = scene_disk_works(&config);
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
	h->liar.config = scene_disk(&h->scene, lie->read_only ?
				    DISK_READ_ONLY : DISK_LIED_TO, kind);
	/* Setting up a queue takes a while, and most need one. */
	h->liar.config.queues = lie->polite ? 0 : 1;
	for (int i = 0; lie->alone && i < 2; i++)
		bystander_pause(&h->scene.bystander[i]);
	liar_run(&h->liar, lie);
	for (int i = 0; lie->alone && i < 2; i++)
		bystander_resume(&h->scene.bystander[i]);
	ret = after_lie(&h->scene.after, why, sizeof(why));
	snprintf(name, sizeof(name), "%s/%s%s", h->scene.title, lie->name,
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

/* --- all of them -------------------------------------------------------------------- */

static bool wanted(const struct lie *lie, char *const names[])
{
	if (!*names)
		return true;
	while (*names)
		if (!strcmp(*names++, lie->name))
			return true;
	return false;
}

static int usage(void)
{
	fprintf(stderr, "usage: hostile -t TITLE -g DOMID -o DOMID -s SOCKET [LIE]...\n");
	return 2;
}

int main(int argc, char *argv[])
{
	static struct hostile h;
	struct scene *s = &h.scene;
	char why[200];
	int ret;

	if (scene_option(s, argc, argv, "") >= 0 || !s->title || !s->socket)
		return usage();
	s->after.data_more_kib = DATA_MORE_KIB;
	ret = scene_open(s);
	if (ret) {
		fprintf(stderr, "hostile: no world to lie in: %s\n",
			strerror(-ret));
		return 1;
	}
	h.liar.world = s->world;
	h.liar.dom = s->ram[0].dom;
	h.liar.ram = &s->ram[0];
	h.liar.vcpu = s->vcpu;
	for (struct lie *lie = lies; lie; lie = lie->next) {
		if (!wanted(lie, argv + optind))
			continue;
		/* Who serves nobody any more has failed; that was said. */
		if (s->bystander[0].errors || s->bystander[1].errors)
			break;
		if (!lie->once)
			tell(&h, lie, GADDR_FOREIGN);
		tell(&h, lie, GADDR_GRANT);
	}
	if (scene_close(s, why, sizeof(why))) {
		h.failed++;
		printf("  FAIL    %s: %s\n", s->title, why);
	}
	printf("%u passed, %u failed, 0 skipped\n", h.passed, h.failed);
	return h.failed != 0;
}
