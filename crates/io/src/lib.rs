//! Drivers: the lines a call can go over, the IP ports behind it, and the one loop that runs a machine.
//!
//! [`driver::run`] owns one [`Machine`](openras_ppp::Machine), one [`Line`] and one [`IpPort`]; everything else
//! talks to it through channels.

pub mod capture;
pub mod dce;
pub mod driver;
pub mod line;
pub mod net;
pub mod octets;

#[cfg(test)]
mod testing;

pub use driver::{Ends, Gauge, Outcome, Tap, run};
pub use line::Line;
pub use net::IpPort;
