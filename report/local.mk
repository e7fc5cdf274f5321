# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# What runs left in results/, as one page: doc/report.md.

EXTRA_DIST += \
	%D%/keep.py \
	%D%/keep.sh
