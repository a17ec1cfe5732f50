//! The service: configuration, ports and connections, users, limits, and the record of what they did.

pub mod audit;
mod calls;
pub mod config;
pub mod connections;
mod events;
mod host;
pub mod http;
mod limits;
mod metrics;
pub mod modems;
mod network;
mod page;
mod ports;
pub mod preflight;
mod reload;
pub mod rights;
mod ruling;
mod service;
pub mod socket;
mod status;
mod tenure;
mod tun;
pub mod users;
mod virtual_modem;
pub mod why;

/// The types of the API, which the service's own calls give too.
pub use openras_api as api;

pub use audit::Audit;
pub use calls::Heard;
pub use config::Config;
pub use ports::Arrived;
pub use service::{Service, StartError};
pub use users::Users;

/// Must be the first thing in the `main` of a service that has modules in a jail or callers' programs, before any thread exists:
/// the service starts its own program again for the processes around those, and then this never returns. A program that cannot
/// call it names one that does as [`Config::helper`]; `openras-service-helper` of this crate does nothing else.
pub fn main_if_asked() {
    // the process of a module: it builds its own walls, and has none of ours yet
    openras_modules::jail::main_if_asked();
    // the process above a caller's program
    openras_io::octets::main_if_asked();
}
