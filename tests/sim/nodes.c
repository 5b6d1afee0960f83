// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Commands that look at single nodes of xenstore and change them, as root may
 * with xenstore-read and the like.
 */
#include "tests/sim/simctl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xenstore.h>

int nodes_list(char **arg)
{
	unsigned int n = 0;
	char **names = xs_directory(toolstack_open(), XBT_NULL, arg[0], &n);

	for (unsigned int i = 0; names && i < n; i++)
		puts(names[i]);
	free(names);
	return check(arg[0], names ? 0 : -errno);
}

int nodes_read(char **arg)
{
	unsigned int len;
	char *value = xs_read(toolstack_open(), XBT_NULL, arg[0], &len);

	if (value)
		puts(value);
	free(value);
	return check(arg[0], value ? 0 : -errno);
}

int nodes_write(char **arg)
{
	return check(arg[0], xs_write(toolstack_open(), XBT_NULL, arg[0],
				      arg[1], (unsigned int)strlen(arg[1])) ?
		     0 : -errno);
}

int nodes_remove(char **arg)
{
	return check(arg[0], xs_rm(toolstack_open(), XBT_NULL, arg[0]) ?
		     0 : -errno);
}
