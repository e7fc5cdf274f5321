# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause

# The commands. Each subdirectory adds its sources to tool_sources. For each flavour, one archive has all
# sources except main.c; pagetorture-dev is linked with this archive, too.
tool_commands = \
	%D%/command_check.c \
	%D%/command_convert.c \
	%D%/command_explain.c \
	%D%/command_explore.c \
	%D%/command_fuzz.c \
	%D%/command_minimize.c \
	%D%/command_replay.c \
	%D%/command_run.c \
	%D%/command_to_c.c \
	%D%/command_triage.c

tool_sources = $(tool_commands) %D%/tool.h

# Macros for C code: the compiler, flags and archives that to-c uses, and directories of files. A source that
# uses one of these macros includes config.h, so build-aux/copy_objects.sh does not copy its object.
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
	-DKERNEL_VM_SOURCE='"$(srcdir)/kernel/vm"' \
	-DSCRIPT_SOURCE='"$(srcdir)/src/tool"' \
	-DPAGE_HEADER_INSTALLED='"$(pageincludedir)"'

# Automake installs the plain program; build-aux/flavours.mk compiles the objects of this program.
bin_PROGRAMS = pagetorture
plain_archives = libpagetorture-plain.a libharness-plain.a $(filter %.a,$(page_plain))
pagetorture_SOURCES =
pagetorture_LINK = $(CC) $(AM_CFLAGS) $(CFLAGS) $(AM_LDFLAGS) $(LDFLAGS) -o $@
pagetorture_LDADD = obj/plain/%D%/main.o libpagetorture-plain.a libharness-plain.a $(page_plain)
pagetorture_DEPENDENCIES = obj/plain/%D%/main.o $(plain_archives)

# The programs of sanitizer flavours are installed like scripts, so that install-strip does not strip them:
# failures are grouped by functions, which are in the debugging information.
flavour_programs =
if HAVE_ASAN
flavour_programs += pagetorture-asan
endif
if HAVE_TSAN
flavour_programs += pagetorture-tsan
endif
if HAVE_MSAN
flavour_programs += pagetorture-msan
endif
pkglibexec_SCRIPTS = $(flavour_programs)

EXTRA_DIST += $(tool_sources) %D%/main.c
