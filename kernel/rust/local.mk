# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# The kernel's own rust/kernel/page.rs as the page library (./configure --with-kernel-source=DIR).
# %D%/rules.mk builds it.

kernel_rust_sources = \
	%D%/bindings.rs \
	%D%/c_calls.c \
	%D%/include/linux/gfp.h \
	%D%/include/linux/highmem.h \
	%D%/include/linux/mm.h \
	%D%/include/linux/uaccess.h \
	%D%/lib.rs.in \
	%D%/modules.rs \
	%D%/page_h.rs
EXTRA_DIST += $(kernel_rust_sources) %D%/compile.sh %D%/edited_source.py %D%/mutants.py %D%/read_source.sh \
	%D%/rules.mk %D%/variants.py

if KERNEL_PAGE
@include@ $(srcdir)/kernel/rust/rules.mk
page_plain = libkernelpage-plain.a libkernelcore.a
page_asan = libkernelpage-asan.a libkernelcore.a
page_tsan = libkernelpage-tsan.a libkernelcore.a
page_msan = libkernelpage-msan.a libkernelcore.a
page_fuzz_asan = libkernelpage-fuzz-asan.a libkernelcore.a
page_fuzz_msan = libkernelpage-fuzz-msan.a libkernelcore.a
page_fuzz_plain = libkernelpage-fuzz-plain.a libkernelcore.a
page_fuzz_tsan = libkernelpage-fuzz-tsan.a libkernelcore.a
page_cov = libkernelpage-plain.a libkernelcore.a
endif

# `make kernel` builds the programs with the kernel's page.rs in the directory kernel/ of the build directory.
# Only the objects that depend on the page library are compiled again.
KERNEL = /usr/src/linux-source-6.12.tar.xz
kernel_programs = pagetorture $(FLAVOURS:%=pagetorture-%) pagetorture-dev $(FLAVOURS:%=pagetorture-dev-%) \
	fuzz_api fuzz_page fuzz_race unit-tests

#: kernel  build kernel/ with the rust/kernel/page.rs of a kernel source (KERNEL=DIR)
kernel: all-am
	@if test ! -e '$(KERNEL)'; then \
	  echo "skipped: kernel (no $(KERNEL); ./bootstrap --with-kernel installs it, KERNEL=DIR names another one)"; exit 77; fi
	@$(MKDIR_P) kernel
	@test "`cat kernel/source 2>/dev/null`" = '$(KERNEL)' && test kernel/Makefile -nt config.status || { \
	  rm -rf kernel/Makefile kernel/obj && cd kernel && $(abs_srcdir)/configure --quiet CC='$(CC)' \
	    CPPFLAGS='$(CPPFLAGS)' CFLAGS='$(CFLAGS)' --disable-shared --with-kernel-source='$(KERNEL)' && \
	  echo '$(KERNEL)' >source; }
	@$(SHELL) $(srcdir)/build-aux/copy_objects.sh . kernel $(abs_srcdir) src/page src/page_stubs
	@cd kernel && $(MAKE) $(AM_MAKEFLAGS) $(filter-out %-plain,$(kernel_programs))

#: kernel-source  install Debian's packages of a kernel source and of a Rust compiler
kernel-source:
	$(SHELL) $(srcdir)/bootstrap --kernel-packages

#: check-kernel  test rust/kernel/page.rs of a kernel source (KERNEL=DIR)
check-kernel:
	@KERNEL='$(KERNEL)' $(MAKE) $(AM_MAKEFLAGS) check TESTS=tests/test_kernel.sh

clean-local: clean-kernel
clean-kernel:
	rm -rf kernel
.PHONY: check-kernel clean-kernel kernel kernel-source
