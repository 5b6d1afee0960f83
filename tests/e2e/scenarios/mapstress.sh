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
guest_sh one "mapshare --seed 5 >/tmp/share 2>&1 &
	while ! grep -q '^root' /tmp/share; do
		[ -e /proc/\$! ] || { cat /tmp/share; exit 1; }
		sleep 0.1
	done"
root=$(guest_sh one "sed -n 's/^root //p' /tmp/share" | tail -n 1)
mapstress --seconds 6 --seed 7 --limit 100000 --repeat 5 "$(domid one)" "$root" \
	>/tmp/stress.out || {
	cat /tmp/stress.out
	fail "mapstress ends with an error"
}
cat /tmp/stress.out

# What it was there for did happen.
for what in maps copies pins refused read_only held evictions invalidations; do
	case $what in
	refused) what="maps and copies that failed because a page was taken" ;;
	read_only) what="writes that failed because a page is for reading" ;;
	held) what="maps that were held while a page of theirs was taken" ;;
	copies) what="copies of pages" ;;
	esac
	grep -qE "^ *[1-9][0-9]*  $what" /tmp/stress.out || fail "no $what"
done
grep -q "mapped at once, then Xen refused" /tmp/stress.out ||
	fail "Xen's limit was not met"

guest_sh one "for i in 1 2 3 4 5 6 7 8 9 10; do
		pidof mapshare >/dev/null || break
		sleep 0.2
	done
	cat /tmp/share; ! pidof mapshare && [ \$(wc -l </tmp/share) = 1 ]" ||
	fail "mapshare ends with an error"
[ "$(mapped_grants "$(domid one)")" = 0 ] || {
	grants_of "$(domid one)"
	fail "grants are in use after all was unmapped"
}
xl destroy one
guest_gone one
