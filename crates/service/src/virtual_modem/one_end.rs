//! A line that has one other end: a pseudo-terminal of ours, a serial port, or an address that we connect to. Its computer may
//! come and go; the line is taken again after each.

use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use openras_engine::RasError;
use openras_engine::modem::DceState;
use openras_io::dce::{Attached, Computer, DceGauge, Over, Plain};
use openras_io::line::{Device, PtyMade};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::desk::Desk;
use crate::config::{DeviceLine, PortLine, VirtualModem};
use crate::modems;
use crate::ports::LONGEST_DEVICE_PAUSE;
use crate::service::{Shared, StartError};
use crate::tenure::{FIRST_PAUSE, LONGEST_PAUSE, Tenant, cannot_answer, rests};

/// How often a computer that never goes is looked at for being without a call, where settings have changed.
const LOOK: Duration = Duration::from_secs(1);
/// A device that stayed at least this long was well: the next pause is the first again.
const WELL: Duration = Duration::from_secs(10);
const REMEDY: &str = "check the address or path of its `line`";

/// Why a device cannot be had or was lost, as it says itself; escaped.
type Reason = Arc<Mutex<Option<String>>>;

impl Desk {
    /// Takes the line again and again. A computer that is there when the line is wanted no more goes with it.
    pub(super) async fn again_and_again(self: &Arc<Self>, shared: &Arc<Shared>, stop: &CancellationToken) {
        let mut pause = FIRST_PAUSE;
        loop {
            let (config, reason) = (self.config(), Reason::default());
            let begun = Instant::now();
            let Some(over) = self.once(shared, stop, &config, &reason).await else { return };
            let is_device = matches!(config.line, PortLine::Device(_));
            match over {
                Over::Cancelled if stop.is_cancelled() || shared.cancel.is_cancelled() => return,
                Over::Failed(number) => self.cannot(number, &reason),
                // a device may be lost as soon as it is opened
                Over::Left if is_device => {
                    if begun.elapsed() >= WELL {
                        pause = FIRST_PAUSE;
                    }
                    self.cannot(RasError::PORT_DISCONNECTED, &reason);
                }
                Over::Left | Over::Idle | Over::Noise | Over::Cancelled => {
                    pause = FIRST_PAUSE;
                    self.tenure.set_problem(None);
                    continue;
                }
            }
            if !rests(shared, stop, pause).await {
                return;
            }
            let longest = if is_device { LONGEST_DEVICE_PAUSE } else { LONGEST_PAUSE };
            pause = (pause * 2).min(longest);
        }
    }

    /// One computer, from the opening of the line on; `None` on a line that is none of these.
    async fn once(
        self: &Arc<Self>,
        shared: &Arc<Shared>,
        stop: &CancellationToken,
        config: &Arc<VirtualModem>,
        reason: &Reason,
    ) -> Option<Over> {
        let computer = self.computer(config, reason)?;
        let cancel = shared.cancel.child_token();
        let place = self.places.take(1, 1, None, cancel.clone()).ok()?;
        let gauge = place.gauge.clone();
        let mut session = pin!(self.session(shared, computer, place, None));
        Some(tokio::select! {
            over = &mut session => over,
            () = stop.cancelled() => {
                cancel.cancel();
                session.await
            }
            () = self.changed(config, &gauge), if matches!(config.line, PortLine::Device(_)) => {
                cancel.cancel();
                session.await
            }
        })
    }

    /// The one computer of the line. `reason` is why its device cannot be had.
    fn computer(self: &Arc<Self>, config: &VirtualModem, reason: &Reason) -> Option<Box<dyn Computer>> {
        match &config.line {
            PortLine::Pty(path) => Some(Box::new(Plain(PtyMade::new(path)))),
            PortLine::Device(line) => {
                let (desk, reason) = (Arc::downgrade(self), reason.clone());
                let onlooker = move |why: Option<String>| {
                    if let Some(desk) = desk.upgrade().filter(|_| why.is_none()) {
                        desk.tenure.set_problem(None);
                    }
                    *reason.lock().unwrap_or_else(PoisonError::into_inner) =
                        why.map(|why| openras_engine::escape::line(&why));
                };
                Some(Box::new(Attached::new(device(line, config), onlooker)))
            }
            _ => None,
        }
    }

    /// Until other settings than these are wanted and the computer has no call: one at a serial port never goes.
    async fn changed(&self, config: &VirtualModem, gauge: &DceGauge) {
        loop {
            tokio::time::sleep(LOOK).await;
            let in_call = gauge.read().state.is_some_and(|state| state != DceState::Command);
            if !in_call && *self.config() != *config {
                return;
            }
        }
    }

    /// The device cannot be had, or was lost. One that is tried for hours is in the log once.
    fn cannot(&self, number: RasError, reason: &Reason) {
        let why = reason.lock().unwrap_or_else(PoisonError::into_inner).take();
        let error = why.unwrap_or_else(|| number.sentence().to_owned());
        let line = self.config().line.to_string();
        let error = StartError::Port { port: self.name.clone(), line, number, error, remedy: REMEDY };
        let problem = cannot_answer(&error);
        if self.tenure.problem().as_ref() != Some(&problem) {
            self.warn(&error);
        }
        self.tenure.set_problem(Some(problem));
    }
}

/// The device of a line.
fn device(line: &DeviceLine, config: &VirtualModem) -> Box<dyn Device> {
    modems::device(line, config.frame, || modems::trusts(config.trust.as_ref()))
}
