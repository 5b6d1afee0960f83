#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# one.sh SCENARIO: run one scenario in this world, and leave nothing behind.

here=$(dirname "$0")
WORLD=${WORLD:-rig}
# shellcheck source=functions.sh
. "$here/functions.sh"
# shellcheck source=world-rig.sh
. "$here/world-$WORLD.sh"

world_end
world_begin
trap 'world_end; exit 143' INT TERM
(
	set -eu
	# shellcheck disable=SC1090 # the scenario is an argument
	. "$here/$1"
)
rc=$?
if [ $rc != 0 ] && [ $rc != 77 ]; then
	echo "--- the daemon's log"
	tail -n 30 "$DAEMON_LOG"
	world_report
fi
world_end
exit $rc
