/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keys of the configuration file. Constant tables; nothing is allocated.
 */
#ifndef BACKEND_SETTING_H
#define BACKEND_SETTING_H

#include <stddef.h>

#include "backend/config.h"

struct setting {
	const char *name;	/* NULL ends the table */
	/* 0, or -EINVAL and *to is what it was. */
	int (*parse)(const char *value, void *to);
	size_t offset, size;	/* of the field, in the struct below */
	const char *allowed;	/* "a power of two, 64K to 16M" */
	/* What only a disk called like this has, "": any one. NULL: all may. */
	const char *vdev;
};

extern const struct setting setting_global[];	/* of struct config */
extern const struct setting setting_disk[];	/* of struct config_disk */

/*
 * Set the key @name of @keys, one of the two tables, in *to. *index is its
 * place in the table. 0, or -EINVAL with a sentence in @text, and then *to is
 * what it was.
 */
int setting_apply(const struct setting *keys, void *to, const char *name,
		  const char *value, unsigned int *index, char *text,
		  size_t len);

/* "info" and so on. 0 or -EINVAL. */
int setting_log_level(const char *value, enum log_level *level);

#endif
