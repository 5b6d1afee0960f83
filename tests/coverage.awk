# SPDX-License-Identifier: GPL-2.0-or-later
#
# What coverage.sh counted as a table, and what was never run with the reasons
# for it. Any awk will do. Variables: src, the tree; branches, a file to write
# lines to that were run, but not both ways.
#
# The reasons come first, see coverage.reasons for how they are written. Then
# FILE LINE FUNCTION COUNT BRANCHES, sorted, with a line once for each object
# that it was compiled into.

function fail(what) {
	print what
	bad = 1
}

# --- the reasons --------------------------------------------------------------

FILENAME ~ /reasons$/ && (/^#/ || /^$/) {
	next
}

FILENAME ~ /reasons$/ && /^\t/ {
	sub(/^\t/, "")
	reason[ngroups] = reason[ngroups] "      " $0 "\n"
	next
}

FILENAME ~ /reasons$/ {
	if (!ngroups || reason[ngroups])
		ngroups++
	k = ++nkeys
	key[k] = $0
	key_at[k] = FNR
	key_group[k] = ngroups
	key_may[k] = sub(/^~/, "")
	key_file[k] = $1
	key_function[k] = $2
	sub(/^[^ ]+ +[^ ]+ */, "")
	key_text[k] = $0
	next
}

# --- the source ---------------------------------------------------------------

function load(name,   path, n) {
	path = src "/" name
	split("", text)
	while ((getline text[++n] < path) > 0)
		;
	close(path)
}

function trimmed(s) {
	gsub(/^[ \t]+|[ \t]+$/, "", s)
	return s
}

function matches(k, name, fn, words) {
	return (key_file[k] == "*" || key_file[k] == name) &&
		(key_function[k] == "*" || key_function[k] == fn) &&
		(key_text[k] == "" || index(words, key_text[k]))
}

# --- lines ----------------------------------------------------------------------

# Lines that are never run and lie together, as far as there is code.
function end_block(   k, words, i, where, found) {
	if (!block_first)
		return
	for (i = block_first; i <= block_last; i++)
		words = words "\n" text[i]
	where = sprintf("%s:%d%s %s", file, block_first,
		block_last > block_first ? "-" block_last : "", block_function)
	for (k = 1; k <= nkeys; k++) {
		if (!matches(k, file, block_function, words))
			continue
		used[k] = 1
		if (found++)
			continue
		lines[key_group[k]] = lines[key_group[k]] "  " where "\n"
		nreasoned += block_lines
	}
	if (!found) {
		nameless = nameless "  " where ": " \
			trimmed(text[block_first]) "\n"
		nnameless += block_lines
	}
	block_first = block_lines = 0
}

function end_line(   n, i, b, taken) {
	if (!line)
		return
	if (count || fn != block_function)
		end_block()
	nlines++
	n = split(branch_counts, b, ",")
	for (i = 1; i <= n; i++)
		taken += b[i] > 0
	nbranches += n
	ntaken += taken
	if (count) {
		nrun++
		if (taken < n)
			print file ":" line " " fn " " taken "/" n ": " \
				trimmed(text[line]) >branches
	} else {
		if (!block_first)
			block_first = line
		block_last = line
		block_function = fn
		block_lines++
	}
	for (i = 1; i <= nkeys; i++)
		if (key_may[i] && !used[i] && matches(i, file, fn, text[line]))
			used[i] = 1
	line = 0
}

# --- the table ------------------------------------------------------------------

function row(name, l, of_l, b, of_b) {
	printf "%-30s %6d of %-6d %5.1f%% %6d of %-6d %5.1f%%\n", name, l, of_l,
		of_l ? 100 * l / of_l : 100, b, of_b,
		of_b ? 100 * b / of_b : 100
}

function end_file() {
	end_line()
	end_block()
	if (file)
		row(file, nrun, nlines, ntaken, nbranches)
	all_run += nrun; all_lines += nlines
	all_taken += ntaken; all_branches += nbranches
	nrun = nlines = ntaken = nbranches = 0
}

BEGIN {
	FS = "[ \t]+"
	printf "" >branches
	printf "%-30s %16s %6s %16s\n", "", "lines", "", "branches"
}

function add_branches(more,   a, b, n, m, i, sum) {
	n = split(branch_counts, a, ",")
	m = split(more, b, ",")
	for (i = 1; i <= n || i <= m; i++)
		sum = sum (i > 1 ? "," : "") (a[i] + b[i])
	return sum
}

{
	if ($1 != file) {
		end_file()
		load(file = $1)
	}
	if ($2 != line) {
		end_line()
		line = $2
		fn = $3
		count = 0
		branch_counts = ""
	}
	count += $4
	branch_counts = add_branches($5)
}

# --- what was never run -----------------------------------------------------------

END {
	end_file()
	row("all", all_run, all_lines, all_taken, all_branches)
	printf "\nnever run, with a reason: %d lines\n", nreasoned
	for (g = 1; g <= ngroups; g++) {
		if (!reason[g])
			unsaid = 1
		if (lines[g])
			printf "%s%s", lines[g], reason[g]
	}
	if (nnameless) {
		printf "\nnever run, and no reason in tests/coverage.reasons: %d lines\n%s",
			nnameless, nameless
		bad = 1
	}
	for (k = 1; k <= nkeys; k++) {
		if (!reason[key_group[k]])
			fail("coverage.reasons:" key_at[k] ": no reason: " key[k])
		if (!used[k])
			fail("coverage.reasons:" key_at[k] ": " \
				(key_may[k] ? "not there: " : "not there, or run: ") \
				key[k])
	}
	exit bad
}
