#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Driver and device as threads of one process, under the thread sanitizer: what
# the device reads and writes of a ring while the driver does the same is one
# access of a size that can't tear, each time, or it would be reported as a race.
# Elsewhere guest and device are processes and our programs have one thread, and
# such a sanitizer sees nothing.

set -euo pipefail
src=$(cd "$(dirname "$0")/../.." && pwd)
there=${SIM_BUILD:-$src}/build-threads

mkdir -p "$there"
cd "$there"
if ! { [ -e config-host.mak ] || "$src/configure" --enable-tsan; } >log 2>&1 ||
		! make tests/unit/test_vring_flip >>log 2>&1; then
	tail -n 20 log
	exit 1
fi
# It wants a place for its shadow that random addresses may take.
setarch -R tests/unit/test_vring_flip
