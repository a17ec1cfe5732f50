//! Dialling and answering without I/O: one [`client::Dial`] is one RasDial from OpenPort to Disconnected, one
//! [`server::Port`] answers one line. Both are [`Machine`](openras_ppp::Machine)s over a [`mod@line`].

pub mod client;
pub mod detect;
pub mod error;
pub mod escape;
pub mod exchange;
pub mod line;
pub mod modem;
pub mod null_modem;
pub mod rfc2217;
pub mod server;
pub mod slip;
pub mod state;
pub mod telnet;
pub mod terminal;
pub mod users;
pub mod why;

pub use error::RasError;
pub use line::{CallInput, CallOutput, LineEvent, LineOp, Snapshot, Watched};
pub use state::ConnState;
