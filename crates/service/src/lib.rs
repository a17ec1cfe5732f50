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
