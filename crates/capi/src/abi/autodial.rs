//! AutoDial and countries.

#![allow(non_snake_case, reason = "the members have their names of the headers")]

use super::basic::Pointer;
use crate::text::Char;

/// Which entry an address is dialled by.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct AutodialEntry<C: Char> {
    pub(crate) dwSize: u32,
    pub(crate) dwFlags: u32,
    pub(crate) dwDialingLocation: u32,
    pub(crate) szEntry: [C; 257],
}

/// Parameters of an AutoDial handler.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct AdParams {
    pub(crate) dwSize: u32,
    pub(crate) hwndOwner: Pointer,
    pub(crate) dwFlags: u32,
    pub(crate) xDlg: i32,
    pub(crate) yDlg: i32,
}

/// A country; its name is behind.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct CtryInfo {
    pub(crate) dwSize: u32,
    pub(crate) dwCountryID: u32,
    pub(crate) dwNextCountryID: u32,
    pub(crate) dwCountryCode: u32,
    pub(crate) dwCountryNameOffset: u32,
}

layout! {
    versioned AutodialEntry<A, W> "RASAUTODIALENTRY" [272] [528] {
        dwSize 0, 0; dwFlags 4, 4; dwDialingLocation 8, 8; szEntry 12, 12;
    }
}
layout! {
    versioned AdParams "RASADPARAMS" [24/20] {
        dwSize 0; hwndOwner 4; dwFlags 12/8; xDlg 16/12; yDlg 20/16;
    }
}
layout! {
    versioned CtryInfo "RASCTRYINFO" [20] {
        dwSize 0; dwCountryID 4; dwNextCountryID 8; dwCountryCode 12; dwCountryNameOffset 16;
    }
}
