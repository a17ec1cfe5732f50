//! A claim is checked aside, and answered when its time has come.

use std::sync::Arc;
use std::time::Duration;

use openras_engine::server::port::{Answer, Command, wrong_credentials};
use openras_ppp::{Claim, Proof};
use tokio::sync::mpsc;
use tracing::info;

use super::unix_seconds;
use crate::calls::Story;
use crate::service::Shared;
use crate::users::{Reason, Users};

/// Checks a claim and gives the answer to the call.
pub(super) async fn verify(
    shared: Arc<Shared>,
    source: String,
    claim: Claim,
    commands: mpsc::Sender<Command>,
    story: Option<Arc<Story>>,
) {
    let Some(users) = shared.users().cloned() else { return };
    // only Argon2 is heavy; the others must not wait behind it
    let is_heavy =
        matches!(claim.proof, Proof::Pap { .. } | Proof::ChangeV1 { .. } | Proof::ChangeV2 { .. });
    let check = move |users: &Users| users.verify(&claim, &source, unix_seconds());
    let checked = if is_heavy {
        // never closed: an error here cannot be
        let turn = shared.checks.acquire().await.ok();
        let checked = tokio::task::spawn_blocking(move || check(&users)).await.ok();
        drop(turn);
        checked
    } else {
        users.ask(check).await
    };
    let (verdict, delay) = match checked {
        Some(checked) => {
            info!("password: {}", checked.reason);
            if let Reason::Accepted | Reason::PasswordChanged = checked.reason {
                shared.counters.accepted();
            } else {
                shared.counters.refused();
            }
            (checked.verdict, checked.delay)
        }
        None => (wrong_credentials(), Duration::ZERO),
    };
    drop(story);
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    // a call that has ended meanwhile wants no answer
    let _ = commands.send(Command::Answer(Answer::Verdict(verdict))).await;
}
