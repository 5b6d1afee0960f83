#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Builds our programs with address and undefined behaviour sanitizers, in a
# directory of their own below the build directory (SIM_BUILD, default: the tree
# this script is in), and prints its name: PRODUCT for scripts that run in the
# simulation.

set -euo pipefail
src=$(cd "$(dirname "$0")/../.." && pwd)
product=${SIM_BUILD:-$src}/build-sanitized

mkdir -p "$product"
cd "$product"
# Several tests may want it at once.
exec 9>lock
flock 9
if ! { [ -e config-host.mak ] || "$src/configure" --enable-asan; } >log 2>&1 ||
		! make -j"$(nproc)" xen-vblkd xen-vblk-worker xen-vblk-dm \
		xen-vblk >>log 2>&1
then
	tail -n 20 log >&2
	echo "they can't be built with sanitizers" >&2
	exit 1
fi
pwd
