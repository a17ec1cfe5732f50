//! The functions of openras.h: what OpenRAS offers beyond the names of Windows.

#![allow(
    non_snake_case,
    unreachable_pub,
    reason = "exports have their names of the header, and C reaches them"
)]

mod exports;
mod sentences;
mod states;
mod terminal;

pub(crate) use exports::{open, open_joined};
pub(crate) use sentences::sentence;
pub(crate) use states::{States, Waiting};
pub(crate) use terminal::{Taken, finish as finish_terminal};

/// OPENRAS_EVENTS: the type of a notifier that is none; the states wait instead.
pub(crate) const EVENTS: u32 = 0x4F52_5301;

/// What these functions keep with a connection.
#[derive(Default)]
pub(crate) struct Extras {
    /// States that wait for an event loop.
    pub(crate) states: States,
    /// The terminal, while a program has it.
    pub(crate) terminal: Taken,
}
