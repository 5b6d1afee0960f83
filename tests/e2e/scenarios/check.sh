# SPDX-License-Identifier: GPL-2.0-or-later
#
# arch: arm
# rig only: what it looks at is in /dev/xen
# limit: 60
# xen-vblk check finds this host fit, and notices what is taken away, and what the
# configuration says that is not so.

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

echo "--- a configuration"
image a.img 1M
cat >/tmp/vblkd.conf <<C
[disk one/virtio0]
path = /srv/a.img
[disk one/virtio1]
path = /srv/none.img
[disk one/virtio2]
path = /srv
C
rc=0
xen-vblk check -c /tmp/vblkd.conf >/tmp/check.out || rc=$?
[ $rc = 0 ] || { cat /tmp/check.out; fail "images cost some guests only"; }
grep -q "^ok .*one/virtio0.*/srv/a.img" /tmp/check.out || fail "a.img is there"
grep -q "^warning .*one/virtio1.*none.img: No such file" /tmp/check.out ||
	fail "none.img is not"
grep -q "^warning .*one/virtio2.*neither a file nor" /tmp/check.out ||
	fail "/srv is no image"
rc=0
xen-vblk check -j -c /tmp/vblkd.conf >/tmp/check.out || rc=$?
[ $rc = 0 ] && [ "$(head -n 1 /tmp/check.out)" = "{" ] || fail "no JSON"
grep -q '"verdict": *"warning"' /tmp/check.out || fail "no warning in it"
echo "cash = none" >>/tmp/vblkd.conf
rc=0
xen-vblk check -c /tmp/vblkd.conf >/tmp/check.out || rc=$?
[ $rc = 1 ] || fail "xen-vblkd does not start with that"
grep -q "^missing .*/tmp/vblkd.conf:7: there is no 'cash'" /tmp/check.out ||
	{ cat /tmp/check.out; fail "no word of line 7"; }

away /dev/xen/gntdev 0 "^warning .*/dev/xen/gntdev.*CONFIG_XEN_GNTDEV"
away /dev/xen/evtchn 1 "^missing .*/dev/xen/evtchn.*CONFIG_XEN_DEV_EVTCHN"
away /dev/xen/privcmd 1 "^missing .*/dev/xen/privcmd.*CONFIG_XEN_PRIVCMD"
xen-vblkd -t || fail "all is well and it says no"
away /usr/libexec/xen-vblkd/xen-vblk-worker 1 "^missing .*xen-vblk-worker"
echo "worker = /srv/none" >/tmp/vblkd.conf
! xen-vblkd -t -c /tmp/vblkd.conf 2>/tmp/test.out || fail "there is no such worker"
grep -q "worker /srv/none: No such file" /tmp/test.out || fail "it does not say so"
all_gone
