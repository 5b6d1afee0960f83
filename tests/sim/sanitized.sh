#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# All that runs in the simulation without being hostile, with programs that are
# built with address, undefined behaviour and leak sanitizers. What they report
# fails the test, however it went (run.sh). A suite for tests/check.sh.

set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
export SIM_BUILD=${SIM_BUILD:-$here/../..}

if ! PRODUCT=$("$here/sanitize.sh"); then
	echo "0 passed, 1 failed, 0 skipped"
	exit 1
fi
export PRODUCT SANITIZED=1
# What was freed is kept for a while, to notice who uses it: not too long here.
export ASAN_OPTIONS=quarantine_size_mb=16
"$here/../check.sh" -s "$here/../e2e/run.sh -w sim -j $(nproc)" "$here/life.sh" \
	"$here/model.sh" "$here/nonsense.sh" "$here/removal.sh" "$here/start.sh" | sed -u 's,sim/,sanitized/,'
exit "${PIPESTATUS[0]}"
