# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# The programs of a guest, which has no shared libraries: the first process, and pagetorture with the calls of
# page.h that run in the guest's kernel. kernel/vm/main.py makes them. The rules need GNU make and the functions
# of build-aux/flavours.mk.

guest_objects = $(call objects,plain,$(filter-out %/init.c,$(kernel_vm_sources)))
guest_link = @$(MKDIR_P) $(@D); $(if $(filter 1,$(V)),,printf '  %-8s %s\n' CCLD $@;) $(CC) $(AM_CFLAGS) $(CFLAGS) -static \
	$(AM_LDFLAGS) $(LDFLAGS) -o $@

kernel-vm/pagetorture: obj/plain/src/tool/main.o $(guest_objects) libpagetorture-plain.a libharness-plain.a
	$(guest_link) $^ -lpthread

kernel-vm/init: obj/plain/kernel/vm/init.o
	$(guest_link) $^
