# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Inputs that go wrong on purpose, and whether run and replay notice.

dev_sources += \
	%D%/misbehave.c \
	%D%/misbehave.def \
	%D%/misbehave.h \
	%D%/scratch.c \
	%D%/scratch.h \
	%D%/self_test.c \
	%D%/self_test.h
