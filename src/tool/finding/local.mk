# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# `triage`, `minimize`: group findings by failure, and minimise them.

tool_sources += \
	%D%/describe.c \
	%D%/describe.h \
	%D%/oracle.c \
	%D%/oracle.h \
	%D%/reduce.c \
	%D%/reduce.h \
	%D%/signature.c \
	%D%/signature.h \
	%D%/signature_target.c \
	%D%/test_input.c \
	%D%/test_input.h \
	fuzz/api_call.c \
	fuzz/api_call.h

findingdir = $(pkglibexecdir)/finding
dist_finding_DATA = %D%/triage.py
