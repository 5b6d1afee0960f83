#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A guest gone mad against a daemon and a worker that are built with address and
# undefined behaviour sanitizers (tests/sim/sanitize.sh). What a sanitizer finds ends
# the worker, and that is noticed.

set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
export SIM_BUILD=${SIM_BUILD:-$here/../..}

usage() {
	cat <<U
usage: flip.sh [-s SECONDS] [-S SEED] [-w WORLD]

-s SECONDS  for how long at least (default 60)
-S SEED     of the first round, which is a second (default 1)
-w WORLD    copy or map (default: both, side by side)
SIM_BUILD   where make has built (default: the tree this script is in)

Ends like tests/check.sh does.
U
}

seconds=60 more=()
while getopts s:S:w:h opt; do
	case $opt in
	s) seconds=$OPTARG ;;
	S | w) more+=("-$opt" "$OPTARG") ;;
	h) usage && exit 0 ;;
	*) usage >&2 && exit 2 ;;
	esac
done

if ! PRODUCT=$("$here/../sim/sanitize.sh"); then
	echo "0 passed, 1 failed, 0 skipped"
	exit 1
fi
export PRODUCT
# What was freed is kept for a while, to notice who uses it: not too long here.
export ASAN_OPTIONS=quarantine_size_mb=16
"$here/run.sh" -f "$seconds" ${more[@]+"${more[@]}"}
