//! What systemd is told (`sd_notify`): nothing where it did not start the program.
//!
//! Messages leave one after the other from a thread that may wait, never from a task.

use std::time::Duration;

use sd_notify::NotifyState;

/// The service answers, and this is how it is.
pub(crate) async fn ready(status: String) {
    send(move || {
        vec![NotifyState::Ready, NotifyState::Status(&status)].into_iter().map(|s| s.to_string()).collect()
    })
    .await;
}

/// The configuration is read again; [`ready`] ends that.
pub(crate) async fn reloading() {
    send(|| {
        // systemd's `notify-reload` wants to know when it began, and refuses the message otherwise
        let at = NotifyState::monotonic_usec_now().ok();
        std::iter::once(NotifyState::Reloading).chain(at).map(|s| s.to_string()).collect()
    })
    .await;
}

/// The service hangs up.
pub(crate) async fn stopping() {
    send(|| vec![NotifyState::Stopping.to_string(), NotifyState::Status("hanging up").to_string()]).await;
}

/// The service is alive.
pub(crate) async fn alive() {
    send(|| vec![NotifyState::Watchdog.to_string()]).await;
}

/// How often systemd wants to hear [`alive`], at least.
pub(crate) fn watchdog() -> Option<Duration> {
    sd_notify::watchdog_enabled().filter(|every| !every.is_zero())
}

async fn send(words: impl FnOnce() -> Vec<String> + Send + 'static) {
    if std::env::var_os("NOTIFY_SOCKET").is_none() {
        return;
    }
    let sent = tokio::task::spawn_blocking(move || {
        let words = words();
        let states: Vec<NotifyState<'_>> = words.iter().map(|word| NotifyState::Custom(word)).collect();
        sd_notify::notify(&states)
    });
    if let Ok(Err(error)) = sent.await {
        tracing::warn!(%error, "systemd cannot be told how the service is");
    }
}
