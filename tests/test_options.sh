#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Commands refuse a wrong command line with exit status 2, and print one line that says what was expected. All
# commands parse their options with the same code, so each kind of error is tested with one command.
. "$(dirname "$0")/tap.sh"

race=$abs_srcdir/examples/race.page

# expect_refused_option MESSAGE COMMAND ARGUMENT...: `$tool COMMAND` must refuse ARGUMENTs, with only MESSAGE.
tool=pagetorture
expect_refused_option() {
	words=$1
	shift
	run_expecting_status 2 "$abs_builddir/$tool" "$@" && [ ! -s "$scratch/out" ] && [ "$(wc -l <"$scratch/err")" -eq 1 ] &&
		grep -qF "$tool $1: $words (see $tool $1 --help)" "$scratch/err"
	ok $? "$*: $words" "$scratch/err"
}

expect_refused_option "unknown option --foo" check --foo "$race"
expect_refused_option "unknown option -z" to-c -zo out.c "$race"
expect_refused_option "expected a value after --repeat" run "$race" --repeat
expect_refused_option "expected a value after -o" convert "$race" -o
expect_refused_option "expected no value, got --json=3" check --json=3 "$race"
expect_refused_option "expected no value, got --help=3" explain --help=3 "$race"
expect_refused_option "expected --repeat 1 .. 1000000, got '0'" run --repeat 0 "$race"
expect_refused_option "expected --timeout 1 .. 1000000, got '-1'" minimize --timeout -1 "$race"
expect_refused_option "expected --tries 1 .. 100000, got '3x'" triage --tries 3x "$scratch"
expect_refused_option "expected --jobs 1 .. 64, got '65'" replay -j65 "$race"
expect_refused_option "expected --jobs 1 .. 64, got '65'" fuzz --jobs 65
expect_refused_option "expected --timeout 1 .. 1000000, got ''" to-c --timeout= "$race"
expect_refused_option "expected --time like 90, 10m or 8h, got '3y'" fuzz --time 3y
expect_refused_option "expected --delays SEED, a number, got 'x'" run --delays x "$race"
expect_refused_option "expected --shuffle SEED, a number, got '-3'" replay --shuffle=-3 "$race"
expect_refused_option "expected --executor of fibers, threads, both, got 'fiber'" run --executor fiber "$race"
expect_refused_option "expected --executor of fibers, both, got 'threads'" triage --executor threads "$scratch"
expect_refused_option "expected --flavour of plain, asan, tsan, msan, got 'asan,usan,tsan'" \
	minimize --flavour asan,usan,tsan "$race"
expect_refused_option "expected --engine of libfuzzer, afl, got 'afl,'" fuzz --engine afl,
expect_refused_option "expected a backend that the page library has, got 'moon'" replay --backend moon "$race"
expect_refused_option "expected one FILE" to-c --no-run
expect_refused_option "expected at least one FILE" explain --ascii
tool='pagetorture-dev'
expect_refused_option "unknown option --re; did you mean --repeat?" race --re 3
expect_refused_option "expected --rounds 1 .. 1000, got '1001'" bench --rounds=1001 "$race"
tool=pagetorture

# ---- suggested commands ----

expect_refused_option "unknown option --jsno; did you mean --json?" check --jsno "$race"
expect_refused_option "unknown option --flavor=plain; did you mean --flavour?" run --flavor=plain "$race"
expect_refused_option "unknown option --hepl; did you mean --help?" explain --hepl
expect_refused_option "unknown option --witnses" run --witnses "$race"
# expect_suggested_command MESSAGE ARGUMENT...: pagetorture must refuse the ARGUMENTs, which contain no known
# command, and print only MESSAGE.
expect_suggested_command() {
	words=$1
	shift
	run_expecting_status 2 "$pagetorture" "$@" && [ ! -s "$scratch/out" ] &&
		[ "$(cat "$scratch/err")" = "pagetorture: $words (see pagetorture --help)" ]
	ok $? "$*: $words" "$scratch/err"
}
expect_suggested_command "unknown command 'chekc'; did you mean 'check'?" chekc "$race"
expect_suggested_command "unknown command 'repl'; did you mean 'replay'?" repl
expect_suggested_command "unknown command 'minimise'; did you mean 'minimize'?" help minimise
expect_suggested_command "unknown command 'hepl'; did you mean 'help'?" hepl
expect_suggested_command "unknown command 'frobnicate'" frobnicate
expect_suggested_command "unknown option --vresion; did you mean --version?" --vresion
expect_suggested_command "unknown option -x" -x
targets=$(sed -n 's/^TARGET(\([a-z_]*\),.*/\1/p' "$abs_srcdir/fuzz/targets.def" | tr '\n' ' ' | sed 's/ $//; s/ /, /g')
expect_refused_option "unknown target 'fuzz_pgae'; did you mean 'fuzz_page'? Targets: $targets" fuzz --dir "$scratch/none" fuzz_pgae
expect_refused_option "unknown target 'xyz'. Targets: $targets" fuzz --dir "$scratch/none" fuzz_page xyz
[ ! -e "$scratch/none" ]
ok $? "and no campaign begins"

# ---- help ----

"$pagetorture" --version >"$scratch/expected"
run_expecting_status 0 "$pagetorture" -V && cmp "$scratch/expected" "$scratch/out"
ok $? "-V is --version" "$scratch/out"
"$pagetorture" --help >"$scratch/expected"
run_expecting_status 0 "$pagetorture" help && cmp "$scratch/expected" "$scratch/out" && run_expecting_status 0 "$pagetorture" help help &&
	cmp "$scratch/expected" "$scratch/out" && run_expecting_status 0 "$pagetorture" help --help && cmp "$scratch/expected" "$scratch/out"
ok $? "help is --help" "$scratch/out"
run_expecting_status 2 "$pagetorture" help check run && [ "$(wc -l <"$scratch/err")" -eq 1 ]
ok $? "help of two commands is bad usage" "$scratch/err"
awk '/^[A-Z].*:$/ { print } /^  [a-z][a-z-]*  *[a-z]/ { print $1 }' "$scratch/expected" | sed '/^Examples/,$d' | tr '\n' ' ' >"$scratch/groups"
[ "$(cat "$scratch/groups")" = "Programs: check convert explain explore minimize run to-c Corpora and campaigns: fuzz replay triage " ]
ok $? "--help groups the commands" "$scratch/groups"

# ---- the first and the last line on standard error ----

# expect_first_line_of_stderr COMMAND PATTERN ARGUMENT...: the first line that `$tool COMMAND` prints on
# standard error, to a file, must match PATTERN.
expect_first_line_of_stderr() {
	words=$2 command=$1
	shift 2
	"$abs_builddir/$tool" "$command" "$@" >"$scratch/out" 2>"$scratch/err"
	head -n 1 "$scratch/err" | grep -qxE "$tool $command: $words"
	ok $? "$command says at once what it is going to do" "$scratch/err"
}
mkdir "$scratch/findings"
"$pagetorture" convert --bytes "$abs_srcdir/corpus/rules/deadlock.page" >"$scratch/findings/crash-1"
cp "$race" "$scratch/findings/race.page"
expect_first_line_of_stderr run "2 inputs in plain, on fibers and on threads, [0-9]+ at a time" --flavour plain "$scratch/findings"
expect_first_line_of_stderr replay "2 inputs in plain, on fibers, [0-9]+ at a time" --flavour plain "$scratch/findings"
expect_first_line_of_stderr minimize ".*crash-1: [0-9] calls, in plain" --flavour plain "$scratch/findings/crash-1"
expect_first_line_of_stderr triage "2 findings in .*findings, up to 2 tries each, in plain" --flavour plain --tries 2 -o "$scratch/sorted" "$scratch/findings"
tool='pagetorture-dev'
expect_first_line_of_stderr race "[0-9]+ cells? under gcc-threads, once" --detector gcc-threads --cell store/load/nested/none/same
cp -r "$scratch/findings" "$scratch/mixed"
printf 'pagetorture 1\noops\n' >"$scratch/mixed/bad1.page"
cp "$scratch/mixed/bad1.page" "$scratch/mixed/bad2.page"
printf 'pagetorture 1\nexpect deadlock\n' >"$scratch/mixed/claim.page"
for command in check explain 'run --flavour plain' 'check --json'; do
	# shellcheck disable=SC2086 # split into words
	run_expecting_status 2 "$pagetorture" $command "$scratch/mixed"
	[ "$(tail -n 1 "$scratch/err")" = "pagetorture ${command%% *}: 5 files: 2 bad (cannot be read or parsed), 1 failed" ]
	ok $? "$command: how many files are bad is said at the end" "$scratch/err"
done
run_expecting_status 2 "$pagetorture" convert -o "$scratch/converted" "$scratch/mixed" &&
	[ "$(tail -n 1 "$scratch/err")" = "pagetorture convert: 5 files: 2 bad (cannot be read or parsed)" ]
ok $? "convert: so it is there" "$scratch/err"
run_expecting_status 2 "$pagetorture" check "$scratch/mixed/bad1.page" && [ "$(wc -l <"$scratch/err")" -eq 1 ]
ok $? "of one file one line says all" "$scratch/err"

# ---- the table of run ----

cat >"$scratch/wide.page" <<'END'
pagetorture 1
expect data-race
expect uninit-use
expect use-after-free
p0 = alloc_page(GFP_KERNEL)
k0 = kmap_local(p0)
load(k0, 0, 1)
T0: fill_zero(p0, 0, 8)
T1: fill_zero(p0, 0, 8)
free_page(p0)
read_raw(p0, 0, 1)
END
run_expecting_status 0 "$pagetorture" run --flavour plain,tsan "$scratch/wide.page" "$race"
awk '{ n = split($0, part, /  +| agree$| (yes|NO)$/); print n; at = index($0, "agree"); if (!at) at = match($0, /(yes|NO)$/)
	if (NR > 1 && at != last) bad = 1; last = at } END { exit bad || NR != 3 }' "$scratch/out" >"$scratch/columns"
ok $? "the columns of run are as wide as what is in them" "$scratch/out"

# ---- every command ----

for command in bench check convert explain explore fuzz minimize race replay run to-c triage; do
	case $command in
	bench | race) tool='pagetorture-dev' ;;
	*) tool=pagetorture ;;
	esac
	run_expecting_status 0 "$abs_builddir/$tool" $command -h && cp "$scratch/out" "$scratch/help" &&
		run_expecting_status 0 "$abs_builddir/$tool" $command --help && cmp -s "$scratch/out" "$scratch/help" &&
		grep -q "^[Uu]sage: $tool $command " "$scratch/out" # argparse has a small u
	ok $? "$command --help, -h" "$scratch/err"
	grep -oE '^  (-[a-z], )?--[a-z-]+' "$scratch/out" | grep -oE '[-][-].*' >"$scratch/actual"
	while read -r option; do
		run_expecting_status 2 "$abs_builddir/$tool" $command "$option=x" --no-such-option &&
			! grep -q "unknown option $option" "$scratch/err" || echo "$option"
	done <"$scratch/actual" >"$scratch/unknown"
	[ -s "$scratch/actual" ] && [ ! -s "$scratch/unknown" ]
	ok $? "$command: every option of its help is one" "$scratch/unknown"
done

done_testing
