// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * main() of a fuzzer without libFuzzer, for any compiler: runs the inputs that
 * it is given, or else those of its corpus, once each.
 *
 * A file NAME.hex is text: pairs of hexadecimal digits, blanks, and comments
 * from '#' to the end of the line. Any other file is taken as it is, as
 * libFuzzer leaves it behind.
 */
#include "tests/fuzz/fuzz.h"

#include <ctype.h>
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <string.h>

#define INPUT_MAX (1u << 20)

static size_t load(const char *path, char *text)
{
	FILE *f = fopen(path, "r");
	size_t n;

	if (!f)
		err(1, "%s", path);
	n = fread(text, 1, INPUT_MAX, f);
	if (ferror(f) || n == INPUT_MAX)
		errx(1, "%s: can't be read, or is too long", path);
	fclose(f);
	return n;
}

static int digit(const char *path, int c)
{
	if (!isxdigit(c))
		errx(1, "%s: '%c' is no hexadecimal digit", path, c);
	return isdigit(c) ? c - '0' : tolower(c) - 'a' + 10;
}

/* In place; the number of bytes. */
static size_t decode(const char *path, char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '#') {
			while (i + 1 < len && text[i + 1] != '\n')
				i++;
		} else if (!isspace(c)) {
			int high = digit(path, c);

			if (++i == len)
				errx(1, "%s: half a byte at the end", path);
			text[n++] = (char)(high << 4 |
				digit(path, (unsigned char)text[i]));
		}
	}
	return n;
}

static size_t read_input(const char *path, char *text)
{
	const char *dot = strrchr(path, '.');
	size_t n = load(path, text);

	return dot && !strcmp(dot, ".hex") ? decode(path, text, n) : n;
}

static void run(const char *path)
{
	static char text[INPUT_MAX];
	size_t n = read_input(path, text);
	uint8_t *input = malloc(n ? n : 1);	/* of this size, for asan */

	if (!input)
		err(1, "%s", path);
	memcpy(input, text, n);
	printf("%s\n", path);
	fflush(stdout);
	LLVMFuzzerTestOneInput(input, n);
	free(input);
}

/* For libFuzzer, which wants bytes. */
static void write_decoded(const char *path)
{
	static char text[INPUT_MAX];
	size_t n = read_input(path, text);

	if (fwrite(text, 1, n, stdout) != n || fflush(stdout))
		err(1, "%s", path);
}

static int seen(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void run_corpus(const char *name)
{
	struct dirent **entry;
	char path[512];
	int n;

	snprintf(path, sizeof(path), FUZZ_CORPUS "/%s", name);
	n = scandir(path, &entry, seen, alphasort);
	if (n < 0)
		err(1, "%s", path);
	if (!n)
		errx(1, "%s: a corpus without an input", path);
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), FUZZ_CORPUS "/%s/%s", name,
			 entry[i]->d_name);
		run(path);
		free(entry[i]);
	}
	free(entry);
}

int main(int argc, char **argv)
{
	const char *name = strstr(program_invocation_short_name, "fuzz_");

	if (argc == 3 && !strcmp(argv[1], "--decode")) {
		write_decoded(argv[2]);
		return 0;
	}
	for (int i = 1; i < argc; i++)
		run(argv[i]);
	if (argc == 1)
		run_corpus(name ? name + strlen("fuzz_") : "");
	return 0;
}
