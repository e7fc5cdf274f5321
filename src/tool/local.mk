# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause

# The commands; each module adds its own sources. Everything but main.c is an archive for each
# flavour, which pagetorture-dev is linked with too.
tool_commands = \
	%D%/command_check.c \
	%D%/command_convert.c \
	%D%/command_explain.c \
	%D%/command_fuzz.c \
	%D%/command_minimize.c \
	%D%/command_replay.c \
	%D%/command_run.c \
	%D%/command_to_c.c \
	%D%/command_triage.c

tool_sources = $(tool_commands) %D%/tool.h

# What to-c compiles with, and links: as this build does, or as it was installed.
tool_cppflags = $(AM_CPPFLAGS) \
	-DTO_C_CC='"$(CC)"' \
	-DTO_C_ASAN_FLAGS='"$(ASAN_FLAGS)"' \
	-DTO_C_TSAN_FLAGS='"$(TSAN_FLAGS)"' \
	-DTO_C_MSAN_FLAGS='"$(MSAN_FLAGS)"' \
	-DPAGE_PLAIN='"$(page_plain)"' \
	-DPAGE_ASAN='"$(page_asan)"' \
	-DPAGE_TSAN='"$(page_tsan)"' \
	-DPAGE_MSAN='"$(page_msan)"' \
	-DBINDIR='"$(bindir)"' \
	-DPKGLIBDIR='"$(pkglibdir)"' \
	-DPKGLIBEXECDIR='"$(pkglibexecdir)"' \
	-DPAGE_HEADER_SOURCE='"$(srcdir)/src/page"' \
	-DPAGE_HEADER_INSTALLED='"$(pageincludedir)"'

noinst_LIBRARIES += libpagetorture-plain.a
libpagetorture_plain_a_SOURCES = $(tool_sources)
libpagetorture_plain_a_CPPFLAGS = $(tool_cppflags) -DFLAVOUR='"plain"'

bin_PROGRAMS += pagetorture
pagetorture_SOURCES = %D%/main.c
pagetorture_LDADD = libpagetorture-plain.a libharness-plain.a $(page_plain)

# Installed as scripts are, for install-strip to leave them alone: what failures have in common
# is read off their debugging information.
flavour_programs =
noinst_PROGRAMS += $(flavour_programs)
pkglibexec_SCRIPTS = $(flavour_programs)

if HAVE_ASAN
flavour_programs += pagetorture-asan
noinst_LIBRARIES += libpagetorture-asan.a
endif
libpagetorture_asan_a_SOURCES = $(tool_sources)
libpagetorture_asan_a_CPPFLAGS = $(tool_cppflags) -DFLAVOUR='"asan"'
libpagetorture_asan_a_CFLAGS = $(AM_CFLAGS) $(ASAN_FLAGS)
pagetorture_asan_SOURCES = %D%/main.c
pagetorture_asan_CFLAGS = $(AM_CFLAGS) $(ASAN_FLAGS)
pagetorture_asan_LDADD = libpagetorture-asan.a libharness-asan.a $(page_asan)

# Not instrumented: only the library's accesses are to be seen.
if HAVE_TSAN
flavour_programs += pagetorture-tsan
noinst_LIBRARIES += libpagetorture-tsan.a
endif
libpagetorture_tsan_a_SOURCES = $(tool_sources)
libpagetorture_tsan_a_CPPFLAGS = $(tool_cppflags) -DFLAVOUR='"tsan"'
pagetorture_tsan_SOURCES = %D%/main.c
pagetorture_tsan_LDFLAGS = $(TSAN_FLAGS)
pagetorture_tsan_LDADD = libpagetorture-tsan.a libharness-tsan.a $(page_tsan)

if HAVE_MSAN
flavour_programs += pagetorture-msan
noinst_LIBRARIES += libpagetorture-msan.a
endif
libpagetorture_msan_a_SOURCES = $(tool_sources)
libpagetorture_msan_a_CPPFLAGS = $(tool_cppflags) -DFLAVOUR='"msan"'
libpagetorture_msan_a_CFLAGS = $(AM_CFLAGS) $(MSAN_FLAGS)
pagetorture_msan_SOURCES = %D%/main.c
pagetorture_msan_CFLAGS = $(AM_CFLAGS) $(MSAN_FLAGS)
pagetorture_msan_LDADD = libpagetorture-msan.a libharness-msan.a $(page_msan)
