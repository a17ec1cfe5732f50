//! The watchdog: systemd hears of the service only while the service really answers.

use std::sync::Arc;
use std::time::Duration;

use openras_service::Service;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::notify;

/// Asks the service the questions a client asks, twice as often as systemd wants to hear of it. What clients do on the
/// socket does not matter here: nobody ends the service by keeping it busy.
pub(crate) async fn watch(service: Arc<Service>, every: Duration) {
    let mut times = interval(every / 2);
    times.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        times.tick().await;
        let asked = service.clone();
        let answer = tokio::task::spawn_blocking(move || (asked.ports().len(), asked.is_idle()));
        match timeout(every / 2, answer).await {
            Ok(Ok(_)) => notify::alive().await,
            Ok(Err(error)) => tracing::error!(%error, "the service fails inside: the watchdog is not fed"),
            Err(_) => tracing::error!("the service does not answer itself: the watchdog is not fed"),
        }
    }
}
