# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# One page for each group of calls of page.h; each other name in its NAME section gets a page
# that refers to it. The library's pages come with the library.

nodist_man1_MANS = %D%/pagetorture.1
dist_man1_MANS = %D%/pagetorture-export.1
nodist_man5_MANS = %D%/pagetorture-program.5

man_groups = \
	%D%/libpage.3 \
	%D%/page_align.3 \
	%D%/page_alloc.3 \
	%D%/page_buffer.3 \
	%D%/page_fault.3 \
	%D%/page_kernel.3 \
	%D%/page_map_backend.3 \
	%D%/page_map_local.3 \
	%D%/page_read_raw.3 \
	%D%/page_task.3 \
	%D%/user_slice.3

man_links = \
	%D%/page_borrow.3 \
	%D%/page_buffer_alloc.3 \
	%D%/page_buffer_free.3 \
	%D%/page_buffer_next.3 \
	%D%/page_buffer_size.3 \
	%D%/page_canonical.3 \
	%D%/page_copy.3 \
	%D%/page_copy_from_user_slice.3 \
	%D%/page_fail_nth.3 \
	%D%/page_fault_attr_get.3 \
	%D%/page_fault_attr_set.3 \
	%D%/page_fill_zero.3 \
	%D%/page_free.3 \
	%D%/page_get.3 \
	%D%/page_map_backend_set.3 \
	%D%/page_map_revoke_set.3 \
	%D%/page_nid.3 \
	%D%/page_read_bytewise_atomic.3 \
	%D%/page_ref_count.3 \
	%D%/page_task_current.3 \
	%D%/page_task_delete.3 \
	%D%/page_task_depth.3 \
	%D%/page_task_hook_set.3 \
	%D%/page_task_make_it_fail.3 \
	%D%/page_task_name.3 \
	%D%/page_task_new.3 \
	%D%/page_task_switch_in.3 \
	%D%/page_task_switch_out.3 \
	%D%/page_unmap_local.3 \
	%D%/page_with_mapped.3 \
	%D%/page_with_pointer.3 \
	%D%/page_write_bytewise_atomic.3 \
	%D%/page_write_raw.3 \
	%D%/user_slice_left.3 \
	%D%/user_slice_new.3 \
	%D%/user_slice_read.3 \
	%D%/user_slice_reader_init.3 \
	%D%/user_slice_skip.3 \
	%D%/user_slice_write.3 \
	%D%/user_slice_writer_init.3 \
	%D%/user_slice_writer_left.3

if OWN_PAGE
dist_man3_MANS = $(man_groups)
nodist_man3_MANS = $(man_links)
else
EXTRA_DIST += $(man_groups)
endif

$(man_links): $(man_groups)
	$(AM_V_GEN)$(MKDIR_P) %D% && name=`basename $@ .3` && \
	  page=`cd $(srcdir)/%D% && grep -lE "^\.Nm $$name( ,)?$$" *.3` && \
	  new=$(temporary) && echo ".so man3/$$page" >$$new && mv $$new $@

CLEANFILES += $(man_links)
