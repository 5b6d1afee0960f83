// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * On tmpfs if there is one, in a directory that others may pass but not list: workers give up
 * root, and open nothing by its path afterwards.
 */
#include "tests/fuzz/ownworld.h"

#include <string.h>
#include <sys/stat.h>

#include "tests/fuzz/fuzz.h"

static char *base;
static char *path;
static FILE *shell;

static void watch(void)
{
	char command[400];

	/* Each line names all that live; the end of lines is ours. */
	snprintf(command, sizeof(command),
		 "trap '' INT TERM HUP; while read -r pids; do all=$pids; done; "
		 "[ -z \"$all\" ] || kill -KILL $all 2>/dev/null; rm -rf '%s'",
		 base);
	shell = popen(command, "we");
	MUST(shell);
}

char *ownworld_built(const char *name)
{
	char *self = realpath("/proc/self/exe", NULL), *built;

	/* We are in tests/fuzz. */
	for (int i = 0; i < 3; i++)
		*strrchr(self, '/') = '\0';
	MUST(asprintf(&built, "%s/%s", self, name) > 0);
	free(self);
	return built;
}

struct sim_world *ownworld_open(void)
{
	struct sim_world *w;
	char *libs;

	base = strdup(access("/dev/shm", W_OK) ? "/tmp/story.XXXXXX" :
					       "/dev/shm/story.XXXXXX");
	MUST(base && mkdtemp(base) && !chmod(base, 0711));
	watch();
	MUST(asprintf(&path, "%s/world", base) > 0);
	libs = ownworld_built("tests/sim/lib");
	MUST(!sim_init(path) && !setenv("SIM_WORLD", path, 1) &&
	     !setenv("LD_LIBRARY_PATH", libs, 1));
	free(libs);
	w = sim_open(path);
	MUST(w);
	sim_vcpu_timeout(w, OWNWORLD_PATIENCE_S * 1000);
	return w;
}

const char *ownworld_path(void)
{
	return path;
}

void ownworld_living(const pid_t pid[], unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		fprintf(shell, "%d ", (int)pid[i]);
	fprintf(shell, "\n");
	fflush(shell);
}
