#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Fuzzing for a CI, in a time that is known: replay of all that once failed, then the
# targets that the change touches, then all. Says what a CI reads: junit.xml, findings.sarif
# and the exit status (0 good, 1 a finding or a regression, 2 nothing could run).
#
#   fuzz_ci.sh SRCDIR    run in the build directory; everything goes to fuzz-ci/
#   FUZZ_CI_TIME         seconds of fuzzing (default 600)
#   FUZZ_CI_BASE         what the change is against (default HEAD~1)
#   FUZZ_CI_SEED         for the engines' random numbers (default 1)
set -u

srcdir=${1:?expected the source directory}
home=$(dirname "$0")
seconds=${FUZZ_CI_TIME:-600}
base=${FUZZ_CI_BASE:-HEAD~1}
seed=${FUZZ_CI_SEED:-1}
out=fuzz-ci
status=0
case $seconds in *[!0-9]* | '' | 0 | 1)
	echo "fuzz-ci: expected FUZZ_CI_TIME of 2 seconds or more, got '$seconds'" >&2
	exit 2 ;;
esac
rm -rf $out results/fuzz-ci.json
mkdir -p $out results || exit 2
: >$out/cases
begun=$(date +%s)
printf 'result\tgroup\tname\twhy\n' >$out/rows.tsv

# ---- junit ----

escaped() {
	LC_ALL=C tr -cd '\11\12\40-\176' <"$1" | sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g; s/"/\&quot;/g'
}

# one_case RESULT GROUP NAME [FILE]: good, skipped or failed; FILE says why
one_case() {
	echo "$1: $2 $3"
	printf '%s\t%s\t%s\t%s\n' "$1" "$2" "$3" \
		"$([ -z "${4-}" ] || grep . "$4" | head -n 1 | tr '\t' ' ')" >>$out/rows.tsv
	{
		printf '  <testcase classname="%s" name="%s">' "$2" "$3"
		case $1 in
		failed) printf '<failure message="%s">' "$(escaped "$4" | grep . | head -n 1)"
			escaped "$4"
			printf '</failure>' ;;
		skipped) printf '<skipped message="%s"/>' "$(escaped "$4" | head -n 1)" ;;
		esac
		printf '</testcase>\n'
	} >>$out/cases
	if [ "$1" = failed ]; then
		sed 's/^/    /' "$4"
		[ $status -eq 2 ] || status=1
	fi
}

write_junit() {
	{
		echo '<?xml version="1.0" encoding="UTF-8"?>'
		printf '<testsuite name="fuzz-ci" tests="%d" failures="%d" skipped="%d">\n' \
			"$(grep -c '<testcase' $out/cases)" "$(grep -c '<failure' $out/cases)" \
			"$(grep -c '<skipped' $out/cases)"
		cat $out/cases
		echo '</testsuite>'
	} >$out/junit.xml
}

# ---- regressions ----

targets() {
	sed -n 's/^TARGET(\([a-z_]*\),.*/\1/p' "$srcdir/fuzz/targets.def"
}

replay() {
	log=$out/$1.log
	if [ ! -x "./$1" ]; then
		echo "this build has no such binary" >"$log"
		one_case skipped replay "$1" "$log"
		return
	fi
	"./$1" "$srcdir/corpus/regress" "$srcdir/corpus/rules" "$srcdir/corpus/bugs" \
		"$srcdir/corpus/seed/${1%%-*}" >"$log.all" 2>&1
	ended=$?
	tail -n 30 "$log.all" >"$log"
	case $ended in
	0) one_case good replay "$1" ;;
	# The page library lacks calls that it needs (src/page_stubs/absent.c).
	69) one_case skipped replay "$1" "$log" ;;
	*) one_case failed replay "$1" "$log" ;;
	esac
}

replay_all() {
	for target in $(targets); do
		flavour=$(sed -n "s/^TARGET($target, \"\([a-z]*\)\".*/\1/p" "$srcdir/fuzz/targets.def")
		replay "$target-replay"
		replay "$target-replay-$flavour"
	done
}

# ---- campaigns ----

# The targets that a change of files can matter to; the names come from standard input.
touched() {
	while read -r file; do
		case $file in
		fuzz/fuzz_*.c | corpus/seed/fuzz_*) echo "$file" | grep -o 'fuzz_[a-z]*' ;;
		src/page/buffer.*) echo fuzz_api ;;
		src/page/fault.*) echo fuzz_api fuzz_fault fuzz_page ;;
		src/page/*) echo fuzz_api fuzz_fatal fuzz_fault fuzz_page fuzz_race ;;
		src/harness/program/program_text* | src/harness/program/program_write.* | \
			src/harness/program/text_*) echo fuzz_text ;;
		src/harness/detect/* | src/harness/model/shadow.* | src/harness/model/clock.*) echo fuzz_race ;;
		src/harness/* | fuzz/*.[ch]) targets ;;
		esac
	done | tr ' ' '\n' | sort -u | while read -r target; do
		targets | grep -x -- "$target"
	done
}

changed_targets() {
	(cd "$srcdir" && git diff --name-only "$base" --) 2>$out/git | touched | tr '\n' ' '
}

# executions LOG TARGET: as the summary says; nothing if the campaign left the target out
executions() {
	awk -v target="$2" '$1 == target && $3 ~ /^[0-9]+$/ { print $3; exit }' "$1"
}

# one_result GROUP TARGET LOG: what the campaign said of it. A target whose engine ended without
# an execution has failed. One that was left out, or had no turn, is skipped.
one_result() {
	log=$out/$1-$2.log
	grep -A 1 "^FINDING $2," "$3" >"$log"
	if [ -s "$log" ]; then
		one_case failed "$1" "$2" "$log"
		return
	fi
	ran=$(executions "$3" "$2")
	grep "^$2: skipped: " "$3" | tail -n 1 >"$log"
	if [ -n "$ran" ] && [ "$ran" -gt 0 ]; then
		one_case good "$1" "$2"
	elif [ -z "$ran" ] && [ -s "$log" ]; then
		one_case skipped "$1" "$2" "$log"
	elif grep -E "^$2: .* (ended with status|was ended by signal) " "$3" >"$log"; then
		one_case failed "$1" "$2" "$log"
	else
		echo "no execution in this time" >"$log"
		one_case skipped "$1" "$2" "$log"
	fi
}

# campaign GROUP SECONDS TARGET...
campaign() {
	group=$1 time=$2
	shift 2
	echo "$group, $time s: $*"
	./pagetorture fuzz --bin "$PWD" --time "$time" --seed "$seed" --dir $out/campaign \
		--results $out/"$group".json "$@" >$out/"$group".log 2>&1
	ended=$?
	for target; do
		one_result "$group" "$target" $out/"$group".log
	done
	# A finding that no target's line told is one nevertheless.
	if [ $ended -eq 1 ]; then
		[ $status -ne 0 ] || status=1
	elif [ $ended -ne 0 ]; then
		one_case failed "$group" "the campaign itself" $out/"$group".log
		status=2
	fi
}

# Findings that are programs, each failure once; without any a file all the same, so that a
# code host closes what was open.
triage() {
	timeout 600 ./pagetorture triage --results $out/findings.jsonl -o $out/triage $out/campaign \
		>$out/triage.log 2>&1
	./pagetorture-export sarif -o $out/findings.sarif $out/findings.jsonl
	[ -s $out/findings.sarif ] || tail -n 1 $out/triage.log
}

# keep: for make report. The last campaign is on all targets.
keep() {
	result=good
	[ $status -eq 0 ] || result=failed
	set -- --table rows=$out/rows.tsv
	[ ! -e $out/all.json ] || set -- "$@" --object campaign=$out/all.json
	"${SHELL:-/bin/sh}" "$home/../report/keep.sh" results/fuzz-ci.json --what fuzz-ci \
		--begun "$begun" --status $result --command "make fuzz-ci" --set seed="$seed" "$@"
}

replay_all
changed=$(changed_targets)
if [ -n "$changed" ]; then
	half=$((seconds / 2))
	# shellcheck disable=SC2086 # names of targets
	campaign changed $half $changed
	seconds=$((seconds - half))
else
	echo "no target is touched by what changed since $base $(head -n 1 $out/git)"
fi
# shellcheck disable=SC2046 # names of targets
campaign all "$seconds" $(targets)
triage
write_junit
keep
echo "fuzz-ci: $(grep -c '<testcase' $out/cases) cases, $(grep -c '<failure' $out/cases) failed, $(grep -c '<skipped' $out/cases) skipped ($PWD/$out/junit.xml)"
exit $status
