#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# After a campaign: each target's corpus without what adds no coverage, and what adds
# coverage to the seeds of the tree as programs there. libFuzzer chooses, by its -merge.
#
#   fuzz_merge.sh SRCDIR DIR   run in the build directory, on the campaign in DIR
#   FUZZ_SEEDS                 where seeds are written (default SRCDIR/corpus/seed; "no": nowhere)
#
# Nothing is deleted: superseded entries are moved to DIR/TARGET/superseded. It may be
# killed at any time; the corpus is then merged in part.
set -u

srcdir=${1:?expected the source directory}
dir=${2:?expected the directory of a campaign}
seeds=${FUZZ_SEEDS:-$srcdir/corpus/seed}
# Coverage that hangs on the order of inputs cannot be compared.
export FUZZ_FRESH=1
failed=0
merged=0

complain() {
	echo "fuzz-merge: $*" >&2
	failed=1
}

# inputs DIRECTORY: the regular files that an engine takes, each with an end of its own
inputs() {
	find "$1" -maxdepth 1 -type f -readable -size +0c -size -1025k ! -name '.*' -print0
}

count() {
	inputs "$1" | tr -cd '\0' | wc -c
}

# coverage TARGET DIRECTORY: edges that its inputs reach together
coverage() {
	"./$1" -runs=0 "$2" 2>&1 | sed -n 's/.*INITED cov: \([0-9]*\).*/\1/p'
}

# superseded CORPUS KEPT: entries of CORPUS whose content is not in KEPT, which has hashes for names
superseded() {
	(cd "$2" && ls) >"$work/kept"
	inputs "$1" | xargs -0 sha1sum | awk -v kept="$work/kept" '
		BEGIN { while ((getline name <kept) > 0) is_kept[name] = 1 }
		/^[0-9a-f]/ && !($1 in is_kept) { print substr($0, 43) }'
}

# minimise TARGET: only if nothing is lost by it
minimise() {
	here=$dir/$1
	mkdir -p "$work/least" "$here/superseded"
	# What is in the queue now is the corpus without junk and findings.
	"./$1" -merge=1 "$work/least" "$here/queue" >"$here/logs/merge" 2>&1
	before=$(coverage "$1" "$here/queue")
	after=$(coverage "$1" "$work/least")
	if [ "${after:-0}" -eq 0 ] || [ "$after" -lt "${before:-0}" ]; then
		complain "$1: coverage ${before:-unknown} would become ${after:-unknown}; nothing is changed (log: $here/logs/merge)"
		return 1
	fi
	entries=$(count "$here/corpus")
	superseded "$here/corpus" "$work/least" | xargs -d '\n' -r mv -t "$here/superseded" || return 1
	# What engines made of the larger corpus; a campaign makes it anew.
	rm -rf "$here/queue" "$here/afl"
	echo "$1: $entries entries are now $(count "$here/corpus"), coverage $after"
}

# write_calls FILE CALLS: calls of the library in text, if there are any
write_calls() {
	./fuzz_api-replay --text "$1" >"$2.new" && [ "$(wc -l <"$2.new")" -gt 1 ] &&
		mv "$2.new" "$2" && echo "$2"
	rm -f "$2.new"
}

# write_seed TARGET FILE: as a program in canonical text, if it is one
write_seed() {
	if [ "$1" = fuzz_api ]; then
		write_calls "$2" "$seeds/$1/$(basename "$2" | cut -c 1-12).calls"
		return
	fi
	page=$seeds/$1/$(basename "$2" | cut -c 1-12).page
	case $1 in
	*_text) cp "$2" "$work/seed.page" ;;
	*) ./pagetorture convert --text "$2" >"$work/seed.page" ;;
	esac
	./pagetorture convert --text "$work/seed.page" >"$page.new" 2>"$work/error" && [ -s "$page.new" ] &&
		mv "$page.new" "$page" && echo "$page"
	rm -f "$page.new"
}

# write_seeds TARGET: edges count here, not how often they are taken, so that they stay few
write_seeds() {
	mkdir -p "$work/seeds"
	cp "seeds/$1"/* "$work/seeds"
	(cd "$work/seeds" && ls) >"$work/old"
	"./$1" -merge=1 -use_counters=0 "$work/seeds" "$work/least" >>"$dir/$1/logs/merge" 2>&1
	for file in "$work/seeds"/*; do
		grep -qxF "$(basename "$file")" "$work/old" || write_seed "$1" "$file"
	done >"$work/written"
	echo "$1: $(wc -l <"$work/written") seeds written to $seeds/$1"
}

merge() {
	if [ ! -x "./$1" ]; then
		echo "$1: skipped: no libFuzzer binary of it (make fuzzers)"
		return
	fi
	./pagetorture fuzz --bin "$PWD" --collect --dir "$dir" "$1" >"$dir/$1/logs/collect" || {
		[ $? -eq 1 ] || { complain "$1: $(tail -n 1 "$dir/$1/logs/collect")"; return; }
	}
	work=$(mktemp -d) || exit 2
	(
		flock -n 9 || { complain "$1: a campaign runs in $dir/$1"; exit 1; }
		minimise "$1" && { [ "$seeds" = no ] || write_seeds "$1"; }
	) 9<>"$dir/$1/lock" && merged=$((merged + 1)) || failed=1
	rm -rf "$work"
}

for directory in "$dir"/*/corpus; do
	[ -d "$directory" ] && merge "$(basename "$(dirname "$directory")")"
done
if [ $merged = 0 ] && [ $failed = 0 ]; then
	complain "expected a campaign in $dir (make fuzz)"
fi
exit $failed
