// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
//
// The items of other kernel modules that page.rs, uaccess.rs and error.rs name, in all versions
// that kernel/rust supports. A version may use only some of these items. No call of page.h uses the
// vectors, files and DMA memory in this file: without these items, the kernel's files do not compile.

pub use core::fmt;

pub mod alloc {
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct AllocError;

    pub mod layout {
        pub struct LayoutError;
    }

    /// Allocation flags, which page_h.rs makes from `gfp_t`.
    #[derive(Clone, Copy, PartialEq)]
    pub struct Flags(pub(crate) u32);

    impl Flags {
        pub(crate) fn as_raw(self) -> u32 {
            self.0
        }
    }

    pub trait Allocator {}
    pub struct Kmalloc;
    impl Allocator for Kmalloc {}

    /// A vector that cannot grow.
    pub struct Vec<T, A: Allocator>(core::marker::PhantomData<(T, A)>);
    pub type KVec<T> = Vec<T, Kmalloc>;

    impl<T, A: Allocator> Vec<T, A> {
        pub fn reserve(&mut self, _additional: usize, _flags: Flags) -> Result<(), AllocError> {
            Err(AllocError)
        }

        pub fn spare_capacity_mut(&mut self) -> &mut [core::mem::MaybeUninit<T>] {
            &mut []
        }

        pub fn len(&self) -> usize {
            0
        }

        /// # Safety
        ///
        /// The vector has no elements, so `_len` must be 0.
        pub unsafe fn set_len(&mut self, _len: usize) {}

        /// # Safety
        ///
        /// The vector has no elements, so `_additional` must be 0.
        pub unsafe fn inc_len(&mut self, _additional: usize) {}
    }
}

pub mod dma {
    pub struct Coherent<T: ?Sized>(core::marker::PhantomData<T>);
}

pub mod fs {
    pub mod file {
        pub type Offset = i64;
    }
}

pub mod prelude {
    pub use crate::alloc::{KVec, Vec};
    pub use crate::error::{code::*, Error, Result};
    pub use crate::str::CStr;
    #[cfg(uaccess_has_user_ptr)]
    pub use crate::Zeroable;
}

pub mod ptr {
    pub trait KnownSize {}
}

pub mod str {
    /// A C string with its NUL byte. No call of page.h creates a C string.
    pub struct CStr([u8]);

    impl core::ops::Deref for CStr {
        type Target = [u8];

        fn deref(&self) -> &[u8] {
            &self.0
        }
    }
}

pub mod transmute {
    /// # Safety
    ///
    /// Each bit pattern must be a value of the type.
    pub unsafe trait FromBytes {}

    /// # Safety
    ///
    /// Values of the type must have no uninitialised bytes.
    pub unsafe trait AsBytes {}
}

/// Ownership of an object that C code allocated.
#[cfg(page_is_owned)]
pub mod owned {
    use core::{mem::ManuallyDrop, ops::Deref, ptr::NonNull};

    /// A type whose objects are released by a function of C.
    #[cfg(not(ownable_is_unsafe))]
    pub trait Ownable {
        /// # Safety
        ///
        /// The caller gives up the only ownership of the object.
        #[cfg(not(ownable_releases_reference))]
        unsafe fn release(this: NonNull<Self>);
        #[cfg(ownable_releases_reference)]
        unsafe fn release(&mut self);
    }

    /// # Safety
    ///
    /// The implementation keeps the conditions of the kernel's trait with the same name.
    #[cfg(ownable_is_unsafe)]
    pub unsafe trait Ownable {
        /// # Safety
        ///
        /// The caller gives up the only ownership of the object.
        unsafe fn release(this: NonNull<Self>);
    }

    /// The only owner of an object. A drop of the owner releases the object.
    pub struct Owned<T: Ownable>(NonNull<T>);

    impl<T: Ownable> Owned<T> {
        /// # Safety
        ///
        /// The caller passes the ownership of the object.
        pub unsafe fn from_raw(object: NonNull<T>) -> Self {
            Self(object)
        }

        pub fn into_raw(self) -> NonNull<T> {
            ManuallyDrop::new(self).0
        }
    }

    impl<T: Ownable> Deref for Owned<T> {
        type Target = T;

        fn deref(&self) -> &T {
            // SAFETY: the object exists as long as its owner.
            unsafe { self.0.as_ref() }
        }
    }

    impl<T: Ownable> Drop for Owned<T> {
        fn drop(&mut self) {
            // SAFETY: `self` is the only owner of the object, and ends here.
            #[cfg(not(ownable_releases_reference))]
            unsafe {
                T::release(self.0)
            };
            #[cfg(ownable_releases_reference)]
            unsafe {
                self.0.as_mut().release()
            };
        }
    }
}

pub mod types {
    #[cfg(page_is_owned)]
    pub use crate::owned::{Ownable, Owned};
    pub use crate::transmute::{AsBytes, FromBytes};

    /// A value that only C accesses.
    #[repr(transparent)]
    pub struct Opaque<T>(core::cell::UnsafeCell<core::mem::MaybeUninit<T>>);

    impl<T> Opaque<T> {
        pub const fn get(&self) -> *mut T {
            self.0.get().cast()
        }

        pub const fn cast_into(this: *const Self) -> *mut T {
            this as *mut T
        }
    }
}
