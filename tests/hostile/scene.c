// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The world as run.sh made it, opened and closed.
 */
#include "tests/hostile/scene.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The toolstack's windows and interrupts on Arm. */
#define BASE(n) (UINT64_C(0x2000000) + (uint64_t)(n) * 0x200)
#define IRQ(n) (33u + (uint32_t)(n))

int scene_option(struct scene *s, int argc, char *argv[], const char *more)
{
	char known[40];
	int opt;

	snprintf(known, sizeof(known), "t:g:o:s:%s", more);
	while ((opt = getopt(argc, argv, known)) >= 0)
		switch (opt) {
		case 't':
			s->title = optarg;
			break;
		case 'g':
			s->domid[0] = (uint32_t)atoi(optarg);
			break;
		case 'o':
			s->domid[1] = (uint32_t)atoi(optarg);
			break;
		case 's':
			s->socket = optarg;
			break;
		default:
			return opt;
		}
	return -1;
}

static int guests_open(struct scene *s)
{
	for (int i = 0; i < 2; i++) {
		struct sim_dom *dom = sim_dom_open(s->world, s->domid[i]);
		int ret = dom ? gram_open(&s->ram[i], dom) : -errno;

		if (ret)
			return ret;
		s->after.ram[i] = &s->ram[i];
		s->after.bystander[i] = &s->bystander[i];
	}
	for (uint32_t i = 0; i < SCENE_VCPUS; i++)
		gvcpu_init(&s->vcpu[i], s->ram[0].dom, i);
	gvcpu_init(&s->other_vcpu, s->ram[1].dom, 0);
	return 0;
}

struct gblk_config scene_disk(struct scene *s, enum scene_disk disk,
			      enum gaddr kind)
{
	return (struct gblk_config){
		.ram = &s->ram[0], .vcpu = &s->vcpu[0], .base = BASE(disk),
		.irq = IRQ(disk), .kind = kind };
}

static int bystanders_start(struct scene *s)
{
	struct gblk_config c = scene_disk(s, DISK_BESIDE, GADDR_GRANT);
	int ret;

	c.vcpu = &s->vcpu[1];
	ret = bystander_start(&s->bystander[0], "disk beside", &c);
	if (ret)
		return ret;
	c.ram = &s->ram[1];
	c.vcpu = &s->other_vcpu;
	c.base = BASE(0);
	c.irq = IRQ(0);
	return bystander_start(&s->bystander[1], "other guest", &c);
}

int scene_open(struct scene *s)
{
	struct sim_stats stats;
	int ret;

	s->world = s->after.world = sim_open(NULL);
	if (!s->world)
		return -errno;
	s->after.socket = s->socket;
	sim_stats(s->world, &stats);
	s->grants_at_rest = stats.grant_pages;
	ret = guests_open(s);
	if (!ret)
		ret = bystanders_start(s);
	return ret ? ret : after_begin(&s->after);
}

int scene_close(struct scene *s, char *why, size_t len)
{
	struct sim_stats stats;
	int ret = bystander_stop(&s->bystander[0]);

	if (!ret)
		ret = bystander_stop(&s->bystander[1]);
	sim_stats(s->world, &stats);
	if (!ret && stats.grant_pages == s->grants_at_rest)
		return 0;
	snprintf(why, len, "at the end %u grants are mapped, not %u (%s)",
		 stats.grant_pages, s->grants_at_rest, strerror(-ret));
	return -EIO;
}

int scene_disk_works(const struct gblk_config *config)
{
	uint8_t out[4096], in[4096] = { 0 };
	static struct gblk disk;
	bool writable;
	int ret, closed;

	ret = gblk_open(&disk, config);
	if (ret)
		return ret;
	writable = !gblk_has(&disk, VIRTIO_BLK_F_RO);
	memset(out, 0x5a, sizeof(out));
	if (writable)
		ret = gblk_write(&disk.queue[0], 65536, out, sizeof(out));
	if (!ret)
		ret = gblk_read(&disk.queue[0], 65536, in, sizeof(in));
	if (!ret && writable && memcmp(in, out, sizeof(in)))
		ret = -EILSEQ;
	gblk_check(&disk);
	closed = gblk_close(&disk);
	return ret ? ret : closed;
}
