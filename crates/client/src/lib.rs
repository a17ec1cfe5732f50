//! Dial, answer pauses and watch calls of a running OpenRAS service.
//!
//! A call belongs to the service, not to the program that dialled it: once it is connected it stays, whatever becomes
//! of this program, until somebody hangs up. Before that the program holds the dial: when it goes away, the dial ends.
//!
//! ```no_run
//! use openras_client::{DialOptions, Error, Service};
//!
//! # async fn example() -> Result<(), Error> {
//! let service = Service::connect_or_start().await?;
//! let options = DialOptions::new("tcp:127.0.0.1:7001").user("alice").password("secret");
//! let mut connection = service.dial(options).await?.await?;
//! println!("c{}: {:?}", connection.id(), connection.projection().await?);
//! connection.ping(None, 3).await?;
//! connection.hang_up().await?;
//! # Ok(())
//! # }
//! ```
//!
//! With [`DialOptions::pauses`] a dial may stop half-way and ask. Each question is a [`Pause`] of its own kind, and
//! holds what answers it:
//!
//! ```no_run
//! use openras_client::{DialOptions, Error, Pause, Service, Step};
//!
//! # async fn example() -> Result<(), Error> {
//! let service = Service::connect_or_start().await?;
//! let mut dialling = service.dial(DialOptions::new("tcp:127.0.0.1:7001").user("alice").pauses(true)).await?;
//! let connection = loop {
//!     match dialling.next().await {
//!         Step::State(state) => println!("{}", state.name),
//!         Step::Event(_) => {}
//!         Step::Paused(Pause::RetryAuthentication(mut retry)) => retry.resume("alice", "the right one").await?,
//!         Step::Paused(Pause::PasswordExpired(mut expired)) => expired.resume("a new one").await?,
//!         Step::Paused(Pause::CallbackSetByCaller(mut callback)) => callback.resume("5551212").await?,
//!         Step::Paused(Pause::Interactive(mut terminal)) => terminal.go_on().await?,
//!         Step::Connected(connection) => break connection,
//!         Step::Failed(failure) => return Err(failure.into()),
//!     }
//! };
//! # drop(connection);
//! # Ok(())
//! # }
//! ```
//!
//! Everything else the service's API has is a method of [`Service::api`]; its shapes are in [`types`].

mod connection;
mod dialling;
mod entry;
mod error;
mod line;
mod options;
mod pause;
mod script;
mod service;

pub use connection::Connection;
pub use dialling::{Dialling, Step};
pub use entry::{EntryCall, EntryDial};
pub use error::{Error, Failure};
pub use line::absolute;
pub use openras_api::client::{Events, Stream};
pub use openras_api::types;
pub use openras_api::{Client, Problem};
pub use openras_engine::{ConnState, RasError};
pub use openras_ppp::{AuthMethod, Secret};
pub use options::DialOptions;
pub use pause::{Callback, Expired, Pause, Retry, Terminal};
pub use script::{Broken, EntryScript, Left, Shown, hand_back};
pub use service::Service;
pub use types::CallId;
pub use types::connection::Terminal as TerminalMode;
pub use types::connection::{DialFlow, DialParity};
