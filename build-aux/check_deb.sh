#!/bin/sh
# shellcheck disable=SC2317 # called by name
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Build the Debian packages of DIRECTORY/pagetorture-VERSION, run lintian, unpack them and use their
# files. Called by `make check-deb`. If a tool is missing, print the tool's name; the exit status is 77.
set -u

directory=${1:?usage: check_deb.sh DIRECTORY VERSION; by make check-deb}
version=${2:?usage: check_deb.sh DIRECTORY VERSION; by make check-deb}
source=$directory/pagetorture-$version
failed=0

missing=
for tool in dpkg-buildpackage:dpkg-dev dh:debhelper lintian:lintian clang-19:clang-19; do
	command -v "${tool%%:*}" >/dev/null || missing="$missing ${tool#*:}"
done
if [ -n "$missing" ]; then
	echo "skipped: Debian packages: missing$missing"
	exit 77
fi

# run_step_and_print_failure NAME COMMAND...: run the command with its output in DIRECTORY/NAME.log; print the end of the log of a failure.
run_step_and_print_failure() {
	name=$1
	shift
	echo "check-deb: $name"
	if ! ("$@") >"$directory/$name.log" 2>&1 </dev/null; then
		echo "check-deb: $name FAILED: $directory/$name.log"
		tail -n 15 "$directory/$name.log" | sed 's/^/    /'
		failed=1
		return 1
	fi
}

build_debian_packages() {
	cd "$source" && unset MAKEFLAGS MAKELEVEL MFLAGS && ln -s packaging/debian debian &&
		DEB_BUILD_OPTIONS="nocheck parallel=${JOBS:-2}" dpkg-buildpackage -us -uc -b
}

# Print lintian's errors, warnings and information; fail on errors and warnings.
run_lintian() {
	lintian --fail-on error,warning --info --display-info \
		"$directory/pagetorture_${version}_"*.changes
}

unpack_packages() {
	for package in "$directory"/*.deb; do
		case $package in *dbgsym*) continue ;; esac
		dpkg-deb -x "$package" "$directory/root" || return
	done
}

# Run the unpacked pagetorture: all flavours, to-c, minimize with function names in its report, and replay.
run_unpacked_tool() {
	rules=$directory/root/usr/share/doc/pagetorture/examples/rules
	cd "$directory/root" || return
	"$directory/root/usr/bin/pagetorture" run --json "$rules/overlap-one-byte.page" || return
	for flavour in plain asan tsan msan; do
		"$directory/root/usr/bin/pagetorture" run --json "$rules/bounds.page" |
			grep -q "\"$flavour\": {" || return
	done
	"$directory/root/usr/bin/pagetorture" to-c -o "$directory/race.c" "$rules/overlap-one-byte.page" &&
		"$directory/root/usr/bin/pagetorture" minimize "$rules/overlap-one-byte.page" >"$directory/out" 2>&1 &&
		cat "$directory/out" && grep -q 'write_raw \[page_write_raw' "$directory/out" &&
		"$directory/root/usr/bin/pagetorture" replay "$rules"
}

run_step_and_print_failure build build_debian_packages && run_step_and_print_failure lintian run_lintian
if [ "$failed" = 0 ]; then
	sed 's/^/    /' "$directory/lintian.log" | grep '^    [EWI]:'
	run_step_and_print_failure unpack unpack_packages && run_step_and_print_failure use run_unpacked_tool
fi
[ "$failed" = 0 ] && echo "check-deb: good: $(cd "$directory" && echo *.deb)"
exit "$failed"
