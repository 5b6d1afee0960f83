# SPDX-License-Identifier: GPL-2.0-or-later
#
# limit: 30
# long: x86
# xen-options: gnttab_max_maptrack_frames=24 guest_loglvl=none
# rig only: it is about the real gntdev and privcmd
# The mapcache alone on real gntdev and privcmd, while a guest takes pages back:
# every byte is right, Xen's limit of maps is met and survived, and in the end no
# grant of the guest is in use. (Xen would log each reference that is none.)

guest_create one
guest_ready one

# stress SEED: appends what mapstress prints to /tmp/stress.out
stress() {
	guest_sh one "mapshare --seed 5 >/tmp/share 2>&1 &
		while ! grep -q '^root' /tmp/share; do
			[ -e /proc/\$! ] || { cat /tmp/share; exit 1; }
			sleep 0.1
		done"
	root=$(guest_sh one "sed -n 's/^root //p' /tmp/share" | tail -n 1)
	mapstress --seconds 6 --seed "$1" --limit 100000 --repeat 5 \
		"$(domid one)" "$root" >>/tmp/stress.out || {
		cat /tmp/stress.out
		fail "mapstress ends with an error"
	}
	guest_sh one "for i in 1 2 3 4 5 6 7 8 9 10; do
			pidof mapshare >/dev/null || break
			sleep 0.2
		done
		cat /tmp/share
		! pidof mapshare && [ \$(wc -l </tmp/share) = 1 ]" ||
		fail "mapshare ends with an error"
}

# What it was there for did happen; sets $missing to what did not.
complete() {
	for missing in maps "copies of pages" pins evictions invalidations \
		"maps and copies that failed because a page was taken" \
		"writes that failed because a page is for reading" \
		"maps that were held while a page of theirs was taken"; do
		grep -qE "^ *[1-9][0-9]*  $missing" /tmp/stress.out || return 1
	done
}

# A guest that gets little of the processor takes back few pages in six seconds.
: >/tmp/stress.out
for round in 1 2 3 4 5; do
	stress $((6 + round))
	if complete; then
		break
	fi
done
cat /tmp/stress.out
complete || fail "in $round rounds no $missing"
grep -q "mapped at once, then Xen refused" /tmp/stress.out ||
	fail "Xen's limit was not met"

[ "$(mapped_grants "$(domid one)")" = 0 ] || {
	grants_of "$(domid one)"
	fail "grants are in use after all was unmapped"
}
xl destroy one
guest_gone one
