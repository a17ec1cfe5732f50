//! What structures of ras.h are made of.

#![allow(non_snake_case, reason = "the members have their names of the headers")]

/// A member as wide as a pointer, aligned to 4 as ras.h packs it.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
#[repr(C, packed(4))]
pub(crate) struct Pointer(usize);

impl Pointer {
    /// From a handle, an address or a number.
    pub(crate) const fn new(value: usize) -> Self {
        Self(value)
    }

    /// The handle, address or number.
    pub(crate) const fn get(self) -> usize {
        self.0
    }
}

/// GUID.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
#[repr(C)]
pub(crate) struct Guid {
    pub(crate) Data1: u32,
    pub(crate) Data2: u16,
    pub(crate) Data3: u16,
    pub(crate) Data4: [u8; 8],
}

/// LUID: whose logon session.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
#[repr(C)]
pub(crate) struct Luid {
    pub(crate) LowPart: u32,
    pub(crate) HighPart: i32,
}
