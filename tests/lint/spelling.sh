#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# codespell, over everything that people read. spelling.words has the words
# that are right although codespell doubts them.

set -euo pipefail
cd "$(dirname "$0")/../.."

command -v codespell >/dev/null || {
	echo "no codespell"
	exit 77
}

shopt -s nullglob
codespell --quiet-level=2 --ignore-words=tests/lint/spelling.words \
	--skip='*.o,*.d,*.a,spelling.words' \
	./*.md Makefile configure .ci backend mapcache xen tools docs tests
