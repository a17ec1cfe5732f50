//! [`Dialog`]: a module's handle on one call (RasSecurityDialogSend, …Receive, …Complete).

use std::time::Duration;

use openras_engine::server::{AskLine, DialogCommand, DialogOutput, DialogVerdict};
use openras_ppp::Secret;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

/// Commands that may wait for the line before [`Dialog::send`] does.
const COMMANDS: usize = 32;
/// Events that may wait for the module.
const EVENTS: usize = 32;
/// ERROR_PROCESS_ABORTED: the module went away without a verdict.
pub(crate) const ABORTED: u32 = 1067;
/// ERROR_BUFFER_INVALID: longer than a Send may be.
const BUFFER_INVALID: u32 = 610;
/// Longest single Send, as the length type of the original is 16 bits.
pub(crate) const SEND_MAX: usize = 65_535;

/// What is known about the call when its dialog begins. Texts may come from outside: escape before showing.
#[derive(Clone, Debug, Default)]
pub struct CallInfo {
    /// The call's identity in logs and records.
    pub call: String,
    /// The port's name, as `line1/3`.
    pub port: String,
    /// The device on it, as RAS_SECURITY_INFO's DeviceName.
    pub device: String,
    /// Kind of line: `tcp`, `unix`, `pty`, `exchange`.
    pub line: String,
    /// Where the call comes from, for delays (defence rule 6): the peer's address without its port, or the
    /// line's name where there is no address.
    pub source: String,
    /// The caller's number, if the line tells it.
    pub number: Option<String>,
    /// Time for this dialog; the engine's own limit for all modules together runs besides. `None` = that only.
    pub limit: Option<Duration>,
}

/// Why a Receive or Ask gave no bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Interrupted {
    /// The time was up. What had come is kept for the next Receive or Ask.
    #[error("the caller did not answer in time")]
    TimedOut,
    /// The call is over; nothing can be asked or said any more.
    #[error("the call has ended")]
    Ended,
    /// The command was not taken: 603 nothing wanted, 610 too long, 616 another one is outstanding.
    #[error("the dialog refused the command with error {0}")]
    Refused(u32),
}

impl Interrupted {
    /// The RAS number for an error verdict: 638 timed out, 619 ended, or that of the refusal.
    pub fn code(self) -> u32 {
        match self {
            Self::TimedOut => 638,
            Self::Ended => 619,
            Self::Refused(error) => error,
        }
    }
}

/// The service's ends of a dialog's two channels.
#[derive(Debug)]
pub struct DialogEnds {
    /// What the module wants. Always ends with a [`DialogCommand::Complete`], whatever becomes of the module.
    pub commands: mpsc::Receiver<DialogCommand>,
    /// What it is told. Dropping this is the same as [`DialogOutput::End`].
    pub events: mpsc::Sender<DialogOutput>,
}

/// A module's handle on one call. Dropped without [`complete`](Self::complete), it completes with an error.
#[derive(Debug)]
pub struct Dialog {
    info: CallInfo,
    commands: mpsc::Sender<DialogCommand>,
    /// The place kept in the channel for the verdict, so that it never waits and never fails.
    verdict: Option<mpsc::OwnedPermit<DialogCommand>>,
    events: mpsc::Receiver<DialogOutput>,
    outstanding: bool,
    kept: Option<DialogOutput>,
}

/// A dialog for one call: the module's handle and the service's ends.
pub fn dialog(info: CallInfo) -> (Dialog, DialogEnds) {
    let (commands, commands_end) = mpsc::channel(COMMANDS + 1);
    let (events_end, events) = mpsc::channel(EVENTS);
    let verdict = commands.clone().try_reserve_owned().ok();
    let dialog = Dialog { info, commands, verdict, events, outstanding: false, kept: None };
    (dialog, DialogEnds { commands: commands_end, events: events_end })
}

impl Dialog {
    /// What is known about the call.
    pub fn info(&self) -> &CallInfo {
        &self.info
    }

    /// Queues bytes for the caller, at most 65,535; waits while too much is queued already.
    pub async fn send(&self, bytes: impl Into<Vec<u8>>) -> Result<(), Interrupted> {
        let bytes = bytes.into();
        if bytes.len() > SEND_MAX {
            return Err(Interrupted::Refused(BUFFER_INVALID));
        }
        self.command(DialogCommand::Send(bytes)).await
    }

    /// Waits for exactly `max` bytes (1–65,535), or with `any` for the first that come.
    ///
    /// `None` waits as long as the dialog may last. If the future of an earlier call was dropped before its
    /// answer came, that answer is what this call waits for.
    pub async fn receive(
        &mut self,
        max: usize,
        timeout: Option<Duration>,
        any: bool,
    ) -> Result<Secret, Interrupted> {
        self.answer(DialogCommand::Receive { max, timeout, any }).await
    }

    /// Asks for one edited line and gives it without its end. As [`receive`](Self::receive) when dropped.
    pub async fn ask(&mut self, question: AskLine) -> Result<Secret, Interrupted> {
        self.answer(DialogCommand::Ask(question)).await
    }

    /// Waits, or gives [`Interrupted::Ended`] as soon as the call is over.
    pub async fn sleep(&mut self, time: Duration) -> Result<(), Interrupted> {
        let until = Instant::now() + time;
        loop {
            tokio::select! {
                () = sleep_until(until) => return Ok(()),
                event = self.events.recv() => match event {
                    Some(DialogOutput::End) | None => return Err(self.over()),
                    Some(answer) => self.kept = Some(answer),
                },
            }
        }
    }

    /// Ends the dialog with the module's verdict. The caller may be hung up on from here.
    pub fn complete(mut self, verdict: DialogVerdict) {
        self.decide(verdict);
    }

    /// The next thing to hear, for a module that does more than one thing at a time; `End` for ever at the end.
    pub(crate) async fn event(&mut self) -> DialogOutput {
        match self.events.recv().await {
            Some(event) => event,
            None => DialogOutput::End,
        }
    }

    /// A second way in for commands; must not outlive the dialog.
    pub(crate) fn commands(&self) -> mpsc::Sender<DialogCommand> {
        self.commands.clone()
    }

    async fn command(&self, command: DialogCommand) -> Result<(), Interrupted> {
        self.commands.send(command).await.map_err(|_| Interrupted::Ended)
    }

    async fn answer(&mut self, command: DialogCommand) -> Result<Secret, Interrupted> {
        if !self.outstanding {
            self.command(command).await?;
            self.outstanding = true;
        }
        let event = match self.kept.take() {
            Some(event) => event,
            None => self.event().await,
        };
        self.outstanding = false;
        match event {
            DialogOutput::Received(bytes) | DialogOutput::Line(bytes) => Ok(bytes),
            DialogOutput::TimedOut => Err(Interrupted::TimedOut),
            DialogOutput::Refused(error) => Err(Interrupted::Refused(error)),
            DialogOutput::End => Err(self.over()),
        }
    }

    fn over(&mut self) -> Interrupted {
        self.events.close();
        Interrupted::Ended
    }

    fn decide(&mut self, verdict: DialogVerdict) {
        if let Some(place) = self.verdict.take() {
            place.send(DialogCommand::Complete(verdict));
        }
    }
}

impl Drop for Dialog {
    fn drop(&mut self) {
        let text = "the module went away without a verdict".to_owned();
        self.decide(DialogVerdict::Error { code: ABORTED, text });
    }
}

#[cfg(test)]
mod tests {
    use openras_engine::server::Echo;

    use super::*;

    fn question() -> AskLine {
        AskLine { prompt: "User: ".into(), echo: Echo::Yes, max: 64, timeout: None }
    }

    #[tokio::test]
    async fn a_dropped_dialog_completes_with_an_error_even_when_the_queue_is_full() {
        let (dialog, mut ends) = dialog(CallInfo::default());
        for _ in 0..COMMANDS {
            dialog.send("x").await.unwrap();
        }
        drop(dialog);
        for _ in 0..COMMANDS {
            assert!(matches!(ends.commands.recv().await, Some(DialogCommand::Send(_))));
        }
        let last = ends.commands.recv().await;
        assert!(
            matches!(last, Some(DialogCommand::Complete(DialogVerdict::Error { code: ABORTED, .. }))),
            "{last:?}"
        );
        assert!(ends.commands.recv().await.is_none());
    }

    #[tokio::test]
    async fn a_question_whose_future_was_dropped_is_answered_to_the_next_one() {
        let (mut dialog, mut ends) = dialog(CallInfo::default());
        tokio::select! {
            biased;
            _ = dialog.ask(question()) => panic!("nobody answered"),
            () = std::future::ready(()) => (),
        }
        assert!(matches!(ends.commands.recv().await, Some(DialogCommand::Ask(_))));
        ends.events.send(DialogOutput::Line("alice".into())).await.unwrap();
        assert_eq!(dialog.ask(question()).await, Ok("alice".into()));
        assert!(ends.commands.try_recv().is_err(), "asked only once");
    }

    #[tokio::test]
    async fn interruptions_are_told_apart_and_the_end_is_final() {
        let (mut dialog, ends) = dialog(CallInfo::default());
        for event in [DialogOutput::TimedOut, DialogOutput::Refused(616), DialogOutput::End] {
            ends.events.send(event).await.unwrap();
        }
        assert_eq!(dialog.receive(1, None, false).await, Err(Interrupted::TimedOut));
        assert_eq!(dialog.ask(question()).await, Err(Interrupted::Refused(616)));
        assert_eq!(dialog.ask(question()).await, Err(Interrupted::Ended));
        assert_eq!(dialog.receive(1, None, true).await, Err(Interrupted::Ended));
        assert_eq!(dialog.send(vec![0; SEND_MAX + 1]).await, Err(Interrupted::Refused(610)));
    }

    #[tokio::test(start_paused = true)]
    async fn sleep_ends_with_the_call() {
        let (mut dialog, ends) = dialog(CallInfo::default());
        assert_eq!(dialog.sleep(Duration::from_secs(5)).await, Ok(()));
        drop(ends);
        assert_eq!(dialog.sleep(Duration::from_secs(5)).await, Err(Interrupted::Ended));
    }
}
