#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# The shell scripts are without findings of shellcheck. This test takes half a minute of CPU time. In a tarball
# the result is the same, so distcheck of .ci/run leaves this test out.
. "$(dirname "$0")/tap.sh"

cd "$abs_srcdir" || exit 99
skip_rest_without_tools shellcheck
shellcheck -x -P tests bootstrap tests/*.sh build-aux/abi.sh build-aux/check_builds.sh \
	build-aux/check_deb.sh build-aux/copy_objects.sh build-aux/coverage.sh build-aux/page-library.sh \
	build-aux/replay.sh fuzz/oss-fuzz/build.sh \
	examples/*/*.sh .clusterfuzzlite/build.sh >"$scratch/shell" 2>&1
ok $? "shellcheck finds nothing" "$scratch/shell"

done_testing
