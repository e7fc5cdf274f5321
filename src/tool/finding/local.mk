# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# `triage`, `minimize`: group findings by failure, and minimise them.

tool_sources += \
	%D%/bundle.c \
	%D%/bundle.h \
	%D%/bundle_record.c \
	%D%/bundle_record.h \
	%D%/finding_list.c \
	%D%/finding_list.h \
	%D%/oracle.c \
	%D%/oracle.h \
	%D%/reduce.c \
	%D%/reduce.h \
	%D%/regress.c \
	%D%/regress.h \
	%D%/replayer.c \
	%D%/replayer.h \
	%D%/signature.c \
	%D%/signature.h \
	%D%/signature_target.c \
	%D%/test_input.c \
	%D%/test_input.h \
	%D%/triage.c \
	%D%/triage.h \
	fuzz/api_call.c \
	fuzz/api_call.h
