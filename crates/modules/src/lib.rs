//! Security modules: what talks to a caller before PPP begins, and decides whether the call goes on.
//!
//! A [`Module`] gets a [`Dialog`], its handle on one call. Built in is [`totp`]; [`process`] runs programs in
//! any language, which speak [`protocol`] on their standard input and output. [`registry`] makes modules from
//! configuration and [`start`] runs one for one call. `docs/modules.md` is the guide.
//!
//! Everything here fails closed: a module that hangs, dies, panics or forgets its verdict ends its own call
//! with an error, and no other.

pub mod dialog;
pub mod host;
pub mod jail;
pub mod process;
pub mod protocol;
mod redact;
pub mod registry;
pub mod totp;

pub use dialog::{CallInfo, Dialog, DialogEnds, Interrupted, dialog};
pub use host::{BoxFuture, Condition, Module, start, start_watched};
pub use jail::Wall;
pub use registry::{BuildError, ModuleConfig, Parts, Registry};

// The Rust in the guide is compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/modules.md")]
struct Guide;
