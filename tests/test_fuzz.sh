#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# `pagetorture fuzz` finds failures, reports and stores them, and resumes, after any of its processes is killed.
# The fuzz targets are small: fuzz_grow has a corpus that grows quickly, and fuzz_bug has a bug.
#
#   FUZZ_KILLS    the number of campaigns that kill -9 ends (default 6; make fuzz-kill: 100)
. "$(dirname "$0")/tap.sh"

rounds=${FUZZ_KILLS:-6}
bin=$scratch/bin
log=$scratch/log

. "$(dirname "$0")/fuzz_targets.sh"
mkdir "$bin" "$bin/afl" "$bin/afl-plain" "$bin/afl-cmplog"
chmod 755 "$scratch"

# ---- helpers ----

# start_campaign ARGUMENT...: starts a campaign in the background, by the command in $prefix.
prefix=
start_campaign() {
	: >"$log" # removes the lines of the previous run
	# shellcheck disable=SC2086 # split into words
	$prefix "$pagetorture" fuzz --bin "$bin" --report 1 "$@" >"$log" 2>&1 &
	campaign=$!
}

# wait_a_minute_until COMMAND...: repeats COMMAND until it succeeds; false if it still fails after a minute.
wait_a_minute_until() {
	for _ in $(seq 300); do
		if "$@"; then
			return 0
		fi
		sleep 0.2
	done
	return 1
}

has_campaign_log_line() {
	grep -q -- "$1" "$log"
}

# stop_campaign SIGNAL: sends SIGNAL to the campaign, and waits until the campaign has ended. Stores the exit
# status of the campaign in $status.
stop_campaign() {
	kill "-$1" "$campaign" 2>/dev/null
	status=0
	wait "$campaign" 2>/dev/null || status=$?
}

list_engine_pids() {
	# shellcheck disable=SC2009 # by the whole command line
	ps -eo pid=,args= | grep -F "$scratch/" | grep -vE 'grep|pagetorture fuzz|on_small_disk|util/start.py' | awk '{ print $1 }'
}

have_all_engines_ended() {
	[ -z "$(list_engine_pids)" ]
}

list_corpus_and_finding_files() {
	ls "$1"/*/corpus/* "$1"/*/findings/* 2>/dev/null
}

has_more_files_than() {
	[ "$(find "$1" -type f 2>/dev/null | wc -l)" -gt "$2" ]
}

# printed_command_reproduces_finding: true if the campaign's replay command works in another directory.
printed_command_reproduces_finding() {
	replay=$(sed -n 's/^  replay: //p' "$log" | head -n 1)
	! (cd / && sh -c "$replay") >"$scratch/out" 2>&1 && grep -q 'ERROR: fuzz_bug: a bug' "$scratch/out"
}

# expect_pause_then_repair_and_stop WHAT REASON COMMAND...: fuzz_grow must pause for REASON, and go on after COMMAND has
# removed the reason.
expect_pause_then_repair_and_stop() {
	what=$1
	wait_a_minute_until has_campaign_log_line "fuzz_grow: pauses: .*: $2" && wait_a_minute_until have_all_engines_ended
	ok $? "$what: it pauses" "$log"
	shift 2
	"$@"
	wait_a_minute_until has_campaign_log_line 'fuzz_grow: goes on$'
	went_on=$?
	stop_campaign INT
	[ $status = 0 ] && [ $went_on = 0 ] && [ "$(grep -c pauses "$log")" = 1 ]
	ok $? "and goes on when it can" "$log"
}

# are_files_named_by_sha1 DIRECTORY: true if the name of every file is, or ends with, the SHA-1 of its content.
are_files_named_by_sha1() {
	find "$1" -type f -exec sha1sum {} + | awk '{ hash = $1; sub(/.*[\/-]/, ""); if ($0 != hash) exit 1 }'
}

# ---- usage ----

for wrong in '--jobs 0' '--time x' '--engine vim' '--seed -1' '--report 0' '--frob' ../x --bin; do
	# shellcheck disable=SC2086 # split into words
	expect_error "bad usage: $wrong" '' "$pagetorture" fuzz --dir "$scratch/none" $wrong
done
run_expecting_status 0 "$pagetorture" fuzz --dir "$scratch/none" --help && grep -q -- --engine "$scratch/out"
ok $? "--help anywhere" "$scratch/out"
run_expecting_status 2 "$pagetorture" fuzz --bin "$bin" --dir "$scratch/none" fuzz_page &&
	grep -q 'fuzz_page: skipped: libfuzzer: no binary' "$scratch/out" &&
	grep -qx "pagetorture fuzz: 1 target with libfuzzer, afl, [0-9]* at a time, until stopped, in $scratch/none" "$scratch/err"
ok $? "no target that can be fuzzed; what is going to happen is said first" "$scratch/err"

if ! compile_small_targets "$bin" 16384; then
	skip_rest "campaigns: ${CC:-cc} has no libFuzzer"
fi

# ---- finding, reporting, resuming ----

d=$scratch/grow
start_campaign --time 3 --jobs 2 --seed 7 --dir "$d" fuzz_grow
stop_campaign 0
[ $status = 0 ] && has_campaign_log_line '^0:00:0. .* executions, .*coverage' && has_campaign_log_line '^  fuzz_grow  *[1-9]' && have_all_engines_ended
ok $? "from an empty directory: lines of log, summary, exit 0, no engine left" "$log"
has_more_files_than "$d/fuzz_grow/corpus" 3 && are_files_named_by_sha1 "$d/fuzz_grow/corpus"
ok $? "the corpus has grown, each entry under its hash" "$log"
[ "$(tail -n 1 "$d/fuzz_grow/plot.tsv" | awk '{ print ($3 > 0) ($4 > 0) ($5 > 3) NF }')" = 1116 ]
ok $? "and its figures are in plot.tsv" "$d/fuzz_grow/plot.tsv"
grep -q 'Seed: 8$' "$d/fuzz_grow/logs/libfuzzer-0"
ok $? "--seed decides what the engine begins with" "$d/fuzz_grow/logs/libfuzzer-0"

# print_last_logged_time_and_executions: prints seconds, executions and executions per second of the last line of the log.
print_last_logged_time_and_executions() {
	sed -n 's|^\([0-9]*\):\([0-9]*\):\([0-9]*\)  \([0-9]*\) executions, \([0-9]*\)/s on average, .*|\1 \2 \3 \4 \5|p' "$log" |
		tail -n 1 | awk '{ print 3600 * $1 + 60 * $2 + $3, $4, $5 }'
}

print_last_logged_time_and_executions >"$scratch/first"
read -r seconds executions rate <"$scratch/first"
# The last line of the log has the time in whole seconds, so the rate may differ from executions / seconds.
[ "${seconds:-0}" -ge 3 ] && [ "$executions" -gt 0 ] && [ "$rate" -ge $((executions / (seconds + 1))) ] &&
	[ "$rate" -le $((executions / seconds)) ]
ok $? "the last line has the executions and their mean rate" "$log"
list_corpus_and_finding_files "$d" >"$scratch/before"
start_campaign --dir "$d" --results "$scratch/resumed.json" fuzz_grow
wait_a_minute_until has_campaign_log_line 'executions'
run_expecting_status 2 "$pagetorture" fuzz --bin "$bin" --dir "$d" fuzz_grow && grep -q 'another campaign runs' "$scratch/out"
ok $? "a second campaign on the same directory is refused" "$scratch/out"
stop_campaign INT
[ $status = 0 ] && has_campaign_log_line 'fuzz_grow: goes on, corpus' && has_campaign_log_line '^summary' && have_all_engines_ended
ok $? "resumed; Ctrl-C ends it with a summary and no engine left" "$log"
print_last_logged_time_and_executions >"$scratch/second"
read -r all_seconds all_executions all_rate <"$scratch/second"
[ "${all_seconds:-0}" -ge "$seconds" ] && [ "$all_executions" -gt "$executions" ] &&
	[ "$all_rate" -ge $((all_executions / (all_seconds + 1))) ] &&
	[ "$all_rate" -le $((all_executions / all_seconds)) ] &&
	[ "$(awk '$1 == "fuzz_grow" { print $2 }' "$log")" = "$all_executions" ]
ok $? "its counts are those since the first start" "$log"
grep -o '"rate":[ 0-9]*' "$scratch/resumed.json" | grep -q '[1-9]'
ok $? "its results have the rate too" "$scratch/resumed.json"
list_corpus_and_finding_files "$d" | sort | comm -13 - "$scratch/before" >"$scratch/lost"
[ -s "$scratch/before" ] && [ ! -s "$scratch/lost" ]
ok $? "and all that was there is there" "$scratch/lost"

d="$scratch/it's a bug"
start_campaign --dir "$d" fuzz_bug
wait_a_minute_until has_campaign_log_line '^FINDING fuzz_bug, crash: fuzz_bug: a bug of'
wait_a_minute_until has_more_files_than "$d/fuzz_bug/findings" 2
stop_campaign INT
found=$(find "$d/fuzz_bug/findings" -type f | wc -l)
[ "$(sed -n 's/.* on average, .* findings \([0-9]*\),.*/\1/p' "$log")" = "$found" ]
ok $? "the last line has the findings" "$log"
[ $status = 1 ] && [ "$(grep -c '^FINDING' "$log")" = 1 ] && are_files_named_by_sha1 "$d/fuzz_bug/findings"
ok $? "a finding is printed once for its reason, all are stored, exit 1" "$log"
printed_command_reproduces_finding
ok $? "the printed command reproduces it" "$scratch/out"
grep -q 'ERROR: fuzz_bug' "$d"/fuzz_bug/reports/*
ok $? "what the engine said is kept" "$log"

d=$scratch/until
start_campaign --time 1h --until-finding --dir "$d" fuzz_bug
wait_a_minute_until has_campaign_log_line '^summary'
ended=$?
stop_campaign INT
[ $ended = 0 ] && [ $status = 1 ] && has_campaign_log_line '^FINDING fuzz_bug, crash' && have_all_engines_ended
ok $? "--until-finding ends with the first, exit 1" "$log"

# has_engine_read_its_corpus DIRECTORY: true if the first libFuzzer engine has executed its initial corpus.
has_engine_read_its_corpus() {
	grep -q INITED "$1"/logs/libfuzzer-0*
}

d=$scratch/begins
mkdir -p "$d/fuzz_bug/corpus"
for bug in bu bug bugs; do
	printf %s "$bug" >"$d/fuzz_bug/corpus/$bug"
done
start_campaign --jobs 1 --engine libfuzzer --dir "$d" fuzz_bug
wait_a_minute_until has_more_files_than "$d/fuzz_bug/findings" 2 && wait_a_minute_until has_engine_read_its_corpus "$d/fuzz_bug"
ok $? "findings in the corpus are reported, and the engines begin without them" "$log"
stop_campaign INT
rm -rf "$d/fuzz_bug/logs" "$d/fuzz_bug/queue"
start_campaign --jobs 1 --time 2 --engine libfuzzer --dir "$d" fuzz_bug
stop_campaign 0
[ ! -e "$d/fuzz_bug/queue/$(printf bug | sha1sum | cut -c 1-40)" ] && has_engine_read_its_corpus "$d/fuzz_bug"
ok $? "and so does the next campaign" "$log"

# ---- AFL++ ----

if command -v afl-fuzz >/dev/null && command -v afl-clang-fast >/dev/null; then
	compile_small_targets_for_afl "$bin"
	d=$scratch/afl
	mkdir -p "$scratch/seeds/fuzz_bug"
	printf 'bx' >"$scratch/seeds/fuzz_bug/near"
	start_campaign --engine afl --jobs 3 --seeds "$scratch/seeds" --dir "$d" fuzz_bug
	wait_a_minute_until has_campaign_log_line '^FINDING fuzz_bug, crash'
	wait_a_minute_until test -e "$d/fuzz_bug/afl/cmplog/fuzzer_stats"
	# AFL++ writes its figures five seconds after its start; only then can an instance be resumed.
	wait_a_minute_until has_campaign_log_line ' [1-9][0-9]* executions'
	pid=$(list_engine_pids | tail -n 1)
	kill -9 "$(pgrep -P "$campaign" | head -n 1)"
	wait_a_minute_until has_campaign_log_line 'was ended by signal 9; it is started again'
	ok $? "AFL++: main, sanitizer and CMPLOG instance; one that is killed comes back" "$log"
	stop_campaign INT
	[ $status = 1 ] && [ -n "$pid" ] && have_all_engines_ended && ls "$d/fuzz_bug/afl/main/queue" >/dev/null
	ok $? "AFL++ ends without a process left, its finding is printed" "$log"
	printed_command_reproduces_finding
	ok $? "and the printed command reproduces it" "$scratch/out"
	# The fork server of AFL++ ends by itself then, but the stopped process that executes inputs does not.
	start_campaign --engine afl --jobs 2 --dir "$d" fuzz_grow
	wait_a_minute_until has_campaign_log_line ' [1-9][0-9]* executions'
	# shellcheck disable=SC2046 # split into words
	kill -9 "$campaign" $(pgrep -P "$campaign")
	stop_campaign KILL
	wait_a_minute_until have_all_engines_ended
	ok $? "the tool and AFL++ killed at once: no process of the target is left" "$log"
	all_engines="--engine libfuzzer,afl"
else
	skip "AFL++: no afl-fuzz or afl-clang-fast"
	all_engines="--engine libfuzzer"
fi

# ---- kill -9 ----

d=$scratch/killed
random=$(date +%s)

lost=0
for round in $(seq "$rounds"); do
	random=$(((random * 1103515245 + 12345) % 2147483648))
	# shellcheck disable=SC2086 # split into words
	start_campaign $all_engines --jobs 2 --dir "$d" fuzz_bug fuzz_grow
	sleep "$((random / 65536 % 3)).$((random / 1024 % 10))"
	case $((random / 4096 % 3)) in
	0) # kill the tool; its engines must then end, which is checked below
		stop_campaign KILL ;;
	1) # kill an engine, then the tool
		kill -9 "$(list_engine_pids | head -n 1)" 2>/dev/null
		sleep 0.$((random / 2048 % 10))
		stop_campaign KILL ;;
	2) # kill the tool and all engines
		# shellcheck disable=SC2046 # split into words
		kill -9 "$campaign" $(list_engine_pids) 2>/dev/null
		stop_campaign KILL ;;
	esac
	wait_a_minute_until have_all_engines_ended || { echo "round $round: $(list_engine_pids | wc -l) left" >>"$scratch/lost"; lost=1; }
	list_sha1_of_inputs "$d"/*/corpus "$d"/*/findings "$d"/*/queue "$d"/*/libfuzzer \
		"$d"/*/afl/*/queue "$d"/*/afl/*/crashes >"$scratch/found"
	"$pagetorture" fuzz --collect --bin "$bin" --dir "$d" fuzz_bug fuzz_grow >"$log" 2>&1
	[ $? -le 1 ] || { cat "$log" >>"$scratch/lost"; lost=1; }
	list_sha1_of_inputs "$d"/*/corpus "$d"/*/findings | comm -13 - "$scratch/found" >"$scratch/missing"
	if [ -s "$scratch/missing" ]; then
		echo "round $round: $(wc -l <"$scratch/missing") lost" >>"$scratch/lost"
		lost=1
	fi
	sort "$scratch/found" "$scratch/found.all" 2>/dev/null | sort -u >"$scratch/sum"
	mv "$scratch/sum" "$scratch/found.all"
done
list_sha1_of_inputs "$d"/*/corpus "$d"/*/findings | comm -13 - "$scratch/found.all" >"$scratch/missing"
[ $lost = 0 ] && [ ! -s "$scratch/missing" ] && [ -s "$scratch/found.all" ]
ok $? "$rounds rounds of kill -9: $(wc -l <"$scratch/found.all") entries and findings, none lost" "$scratch/lost"
are_files_named_by_sha1 "$d/fuzz_grow/corpus" && are_files_named_by_sha1 "$d/fuzz_bug/findings"
ok $? "and every one is whole" "$scratch/lost"

# ---- unreadable files, and directories that are not writable ----

# Run the campaign as a user other than root, because root can write in directories without write permission.
if [ "$(id -u)" = 0 ]; then
	prefix='setpriv --reuid=65534 --regid=65534 --clear-groups'
fi
d=$scratch/perm
mkdir "$d"
chmod 777 "$d"
# shellcheck disable=SC2086 # the words of the command
if succeeds_or_skip "directories that cannot be written: no other user can run this build" $prefix test -x "$pagetorture" 2>/dev/null; then
	start_campaign --engine libfuzzer --time 2 --dir "$d" fuzz_grow fuzz_bug
	stop_campaign 0
	corpus=$d/fuzz_grow/corpus
	mkdir "$corpus/a-directory"
	mkfifo "$corpus/a-pipe"
	ln -s /nowhere "$corpus/a-dangling-link"
	: >"$corpus/an-empty-file"
	head -c 1100000 /dev/zero >"$corpus/a-large-file"
	echo x >"$corpus/an-unreadable-file"
	chmod 000 "$corpus/an-unreadable-file"
	printf 'an in' >"$corpus/somebody's own"
	python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$corpus/a-socket" 2>/dev/null
	chmod -R a-w "$d/fuzz_bug"
	find "$d/fuzz_bug" -type f | sort >"$scratch/before"
	find "$corpus" | sort >"$scratch/corpus"
	start_campaign --engine libfuzzer --time 2 --dir "$d" fuzz_grow fuzz_bug
	stop_campaign 0
	for junk in $(cd "$corpus" && ls -d a-* an-*); do
		[ "$(grep -c "skipped, no input: .*/$junk: " "$log")" = 1 ] || echo "$junk"
	done >"$scratch/junk"
	# The exit status is 2, because fuzz_bug is not fuzzed.
	[ $status = 2 ] && [ ! -s "$scratch/junk" ] && has_campaign_log_line '^  fuzz_grow  *[1-9]'
	ok $? "junk in a corpus is skipped, with one line each" "$log"
	find "$corpus" | sort | comm -13 - "$scratch/corpus" >"$scratch/lost"
	ok_if_empty "and left alone" "$scratch/lost"
	[ -e "$d/fuzz_grow/queue/$(printf 'an in' | sha1sum | cut -c 1-40)" ]
	ok $? "an input under a name of its own is handed to the engines" "$log"
	find "$d/fuzz_bug" -type f | sort | cmp -s - "$scratch/before" &&
		has_campaign_log_line 'fuzz_bug: expected a directory that can be written: .*: Permission denied'
	ok $? "a target in a directory that cannot be written is reported; the other continues" "$log"
	start_campaign --engine libfuzzer --dir "$d" fuzz_grow
	wait_a_minute_until has_campaign_log_line executions
	chmod a-w "$corpus"
	expect_pause_then_repair_and_stop "a directory that cannot be written any more" "Permission denied" chmod a+w "$corpus"
	chmod a-w "$d"
	rm -rf "$d/fuzz_bug"
	start_campaign --engine libfuzzer --time 1 --dir "$d/below" fuzz_grow
	stop_campaign 0
	[ $status = 2 ] && has_campaign_log_line 'expected a directory that can be written' && [ "$(wc -l <"$log")" = 1 ]
	ok $? "no directory at all: one line, exit 2" "$log"
fi
prefix=

if succeeds_or_skip "a full disk: not root" test "$(id -u)" = 0 &&
	succeeds_or_skip "a full disk: no mount namespaces" unshare -m true 2>/dev/null; then
	d=$scratch/full
	mkdir "$d"
	printf '#!/bin/sh\nmount -t tmpfs -o size=96m none %s && exec "$@"\n' "$d" >"$scratch/on_small_disk"
	# The mount is the campaign's own; its files are below /proc/PID/root.
	prefix="unshare -m sh $scratch/on_small_disk"
	start_campaign --engine libfuzzer --dir "$d" fuzz_grow
	inside=/proc/$campaign/root$d
	wait_a_minute_until has_campaign_log_line ' executions'
	list_sha1_of_inputs "$inside/fuzz_grow/corpus" >"$scratch/before"
	head -c 130000000 /dev/zero >"$inside/filler" 2>/dev/null
	wait_a_minute_until has_campaign_log_line 'fuzz_grow: pauses'
	list_sha1_of_inputs "$inside/fuzz_grow/corpus" | comm -13 - "$scratch/before" >"$scratch/lost"
	[ -s "$scratch/before" ] && [ ! -s "$scratch/lost" ]
	ok $? "a full disk: all that was there is there" "$scratch/lost"
	expect_pause_then_repair_and_stop "a full disk" "the disk is nearly full" rm "$inside/filler"
	prefix=
fi

# ---- engines that do not run ----

printf '#!/bin/sh\necho no luck today\nexit 3\n' >"$bin/fuzz_broken"
chmod +x "$bin/fuzz_broken"
start_campaign --dir "$scratch/broken" --jobs 1 fuzz_broken
status=0
wait $campaign || status=$?
[ $status = 2 ] && has_campaign_log_line 'libfuzzer-0 ended with status 3: no luck today' && has_campaign_log_line 'no engine could be started'
ok $? "an engine that never runs: its words, exit 2" "$log"

# The scripts fuzz_page and fuzz_race act as targets that print their options.
mkdir "$scratch/options"
for target in fuzz_page fuzz_race; do
	printf '#!/bin/sh\necho "options: $*"\nexit 3\n' >"$scratch/options/$target"
	chmod +x "$scratch/options/$target"
done
# engine_options BACKEND: prints the options of libFuzzer for fuzz_page and fuzz_race, one line each.
engine_options() {
	run_expecting_status 2 env PAGE_MAP="$1" "$pagetorture" fuzz --bin "$scratch/options" --engine libfuzzer \
		--dir "$scratch/options-$1" fuzz_page fuzz_race
	sed -n 's/^options: //p' "$scratch/options-$1"/fuzz_page/logs/libfuzzer-0 | head -n 1
	sed -n 's/^options: //p' "$scratch/options-$1"/fuzz_race/logs/libfuzzer-0 | head -n 1
}
engine_options direct >"$scratch/direct"
engine_options alias >"$scratch/alias"
[ "$(grep -c -- '-rss_limit_mb=2048 ' "$scratch/direct")" = 2 ] && [ "$(grep -c -- '-rss_limit_mb=0 ' "$scratch/alias")" = 2 ]
ok $? "the limit of memory is 2 GB, or none with the backend alias" "$scratch/direct"
! grep -v fuzz_race "$scratch/direct" | grep -q -- '-runs=' && grep fuzz_race "$scratch/direct" | grep -q -- '-runs=5000000 '
ok $? "a process with ThreadSanitizer ends after 5 million inputs" "$scratch/direct"

# The script fuzz_lacking acts as a target whose calls the page library lacks (src/page_stubs/absent.c): it
# prints one line and ends with 69.
lacking="the page library lacks$(printf ' page_buffer_call_%d' 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28)"
printf '#!/bin/sh\necho "fuzz_lacking: skipped: %s" >&2\nexit 69\n' "$lacking" >"$bin/fuzz_lacking"
chmod +x "$bin/fuzz_lacking"
run_expecting_status 2 timeout 60 "$pagetorture" fuzz --bin "$bin" --dir "$scratch/lacking" fuzz_lacking &&
	[ "$(grep -cx "fuzz_lacking: skipped: libfuzzer: $lacking" "$scratch/out")" = 1 ] &&
	grep -q 'expected a target that can be fuzzed' "$scratch/out"
ok $? "a target that lacks calls of the page library is skipped by name; alone: exit 2" "$scratch/out"
run_expecting_status 0 "$pagetorture" fuzz --bin "$bin" --time 2 --jobs 2 --dir "$scratch/lacking-too" fuzz_grow fuzz_lacking &&
	[ "$(grep -c "^fuzz_lacking: skipped: libfuzzer: the page library lacks " "$scratch/out")" = 1 ] &&
	grep -q '^  fuzz_grow  *[1-9]' "$scratch/out" && ! grep -q '^  fuzz_lacking ' "$scratch/out"
ok $? "beside others: it is left out, they run" "$scratch/out"

done_testing
