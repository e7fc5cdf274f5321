# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Another page library under the harness, by ./configure --with-page-library. What it may
# lack has stubs: one file a symbol, in an archive after the library, so that the
# linker takes just what is missing.
#
# $(page_FLAVOUR) is what every program is linked with; see src/page/local.mk for ours.

page_stub_sources = \
	%D%/absent.c \
	%D%/page_canonical.c \
	%D%/page_fault_attr_set.c \
	%D%/page_map_backend.c \
	%D%/page_map_backend_set.c \
	%D%/page_map_revoke_set.c \
	%D%/page_task_hook_set.c
EXTRA_DIST += $(page_stub_sources) %D%/needs.sym

# Archives that the user named are what all programs have to be linked with again when they
# change: the archives of stubs depend on them.
if !OWN_PAGE
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
