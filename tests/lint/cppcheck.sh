#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# cppcheck. A finding that is wrong is silenced where it is found, with the
# reason beside it: // cppcheck-suppress <id>

set -euo pipefail
cd "$(dirname "$0")/../.."

command -v cppcheck >/dev/null || {
	echo "no cppcheck"
	exit 77
}

# The one system header whose macros shape our declarations.
queue=$(echo '#include <sys/queue.h>' | "${LINT_CC:-cc}" -M -x c - |
	grep -o '/[^ ]*/sys/queue\.h')

options=(
	--quiet
	--std=c11
	--enable=warning --enable=performance --enable=portability
	--error-exitcode=1
	--inline-suppr
	-j "$(nproc)"
	-I .
	-D_GNU_SOURCE
	# Suppressions that are not needed with one version are with another.
	--suppress=unmatchedSuppression
	# System headers are not followed, on purpose: they are not ours to check.
	--suppress=missingIncludeSystem
	# Mistakes designated initializers, .a = { .a = a }, for assignments.
	--suppress=unknownEvaluationOrder
	"--include=$queue"
)

cppcheck "${options[@]}" backend mapcache xen tools
