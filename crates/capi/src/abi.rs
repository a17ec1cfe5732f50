//! The structures of ras.h, rasdlg.h, rasshost.h and rassapi.h as C callers have them, always the newest of each.
//!
//! A caller's structure is as long as its `dwSize` says and may be shorter than ours: nobody makes a reference to it.
//! [`caller`] copies it whole into ours and back, [`list`] does so for the arrays of the RasEnum functions.
//!
//! ras.h packs to 4. The only members that would want more are as wide as a pointer; they are [`basic::Pointer`]s here,
//! so that our structures lie as packed ones do and may yet be referred to.

#![allow(
    dead_code,
    reason = "the headers have these members and structures, whether or not one is looked at here"
)]

// the order matters: the macro first
#[macro_use]
mod layout;

pub(crate) mod admin;
pub(crate) mod autodial;
pub(crate) mod basic;
pub(crate) mod caller;
pub(crate) mod connection;
pub(crate) mod device;
pub(crate) mod dial;
pub(crate) mod dialogs;
pub(crate) mod entry;
pub(crate) mod list;
pub(crate) mod projection;
pub(crate) mod projection_ex;
pub(crate) mod script;
pub(crate) mod security;

#[cfg(test)]
mod tests;
