//! A dial from Rust: places a call, answers the pause for a wrong password, pings the server, hangs up.
//!
//!     cargo run -p openras-service --example dial -- 127.0.0.1:7001
//!
//! against the example `port`.

use std::error::Error;
use std::net::SocketAddr;

use openras_engine::ConnState;
use openras_engine::client::dial::{Command, DialEvent, DialParams, Notice};
use openras_ppp::Secret;
use openras_service::connections::DialRequest;
use openras_service::{Config, Service};

/// Dials, and gives how many pings were answered.
pub async fn call(address: SocketAddr) -> Result<usize, Box<dyn Error>> {
    let service = Service::start(Config::default()).await?;
    let request = DialRequest {
        line: format!("tcp:{address}").parse()?,
        params: DialParams { user: "alice".into(), password: Secret::from("wrong"), ..DialParams::default() },
        // without this the wrong password below is an error, and the call fails
        pauses: true,
        ..DialRequest::default()
    };
    let mut params = request.params.clone();
    let mut connection = service.dial(request).map_err(|error| error.to_string())?;
    let (mut server, mut answered) = (None, 0);
    while let Some(notice) = connection.notice().await {
        match notice {
            Notice::State { state: ConnState::RETRY_AUTHENTICATION, .. } => {
                params.password = Secret::from("secret");
                connection.command(Command::Resume { notifier: 0, params: params.clone() }).await;
            }
            Notice::State { state: ConnState::CONNECTED, .. } => {
                if let Some(server) = server {
                    connection.stack().until_up().await?;
                    answered = connection.stack().ping(server, 3).await?.iter().flatten().count();
                }
                connection.command(Command::HangUp).await;
            }
            Notice::State { state, error, .. } => println!("{state} {error:?}"),
            Notice::Event(DialEvent::Projection(agreed)) => server = agreed.ipv4.map(|ip| ip.remote.into()),
            Notice::Ended(end) => match end.error {
                Some(error) => return Err(format!("{error}: {} Try: {}", end.why, end.remedy).into()),
                None => break,
            },
            _ => {}
        }
    }
    Ok(answered)
}

#[allow(dead_code, reason = "the tests call call")]
#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:7001".into()).parse()?;
    println!("{} of 3 pings answered", call(address).await?);
    Ok(())
}
