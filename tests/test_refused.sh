#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# If the system refuses processes, pipes, memory or descriptors, no failure becomes a pass, and no command hangs.
# For n = 1, 2, 3 ..., the command runs while the n-th call of a libc function fails (refuse_nth.c).
. "$(dirname "$0")/tap.sh"

dev=$abs_builddir/pagetorture-dev
refuse=$scratch/refuse.so
if ! $CC -D_GNU_SOURCE -shared -fPIC "$abs_srcdir/tests/refuse_nth.c" -o "$refuse" >"$scratch/out" 2>&1 ||
	! LD_PRELOAD=$refuse "$pagetorture" --version >/dev/null 2>&1; then
	skip_rest "no library that refuses calls can be put before the C library"
fi

# run_with_refused_call FUNCTION:N COMMAND...: runs the command, in which the N-th call of FUNCTION fails. The
# command creates $scratch/used if it makes this call. $refusing is the environment variable that gets the path
# of refuse.so: LD_PRELOAD, or a variable that the command itself copies to LD_PRELOAD.
refusing=LD_PRELOAD
run_with_refused_call() {
	refused_call=$1
	shift
	rm -f "$scratch/used"
	timeout -k 1 60 env "$refusing=$refuse" REFUSE="$refused_call" REFUSE_USED="$scratch/used" "$@"
}

# expect_failure_despite_refused_calls NAME FUNCTIONS COMMAND...: COMMAND, which fails anyway, must end by
# itself with 1 or 2 if any single call of FUNCTIONS is refused. COMMAND must make at least one call of
# FUNCTIONS.
expect_failure_despite_refused_calls() {
	name=$1 functions=$2 runs=0
	shift 2
	for function in $functions; do
		n=1
		while [ $n -le 60 ]; do
			run_expecting_status 1 run_with_refused_call "$function:$n" "$@"
			[ -e "$scratch/used" ] || break
			case $status in
			1 | 2) ;;
			*) echo "$function:$n: exit status $status" ;;
			esac
			n=$((n + 1)) runs=$((runs + 1))
		done
	done >"$scratch/wrong"
	[ $runs -gt 0 ] || echo "no call was refused" >"$scratch/wrong"
	ok_if_empty "$name: a failure stays one, whichever of $runs calls is refused" "$scratch/wrong"
}

mkdir "$scratch/good"
for i in 1 2 3 4; do
	write_good_program "$scratch/good/$i.page"
done
cp -r "$scratch/good" "$scratch/wrong-expect"
cp -r "$scratch/good" "$scratch/corrupt"
write_good_program "$scratch/wrong-expect/2.page" 'expect data-race'
write_good_program "$scratch/corrupt/2.page" '# misbehave: corrupt-later'
wrong=$scratch/wrong-expect

# ---- replay ----

system='fork pipe2 socketpair memfd_create mmap open poll waitpid'
memory='calloc malloc realloc open_memstream'
expect_failure_despite_refused_calls "replay, a wrong expectation" "$system $memory send write" "$pagetorture" replay --flavour plain -j 1 \
	--results "$scratch/results.jsonl" "$wrong"
# If an input fails only after earlier inputs, `replay` runs it again after them. The check does not refuse
# send(), because `replay` then forms other batches, in which the input may not fail.
expect_failure_despite_refused_calls "replay, an input that fails after others" "$system $memory" "$dev" replay \
	--flavour plain -j 1 "$scratch/corrupt"
export REFUSE_ALL=1
expect_failure_despite_refused_calls "replay, in workers too" "$system calloc" "$pagetorture" replay --flavour plain -j 1 "$wrong"
unset REFUSE_ALL

# `replay` first forks workers, then processes that bisect the inputs before the input that fails.
for n in $(seq 2 20); do
	run_expecting_status 1 run_with_refused_call "fork:$n" "$dev" replay --flavour plain -j 1 "$scratch/corrupt"
	[ -e "$scratch/used" ] || break
	cat "$scratch/err"
done >"$scratch/printed"
grep -q '3.page: plain: crash: .*to find out after what, got none' "$scratch/printed"
ok $? "a failure that cannot be run again keeps its kind" "$scratch/printed"

expect 2 "replay without a process: nothing is good" '^plain  *4  *0  *4 ' \
	run_with_refused_call 'fork:1+' "$pagetorture" replay --flavour plain "$scratch/good"
! grep -q 'all good' "$scratch/out"
ok $? "... nor is that printed" "$scratch/out"
expect 2 "replay --json without a process" '"input": .*"failed": true' \
	run_with_refused_call 'fork:1+' "$pagetorture" replay --flavour plain --json "$scratch/good"
[ "$(grep -c '"input": .*"failed": true' "$scratch/out")" -eq 4 ]
ok $? "... all inputs failed" "$scratch/out"
# If a worker does not start, `replay` gives its batch to another worker.
expect 2 "replay, the first fork() refused" '' run_with_refused_call 'fork:1' "$pagetorture" replay --flavour plain -j 2 "$wrong"

# ---- run ----

flavours=plain
! has_flavour asan || flavours=plain,asan
expect_failure_despite_refused_calls "run, a wrong expectation" "$system $memory" "$pagetorture" run --flavour $flavours \
	"$wrong/1.page" "$wrong/2.page"
if has_flavour_or_skip asan "run, a flavour that is there"; then
	for function in fork pipe2; do
		expect 2 "run, $function() refused for a flavour that is there" 'expected to start .*pagetorture-asan' \
			run_with_refused_call $function:2+ "$pagetorture" run --flavour plain,asan "$scratch/good/1.page"
		! grep 'skipped' "$scratch/err" >/dev/null
		ok $? "... it is not skipped" "$scratch/err"
	done
fi

# ---- the system refuses to read user memory ----

for command in 'run --flavour plain' 'replay --flavour plain' 'minimize'; do
	# shellcheck disable=SC2086 # split into words
	expect_error "${command%% *} says at its start that process_vm_readv() is refused" \
		'process_vm_readv(): Operation not permitted; a container needs' \
		run_with_refused_call 'process_vm_readv:1+' "$pagetorture" $command "$abs_srcdir/corpus/rules/user-fault.page"
done
# The tool calls process_vm_readv() once at its start, so this check refuses all calls after the first.
export REFUSE_ALL=1
expect 1 "a call that is refused later is no fault of user memory" \
	'BUG: page: system: process_vm_readv() of this process: Operation not permitted' \
	run_with_refused_call 'process_vm_readv:2+' "$pagetorture" run --flavour plain "$abs_srcdir/corpus/rules/user-fault.page"
unset REFUSE_ALL

# A seccomp filter refuses process_vm_readv(), because fuzz targets wrap it, so LD_PRELOAD cannot replace it.
cat >"$scratch/forbid.c" <<'END'
#include <errno.h>
#include <unistd.h>
#include "tests/refuse_call.h"
int main(int argc, char **argv)
{
	if (argc < 2 || !refuse_system_call_if(SYS_process_vm_readv, ANY_ARG, 0, EPERM))
		return 3;
	execv(argv[1], argv + 1);
	return 4;
}
END
if [ ! -x "$abs_builddir/fuzz_page" ]; then
	skip "this build has no fuzz_page"
elif ! $CC -D_GNU_SOURCE -I"$abs_srcdir" "$scratch/forbid.c" -o "$scratch/forbid" >"$scratch/err" 2>&1 ||
	! "$scratch/forbid" /bin/true; then
	skip "what the kernel refuses: no seccomp filters here"
else
	(cd "$scratch" && run_expecting_status 2 timeout 60 ./forbid "$abs_builddir/fuzz_page" -runs=10 &&
		grep -q 'process_vm_readv(): Operation not permitted; a container needs' err && ! ls crash-* 2>/dev/null)
	ok $? "fuzz_page says so before the first input, and has no finding" "$scratch/err"
fi

# ---- resource limits, and inherited signal actions ----

for limit in 4 5 6 7 8 9 10 11 12 16 20 24; do
	for command in replay run; do
		run_expecting_status 1 timeout -k 1 60 sh -c "exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-; ulimit -n $limit; exec \"\$@\"" \
			sh "$pagetorture" $command --flavour plain "$wrong/1.page" "$wrong/2.page"
		case $status in 1 | 2) ;; *) echo "$command, $limit descriptors: exit status $status" ;; esac
	done
done >"$scratch/wrong"
ok_if_empty "with few descriptors a failure stays one" "$scratch/wrong"

write_good_program "$scratch/crash.page" '# misbehave: crash'
expect 1 "replay, started with SIGCHLD ignored: a crash is one" '' \
	env --ignore-signal=CHLD "$dev" replay --flavour plain "$scratch/crash.page"
expect 0 "run, started with SIGCHLD ignored: the status of children is read" 'use-after-unmap *use-after-unmap *yes' \
	env --ignore-signal=CHLD timeout 60 "$pagetorture" run --flavour plain "$abs_srcdir/corpus/rules/unmap-twice.page"

# ---- campaigns ----

# Scripts act as fuzz targets with libFuzzer that make a finding; the finding of fuzz_empty is an empty file.
mkdir "$scratch/bin"
for target in fine crash empty full loop; do
	cat >"$scratch/bin/fuzz_$target" <<-'END'
		#!/bin/sh
		for word; do
			case $word in -artifact_prefix=*) directory=${word#*=} ;; esac
		done
		echo '#100 pulse cov: 3'
		case $0 in
		*fine) exec sleep 30 ;;
		*crash) echo found >"$directory/crash-0b07a8c03ed8fcb0eb1f17a1c2ccd7a3cd5a9c2f" ;;
		*loop) rm -r "$directory" && ln -s libfuzzer "${directory%/}" ;;
		*empty) : >"$directory/crash-da39a3ee5e6b4b0d3255bfef95601890afd80709" ;;
		esac
		exit 77
	END
	chmod +x "$scratch/bin/fuzz_$target"
done
mkdir "$scratch/campaign"
set -- "$pagetorture" fuzz --bin "$scratch/bin" --engine libfuzzer --jobs 1 --time 2 --dir "$scratch/campaign"
expect 0 "a campaign without a finding" '' "$@" fuzz_fine
expect 1 "a campaign with one" '' "$@" fuzz_crash
rm -r "$scratch/campaign"/*
# Calls must also fail in child processes, because pagetorture executes python3, which starts the engines.
export REFUSE_ALL=1
expect 2 "a campaign that never gets a process" 'fuzz_fine: no engine could be started' run_with_refused_call fork:1+ "$@" fuzz_fine
unset REFUSE_ALL
expect 2 "a campaign that cannot read what its engines found" \
	'libfuzzer is not kept: Too many levels of symbolic links' "$@" fuzz_loop
expect 2 "a finding without a byte is no pass" 'crash-da39.* is not kept: empty' "$@" fuzz_empty
: >"$scratch/campaign/fuzz_full"
expect 2 "a target that is left out because of its directory" '' "$@" fuzz_full fuzz_fine

# ---- the determinism check ----

# A program acts as fuzz_NAME-same, but prints a different outcome in every execution of an input.
cat >"$scratch/serve.c" <<'END'
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	uint64_t outcome[5] = { 8, !strcmp(argv[argc - 1], "serve-apart") };
	char *name = NULL;
	size_t size = 0;

	if (!strcmp(argv[1], "list"))
		return execlp("find", "find", argv[2], "-type", "f", "-print0", NULL);
	if (!strcmp(argv[1], "edges"))
		return 0;
	if (write(STDOUT_FILENO, outcome, 8) != 8)
		return 1;
	for (; getdelim(&name, &size, 0, stdin) > 0; outcome[1] += 2)
		if (!malloc(1) || write(STDOUT_FILENO, outcome + 1, 32) != 32)
			return 1;
	return 0;
}
END
# Calls are refused only in the programs that same.py starts, because the Python interpreter itself may crash.
# shellcheck disable=SC2016 # the script expands it
printf '#!/bin/sh\nLD_PRELOAD=${PRELOAD_OF_SAME-} exec "%s/same" "$@"\n' "$scratch" >"$scratch/fuzz_any-same"
chmod +x "$scratch/fuzz_any-same"
if $CC -D_GNU_SOURCE "$scratch/serve.c" -o "$scratch/same" >"$scratch/err" 2>&1; then
	set -- python3 -B "$abs_srcdir/fuzz/same.py" "$scratch/fuzz_any-same" "$scratch/good"
	refusing=PRELOAD_OF_SAME
	expect_failure_despite_refused_calls "fuzz_NAME-same" "$system $memory write" "$@"
	for n in 1 2 3 4; do
		! run_expecting_status 0 run_with_refused_call "malloc:$n+" "$@" || echo "malloc:$n+"
	done >"$scratch/wrong"
	refusing=LD_PRELOAD
	ok_if_empty "fuzz_NAME-same: outcomes that are missing are not the same" "$scratch/wrong"
	expect 1 "fuzz_NAME-same, started with SIGCHLD ignored: outcomes are compared" 'have not always the same outcome' \
		env --ignore-signal=CHLD timeout 60 "$@"
else
	ok 1 "a small fuzz target is built" "$scratch/err"
fi

done_testing
