# SPDX-License-Identifier: GPL-2.0-or-later
#
# arch: arm
# limit: 60
# xen-vblk check finds this host fit, and notices what is taken away.

# verdict STATUS: what it says is in /tmp/check.out
verdict() {
	rc=0
	xen-vblk check >/tmp/check.out || rc=$?
	cat /tmp/check.out
	[ $rc = "$1" ] || fail "status $rc, expected $1"
}

verdict 0
grep -q "^ok .*ioreq servers" /tmp/check.out || fail "ioreq servers"
grep -q "^warning .*xen-vblkd: nobody listens" /tmp/check.out || fail "daemon"
daemon_start
verdict 0
[ "$(grep -vc ^ok /tmp/check.out)" = 0 ] || fail "all is well and it complains"
daemon_stop

# away PATH STATUS PATTERN
away() {
	echo "--- without $1"
	mv "$1" /tmp/away
	# shellcheck disable=SC2064 # it is meant to say what $1 is now
	trap "mv /tmp/away $1" EXIT
	verdict "$2"
	mv /tmp/away "$1"
	trap - EXIT
	grep -qE "$3" /tmp/check.out || fail "no word of $1"
}

away /dev/xen/gntdev 0 "^warning .*/dev/xen/gntdev.*CONFIG_XEN_GNTDEV"
away /dev/xen/evtchn 1 "^missing .*/dev/xen/evtchn.*CONFIG_XEN_DEV_EVTCHN"
away /dev/xen/privcmd 1 "^missing .*/dev/xen/privcmd.*CONFIG_XEN_PRIVCMD"
away /usr/libexec/xen-vblkd/xen-vblk-worker 1 "^missing .*xen-vblk-worker"
all_gone
