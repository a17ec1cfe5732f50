//! The service: configuration, users, the record of calls.

pub mod config;
pub mod connections;
pub mod events;
mod host;
pub mod journal;
mod page;
mod ports;
mod service;
pub mod users;

pub use config::Config;
pub use journal::Journal;
pub use service::{Service, StartError};
pub use users::Users;
