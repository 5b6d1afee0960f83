# SPDX-License-Identifier: GPL-2.0-or-later
#
# limit: 300
# long: x86
# Guests come and go: the daemon keeps neither memory nor descriptors. Fifty of
# them in the long form, a few otherwise.

cycles=50
[ -n "$LONG" ] || cycles=5

disk=$(image a.img 16M)
daemon_start
pid=$(daemon_pid)

fds() {
	ls /proc/$pid/fd | wc -l
}
memory() {
	awk '/^VmRSS/ { print $2 }' /proc/$pid/status
}
cycle() {
	guest_create g -g $(($1 % 2)) "$disk"
	[ $(($1 % 3)) != 0 ] || guest_ready g
	xl destroy g
	expect "domain g is gone" no_domain g
}
for i in 1 2 3; do
	cycle $i
done
f=$(fds) m=$(memory)
for i in $(seq 4 $cycles); do
	cycle $i
done
echo "descriptors $f, then $(fds); resident KiB $m, then $(memory)"
[ "$(fds)" = "$f" ] || fail "descriptors are left"
# A sanitizer keeps what was freed, and looks for leaks itself.
[ -n "${SANITIZED:-}" ] || [ "$(memory)" -le $((m + 256)) ] ||
	fail "memory grows"
all_gone
