// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
//
// The crate `bindings`: the part of bindgen's output for the kernel's C headers that the compiled files use.
// The functions are in c_calls.c and in the kernel's rust/helpers.
#![no_std]
#![allow(missing_docs, non_camel_case_types, non_snake_case)]

use ffi::{c_char, c_int, c_long, c_uint, c_ulong, c_void};

// read_source.sh makes this file from the kernel's headers.
include!(concat!(env!("KERNEL_GENERATED"), "/errno.rs"));
pub const MAX_ERRNO: u32 = 4095;
pub const PAGE_SHIFT: u32 = 12;
pub const PAGE_SIZE: usize = 1 << PAGE_SHIFT;

#[repr(C)]
pub struct page {
    _opaque: [u8; 0],
}

extern "C" {
    #[link_name = "rust_helper_alloc_pages"]
    pub fn alloc_pages(gfp: c_uint, order: c_uint) -> *mut page;
    pub fn __free_pages(page: *mut page, order: c_uint);
    #[link_name = "rust_helper_page_to_nid"]
    pub fn page_to_nid(page: *const page) -> c_int;
    pub fn vmalloc_to_page(addr: *const c_void) -> *mut page;

    #[link_name = "rust_helper_kmap_local_page"]
    pub fn kmap_local_page(page: *mut page) -> *mut c_void;
    #[link_name = "rust_helper_kunmap_local"]
    pub fn kunmap_local(addr: *const c_void);

    #[link_name = "rust_helper_copy_from_user"]
    pub fn copy_from_user(to: *mut c_void, from: *const c_void, n: c_ulong) -> c_ulong;
    #[link_name = "rust_helper_copy_to_user"]
    pub fn copy_to_user(to: *mut c_void, from: *const c_void, n: c_ulong) -> c_ulong;
    pub fn _copy_from_user(to: *mut c_void, from: *const c_void, n: c_ulong) -> c_ulong;
    pub fn _copy_to_user(to: *mut c_void, from: *const c_void, n: c_ulong) -> c_ulong;
    pub fn strncpy_from_user(dst: *mut c_char, src: *const c_char, count: c_long) -> c_long;
}

/// # Safety
///
/// None: the result is only a pointer value.
pub unsafe fn ERR_PTR(error: c_long) -> *mut c_void {
    error as *mut c_void
}

/// # Safety
///
/// None: the result is only a number.
pub unsafe fn PTR_ERR(ptr: *const c_void) -> c_long {
    ptr as c_long
}

/// # Safety
///
/// None: `ptr` is not dereferenced.
pub unsafe fn IS_ERR(ptr: *const c_void) -> bool {
    ptr as usize >= -(MAX_ERRNO as isize) as usize
}
