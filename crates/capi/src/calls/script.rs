//! What answers the terminal of a dial instead of the program: the entry's script. It runs here, as the program's user;
//! the service only carries the bytes.

use openras_api::types::connection::Resume;
use openras_client::{Broken, EntryScript, Left};
use openras_engine::ConnState;

use super::connection::Connection;

/// What answers the terminal.
pub(crate) type Answering = EntryScript;

/// Whether this pause is a script's. It runs once: a second pause is the program's.
pub(super) fn answers(connection: &Connection, state: ConnState) -> bool {
    let script = connection.own.as_ref().and_then(|own| own.script.as_ref());
    state == ConnState::INTERACTIVE && script.is_some_and(EntryScript::begins)
}

/// Runs the script of a dial that is in Interactive, to its end; after [`Left::Done`] PPP goes on.
pub(super) async fn run(connection: &Connection) -> Result<Left, Broken> {
    let Some((own, script)) = connection.own.as_ref().and_then(|own| Some((own, own.script.as_ref()?))) else {
        return Ok(Left::ToTheUser);
    };
    // a pause that is over already is told as an event
    let Ok(line) = connection.client.terminal(connection.id).await else { return Ok(Left::Over) };
    let left = script.run(line, |_| {}).await?;
    if left == Left::Done {
        let go_on = Resume { notifier: own.creator.clone(), ..Resume::default() };
        // 756: the other end began PPP by itself
        let _ = connection.client.resume(connection.id, &go_on).await;
    }
    Ok(left)
}
