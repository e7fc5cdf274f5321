#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# ./bootstrap: what it says when it may not install, and that it reads its arguments.
. "$(dirname "$0")/tap.sh"

run_to 0 "$abs_srcdir/bootstrap" --help && grep -q Examples "$scratch/out"
ok $? "--help has examples" "$scratch/out"

# A PATH without installed packages and without root.
mkdir "$scratch/bin"
for tool in sh dirname grep printf cat; do
	ln -s "$(command -v $tool)" "$scratch/bin/$tool" 2>/dev/null
done
printf '#!/bin/sh\nexit 1\n' >"$scratch/bin/dpkg-query"
printf '#!/bin/sh\necho 1000\n' >"$scratch/bin/id"
printf '#!/bin/sh\nexit 1\n' >"$scratch/bin/sudo"
printf '#!/bin/sh\nexit 1\n' >"$scratch/bin/apt-get"
chmod +x "$scratch/bin/"dpkg-query "$scratch/bin/"id "$scratch/bin/"sudo "$scratch/bin/"apt-get
run_to 1 env PATH="$scratch/bin" "$abs_srcdir/bootstrap" &&
	grep -q '^  sudo apt-get install .*clang-19.*automake\|^  sudo apt-get install .*automake.*clang-19' \
		"$scratch/err"
ok $? "without root it prints the one line to run, and ends with 1" "$scratch/err"

done_testing
