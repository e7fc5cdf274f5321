// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
//
// The functions of page.h that the kernel's `Page`, `BorrowedPage`, `UserSliceReader` and `UserSliceWriter`
// have. src/page defines all other functions, such as page_copy(), page_get() and the mapping calls. The
// build renames the functions of src/page that this file defines too.
//
// `with_page_mapped` and `with_pointer_into_page` are private in the kernel. The raw calls below use both
// functions, but page_with_mapped() and page_with_pointer() are those of src/page.
use crate::{
    alloc::{AllocError, Flags},
    bindings,
    error::{Error, Result},
    page::Page,
    uaccess::{UserSlice, UserSliceReader, UserSliceWriter},
};
use core::{
    ffi::{c_int, c_void},
    mem::{transmute, ManuallyDrop, MaybeUninit},
    ptr::{null_mut, NonNull},
};

extern "C" {
    fn __errno_location() -> *mut c_int;
}

fn set_errno(error: Error) {
    // SAFETY: the C library returns the address of this thread's errno.
    unsafe { *__errno_location() = -error.to_errno() };
}

fn to_c_result(result: Result) -> c_int {
    match result {
        Ok(()) => 0,
        Err(error) => error.to_errno(),
    }
}

// ---- ownership: a `Page` is the C struct page, or a pointer to the C struct page ----

#[cfg(page_is_owned)]
mod ownership {
    use super::*;
    use crate::owned::Owned;

    pub fn into_raw(page: Owned<Page>) -> *mut bindings::page {
        page.into_raw().as_ptr().cast()
    }

    pub unsafe fn drop_owner(page: NonNull<bindings::page>) {
        drop(Owned::<Page>::from_raw(page.cast()));
    }

    pub unsafe fn borrow<'a>(page: *mut bindings::page) -> &'a Page {
        &*page.cast()
    }
}

#[cfg(not(page_is_owned))]
mod ownership {
    use super::*;

    pub fn into_raw(page: Page) -> *mut bindings::page {
        ManuallyDrop::new(page).as_ptr()
    }

    pub unsafe fn drop_owner(page: NonNull<bindings::page>) {
        drop(transmute::<NonNull<bindings::page>, Page>(page));
    }

    /// `Page` has no constructor from a pointer. A `Page` is one pointer, and transmute() checks that
    /// both have the same size.
    pub unsafe fn borrow(page: *mut bindings::page) -> ManuallyDrop<Page> {
        transmute::<NonNull<bindings::page>, ManuallyDrop<Page>>(NonNull::new_unchecked(page))
    }
}

use ownership::{borrow, drop_owner, into_raw};

// ---- lifetime ----

#[no_mangle]
pub extern "C" fn page_alloc(gfp: u32) -> *mut bindings::page {
    match Page::alloc_page(Flags(gfp)) {
        Ok(page) => into_raw(page),
        Err(AllocError) => {
            set_errno(Error::from(AllocError));
            null_mut()
        }
    }
}

#[no_mangle]
pub unsafe extern "C" fn page_free(page: *mut bindings::page) {
    if let Some(page) = NonNull::new(page) {
        drop_owner(page);
    }
}

#[cfg(page_has_nid)]
#[no_mangle]
pub unsafe extern "C" fn page_nid(page: *mut bindings::page) -> c_int {
    borrow(page).nid()
}

#[cfg(page_has_align)]
#[no_mangle]
pub unsafe extern "C" fn page_align(addr: usize, aligned: *mut usize) -> bool {
    match crate::page::page_align(addr) {
        Some(result) => {
            *aligned = result;
            true
        }
        None => false,
    }
}

#[cfg(page_has_borrowed)]
#[no_mangle]
pub unsafe extern "C" fn page_borrow(addr: *const c_void) -> *mut bindings::page {
    match NonNull::new(bindings::vmalloc_to_page(addr)) {
        Some(page) => crate::page::BorrowedPage::from_raw(page).as_ptr(),
        None => null_mut(),
    }
}

// ---- raw calls ----

#[no_mangle]
pub unsafe extern "C" fn page_read_raw(
    page: *mut bindings::page,
    dst: *mut u8,
    off: usize,
    len: usize,
) -> c_int {
    to_c_result(borrow(page).read_raw(dst, off, len))
}

#[no_mangle]
pub unsafe extern "C" fn page_write_raw(
    page: *mut bindings::page,
    src: *const u8,
    off: usize,
    len: usize,
) -> c_int {
    to_c_result(borrow(page).write_raw(src, off, len))
}

#[no_mangle]
pub unsafe extern "C" fn page_fill_zero(
    page: *mut bindings::page,
    off: usize,
    len: usize,
) -> c_int {
    to_c_result(borrow(page).fill_zero_raw(off, len))
}

#[no_mangle]
pub unsafe extern "C" fn page_copy_from_user_slice(
    page: *mut bindings::page,
    reader: *mut UserSliceReader,
    off: usize,
    len: usize,
) -> c_int {
    to_c_result(borrow(page).copy_from_user_slice_raw(&mut *reader, off, len))
}

// ---- user slices: readers and writers have the same layout in page.h and in the kernel (check_layouts) ----

#[repr(C)]
pub struct user_slice {
    ptr: *const c_void,
    len: usize,
}

#[cfg(uaccess_has_user_ptr)]
fn to_user_ptr(ptr: *const c_void) -> crate::uaccess::UserPtr {
    crate::uaccess::UserPtr::from_addr(ptr as usize)
}

#[cfg(not(uaccess_has_user_ptr))]
fn to_user_ptr(ptr: *const c_void) -> crate::uaccess::UserPtr {
    ptr as usize
}

fn slice_of(ptr: *const c_void, len: usize) -> UserSlice {
    UserSlice::new(to_user_ptr(ptr), len)
}

#[no_mangle]
pub extern "C" fn user_slice_new(ptr: *const c_void, len: usize) -> user_slice {
    user_slice { ptr, len }
}

#[no_mangle]
pub unsafe extern "C" fn user_slice_reader_init(reader: *mut UserSliceReader, slice: user_slice) {
    reader.write(slice_of(slice.ptr, slice.len).reader());
}

#[no_mangle]
pub unsafe extern "C" fn user_slice_left(reader: *const UserSliceReader) -> usize {
    (*reader).len()
}

#[no_mangle]
pub unsafe extern "C" fn user_slice_skip(reader: *mut UserSliceReader, len: usize) -> c_int {
    to_c_result((*reader).skip(len))
}

#[no_mangle]
pub unsafe extern "C" fn user_slice_read(
    reader: *mut UserSliceReader,
    dst: *mut MaybeUninit<u8>,
    len: usize,
) -> c_int {
    to_c_result((*reader).read_raw(core::slice::from_raw_parts_mut(dst, len)))
}

#[no_mangle]
pub unsafe extern "C" fn user_slice_writer_init(writer: *mut UserSliceWriter, slice: user_slice) {
    writer.write(slice_of(slice.ptr, slice.len).writer());
}

#[no_mangle]
pub unsafe extern "C" fn user_slice_writer_left(writer: *const UserSliceWriter) -> usize {
    (*writer).len()
}

#[no_mangle]
pub unsafe extern "C" fn user_slice_write(
    writer: *mut UserSliceWriter,
    src: *const u8,
    len: usize,
) -> c_int {
    to_c_result((*writer).write_slice(core::slice::from_raw_parts(src, len)))
}

/// Ends the process unless the kernel's reader and writer have the fields { pointer, length } in this order,
/// as in page.h. rustc may change the order of fields.
extern "C" fn check_layouts() {
    let slice = || slice_of(0x1234 as *const c_void, 0x56);
    // SAFETY: all bytes of a reader are initialised, and each bit pattern is a `usize`.
    let reader = unsafe { transmute::<UserSliceReader, [usize; 2]>(slice().reader()) };
    // SAFETY: all bytes of a writer are initialised, and each bit pattern is a `usize`.
    let writer = unsafe { transmute::<UserSliceWriter, [usize; 2]>(slice().writer()) };

    assert!(reader == [0x1234, 0x56] && writer == reader);
}

#[used]
#[link_section = ".init_array"]
static CHECK_LAYOUTS: extern "C" fn() = check_layouts;
