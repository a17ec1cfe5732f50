//! The dialogs of rasdlg.h.

#![allow(non_snake_case, reason = "the members have their names of the headers")]

use super::basic::Pointer;
use crate::text::Char;

/// RasDialDlg.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct DialDlg {
    pub(crate) dwSize: u32,
    pub(crate) hwndOwner: Pointer,
    pub(crate) dwFlags: u32,
    pub(crate) xDlg: i32,
    pub(crate) yDlg: i32,
    pub(crate) dwSubEntry: u32,
    pub(crate) dwError: u32,
    pub(crate) reserved: Pointer,
    pub(crate) reserved2: Pointer,
}

/// RasEntryDlg.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct EntryDlg<C: Char> {
    pub(crate) dwSize: u32,
    pub(crate) hwndOwner: Pointer,
    pub(crate) dwFlags: u32,
    pub(crate) xDlg: i32,
    pub(crate) yDlg: i32,
    pub(crate) szEntry: [C; 257],
    pub(crate) dwError: u32,
    pub(crate) reserved: Pointer,
    pub(crate) reserved2: Pointer,
}

/// RasPhonebookDlg; nothing in it is text, so that A and W are one.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct PbDlg {
    pub(crate) dwSize: u32,
    pub(crate) hwndOwner: Pointer,
    pub(crate) dwFlags: u32,
    pub(crate) xDlg: i32,
    pub(crate) yDlg: i32,
    pub(crate) dwCallbackId: Pointer,
    pub(crate) pCallback: Pointer,
    pub(crate) dwError: u32,
    pub(crate) reserved: Pointer,
    pub(crate) reserved2: Pointer,
}

/// Credentials where nobody is logged on.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct NoUser<C: Char> {
    pub(crate) dwSize: u32,
    pub(crate) dwFlags: u32,
    pub(crate) dwTimeoutMs: u32,
    pub(crate) szUserName: [C; 257],
    pub(crate) szPassword: [C; 257],
    pub(crate) szDomain: [C; 16],
}

layout! {
    versioned DialDlg "RASDIALDLG" [48/36] {
        dwSize 0; hwndOwner 4; dwFlags 12/8; xDlg 16/12; yDlg 20/16; dwSubEntry 24/20; dwError 28/24;
        reserved 32/28; reserved2 40/32;
    }
}
layout! {
    versioned EntryDlg<A, W> "RASENTRYDLG" [304/292] [560/548] {
        dwSize 0, 0; hwndOwner 4, 4; dwFlags 12/8, 12/8; xDlg 16/12, 16/12; yDlg 20/16, 20/16;
        szEntry 24/20, 24/20; dwError 284/280, 540/536; reserved 288/284, 544/540;
        reserved2 296/288, 552/544;
    }
}
layout! {
    versioned PbDlg "RASPBDLGA" [60/40] {
        dwSize 0; hwndOwner 4; dwFlags 12/8; xDlg 16/12; yDlg 20/16;
        dwCallbackId 24/20; pCallback 32/24; dwError 40/28; reserved 44/32;
        reserved2 52/36;
    }
}
layout! {
    versioned NoUser<A, W> "RASNOUSER" [544] [1072] {
        dwSize 0, 0; dwFlags 4, 4; dwTimeoutMs 8, 8; szUserName 12, 12; szPassword 269, 526;
        szDomain 526, 1040;
    }
}
