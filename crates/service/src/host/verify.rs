//! A claim is checked aside, and answered when its time has come.

use std::future::pending;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use openras_engine::server::port::{Answer, Command};
use openras_ppp::{Claim, Proof};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tracing::info;

use super::unix_seconds;
use crate::calls::Story;
use crate::limits::Pass;
use crate::service::Shared;
use crate::users::{Reason, Users};

/// What of a call a check that outlives it holds on to.
pub(super) struct Told {
    /// Kept until the check is done.
    pub(super) story: Option<Arc<Story>>,
    /// Takes why a claim was refused.
    pub(super) why: Arc<Mutex<Option<String>>>,
}

/// Checks a claim and gives the answer to the call.
pub(super) async fn verify(
    shared: Arc<Shared>,
    source: String,
    claim: Claim,
    commands: mpsc::Sender<Box<Command>>,
    (pass, Told { story, why }): (Option<Arc<Pass>>, Told),
) {
    let Some(users) = shared.users().cloned() else { return };
    // only Argon2 is heavy; the others must not wait behind it
    let is_heavy = matches!(claim.proof, Proof::Pap { .. } | Proof::ChangeV1 { .. } | Proof::ChangeV2 { .. });
    let check = move |users: &Users| users.verify_behind(&claim, &source, unix_seconds());
    let checked = if is_heavy {
        // never closed: an error here cannot be
        let turn = shared.checks.acquire().await.ok();
        let checked = tokio::task::spawn_blocking(move || check(&users)).await.ok();
        drop((turn, pass));
        checked
    } else {
        users.ask(check).await
    };
    let (answer, delay, ahead) = match checked {
        Some((checked, ahead)) => {
            info!("password: {}", checked.reason);
            if let Reason::Accepted | Reason::PasswordChanged = checked.reason {
                shared.counters.accepted();
            } else {
                shared.counters.refused();
                *why.lock().unwrap_or_else(PoisonError::into_inner) = Some(checked.reason.to_string());
            }
            let answer = if checked.known { Answer::Verdict } else { Answer::Unknown };
            (answer(checked.verdict), checked.delay, ahead)
        }
        // the check panicked, or the service ends
        None => (Answer::Unknown(Reason::StoreFailed(String::new()).refusal()), Duration::ZERO, None),
    };
    drop(story);
    let _ = match ahead {
        Some(ahead) => timeout(delay, ahead.harmless()).await,
        None => timeout(delay, pending()).await,
    };
    // a call that has ended meanwhile wants no answer
    let _ = commands.send(Box::new(Command::Answer(answer))).await;
}

#[cfg(test)]
mod tests {
    use openras_ppp::Secret;

    use super::*;
    use crate::config::PortConfig;
    use crate::limits::Room;
    use crate::{Config, Service};

    /// Else callers who hang up as soon as they have sent a password pile up checks without end.
    #[tokio::test]
    async fn a_caller_who_hangs_up_takes_room_until_the_password_is_checked() {
        let folder = tempfile::tempdir().unwrap();
        let ports = vec![PortConfig::new("line1", "exchange:100".parse().unwrap())];
        let config = Config { state: folder.path().join("state"), ports, ..Config::default() };
        let service = Service::start(config).await.unwrap();
        let shared = service.shared().clone();
        let all = u32::try_from(shared.checks.available_permits()).unwrap();
        let busy = shared.checks.acquire_many(all).await.unwrap();
        let room = Room { port: "line1", source: Some("192.0.2.7"), of_port: 1, of_source: 1 };
        let pass = Arc::new(shared.limits.enter(&room).ok().unwrap());
        let claim = Claim {
            name: "alice".into(),
            raw_name: b"alice".to_vec(),
            identifier: 1,
            proof: Proof::Pap { password: Secret::from("wrong") },
            attempt: 1,
        };
        let (commands, mut answers) = mpsc::channel(1);
        let told = Told { story: None, why: Arc::default() };
        let checking =
            tokio::spawn(verify(shared.clone(), "192.0.2.7".into(), claim, commands, (Some(pass), told)));
        tokio::task::yield_now().await;
        assert!(shared.limits.enter(&room).is_err(), "the check still waits for its turn");
        drop(busy);
        assert!(answers.recv().await.is_some());
        checking.await.unwrap();
        assert!(shared.limits.enter(&room).is_ok());
    }
}
