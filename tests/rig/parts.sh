# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: GPL-2.0-or-later
#
# How the cache gets its parts, after lib.sh.  Sourced, never run.
#
# Each part sits in a directory named after the hash of what it is made from,
# and is made under another name and renamed when it is complete: what has its
# final name is whole, and a changed recipe is a different name.

suite=trixie

# --- a private apt ----------------------------------------------------------

# The Debian archive this host already trusts, not one of our choosing.
host_mirror() {
	if [ -n "${RIG_MIRROR:-}" ]; then
		echo "$RIG_MIRROR"
		return
	fi
	# apt fills in the placeholders, not the shell
	# shellcheck disable=SC2016
	apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' |
		grep -m 1 '/debian/*$' || true
}

# An apt root of our own with another suite and architecture.  It shares with
# the host the keyring and the download settings (proxies), nothing else.
private_apt() {
	local apt=$RIG_PARTS/apt mirror
	local key=/usr/share/keyrings/debian-archive-keyring.gpg

	[ -z "${APT_CONFIG:-}" ] || return 0
	mirror=$(host_mirror)
	[ -n "$mirror" ] ||
		die "no Debian mirror in this host's apt sources: set RIG_MIRROR"

	rm -rf "$apt"
	mkdir -p "$apt"/{state/lists/partial,cache/archives/partial}
	mkdir -p "$apt"/etc/{apt.conf.d,preferences.d,sources.list.d}
	cat >"$apt/etc/sources.list" <<S
deb [signed-by=$key arch=$rig_debian] $mirror $suite main
deb-src [signed-by=$key] $mirror $suite main
S
	: >"$apt/state/status"
	{
		apt-config dump Acquire
		cat <<C
Dir::State "$apt/state";
Dir::State::status "$apt/state/status";
Dir::Cache "$apt/cache";
Dir::Etc "$apt/etc";
APT::Architecture "$rig_debian";
APT::Architectures { "$rig_debian"; };
APT::Sandbox::User "";
Acquire::Languages "none";
APT::Update::Error-Mode "any";
C
	} >"$apt/apt.conf"
	export APT_CONFIG=$apt/apt.conf
	say "package index of $suite/$rig_debian"
	apt-get update
}

# --- a part ----------------------------------------------------------------------

# part NAME INPUT...: makes a part unless one from the same inputs is there.
# The recipe is an input too, so that editing a make_ function rebuilds.
part() {
	local name=$1 key dir started old
	shift

	key=$({ declare -f "make_$name" && printf '%s\n' "$suite" "$@"; } |
		sha256sum)
	dir=$RIG_PARTS/$name-${key:0:12}
	if [ ! -d "$dir" ]; then
		started=$SECONDS
		log_to "$RIG_PARTS/log/$name.log"
		say "$name: making it, log in $rig_log"
		rm -rf "$RIG_PARTS/tmp.$name"
		mkdir "$RIG_PARTS/tmp.$name"
		cd "$RIG_PARTS/tmp.$name"
		"make_$name" </dev/null >"$rig_log" 2>&1
		mv "$RIG_PARTS/tmp.$name" "$dir"
		log_end
		say "$name: done in $((SECONDS - started)) s"
	fi
	ln -sfn "${dir##*/}" "$RIG_PARTS/$name"
	for old in "$RIG_PARTS/$name"-*; do
		[ "$old" = "$dir" ] || rm -rf "$old"
	done
}
