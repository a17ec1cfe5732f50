//! The security host (rasshost.h, aligned by nature).

#![allow(non_snake_case, reason = "the members have their names of the headers")]

/// A verdict.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct SecurityMessage {
    pub(crate) dwMsgId: u32,
    pub(crate) hPort: usize,
    pub(crate) dwError: u32,
    pub(crate) UserName: [u8; 257],
    pub(crate) Domain: [u8; 16],
}

/// How the last Receive went.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct SecurityInfo {
    pub(crate) LastError: u32,
    pub(crate) BytesReceived: u32,
    pub(crate) DeviceName: [u8; 129],
}

layout! {
    fixed SecurityMessage "SECURITY_MESSAGE" [296/288] {
        dwMsgId 0; hPort 8/4; dwError 16/8; UserName 20/12; Domain 277/269;
    }
}
layout! {
    fixed SecurityInfo "RAS_SECURITY_INFO" [140] {
        LastError 0; BytesReceived 4; DeviceName 8;
    }
}
