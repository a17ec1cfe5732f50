//! Devices and stored credentials.

#![allow(non_snake_case, reason = "the members have their names of the headers")]

use crate::text::Char;

/// A device that can dial.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct DevInfo<C: Char> {
    pub(crate) dwSize: u32,
    pub(crate) szDeviceType: [C; 17],
    pub(crate) szDeviceName: [C; 129],
}

/// Stored credentials. `szPassword` is a secret or the placeholder.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Credentials<C: Char> {
    pub(crate) dwSize: u32,
    pub(crate) dwMask: u32,
    pub(crate) szUserName: [C; 257],
    pub(crate) szPassword: [C; 257],
    pub(crate) szDomain: [C; 16],
}

layout! {
    versioned DevInfo<A, W> "RASDEVINFO" [152] [296] {
        dwSize 0, 0; szDeviceType 4, 4; szDeviceName 21, 38;
    }
}
layout! {
    versioned Credentials<A, W> "RASCREDENTIALS" [540] [1068] {
        dwSize 0, 0; dwMask 4, 4; szUserName 8, 8; szPassword 265, 522; szDomain 522, 1036;
    }
}
