//! A script in the terminal of a pause: it runs in a task of its own, and tells what it shows and how it left.

use std::sync::Arc;

use openras_api::types::CallId;
use openras_api::types::connection::{GiveUp, Resume};
use openras_api::{Client, Problem};
use openras_client::{Broken, EntryScript, Left, Shown};
use openras_engine::{ConnState, RasError};
use tokio::sync::mpsc;

/// What may wait to be shown; what has no room is not shown, and the script goes on.
const WAITING: usize = 256;

/// What a script tells.
pub(crate) enum Step {
    /// The other end said this.
    Line(Vec<u8>),
    /// The script says this.
    Says(String),
    /// It has left the line.
    Left(Result<Left, Broken>),
}

/// Runs the script on the line of the pause; after a good end PPP goes on.
pub(crate) fn start(
    client: Client,
    call: CallId,
    notifier: String,
    script: Arc<EntryScript>,
) -> mpsc::Receiver<Step> {
    let (steps, told) = mpsc::channel(WAITING);
    tokio::spawn(async move {
        let left = run(&client, call, notifier, &script, &steps).await;
        // a session that is over hears nothing
        let _ = steps.send(Step::Left(left)).await;
    });
    told
}

async fn run(
    client: &Client,
    call: CallId,
    notifier: String,
    script: &EntryScript,
    steps: &mpsc::Sender<Step>,
) -> Result<Left, Broken> {
    // a pause that is over already is told as an event
    let Ok(line) = client.terminal(call).await else { return Ok(Left::Over) };
    let left = script
        .run(line, |shown| {
            let _ = steps.try_send(match shown {
                Shown::Line(bytes) => Step::Line(bytes.to_vec()),
                Shown::Script(text) => Step::Says(text.into()),
            });
        })
        .await?;
    if left == Left::Done {
        // 756: the other end began PPP by itself
        let _ = client.resume(call, &Resume { notifier, ..Resume::default() }).await;
    }
    Ok(left)
}

/// What a pause is to whoever has pauses off.
pub(crate) fn number_of_pause(state: ConnState) -> RasError {
    match state {
        ConnState::RETRY_AUTHENTICATION => RasError::AUTHENTICATION_FAILURE,
        ConnState::CALLBACK_SET_BY_CALLER => RasError::BAD_CALLBACK_NUMBER,
        ConnState::PASSWORD_EXPIRED => RasError(648),
        _ => RasError(703),
    }
}

/// Ends a dial that is to fail with this, so that its service knows why too (`openras why`).
pub(crate) async fn give_up(client: &Client, call: CallId, notifier: String, problem: &Problem) {
    let Problem { error, message, remedy, .. } = problem.clone();
    let why = GiveUp { notifier, error, why: message, remedy };
    // a dial that is over by itself needs no end, and an older service knows hang-ups only
    if client.give_up(call, &why).await.is_err() {
        let _ = client.hangup(call).await;
    }
}

/// A script's failure, as the end of its dial is told.
pub(crate) fn problem(broken: Broken) -> Problem {
    Problem::new(broken.error, broken.why)
        .remedy("-vv shows what the other end said; openras phonebook show ENTRY names the script.")
}
