//! Foreign peers: programs that speak what we speak and that we did not write.
//!
//! `peers/install` fetches them. A test that misses one says so with [`skip()`] and passes; where
//! `OPENRAS_REQUIRE_PEERS` is set (`./check --install`) the same is a failure.

pub mod pppd;
pub mod ser2net;
mod skip;
pub mod slirp;
pub mod websocket;
pub mod wvdial;

use std::path::PathBuf;

pub use skip::skip;

/// Where `peers/install` put things: `$OPENRAS_PEERS`, else `target/peers` of this workspace.
pub fn folder() -> PathBuf {
    match std::env::var_os("OPENRAS_PEERS") {
        Some(folder) => folder.into(),
        None => PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/peers")),
    }
}
