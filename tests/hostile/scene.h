/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who is there when a lie is told: a guest that lies, with three disks, another
 * guest with one, and two honest users. run.sh makes the guests and their disks.
 */
#ifndef HOSTILE_SCENE_H
#define HOSTILE_SCENE_H

#include "tests/hostile/after.h"
#include "tests/hostile/bystander.h"

#define SCENE_VCPUS 4

/* Where the disks are in their guest; the other guest has the first only. */
enum scene_disk { DISK_LIED_TO, DISK_BESIDE, DISK_READ_ONLY };

struct scene {
	const char *title;	/* of this world */
	const char *socket;	/* of the daemon */
	uint32_t domid[2];	/* the liar's, the other's */
	struct sim_world *world;
	struct gram ram[2];
	struct gvcpu vcpu[SCENE_VCPUS], other_vcpu;
	struct bystander bystander[2];
	struct after after;
	uint32_t grants_at_rest;	/* those of xenstored */
};

/*
 * Take @title, @socket and @domid from the options -t, -s, -g and -o, and what
 * is in @more for the caller: as getopt(), which it calls. '?' is a mistake.
 */
int scene_option(struct scene *s, int argc, char *argv[], const char *more);
/* Everybody is there, and at work. 0 or -errno. */
int scene_open(struct scene *s);
/* The honest users go home. 0, or nothing is as it was: a sentence in @why. */
int scene_close(struct scene *s, char *why, size_t len);

/* A disk of the liar's guest, by vCPU 0. */
struct gblk_config scene_disk(struct scene *s, enum scene_disk disk,
			      enum gaddr kind);
/* It can be opened, written, read and closed. */
int scene_disk_works(const struct gblk_config *config);

#endif
