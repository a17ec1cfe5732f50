//! The service's HTTP API, as seen from outside: the shapes that go over the socket, the list of routes, the OpenAPI
//! document made of both, how the service is found or a private one started, and the client that speaks to it.
//!
//! HTTP/1.1 with JSON over a Unix socket. `docs/api.md` is the same for people; its table is made from [`routes`].

pub mod client;
pub mod find;
pub mod openapi;
pub mod routes;
pub mod start;
pub mod trust;
pub mod types;

pub use client::Client;
pub use types::problem::Problem;

/// Version of the API: the first segment of every path is `v` and this number. It counts up when something that was
/// there is changed or taken away; members and routes may be added without.
pub const VERSION: u32 = 1;
