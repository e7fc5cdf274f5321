# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Build libkernelpage-BUILD.a: page.h with the kernel's page.rs and uaccess.rs on top of src/page.
# The rules need GNU make and the functions of build-aux/flavours.mk.
#
# A function NAME of page.h that page_h.rs defines is renamed to c_NAME in the objects of src/page. So the
# kernel's code calls the function of src/page, and never itself.

kernel_rust_dir = $(srcdir)/kernel/rust
kernel_files = $(KERNEL_SOURCE)/rust/kernel/error.rs $(KERNEL_SOURCE)/rust/kernel/page.rs \
	$(KERNEL_SOURCE)/rust/kernel/uaccess.rs $(KERNEL_SOURCE)/rust/ffi.rs
kernel_builds = $(engine_builds) $(FLAVOURS)

rust_sanitizer = -Zsanitizer=$1 -Zexternal-clangrt -Cunsafe-allow-abi-mismatch=sanitizer
rust_flags_asan = $(call rust_sanitizer,address)
rust_flags_msan = $(call rust_sanitizer,memory) -Zsanitizer-memory-track-origins
rust_flags_tsan = $(call rust_sanitizer,thread)
rust_coverage = -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=3 \
	-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
	-Cllvm-args=-sanitizer-coverage-trace-compares
# $(call rust_flags,BUILD)
rust_flags = $(rust_flags_$(patsubst fuzz-%,%,$1)) $(if $(filter fuzz-%,$1),$(rust_coverage))

# The C files of kernel/rust and of the kernel are compiled with the same options as src/page.
kernel_cflags_plain =
kernel_cflags_asan = $(ASAN_FLAGS)
kernel_cflags_msan = $(MSAN_FLAGS)
kernel_cflags_tsan = $(TSAN_FLAGS)
kernel_cflags = $(kernel_cflags_$(patsubst fuzz-%,%,$1)) $(if $(filter fuzz-%,$1),-fsanitize=fuzzer-no-link)
kernel_helpers = page uaccess

kernel-rust/features: $(kernel_files) $(kernel_rust_dir)/lib.rs.in $(kernel_rust_dir)/read_source.sh
	$(call print,GEN)$(SHELL) $(kernel_rust_dir)/read_source.sh $(KERNEL_SOURCE) $(abs_srcdir)/kernel/rust \
	  $(abs_builddir)/kernel-rust

# All builds link the compiler's core library, without a sanitizer. The linker needs a file name with the
# ending .a.
libkernelcore.a: config.status
	$(call print,LN)ln -sf $(RUST_CORE) $@

# kernel.d lists the files that rustc read.
define kernel_rules
obj/$1/kernel/rust/kernel.o: kernel-rust/features $(kernel_rust_dir)/compile.sh $(kernel_rust_dir)/bindings.rs \
		$(kernel_rust_dir)/modules.rs $(kernel_rust_dir)/page_h.rs
	$$(call print,RUSTC)RUSTC='$(RUSTC)' $(SHELL) $(kernel_rust_dir)/compile.sh $(KERNEL_SOURCE) \
	  $(abs_builddir)/kernel-rust $$(@D) obj $(call rust_flags,$1)

obj/$1/kernel/rust/%.o: object_cflags = $(call kernel_cflags,$1) -I$(kernel_rust_dir)/include

obj/$1/kernel/rust/helper_%.o: $(KERNEL_SOURCE)/rust/helpers/%.c | config.h
	@$(MKDIR_P) $$(@D)
	$$(call print,CC)$(CC) $(DEFAULT_INCLUDES) $(AM_CPPFLAGS) $(CPPFLAGS) $(AM_CFLAGS) -Wno-missing-prototypes \
	  $$(object_cflags) $(CFLAGS) -MMD -MP -MT $$@ -MF $$(@:.o=.d) -c -o $$@ $$<

$(call archive,libkernelc-$1.a,$(call objects,$1,$(page_sources) kernel/rust/c_calls.c) \
	$(kernel_helpers:%=obj/$1/kernel/rust/helper_%.o))

libkernelpage-$1.a: libkernelc-$1.a obj/$1/kernel/rust/kernel.o $(srcdir)/src/page/libpage.sym
	$$(call print,AR)names=obj/$1/kernel/rust/renamed && \
	  $(NM) -g --defined-only obj/$1/kernel/rust/kernel.o | $(AWK) '{ print $$$$3 }' | \
	    grep -Fx -f $(srcdir)/src/page/libpage.sym | sed 's/.*/& c_&/' >$$$$names && \
	  rm -f $$@ && $(OBJCOPY) --redefine-syms=$$$$names libkernelc-$1.a $$@ && \
	  $(AR) q $$@ obj/$1/kernel/rust/kernel.o 2>/dev/null && $(RANLIB) $$@
endef
$(foreach b,$(kernel_builds),$(eval $(call kernel_rules,$b)))

CLEANFILES += $(kernel_builds:%=libkernelc-%.a) $(kernel_builds:%=libkernelpage-%.a) libkernelcore.a
clean-local: clean-kernel-rust
clean-kernel-rust:
	rm -rf kernel-rust
.PHONY: clean-kernel-rust

#: check-kernel-bugs  insert bugs into page.rs, and check that the corpus finds them
kernel_link = $(CC) $(CFLAGS) $(build_ldflags_$1) $(LDFLAGS)
check-kernel-bugs: pagetorture pagetorture-tsan
	@RUSTC='$(RUSTC)' LIBS='$(LIBS)' LINK_plain='$(call kernel_link,plain)' LINK_tsan='$(call kernel_link,tsan)' \
	  RUST_FLAGS_plain='$(call rust_flags,plain)' RUST_FLAGS_tsan='$(call rust_flags,tsan)' \
	  python3 -B $(kernel_rust_dir)/mutants.py $(KERNEL_SOURCE) kernel-bugs $(srcdir)/corpus/rules
.PHONY: check-kernel-bugs
