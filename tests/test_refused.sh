#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# A system that refuses processes, pipes, memory or descriptors turns no failure into a pass,
# and lets nothing hang: the n-th call of each function fails, for n = 1, 2, 3 ... (refuse_nth.c).
. "$(dirname "$0")/tap.sh"

refuse=$scratch/refuse.so
if ! $CC -D_GNU_SOURCE -shared -fPIC "$abs_srcdir/tests/refuse_nth.c" -o "$refuse" >"$scratch/out" 2>&1 ||
	! LD_PRELOAD=$refuse "$pagetorture" --version >/dev/null 2>&1; then
	skip "no library that refuses calls can be put before the C library"
	done_testing
	exit
fi

# refused WHICH COMMAND...: its exit status is in $status; was there such a call at all?
refused() {
	which=$1
	shift
	rm -f "$scratch/used"
	status=0
	timeout -k 1 60 env LD_PRELOAD="$refuse" REFUSE="$which" REFUSE_USED="$scratch/used" "$@" \
		>"$scratch/out" 2>"$scratch/err" || status=$?
	[ -e "$scratch/used" ]
}

# never_green WHAT FUNCTIONS COMMAND...: one that fails by itself; each call refused in turn.
# Then it ends with 1 or 2, and so by itself; at least one call of all is refused.
never_green() {
	what=$1 functions=$2 runs=0
	shift 2
	: >"$scratch/green"
	for function in $functions; do
		n=1
		while [ $n -le 60 ] && refused "$function:$n" "$@"; do
			case $status in
			1 | 2) ;;
			*) echo "$function:$n: exit status $status" >>"$scratch/green" ;;
			esac
			n=$((n + 1)) runs=$((runs + 1))
		done
	done
	[ ! -s "$scratch/green" ] && [ $runs -gt 0 ]
	ok $? "$what: a failure stays one, whichever of $runs calls is refused" "$scratch/green"
}

# program FILE [LINE]: one that is good, but for the comment or claim.
program() {
	{
		printf 'pagetorture 1\n%s\n' "${2-}"
		printf 'p0 = alloc_page(GFP_KERNEL | __GFP_ZERO)\n'
		printf 'T0: write_raw(p0, 0, 0x40, 0x11) -> 0\nT1: read_raw(p0, 0x40, 1) -> 0\n'
	} >"$1"
}

mkdir "$scratch/claim" "$scratch/corrupt" "$scratch/good"
for i in 1 2 3 4; do
	program "$scratch/claim/$i.page"
	program "$scratch/corrupt/$i.page"
	program "$scratch/good/$i.page"
done
program "$scratch/claim/2.page" 'expect data-race'
program "$scratch/corrupt/2.page" '# misbehave: corrupt-later'

# ---- replay ----

system='fork pipe2 memfd_create mmap open poll waitpid'
memory='calloc malloc realloc open_memstream'
never_green "replay, a claim" "$system $memory write" "$pagetorture" replay --flavour plain -j 1 \
	--results "$scratch/results.jsonl" "$scratch/claim"
# What is only seen after others is asked again after others. A worker that does not get its
# batch is replaced, so write() may bring others together.
never_green "replay, an input that others fail after" "$system $memory" "$abs_builddir/pagetorture-dev" replay \
	--flavour plain -j 1 "$scratch/corrupt"
export REFUSE_ALL=1
never_green "replay, in workers too" "$system calloc" "$pagetorture" replay --flavour plain -j 1 \
	"$scratch/claim"
unset REFUSE_ALL

# The first processes are workers, the others are asked after what it fails.
for n in $(seq 2 20); do
	refused "fork:$n" "$abs_builddir/pagetorture-dev" replay --flavour plain -j 1 "$scratch/corrupt" || break
	cat "$scratch/err"
done >"$scratch/actual"
grep -q '3.page: plain: crash: .*to find out after what, got none' "$scratch/actual"
ok $? "a failure that cannot be run again keeps its kind" "$scratch/actual"

# All or none of them runs: both forms of the results say so.
refused 'fork:1+' "$pagetorture" replay --flavour plain "$scratch/good" && [ $status -eq 2 ] &&
	grep -q '^plain  *4  *0  *4 ' "$scratch/out" && ! grep -q 'all good' "$scratch/out"
ok $? "replay without a process: nothing is good" "$scratch/out"
refused 'fork:1+' "$pagetorture" replay --flavour plain --json "$scratch/good" && [ $status -eq 2 ] &&
	[ "$(grep -c '"input": .*"failed": true' "$scratch/out")" -eq 4 ]
ok $? "replay --json without a process: nothing is good" "$scratch/out"

# What one worker that does not start had is given back: the next one starts.
refused 'fork:1' "$pagetorture" replay --flavour plain -j 2 "$scratch/claim"
[ $status -eq 2 ]
ok $? "replay, the first fork() refused: exit 2" "$scratch/err"

# ---- run ----

flavours=plain
! has_flavour asan || flavours=plain,asan
never_green "run, a claim" "$system $memory" "$pagetorture" run --flavour $flavours \
	"$scratch/claim/1.page" "$scratch/claim/2.page"
if has_flavour asan; then
	for function in fork pipe2; do
		refused $function:2+ "$pagetorture" run --flavour plain,asan "$scratch/good/1.page" &&
			[ $status -eq 2 ] && grep -q 'expected to start .*pagetorture-asan' "$scratch/err" &&
			! grep 'skipped' "$scratch/err" >/dev/null
		ok $? "run, $function() refused for a flavour that is there: not skipped, exit 2" "$scratch/err"
	done
else
	skip "this build has no asan flavour"
fi

# ---- user memory that the system does not let read ----

for command in 'run --flavour plain' 'replay --flavour plain' 'minimize'; do
	# shellcheck disable=SC2086 # words
	refused 'process_vm_readv:1+' "$pagetorture" $command "$abs_srcdir/corpus/rules/user-fault.page" &&
		[ $status -eq 2 ] && [ "$(wc -l <"$scratch/err")" -eq 1 ] &&
		grep -q 'process_vm_readv(): Operation not permitted; a container needs' "$scratch/err"
	ok $? "${command%% *} says at its start that process_vm_readv() is refused" "$scratch/err"
done
# Each call after the one at the start.
REFUSE_ALL=1 refused 'process_vm_readv:2+' "$pagetorture" run --flavour plain \
	"$abs_srcdir/corpus/rules/user-fault.page" && [ $status -eq 1 ] &&
	grep -q 'BUG: page: system: process_vm_readv() of this process: Operation not permitted' "$scratch/err"
ok $? "a call that is refused later is no fault of user memory" "$scratch/err"

# Fuzz targets have wrappers of their own for such calls: there the kernel refuses.
cat >"$scratch/forbid.c" <<'END'
#include <errno.h>
#include <unistd.h>
#include "tests/refuse_call.h"
int main(int argc, char **argv)
{
	if (argc < 2 || !refuse_if(SYS_process_vm_readv, ANY_ARG, 0, EPERM))
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
	(cd "$scratch" && run_to 2 timeout 60 ./forbid "$abs_builddir/fuzz_page" -runs=10 &&
		grep -q 'process_vm_readv(): Operation not permitted; a container needs' err && ! ls crash-* 2>/dev/null)
	ok $? "fuzz_page says so before the first input, and has no finding" "$scratch/err"
fi

# ---- limits, and what is inherited ----

for most in 4 5 6 7 8 9 10 11 12 16 20 24; do
	for command in replay run; do
		status=0
		timeout -k 1 60 sh -c 'exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-; ulimit -n '"$most"'; exec "$@"' sh "$pagetorture" $command \
			--flavour plain "$scratch/claim/1.page" "$scratch/claim/2.page" \
			>"$scratch/out" 2>"$scratch/err" || status=$?
		case $status in 1 | 2) ;; *) echo "$command, $most descriptors: exit status $status" ;; esac
	done
done >"$scratch/green"
[ ! -s "$scratch/green" ]
ok $? "with few descriptors a failure stays one" "$scratch/green"

program "$scratch/crash.page" '# misbehave: crash'
run_to 1 env --ignore-signal=CHLD "$abs_builddir/pagetorture-dev" replay --flavour plain "$scratch/crash.page"
ok $? "replay, started with SIGCHLD ignored: a crash is one" "$scratch/err"
cat >"$scratch/unmap.page" <<'END'
pagetorture 1
p0 = alloc_page(GFP_KERNEL)
k0 = kmap_local(p0)
kunmap_local(k0)
kunmap_local(k0)
END
run_to 0 env --ignore-signal=CHLD timeout 60 "$pagetorture" run --flavour plain "$scratch/unmap.page" &&
	grep -q 'use-after-unmap *use-after-unmap *yes' "$scratch/out"
ok $? "run, started with SIGCHLD ignored: how children end is heard" "$scratch/out"

# ---- campaigns ----

# An engine in the words of libFuzzer, with a finding: in fuzz_empty an input without a byte.
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
run_to 0 "$@" fuzz_fine && run_to 1 "$@" fuzz_crash
ok $? "a campaign of an engine that is none: exit 0, with a finding 1" "$scratch/out"
rm -r "$scratch/campaign"/*
REFUSE_ALL=1 refused fork:1+ "$@" fuzz_fine
[ $status -eq 2 ] && grep -q 'fuzz_fine: no engine could be started' "$scratch/out"
ok $? "a campaign that never gets a process: exit 2" "$scratch/out"
run_to 2 "$@" fuzz_loop && grep -q 'libfuzzer is not kept: Too many levels of symbolic links' "$scratch/out"
ok $? "a campaign that cannot read what its engines found: exit 2" "$scratch/out"
run_to 2 "$@" fuzz_empty && grep -q 'crash-da39.* is not kept: empty' "$scratch/out"
ok $? "a finding without a byte is no pass" "$scratch/out"
: >"$scratch/campaign/fuzz_full"
run_to 2 "$@" fuzz_full fuzz_fine
ok $? "a target that is left out because of its directory: exit 2" "$scratch/out"

# ---- the determinism check ----

# A target whose outcomes are never the same, in the place of the real ones.
cat >"$scratch/serve.c" <<'END'
#include <stdio.h>
#include <unistd.h>
#include "fuzz/same_serve.h"
const enum fuzz_reads fuzz_reads = FUZZ_BYTES;
size_t outcome_size(void) { return 32; }
size_t edge_count(void) { return 8; }
void edge_name(size_t edge, char *name, size_t size) { (void)edge; (void)size; *name = 0; }
int same_serve(const struct serve_options *options)
{
	uint64_t outcome[4] = { options->apart };
	char *name = NULL;
	size_t size = 0;

	for (; getdelim(&name, &size, 0, stdin) > 0; outcome[0] += 2)
		if (write(STDOUT_FILENO, outcome, 32) != 32)
			return 1;
	return 0;
}
END
if $CC -D_GNU_SOURCE -I"$abs_srcdir" -I"$abs_srcdir/src" "$scratch/serve.c" "$abs_srcdir/fuzz/main_same.c" \
	"$abs_srcdir/fuzz/input.c" "$abs_srcdir/fuzz/api_call.c" \
	"$abs_builddir/libharness-plain.a" -lpthread -o "$scratch/same" >"$scratch/err" 2>&1; then
	export REFUSE_ALL=1
	never_green "fuzz_NAME-same" "$system $memory" "$scratch/same" "$scratch/good"
	for n in 10 20 30 40 50 60; do
		refused "malloc:$n+" "$scratch/same" "$scratch/good"
		[ $status -ne 0 ] || echo "malloc:$n+: exit status $status"
	done >"$scratch/green"
	unset REFUSE_ALL
	[ ! -s "$scratch/green" ]
	ok $? "fuzz_NAME-same: outcomes that are missing are not the same" "$scratch/green"
	run_to 1 env --ignore-signal=CHLD timeout 60 "$scratch/same" "$scratch/good" &&
		grep -q 'have not always the same outcome' "$scratch/out"
	ok $? "fuzz_NAME-same, started with SIGCHLD ignored: outcomes are compared" "$scratch/err"
else
	ok 1 "a small fuzz target is built" "$scratch/err"
fi

done_testing
