//! What answers the terminal of a dial instead of the program: the entry's script, or the program's own script library. It
//! runs here, as the program's user; the service only carries the bytes.

use openras_client::{Broken, EntryScript, Left};
use openras_engine::ConnState;

use super::connection::Connection;
use crate::script_host::{Changed, Custom};

/// What answers the terminal.
pub(crate) enum Answering {
    /// The entry's script.
    Script(EntryScript),
    /// The registered library (RDEOPT_UseCustomScripting and RASEO_CustomScript).
    Custom(Custom),
}

impl Answering {
    /// Whether it is still to run. From then on it has begun.
    fn begins(&self) -> bool {
        match self {
            Self::Script(script) => script.begins(),
            Self::Custom(custom) => custom.begins(),
        }
    }
}

/// Whether this pause is a script's. It runs once: a second pause is the program's.
pub(super) fn answers(connection: &Connection, state: ConnState) -> bool {
    let script = connection.own.as_ref().and_then(|own| own.script.as_ref());
    state == ConnState::INTERACTIVE && script.is_some_and(Answering::begins)
}

/// Runs the script of a dial that is in Interactive, to its end; after [`Left::Done`] PPP goes on.
pub(super) async fn run(connection: &Connection) -> Result<Left, Broken> {
    let Some(own) = &connection.own else { return Ok(Left::ToTheUser) };
    // a pause that is over already is told as an event
    let Ok(line) = connection.client.terminal(connection.id).await else { return Ok(Left::Over) };
    let (left, changed) = match &own.script {
        None => return Ok(Left::ToTheUser),
        Some(Answering::Script(script)) => (script.run(line, |_| {}).await?, Changed::default()),
        Some(Answering::Custom(custom)) => custom.run(line).await?,
    };
    if left == Left::Done {
        // 756: the other end began PPP by itself
        let _ = connection.client.resume(connection.id, &changed.resume(own.creator.clone())).await;
    }
    Ok(left)
}
