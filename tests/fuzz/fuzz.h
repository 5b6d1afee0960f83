/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every fuzzer needs: its input as a stream of numbers, and a way to say
 * that something is wrong. A fuzzer is one function that libFuzzer calls with
 * bytes (make fuzz), or replay.c with those of the corpus (make check-quick).
 *
 * The same bytes give the same run. Past its end an input is all zeroes, so
 * every prefix of one is one, too.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold whatever the input is. Never compiled out. */
#define MUST(what)							\
	do {								\
		if (!(what)) {						\
			fprintf(stderr, "%s:%d: broken: %s\n",		\
				__FILE__, __LINE__, #what);		\
			abort();					\
		}							\
	} while (0)

struct input {
	const uint8_t *at;
	size_t left;
};

static inline bool input_ends(const struct input *in)
{
	return !in->left;
}

/* The next @n bytes as a little-endian number. */
static inline uint64_t input_bytes(struct input *in, unsigned int n)
{
	uint64_t v = 0;

	for (unsigned int i = 0; i < n && in->left; i++, in->left--)
		v |= (uint64_t)*in->at++ << (8 * i);
	return v;
}

static inline uint8_t input_u8(struct input *in)
{
	return (uint8_t)input_bytes(in, 1);
}

static inline uint16_t input_u16(struct input *in)
{
	return (uint16_t)input_bytes(in, 2);
}

static inline uint32_t input_u32(struct input *in)
{
	return (uint32_t)input_bytes(in, 4);
}

static inline uint64_t input_u64(struct input *in)
{
	return input_bytes(in, 8);
}

/* The lowest descriptor that is free: a leak makes it grow. */
static inline int lowest_fd(void)
{
	int fd = dup(STDIN_FILENO);

	MUST(fd >= 0);
	close(fd);
	return fd;
}

/* 0 to @n - 1, @n up to 256. */
static inline uint32_t input_below(struct input *in, uint32_t n)
{
	return input_u8(in) % n;
}

#endif
