//! Custom scripting.

#![allow(non_snake_case, reason = "the members have their names of the headers")]

use super::basic::Pointer;

/// Serial settings.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct CommSettings {
    pub(crate) dwSize: u32,
    pub(crate) bParity: u8,
    pub(crate) bStop: u8,
    pub(crate) bByteSize: u8,
    pub(crate) bAlign: u8,
}

/// What a script may call besides.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct CustomScriptExtensions {
    pub(crate) dwSize: u32,
    pub(crate) pfnRasSetCommSettings: Pointer,
}

layout! {
    versioned CommSettings "RASCOMMSETTINGS" [8] {
        dwSize 0; bParity 4; bStop 5; bByteSize 6; bAlign 7;
    }
}
layout! {
    versioned CustomScriptExtensions "RASCUSTOMSCRIPTEXTENSIONS" [12/8] {
        dwSize 0; pfnRasSetCommSettings 4;
    }
}
