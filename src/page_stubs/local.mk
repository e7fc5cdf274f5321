# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Another page library under the harness, by ./configure --with-page-library. What it may
# lack is stood in for: one file a symbol and an archive behind the library, so that the
# linker takes just what is missing.
#
# $(page_FLAVOUR) is what every program is linked with; see src/page/local.mk for ours.

EXTRA_DIST += %D%/needs.sym

page_stub_sources = \
	%D%/absent.c \
	%D%/page_canonical.c \
	%D%/page_fault_attr_set.c \
	%D%/page_map_backend.c \
	%D%/page_map_backend_set.c \
	%D%/page_map_revoke_set.c \
	%D%/page_task_hook_set.c

if !OWN_PAGE
noinst_LIBRARIES += libpagestubs-plain.a
if HAVE_MSAN
noinst_LIBRARIES += libpagestubs-msan.a
endif

page_plain = $(PAGE_PLAIN_LIBS) libpagestubs-plain.a
page_asan = $(PAGE_ASAN_LIBS) libpagestubs-plain.a
page_tsan = $(PAGE_TSAN_LIBS) libpagestubs-plain.a
page_msan = $(PAGE_MSAN_LIBS) libpagestubs-msan.a
page_fuzz_asan = $(PAGE_FUZZ_ASAN_LIBS) libpagestubs-plain.a
page_fuzz_msan = $(page_msan)
page_fuzz_plain = $(page_plain)
page_fuzz_tsan = $(PAGE_FUZZ_TSAN_LIBS) libpagestubs-plain.a
page_cov = $(page_plain)
endif

# Archives that the user named are what all programs have to be linked with again when
# they change; these here stand for them.
libpagestubs_plain_a_SOURCES = $(page_stub_sources)
libpagestubs_plain_a_CPPFLAGS = $(AM_CPPFLAGS) '-DPAGE_ABSENT=$(PAGE_ABSENT)'
EXTRA_libpagestubs_plain_a_DEPENDENCIES = config.h $(PAGE_FILES)

# MemorySanitizer wants all code to be compiled for it; the others do not look in here.
libpagestubs_msan_a_SOURCES = $(page_stub_sources)
libpagestubs_msan_a_CPPFLAGS = $(libpagestubs_plain_a_CPPFLAGS)
libpagestubs_msan_a_CFLAGS = $(AM_CFLAGS) $(MSAN_FLAGS)
EXTRA_libpagestubs_msan_a_DEPENDENCIES = config.h $(PAGE_FILES)

# What is absent comes with a configuration, in no file but the one that make reads.
%D%/libpagestubs_plain_a-absent.$(OBJEXT) %D%/libpagestubs_msan_a-absent.$(OBJEXT): Makefile
