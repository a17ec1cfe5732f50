//! What RasDial takes.

#![allow(non_snake_case, reason = "the members have their names of the headers")]

use super::basic::Pointer;
use crate::text::Char;

/// What to dial and as whom. `szPassword` is a secret: erase what is copied out of it.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct DialParams<C: Char> {
    pub(crate) dwSize: u32,
    pub(crate) szEntryName: [C; 257],
    pub(crate) szPhoneNumber: [C; 129],
    pub(crate) szCallbackNumber: [C; 129],
    pub(crate) szUserName: [C; 257],
    pub(crate) szPassword: [C; 257],
    pub(crate) szDomain: [C; 16],
    pub(crate) dwSubEntry: u32,
    pub(crate) dwCallbackId: Pointer,
    pub(crate) dwIfIndex: u32,
    pub(crate) szEncPassword: Pointer,
}

/// Data of an EAP method.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct EapInfo {
    pub(crate) dwSizeofEapInfo: u32,
    pub(crate) pbEapInfo: Pointer,
}

/// Data for a device.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct DevSpecificInfo {
    pub(crate) dwSize: u32,
    pub(crate) pbDevSpecificInfo: Pointer,
}

/// Options of RasDial.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct DialExtensions {
    pub(crate) dwSize: u32,
    pub(crate) dwfOptions: u32,
    pub(crate) hwndParent: Pointer,
    pub(crate) reserved: Pointer,
    pub(crate) reserved1: Pointer,
    pub(crate) RasEapInfo: EapInfo,
    pub(crate) fSkipPppAuth: i32,
    pub(crate) RasDevSpecificInfo: DevSpecificInfo,
}

/// Whom an EAP method names; its data go on behind.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct EapUserIdentity<C: Char> {
    pub(crate) szUserName: [C; 257],
    pub(crate) dwSizeofEapInfo: u32,
    pub(crate) pbEapInfo: [u8; 1],
}

layout! {
    versioned DialParams<A, W> "RASDIALPARAMS" [1052, 1064/1060, 1068/1064, 1076/1068] [2096, 2108/2104, 2112/2108, 2120/2112] {
        dwSize 0, 0; szEntryName 4, 4; szPhoneNumber 261, 518; szCallbackNumber 390, 776;
        szUserName 519, 1034; szPassword 776, 1548; szDomain 1033, 2062; dwSubEntry 1052, 2096;
        dwCallbackId 1056, 2100; dwIfIndex 1064/1060, 2108/2104; szEncPassword 1068/1064, 2112/2108;
    }
}
layout! {
    fixed EapInfo "RASEAPINFO" [12/8] {
        dwSizeofEapInfo 0; pbEapInfo 4;
    }
}
layout! {
    fixed DevSpecificInfo "RASDEVSPECIFICINFO" [12/8] {
        dwSize 0; pbDevSpecificInfo 4;
    }
}
layout! {
    versioned DialExtensions "RASDIALEXTENSIONS" [24/16, 44/28, 48/32, 60/40] {
        dwSize 0; dwfOptions 4; hwndParent 8; reserved 16/12; reserved1 24/16; RasEapInfo 32/20;
        fSkipPppAuth 44/28; RasDevSpecificInfo 48/32;
    }
}
layout! {
    fixed EapUserIdentity<A, W> "RASEAPUSERIDENTITY" [268] [524] {
        szUserName 0, 0; dwSizeofEapInfo 260, 516; pbEapInfo 264, 520;
    }
}
