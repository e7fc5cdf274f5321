/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The interface of the device /dev/pagetorture. Guest programs make page calls in the guest's kernel through
 * this device; the kernel module and guest_page.c include this file.
 *
 * Each open file has its own tasks and pages. A task is a kernel thread, because a mapping of
 * kmap_local_page() belongs to one thread of the kernel and must not survive a return to user mode. A page
 * has a number; the number of a freed page stays valid until the module uses the number again, so that a
 * program can use a freed page.
 */
#ifndef KERNEL_VM_DEVICE_H
#define KERNEL_VM_DEVICE_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define DEVICE_PATH "/dev/pagetorture"

/*
 * Calls of a task. DEVICE_CALL(id, may be repeated in place, the call of page programs or OP_COUNT)
 *
 * The race tier repeats a call in its place, so that KCSAN has more chances to see a race. A call is
 * repeatable if the second run has the result and the accesses of the first. The call check_free reports a
 * free of the page to KCSAN before the free.
 */
#define DEVICE_CALLS                                             \
	DEVICE_CALL(alloc, 0, OP_alloc_page)                     \
	DEVICE_CALL(get, 0, OP_get_page)                         \
	DEVICE_CALL(free, 0, OP_free_page)                       \
	DEVICE_CALL(ref_count, 0, OP_COUNT)                      \
	DEVICE_CALL(map, 0, OP_kmap_local)                       \
	DEVICE_CALL(unmap, 0, OP_kunmap_local)                   \
	DEVICE_CALL(read_raw, 1, OP_read_raw)                    \
	DEVICE_CALL(write_raw, 1, OP_write_raw)                  \
	DEVICE_CALL(fill_zero, 1, OP_fill_zero)                  \
	DEVICE_CALL(read_bytewise, 1, OP_read_bytewise_atomic)   \
	DEVICE_CALL(write_bytewise, 1, OP_write_bytewise_atomic) \
	DEVICE_CALL(copy, 1, OP_copy_page)                       \
	DEVICE_CALL(copy_from_user, 1, OP_copy_from_user_slice)  \
	DEVICE_CALL(check_free, 1, OP_free_page)                 \
	DEVICE_CALL(load, 1, OP_load)                            \
	DEVICE_CALL(store, 1, OP_store)                          \
	DEVICE_CALL(load_atomic, 1, OP_load_atomic)              \
	DEVICE_CALL(store_atomic, 1, OP_store_atomic)            \
	DEVICE_CALL(fail_nth, 0, OP_fail_nth)

enum device_call_id {
#define DEVICE_CALL(id, ...) DEVICE_##id,
	DEVICE_CALLS
#undef DEVICE_CALL
		DEVICE_CALL_COUNT
};

/* Flags of the call alloc. */
enum device_gfp {
	DEVICE_GFP_ATOMIC = 1,
	DEVICE_GFP_NOWAIT = 2,
	DEVICE_GFP_NOIO = 4,
	DEVICE_GFP_ZERO = 8,
	DEVICE_GFP_HIGHMEM = 16,
	DEVICE_GFP_NOFAIL = 32,
};

/* A call uses only the members that it needs. */
struct device_call {
	__u32 id;   /* enum device_call_id */
	__u32 task; /* number of the task that makes the call */
	__u32 page, source_page;
	__u64 offset, source_offset, length;
	__u64 addr; /* address in the kernel, of a mapping or of an access through the mapping */
	__u64 user; /* address in the process: a buffer of `length` bytes, or the next byte of a user slice */
	__u64 left; /* copy_from_user: number of bytes that the user slice still has */
	__u64 value; /* flags of alloc, n of fail_nth, the value of an atomic access */
	/*
	 * 0 or a negative errno; alloc: the page's number; ref_count: the count;
	 * fail_nth: what remains of the previous count. -EOWNERDEAD: the kernel
	 * ended the thread of the task, after a report in the kernel's log.
	 */
	__s64 result;
};

/* What this kernel can do. */
#define DEVICE_HAS_FEATURES         1 /* always set */
#define DEVICE_HAS_FAILURE_POINTS   2 /* fail_nth makes allocations and user copies fail */
#define DEVICE_HAS_FORCED_MAPS      4 /* each mapping has its own address, and is checked */
#define DEVICE_HAS_REFERENCE_CHECKS 8 /* get_page() and __free_page() check the reference count */
#define DEVICE_HAS_KCSAN            16
#define DEVICE_HAS_KASAN            32

#define DEVICE_CALL_RUN     _IOWR('P', 1, struct device_call)
#define DEVICE_TASK_NEW     _IO('P', 2) /* Return: the task's number, or a negative errno */
#define DEVICE_TASK_DELETE  _IO('P', 3) /* argument: the task's number. Return: 0 or a negative errno */
#define DEVICE_TASK_PID     _IO('P', 4) /* argument: the task's number. Return: the pid of its thread */
#define DEVICE_GET_FEATURES _IO('P', 5) /* Return: a sum of DEVICE_HAS_... */

/* KERNEL_BUG(id, what the inserted bug does): values of the module's parameter `bug`. */
#define KERNEL_BUGS                                                                      \
	KERNEL_BUG(bounds, "only the sum of offset and length is checked, and may wrap") \
	KERNEL_BUG(hang, "fill_zero of a whole page never returns")                      \
	KERNEL_BUG(memset, "fill_zero leaves the last byte")                             \
	KERNEL_BUG(panic, "fill_zero of a whole page ends the kernel")                   \
	KERNEL_BUG(prefix, "a user copy that faults keeps one byte less")                \
	KERNEL_BUG(reference, "get_page takes no reference")                             \
	KERNEL_BUG(unmap, "write_raw leaves its mapping")

#endif
