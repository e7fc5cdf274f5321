#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# The result of a program does not depend on the programs that ran before it in the worker: `run --json` prints
# the same bytes for a program alone, and twice in a worker with all programs, in two random orders.
. "$(dirname "$0")/tap.sh"

rules=$abs_srcdir/corpus/rules

# print_results_without_threads COMMAND...: prints the JSON of `COMMAND... FILE` without what real threads report,
# which is the same in most runs, not in all.
print_results_without_threads() {
	"$@" 2>"$scratch/err" | sed 's/"threads": "[^"]*", "reported": [0-9]*, //g'
}

# has_results_of_separate_processes COMMAND...: true if `COMMAND...` prints each line exactly twice, among them the
# lines of $scratch/alone. Writes the other lines to $scratch/other.
has_results_of_separate_processes() {
	print_results_without_threads "$@" | sort | uniq -c | sed 's/^ *//' >"$scratch/counted"
	grep -v '^2 ' "$scratch/counted" >"$scratch/other"
	sed 's/^/2 /' "$scratch/alone" | grep -vxFf "$scratch/counted" >>"$scratch/other"
	[ -s "$scratch/alone" ] && [ -s "$scratch/counted" ] && [ ! -s "$scratch/other" ]
}

# leave.page ends with a pending failure, a mapping, a lock and a post; notice.page would be affected by each.
mkdir "$scratch/state"
cat >"$scratch/state/leave.page" <<END
pagetorture 1
p0 = alloc_page(GFP_KERNEL)
T0: lock(m0)
T0: post(s0)
T0: u0 = user_slice(0x10, 0x1, 0x8)
T0: k0 = kmap_local(p0)
T0: fail_nth(0x1)
END
{
	printf 'pagetorture 1\nexpect deadlock\nT0: p0 = alloc_page(GFP_KERNEL) -> 0\nT1: lock(m0)\n'
	for map in $(seq 0 15); do
		echo "T0: k$map = kmap_local(p0)"
	done
	printf 'T0: copy_from_user_slice(p0, u0, 0, 0x10)\nT0: wait(s0)\n'
} >"$scratch/state/notice.page"

# Every eighth program, each in processes of its own.
find "$rules" "$scratch/state" -name '*.page' | LC_ALL=C sort >"$scratch/programs"
awk 'NR % 8 == 1 || /notice/' "$scratch/programs" | while read -r program; do
	print_results_without_threads "$pagetorture" run --json "$program"
done >"$scratch/alone"
[ "$(grep -c '"agree": true' "$scratch/alone")" -ge 16 ]
ok $? "every eighth program, in processes of its own" "$scratch/alone"
for seed in 1 2; do
	has_results_of_separate_processes "$pagetorture" run --json --jobs 1 --shuffle $seed \
		"$rules" "$scratch/state" "$rules" "$scratch/state" &&
		[ "$(wc -l <"$scratch/counted")" -eq "$(wc -l <"$scratch/programs")" ]
	ok $? "all programs twice in one worker, in random order $seed: the same results" "$scratch/other"
done

# The comparison finds a program that damages its process: alone, the program is good.
printf '# misbehave: corrupt-later\npagetorture 1\np0 = alloc_page(GFP_KERNEL)\n' >"$scratch/damage.page"
print_results_without_threads "$pagetorture_dev" run --json --flavour plain "$scratch/damage.page" >"$scratch/alone"
grep -q '"agree": true' "$scratch/alone"
ok $? "a program that damages its process is good alone" "$scratch/alone"
set -- "$scratch/damage.page" "$rules/bounds.page"
! has_results_of_separate_processes "$pagetorture_dev" run --json --flavour plain --jobs 1 --no-sort "$@" "$@" &&
	grep -q '"why": "after it ' "$scratch/counted"
ok $? "... and has another result before other programs" "$scratch/counted"

done_testing
