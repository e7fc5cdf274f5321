# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# `convert`: converts programs from text to bytes and back.

tool_sources += \
	%D%/convert.c \
	%D%/convert.h
