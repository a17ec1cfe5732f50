//! `POST …/terminal`: the line of an Interactive pause as raw bytes.

use bytes::Bytes;
use openras_api::Problem;
use openras_api::routes::STREAM;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::answer::Answer;
use super::ask::Ask;
use super::conn::Conn;
use super::upgrade;
use crate::connections::terminal::Terminal;

/// Typed bytes taken at once.
const TYPED: usize = 1024;

/// Takes the terminal. It ends with the pause; a client that closes it, or its sending half, leaves the pause as it
/// is, and the terminal to the next.
pub(super) async fn terminal(ask: Ask) -> Answer {
    let held = ask.held()?;
    upgrade::wanted(&ask, STREAM)?;
    let terminal = held.attach().await.map_err(|error| {
        Problem::new(error, "The dial is not in the Interactive pause, or somebody has its terminal already.")
            .remedy("Wait for the state Interactive, and take the terminal once.")
    })?;
    upgrade::switch(ask, STREAM, move |socket, first| talk(terminal, socket, first))
}

async fn talk(terminal: Terminal, socket: Conn, first: Bytes) {
    let (mut from, mut to) = tokio::io::split(socket);
    let shown = async {
        while let Some(bytes) = terminal.read().await {
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
        // the client may have gone
        let _ = to.shutdown().await;
    };
    let typed = async {
        let mut memory = [0; TYPED];
        let mut more = terminal.write(&first).await;
        while more {
            match from.read(&mut memory).await {
                Ok(read @ 1..) => more = terminal.write(memory.get(..read).unwrap_or_default()).await,
                Ok(_) | Err(_) => return,
            }
        }
    };
    // a client that closes its side has typed all it will: the line is closed to it when the dial has that, and so it
    // knows that a resume comes behind
    tokio::select! {
        () = shown => {}
        () = typed => {}
    }
}
