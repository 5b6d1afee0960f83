#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# one.sh SCENARIO: run one scenario in this world, and leave nothing behind.

here=$(dirname "$0")
# shellcheck source=functions.sh
. "$here/functions.sh"
# shellcheck source=world-rig.sh
. "$here/world-${WORLD:-rig}.sh"

world_end
world_begin
(
	set -eu
	# shellcheck disable=SC1090 # the scenario is an argument
	. "$here/$1"
)
rc=$?
if [ $rc != 0 ] && [ $rc != 77 ]; then
	echo "--- the daemon's log"
	tail -n 30 "$DAEMON_LOG"
	for f in /var/log/xen/qemu-dm-*.log; do
		[ ! -e "$f" ] || { echo "--- $f"; tail -n 10 "$f"; }
	done
	echo "--- xl list"
	xl list
	echo "--- Xen's last words"
	xl dmesg | tail -n 8
fi
world_end
exit $rc
