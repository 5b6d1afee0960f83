#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A daemon that is killed, that is told to read its configuration again, whose
# workers don't work, and that loses xenstore. Guests wait and go on; what an
# administrator has to know is in the log.

set -euo pipefail

# shellcheck source=words.sh
. "$(dirname "$0")/words.sh"

export SIM_PATIENCE_MS=4000
# What is freed is overwritten.
export MALLOC_PERTURB_=90
: >"$SIM_WORLD/daemon.log"

# as_worker FILE: who is started as a worker from now on
as_worker() {
	ln -sfn "$1" "$SIM_WORLD/worker.new"
	mv -T "$SIM_WORLD/worker.new" "$SIM_WORLD/worker"
}

kill_daemon() {
	kill -9 "$pid"
	wait "$pid" 2>/dev/null || :
	pid=
}

guest() {
	id=$("$SIMCTL" create "$1" 16 2)
	read -r base _ < <("$SIMCTL" disk-add "$id" xvda "$SIM_WORLD/disk.img" \
		grants) || fail "disk-add"
	"$SIMCTL" write "$id" $((base + 0x70)) 3 || fail "status"
}

truncate -s 16M "$SIM_WORLD/disk.img"
as_worker "$product/xen-vblk-worker"
configuration=("worker = $SIM_WORLD/worker")
daemon_start "${configuration[@]}"
guest one

echo "--- killed: the worker lets go, and the guest waits"
look
kill_daemon
within 5 said "the manager is gone; detaching"
within 5 let_go
[ -e "$run/$id.state" ] || fail "the state is gone"
"$SIMCTL" read "$id" $((base + 0x70)) >"$SIM_WORLD/read" &
vcpu=$!
daemon_start "${configuration[@]}"
wait "$vcpu" || fail "the vCPU got no answer"
[ "$(cat "$SIM_WORLD/read")" = 0x3 ] || fail "the status is lost"
said "serving again" || fail "it does not serve again"

echo "--- killed, and the guest ends before another comes"
kill_daemon
within 5 let_go
SIM_PATIENCE_MS=200 "$SIMCTL" destroy "$id" 2>/dev/null || :
[ -e "$run/$id.state" ] || fail "nobody was there to remove it"
: >"$run/$id.control"
hold "$run/$id.state"
daemon_start "${configuration[@]}"
[ -e "$run/$id.state" ] || fail "the state was in use"
unhold
within 5 test ! -e "$run/$id.state"
within 5 test ! -e "$run/$id.control"

echo "--- told to read its configuration again"
guest two
look
echo "nonsense" >>"$SIM_WORLD/conf"
kill -HUP "$pid"
within 5 said "the configuration stays as it was"
printf '%s\n' "${configuration[@]}" "runtime-dir = $run/other" \
	"socket = $run/control" "log-level = debug" >"$SIM_WORLD/conf"
kill -HUP "$pid"
within 5 said "can't change while xen-vblkd runs"
within 5 said "configuration read again"
status_is 0x3 || fail "the guest noticed"

echo "--- a worker that never works: tried again, given up, reloaded"
look
as_worker "$(type -P false)"
kill -9 "$(workers)"
within 10 said "is not started again"
vblk list | grep -q lost || fail "it is not shown as lost"
as_worker "$product/xen-vblk-worker"
kill -HUP "$pid"
status_is 0x3 || fail "the status is lost"

echo "--- one that can't be run, for a guest that begins"
look
rm "$SIM_WORLD/worker"
third=$("$SIMCTL" create three 16 1)
truncate -s 1M "$SIM_WORLD/three.img"
! "$SIMCTL" disk-add "$third" xvda "$SIM_WORLD/three.img" 2>/dev/null ||
	fail "a disk without a worker"
said "can't be run: No such file" || fail "it does not say why"
"$SIMCTL" destroy "$third"

echo "--- one that does not answer"
cat >"$SIM_WORLD/silent" <<'W'
#!/bin/sh
exec sleep 60
W
chmod +x "$SIM_WORLD/silent"
as_worker "$SIM_WORLD/silent"
third=$("$SIMCTL" create three 16 1)
SIM_PATIENCE_MS=8000 "$SIMCTL" disk-add "$third" xvda "$SIM_WORLD/three.img" \
	2>/dev/null && fail "a disk whose worker is silent"
said "the worker did not answer in time" || fail "it does not say why"
"$SIMCTL" destroy "$third"
as_worker "$product/xen-vblk-worker"

echo "--- a disk that can't be taken up again, and then can"
daemon_stop
[ ! -e "$run/control" ] || fail "the socket is left"
mv "$SIM_WORLD/disk.img" "$SIM_WORLD/away.img"
daemon_start "${configuration[@]}"
within 5 said "the guest goes on and waits for this disk"
mv "$SIM_WORLD/away.img" "$SIM_WORLD/disk.img"
look
kill -HUP "$pid"
within 5 said "serving again"
status_is 0x3 || fail "the status is lost"

echo "--- a guest that Xen says nothing of, for once"
look
third=$("$SIMCTL" create three 16 1)
"$SIMCTL" fault xc_info:1:EIO >/dev/null
"$SIMCTL" destroy "$third"
within 5 said "dom$id: Xen does not say whether it lives: Input/output error"
"$SIMCTL" fault clear
status_is 0x3 || fail "the guest noticed"

# refused FAULT WORDS: a guest's first disk, and the next one is served
refused() {
	third=$("$SIMCTL" create three 16 1)
	"$SIMCTL" fault "$1" >/dev/null
	! "$SIMCTL" disk-add "$third" xvda "$SIM_WORLD/three.img" \
		2>/dev/null || fail "a disk in spite of $1"
	"$SIMCTL" fault clear
	"$SIMCTL" store-read \
		"/local/domain/0/backend/virtio_disk/$third/51712/hotplug-error" |
		grep -qF -- "$2" || fail "xl is not told '$2'"
	"$SIMCTL" destroy "$third"
}

echo "--- what a host lacks, in words that say what to do"
refused dm_open:1:ENOENT "(is the module loaded, xen_privcmd or xen_evtchn?)"
refused ev_open:1:ENODEV "(is the module loaded, xen_privcmd or xen_evtchn?)"
refused dm_create:1:ENOSPC "(a guest can have eight ioreq servers)"
refused dm_vcpus:1:ENOSYS "it must be built with CONFIG_EXPERT and CONFIG_IOREQ_SERVER)"
refused dm_vcpus:1:EPERM "nr_vcpus: Operation not permitted"

worker_of() {
	pgrep -P "$pid" -f "^xen-vblk-worker dom$1\$"
}

stopping() {
	vblk list | grep -q "^ *$1 .*stopping"
}

# The last disk of a guest is removed, and its worker does not get to it.
half_removed() {
	third=$("$SIMCTL" create three 16 1)
	"$SIMCTL" disk-add "$third" xvda "$SIM_WORLD/three.img" >/dev/null ||
		fail "disk-add"
	kill -STOP "$(worker_of "$third")"
}

echo "--- a server that no worker takes away"
half_removed
look
# Five workers have to end for it.
SIM_PATIENCE_MS=15000 "$SIMCTL" disk-remove "$third" xvda &
job=$!
within 5 stopping "$third"
as_worker "$(type -P false)"
kill -9 "$(worker_of "$third")"
wait "$job" || fail "the disk is not removed"
said "its ioreq server can't be taken away and stays in Xen until the guest ends" ||
	fail "it does not say so"
[ "$(count servers)" = 2 ] || fail "the server is gone"
as_worker "$product/xen-vblk-worker"
"$SIMCTL" destroy "$third"
[ "$(count servers)" = 1 ] || fail "the server is there"

echo "--- nor has to, because the guest is gone"
half_removed
worker=$(worker_of "$third")
SIM_PATIENCE_MS=500 "$SIMCTL" destroy "$third" 2>/dev/null &&
	fail "there was nobody to close the disk"
opened=$(count dm_open)
kill -9 "$worker"
within 5 test ! -e "$run/$third.state"
[ "$(count dm_open)" = "$opened" ] || fail "another worker was started for it"
status_is 0x3 || fail "the guest noticed"

echo "--- told to end, with a worker that stands still"
look
worker=$(workers)
kill -STOP "$worker"
kill "$pid"
wait "$pid" || fail "the daemon ended with $?"
said "does not let go; killing it" || fail "it does not say so"
within 5 let_go
daemon_start "${configuration[@]}"
status_is 0x3 || fail "the status is lost"

echo "--- xenstore is lost"
look
kill -9 "$(cat "$XENSTORED_RUNDIR/pid")"
status=0
wait "$pid" || status=$?
pid=
[ $status = 1 ] || fail "status $status"
said "xenstored is lost" || fail "it does not say so"
within 5 let_go
[ -e "$run/$id.state" ] || fail "the state is gone"
