# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# `race`: runs the race matrix under every race detector.

EXTRA_DIST += \
	%D%/detectors.py \
	%D%/matrix.def \
	%D%/matrix.py \
	%D%/race.py
