# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# What documents are about; nothing here is built by make.

EXTRA_DIST += \
	%D%/race.page \
	%D%/tutorial/build.sh \
	%D%/tutorial/finding.page \
	%D%/tutorial/fix.patch \
	%D%/tutorial/shelf.c
