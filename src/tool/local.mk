# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause

tool_sources = \
	%D%/campaign.c \
	%D%/campaign.h \
	%D%/command_bench.c \
	%D%/command_check.c \
	%D%/command_format.c \
	%D%/command_fuzz.c \
	%D%/command_run.c \
	%D%/engine.c \
	%D%/engine.h \
	%D%/engine_afl.c \
	%D%/engine_libfuzzer.c \
	%D%/flavours.c \
	%D%/flavours.h \
	%D%/harvest.c \
	%D%/main.c \
	%D%/name_set.c \
	%D%/name_set.h \
	%D%/progress.c \
	%D%/progress.h \
	%D%/run_one.c \
	%D%/run_one.h \
	%D%/seat.c \
	%D%/seat.h \
	%D%/sha1.c \
	%D%/sha1.h \
	%D%/store.c \
	%D%/store.h \
	%D%/target.c \
	%D%/target.h \
	%D%/tool.h \
	%D%/verdict_print.c \
	%D%/verdict_print.h

bin_PROGRAMS += pagetorture
pagetorture_SOURCES = $(tool_sources)
pagetorture_CPPFLAGS = $(AM_CPPFLAGS) -DFLAVOUR='"plain"'
pagetorture_LDADD = libharness-plain.a libpage-plain.a

if HAVE_ASAN
pkglibexec_PROGRAMS += pagetorture-asan
endif
pagetorture_asan_SOURCES = $(tool_sources)
pagetorture_asan_CPPFLAGS = $(AM_CPPFLAGS) -DFLAVOUR='"asan"'
pagetorture_asan_CFLAGS = $(AM_CFLAGS) $(ASAN_FLAGS)
pagetorture_asan_LDADD = libharness-asan.a libpage-asan.a

if HAVE_TSAN
pkglibexec_PROGRAMS += pagetorture-tsan
endif
pagetorture_tsan_SOURCES = $(tool_sources)
pagetorture_tsan_CPPFLAGS = $(AM_CPPFLAGS) -DFLAVOUR='"tsan"'
pagetorture_tsan_LDFLAGS = $(TSAN_FLAGS)
pagetorture_tsan_LDADD = libharness-tsan.a libpage-tsan.a

if HAVE_MSAN
pkglibexec_PROGRAMS += pagetorture-msan
endif
pagetorture_msan_SOURCES = $(tool_sources)
pagetorture_msan_CPPFLAGS = $(AM_CPPFLAGS) -DFLAVOUR='"msan"'
pagetorture_msan_CFLAGS = $(AM_CFLAGS) $(MSAN_FLAGS)
pagetorture_msan_LDADD = libharness-msan.a libpage-msan.a
