//! A port from Rust: answers calls on TCP, asks for MS-CHAPv2, tells what happens.
//!
//!     cargo run -p openras-service --example port -- 127.0.0.1:7001
//!
//! and in another terminal, with `pw` a file of mode 0600 that holds `secret`:
//!
//!     cargo run -- dial --line tcp:127.0.0.1:7001 --user alice --password-file pw --ping 3

use std::error::Error;
use std::net::SocketAddr;
use std::path::Path;

use openras_api::types::event::Event;
use openras_ppp::Secret;
use openras_service::Service;
use openras_service::config::{Config, PortConfig};
use openras_service::users::NewUser;

/// A service with one port at `address` and one user; its files go to `state`.
pub async fn start(state: &Path, address: SocketAddr) -> Result<Service, Box<dyn Error>> {
    let line = format!("listen:tcp:{address}").parse()?;
    let port = PortConfig { calls: 4, ..PortConfig::new("line1", line) };
    let config = Config { state: state.to_path_buf(), ports: vec![port], ..Config::default() };
    let service = Service::start(config).await?;
    if let Some(users) = service.users().cloned() {
        let alice = NewUser { password: Some(Secret::from("secret")), ..NewUser::default() };
        // the store blocks: for the disk, and for Argon2
        tokio::task::spawn_blocking(move || users.add("alice", &alice)).await??;
    }
    Ok(service)
}

#[allow(dead_code, reason = "the tests call start")]
#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:7001".into()).parse()?;
    let state = tempfile::tempdir()?;
    let service = start(state.path(), address).await?;
    println!("answering on {address}; alice's password is \"secret\"");
    let mut events = service.events();
    loop {
        tokio::select! {
            event = events.recv() => {
                if let Event::Port { port, kind, text, .. } = &event?.told.event {
                    println!("{port} {kind}: {text}");
                }
            }
            _ = tokio::signal::ctrl_c() => break,
        }
    }
    service.stop().await;
    Ok(())
}
