# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Examples of the documents. A reader of a document builds the examples; make builds none of them.

EXTRA_DIST += \
	%D%/Makefile \
	%D%/page_cat.c \
	%D%/race.page \
	%D%/tutorial/build.sh \
	%D%/tutorial/finding.page \
	%D%/tutorial/fix.patch \
	%D%/tutorial/page_calls.c \
	%D%/tutorial/shelf.c
