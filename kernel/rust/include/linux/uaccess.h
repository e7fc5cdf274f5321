/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Replaces <linux/uaccess.h> for the kernel's rust/helpers/uaccess.c: c_calls.c copies user memory. */
#ifndef KERNEL_RUST_LINUX_UACCESS_H
#define KERNEL_RUST_LINUX_UACCESS_H

#define __user

unsigned long _copy_from_user(void *to, const void *from, unsigned long len);
unsigned long _copy_to_user(void *to, const void *from, unsigned long len);

#define copy_from_user _copy_from_user
#define copy_to_user   _copy_to_user

#endif
