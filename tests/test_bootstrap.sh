#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# ./bootstrap reads its arguments. Without root, ./bootstrap prints the command to install missing packages.
. "$(dirname "$0")/tap.sh"

expect 0 "--help has examples" Examples "$abs_srcdir/bootstrap" --help

# With $scratch/bin as PATH, programs report that no package is installed, and that the user is not root.
mkdir "$scratch/bin"
for tool in sh dirname grep cat; do
	ln -s "$(command -v $tool)" "$scratch/bin/$tool"
done
printf '#!/bin/sh\necho 1000\n' >"$scratch/bin/id"
for tool in dpkg-query sudo apt-get; do
	printf '#!/bin/sh\nexit 1\n' >"$scratch/bin/$tool"
done
chmod +x "$scratch"/bin/*
expect 1 "without root it prints the one line to run, and ends with 1" \
	'^  sudo apt-get install .*\(clang-19.*automake\|automake.*clang-19\)' env PATH="$scratch/bin" "$abs_srcdir/bootstrap"

done_testing
