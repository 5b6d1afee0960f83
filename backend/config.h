/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configuration file, see xen-vblkd.conf(5). Read as a whole: a file with
 * an error gives nothing.
 */
#ifndef BACKEND_CONFIG_H
#define BACKEND_CONFIG_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/image.h"
#include "backend/log.h"
#include "backend/proto.h"

#define CONFIG_NAME_LEN 64	/* of a guest or disk, with the zero */

#define CONFIG_RUNTIME_DIR "/run/xen-vblkd"	/* if nothing else is said */

/* What can be said of one disk. */
struct config_disk {
	uint32_t queues;	/* 0: one per vCPU, at most 4 */
	uint32_t queue_size;
	enum image_choice direct;
	enum image_choice discard;
	uint32_t writethrough;
	char serial[PROTO_ID_LEN + 1];	/* "": made up */
	uint32_t pci_slot;	/* of an HVM guest; 0: follows from the name */
	/* Of a generic device; xl says the same of its disks. */
	char path[PATH_MAX];	/* of the image; "": another back end's */
	uint32_t read_only;
};

struct config_section;

struct config {
	enum log_level log_level;
	char worker[PATH_MAX];
	char runtime_dir[PATH_MAX];
	char socket[PATH_MAX];	/* of the control socket */
	uint32_t bucket_size;	/* the following as in struct proto_start */
	enum proto_grant_io grant_io;
	uint64_t foreign_budget;
	uint64_t grant_budget;
	uint64_t pool_size;
	struct config_section *sections;	/* [disk …], in order */
	size_t nsections;
};

/*
 * Read @path; NULL is the default file, which may be missing. 0 or -errno, and
 * then @text names file and line and says what is allowed, and *config is
 * NULL. config_free() frees.
 */
int config_load(struct config **config, const char *path, char *text,
		size_t len);
void config_free(struct config *config);

/*
 * One more section, [disk GUEST/VDEV], over all that are as particular. NULL
 * without memory; good until the next is added.
 */
struct config_section *config_add(struct config *config, const char *guest,
				  const char *vdev);

/* A key in it. 0, or -EINVAL with a sentence in @text. */
int config_set(struct config_section *section, const char *name,
	       const char *value, char *text, size_t len);

/*
 * Call @each for every section that names an image: of which guest's disk, and
 * what the section says.
 */
void config_for_each_image(const struct config *config,
			   void (*each)(void *arg, const char *guest,
					const char *vdev,
					const struct config_disk *disk),
			   void *arg);

/*
 * What holds for one disk: the defaults, then [disk], then [disk GUEST], then
 * [disk GUEST/VDEV], where GUEST is the guest's name or uuid.
 */
void config_for_disk(const struct config *config, const char *name,
		     const char *uuid, const char *vdev,
		     struct config_disk *disk);

#endif
