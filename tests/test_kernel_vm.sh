#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Page programs in a running kernel (doc/kernel.md): Debian's kernel in a guest agrees with the rule model on
# the corpus and on random programs, finds inserted bugs, and a guest that ends or is killed loses no other
# result. The other kernels take minutes to build; `make kernel-vm` runs them.
. "$(dirname "$0")/tap.sh"

unset MAKEFLAGS MFLAGS MAKELEVEL
rules=$abs_srcdir/corpus/rules

skip_rest_without_tools qemu-system-x86_64 cpio gcc-12
run="$abs_builddir/pagetorture run --flavour kernel-stock"

# vm COMMAND...: a command of kernel/vm/main.py
vm() {
	python3 -BEs "$abs_srcdir/kernel/vm/main.py" "$abs_builddir" "$@"
}

vm build --flavour kernel-stock >"$scratch/out" 2>"$scratch/err"
status=$?
if [ "$status" = 77 ]; then
	skip_rest "$(sed -n 's/^skipped: //p' "$scratch/err" | sed q)"
fi
ok "$status" "Debian's kernel, and the module" "$scratch/err"

# ---- builds ----

# stop_build: stops a command of a build like Ctrl-C, while a process runs that the command started.
stop_build() {
	PYTHONPATH=$abs_srcdir/kernel/vm:$abs_srcdir/src/tool python3 -B - "$scratch" <<'EOF'
import os, pathlib, signal, sys, threading, time
from logged_command import run_command

started = pathlib.Path(sys.argv[1]) / "started"

def stop_when_started():
    while not started.exists():
        time.sleep(0.05)
    os.kill(os.getpid(), signal.SIGINT)

def is_running(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().split(") ")[1][0] != "Z"
    except FileNotFoundError:
        return False

threading.Thread(target=stop_when_started, daemon=True).start()
try:
    run_command(["sh", "-c", f"sleep 300 & echo $! >{started}.new; mv {started}.new {started}; wait"],
                f"{started}.log", sys.argv[1])
    sys.exit("expected the command to be stopped")
except KeyboardInterrupt:
    pass
for _ in range(100):
    if not is_running(int(started.read_text())):
        sys.exit()
    time.sleep(0.05)
sys.exit("expected the process to end")
EOF
}
expect 0 "a build that is stopped leaves no process" '' stop_build

# ---- KVM ----

# check_kvm_failure: a stored failure counts until the host boots again.
check_kvm_failure() {
	PYTHONPATH=$abs_srcdir/kernel/vm:$abs_srcdir/src/tool python3 -B - "$scratch" <<'EOF'
import pathlib, sys
from guest import KvmFailure

failure = KvmFailure(pathlib.Path(sys.argv[1]) / "kvm-failure")
assert not failure.is_stored(), "nothing is stored yet"
failure.store()
assert failure.is_stored(), "the failure is stored"
failure.path.write_text("another boot\n")
assert not failure.is_stored(), "the host has booted again"
EOF
}
expect 0 "KVM is not tried again after it failed, until the host boots again" '' check_kvm_failure

# ---- programs ----

# shellcheck disable=SC2086 # a command and its options
expect 0 "the corpus agrees" ' yes$' $run "$rules"
! grep -E ' NO$' "$scratch/out" >"$scratch/differences"
ok $? "no program disagrees" "$scratch/differences"
expect 0 "100 random programs agree" '' vm random --flavour kernel-stock --count 100 --seed 1
grep -q '^kernel-stock: 100 programs, 0 failed, 0 not run' "$scratch/err"
ok $? "each random program is executed" "$scratch/err"
! grep 'KVM does not work' "$scratch/err" >"$scratch/tried"
ok $? "the second command does not try KVM again" "$scratch/tried"

# ---- inserted bugs ----

mkdir "$scratch/some"
cp "$rules/bytewise-carries-every-byte.page" "$rules/get-keeps-alive.page" "$rules/main-forks.page" \
	"$rules/user-fault.page" "$scratch/some"
# check_json: the JSON in $scratch/out has the members of the flavour plain, and at least one program that differs.
check_json() {
	"$pagetorture" run --json --flavour plain "$scratch/some" >"$scratch/plain" && python3 - "$scratch" <<'EOF'
import json
import sys

plain, kernel = ([json.loads(line) for line in open(f"{sys.argv[1]}/{name}")] for name in ("plain", "out"))
for a, b in zip(plain, kernel, strict=True):
    assert list(a) == list(b), (list(a), list(b))
    assert list(b["flavours"]) == ["kernel-stock"], b
    assert list(a["flavours"]["plain"]) == list(b["flavours"]["kernel-stock"]), b
assert {row["flavours"]["kernel-stock"]["result"] for row in kernel} == {"agree", "differ"}, kernel
EOF
}

# `make kernel-vm-bugs` inserts all bugs.
for bug in bounds prefix; do
	# shellcheck disable=SC2086
	expect 1 "the bug $bug is found" '' $run --json --module-parameters "bug=$bug" "$scratch/some"
	grep -q '^FAIL: .*: kernel-stock: differ: ' "$scratch/err"
	ok $? "the bug $bug makes a program differ" "$scratch/err"
done
check_json >"$scratch/differences" 2>&1
ok $? "--json has the members of other flavours" "$scratch/differences"
sed -n '/^FAIL: /{n;p;q;}' "$scratch/err" >"$scratch/replay"
expect 1 "the printed command repeats the failure" ' DIFFERS  *NO$' sh "$scratch/replay"

# ---- guests that end ----

# shellcheck disable=SC2086
expect 1 "a guest that panics" ' CRASH  *NO$' $run --minimize 1 --module-parameters bug=panic "$scratch/some"
grep -q 'main-forks.page: kernel-stock: crash: the guest ended: Kernel panic' "$scratch/err"
ok $? "the program that was running is named, with the kernel's report" "$scratch/err"
[ "$(grep -c ' yes$' "$scratch/out")" = 3 ]
ok $? "the other programs run" "$scratch/out"
# The bug needs a page and one call.
cat >"$scratch/expected" <<'EOF'
pagetorture 1
main: p0 = alloc_page(GFP_KERNEL)
main: fill_zero(p0, 0, PAGE_SIZE)
EOF
ok_if_files_equal "the smallest program that ends a guest" "$scratch/expected" \
	"$abs_builddir/kernel-vm/failures/stock-main-forks-small.page"
sed -n 's/^# //p' "$scratch/out" >"$scratch/replay"
expect 1 "the printed command ends a guest again" ' CRASH  *NO$' sh "$scratch/replay"

count_guests() {
	pgrep -cf "qemu-system.*$abs_builddir/kernel-vm/guest-"
}

# shellcheck disable=SC2086
$run "$rules" >"$scratch/out" 2>"$scratch/err" &
pid=$!
until grep -qs 'pagetorture: program ' "$abs_builddir"/kernel-vm/guest-*/console || ! kill -0 $pid; do
	sleep 0.2
done
kill -KILL $pid
wait $pid 2>/dev/null
tries=0
while [ "$(count_guests)" != 0 ] && [ $tries -lt 100 ]; do
	sleep 0.1
	tries=$((tries + 1))
done
[ "$(count_guests)" = 0 ]
ok $? "no guest is left after the command is killed"
# shellcheck disable=SC2086
expect 0 "the next run works" ' yes$' $run "$scratch/some"
! ls -d "$abs_builddir"/kernel-vm/guest-* >"$scratch/left" 2>/dev/null
ok $? "no files of guests are left" "$scratch/left"

done_testing
