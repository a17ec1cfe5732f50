//! Dialling and answering without I/O: one [`client::Dial`] is one RasDial from OpenPort to Disconnected, one
//! [`server::Port`] answers one line. Both are [`Machine`](openras_ppp::Machine)s over a [`mod@line`].

pub mod client;
pub mod error;
pub mod escape;
pub mod exchange;
pub mod line;
pub mod server;
pub mod state;
pub mod terminal;
pub mod users;

pub use error::RasError;
pub use line::{CallInput, CallOutput, LineEvent, LineOp, Snapshot, Watched};
pub use state::ConnState;
