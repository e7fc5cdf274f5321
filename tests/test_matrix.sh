#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# The race matrix is complete, and its tables agree with the rule model.
. "$(dirname "$0")/tap.sh"

finish_with_checks_of_command python3 -B "$abs_srcdir/tests/race_matrix.py" "$abs_srcdir" "$pagetorture_dev"
