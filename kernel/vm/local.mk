# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Page programs in a running kernel. The programs of the guest are linked statically, from the objects of the
# flavour plain, with the device's calls in place of libpage.

kernel_vm_sources = \
	%D%/device.h \
	%D%/guest_log.c \
	%D%/guest_log.h \
	%D%/guest_page.c \
	%D%/guest_task.c \
	%D%/guest_task.h \
	%D%/init.c \
	%D%/kcsan.c \
	%D%/kcsan.h
kernel_vm_scripts = \
	%D%/built_kernel.py \
	%D%/command_options.py \
	%D%/executions.py \
	%D%/guest.py \
	%D%/inserted_bugs.py \
	%D%/kernel_cache.py \
	%D%/kernel_config.py \
	%D%/kernel_module.py \
	%D%/kernels.py \
	%D%/line_reduction.py \
	%D%/logged_command.py \
	%D%/main.py \
	%D%/minimized_failures.py \
	%D%/prepared_kernel.py \
	%D%/random_programs.py \
	%D%/required_packages.py \
	%D%/results.py \
	%D%/stock_kernel.py
EXTRA_DIST += $(kernel_vm_sources) $(kernel_vm_scripts) %D%/config/base.config %D%/config/freed.config \
	%D%/config/mapped.config %D%/config/race.config %D%/module/Kbuild %D%/module/device.c \
	%D%/module/device_task.c %D%/module/device_task.h %D%/module/numbered_pages.c \
	%D%/module/numbered_pages.h %D%/module/page_calls.c %D%/module/page_calls.h \
	%D%/module/task_calls.c %D%/module/task_calls.h

@include@ $(srcdir)/%D%/rules.mk
EXTRA_DIST += %D%/rules.mk

# The kernels of guests. Each kernel is a flavour of `pagetorture run`.
VM_KERNELS = stock mapped race freed

VM_FLAVOURS = `echo $(VM_KERNELS:%=kernel-%) | tr ' ' ,`
vm_main = @python3 -BEs $(srcdir)/%D%/main.py .
COUNT =
SEED = 1

#: kernel-vm  run the corpus in the kernels of guests (COUNT=2000: random programs)
kernel-vm: pagetorture make_programs
	$(vm_main) `test -z '$(COUNT)' && echo run || echo random --count $(COUNT) --seed $(SEED)` \
	  --results results/kernel-vm.json --flavour $(VM_FLAVOURS) `test -n '$(COUNT)' || echo $(srcdir)/corpus/rules`

#: kernel-vm-bugs  insert bugs into the page calls of guests
kernel-vm-bugs: pagetorture
	$(vm_main) bugs --timeout 10 --flavour $(VM_FLAVOURS) $(srcdir)/corpus/rules

#: kernel-vm-build  build the kernels of guests (VM_KERNELS='stock mapped')
kernel-vm-build: pagetorture
	$(vm_main) build --flavour $(VM_FLAVOURS)

#: kernel-vm-freed  run the corpus in a kernel that reports uses of freed pages
#: kernel-vm-mapped  run the corpus in a kernel that checks mappings
#: kernel-vm-race  run the corpus in a kernel that reports races
#: kernel-vm-stock  run the corpus in Debian's kernel
vm_targets = kernel-vm-freed kernel-vm-mapped kernel-vm-race kernel-vm-stock
$(vm_targets):
	@$(MAKE) $(AM_MAKEFLAGS) kernel-vm VM_KERNELS=$(@:kernel-vm-%=%)

clean-local: clean-kernel-vm
clean-kernel-vm:
	rm -rf kernel-vm
vm_phony = clean-kernel-vm kernel-vm kernel-vm-bugs kernel-vm-build
.PHONY: $(vm_phony) $(vm_targets)
