//! One call of the demo: a dial, and a person played by a script.

use std::sync::Arc;
use std::time::{Duration, Instant};

use openras_api::types::event::{Event, Told};
use openras_engine::ConnState;
use openras_engine::client::dial::{Command, DialEnd, DialParams, Notice};
use openras_ppp::Secret;
use openras_service::Heard;
use openras_service::connections::{Connection, DialRequest, told};
use tokio::sync::broadcast::error::RecvError;

use super::show::Show;
use super::world::World;

/// Longer than any call of the demo takes.
const LIMIT: Duration = Duration::from_secs(45);

/// How the person answers.
#[derive(Clone, Debug, Default)]
pub(super) struct Script {
    /// In the terminal: when the text ends with the first, the second is typed, with a CR.
    pub(super) typed: Vec<(&'static str, Typed)>,
    /// When asked for other credentials.
    pub(super) password: Option<&'static str>,
    /// When asked for a new password.
    pub(super) new_password: Option<&'static str>,
    /// When asked for a number.
    pub(super) number: Option<&'static str>,
}

/// What is typed at a prompt.
#[derive(Clone, Debug)]
pub(super) enum Typed {
    /// These characters.
    Text(String),
    /// What this makes of the text since the last answer.
    From(fn(&str) -> String),
}

/// How a call went.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// The states in order, each with its error.
    pub(super) states: Vec<(ConnState, Option<u32>)>,
    /// What was done while connected, or what went wrong there.
    pub(super) traffic: Option<Result<String, String>>,
    /// How it ended.
    pub(super) end: Option<Box<DialEnd>>,
}

impl Outcome {
    /// Whether this state was reached with this error (0 = none).
    pub(super) fn saw(&self, state: ConnState, error: u32) -> bool {
        self.states.contains(&(state, (error != 0).then_some(error)))
    }

    /// Connected, and ended by our own hang-up.
    pub(super) fn went_well(&self) -> bool {
        self.saw(ConnState::CONNECTED, 0) && self.end.as_ref().is_some_and(|end| end.error.is_none())
    }

    /// Failed before Connected with this number.
    pub(super) fn failed_with(&self, number: u32) -> bool {
        self.end.as_ref().is_some_and(|end| !end.was_connected && end.error.is_some_and(|e| e.0 == number))
    }
}

/// Makes a call, shows both ends' timeline, does `traffic` while connected, hangs up.
pub(super) async fn place<T>(
    world: &World,
    show: &mut Show,
    request: DialRequest,
    script: Script,
    traffic: T,
) -> Outcome
where
    T: AsyncFnOnce(&Connection) -> Result<String, String>,
{
    let mut outcome = Outcome::default();
    let mut params = request.params.clone();
    let begun = Instant::now();
    let mut port = PortSide { events: world.service.events(), begun, over: false };
    let limit = tokio::time::Instant::from_std(begun + LIMIT);
    let mut person = Person { script, text: String::new() };
    let mut traffic = Some(traffic);
    let Ok(mut connection) = world.service.dial(request) else { return outcome };
    while outcome.end.is_none() {
        let notice = tokio::select! {
            biased;
            () = port.show_next(show) => continue,
            notice = connection.notice() => notice,
            () = tokio::time::sleep_until(limit) => None,
        };
        let Some(notice) = notice else { break };
        if let Some(event) = told::event(&notice) {
            show.dial(begun.elapsed(), &event);
        }
        if let Some(command) = person.answer(&notice, &mut params) {
            connection.command(command).await;
        }
        match notice {
            Notice::State { state, error, .. } => {
                outcome.states.push((state, error.map(|e| e.0)));
                if state == ConnState::CONNECTED
                    && let Some(traffic) = traffic.take()
                {
                    let done = traffic(&connection).await;
                    done.iter().flat_map(|text| text.lines()).for_each(|line| show.traffic(begun, line));
                    outcome.traffic = Some(done);
                    connection.command(Command::HangUp).await;
                }
            }
            Notice::Ended(end) => outcome.end = Some(end),
            _ => {}
        }
    }
    port.rest(show).await;
    outcome
}

/// What the ports say while a call is made.
struct PortSide {
    events: tokio::sync::broadcast::Receiver<Arc<Heard>>,
    begun: Instant,
    /// The call's end has been said.
    over: bool,
}

impl PortSide {
    async fn show_next(&mut self, show: &Show) {
        match self.events.recv().await {
            Ok(heard) => self.heard(show, &heard.told),
            Err(RecvError::Lagged(_)) => {}
            // the service lives longer than the call
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }

    fn heard(&mut self, show: &Show, told: &Told) {
        show.port(self.begun.elapsed(), told);
        self.over |= match &told.event {
            Event::Port { kind, .. } => kind == "down",
            event => matches!(event, Event::Ended(_)),
        };
    }

    /// The port says its last words a moment after the dialler.
    async fn rest(&mut self, show: &Show) {
        let last = async {
            while !self.over {
                self.show_next(show).await;
            }
        };
        // a port that stays silent has its end in the service's log
        let _ = tokio::time::timeout(Duration::from_secs(3), last).await;
    }
}

/// Somebody at a terminal, by script.
struct Person {
    script: Script,
    /// What stands on the terminal since the last answer.
    text: String,
}

impl Person {
    fn answer(&mut self, notice: &Notice, params: &mut DialParams) -> Option<Command> {
        match notice {
            Notice::Terminal(bytes) => return self.read(bytes),
            Notice::State { state: ConnState::RETRY_AUTHENTICATION, .. } => {
                params.password = Secret::from(self.script.password?);
            }
            Notice::State { state: ConnState::PASSWORD_EXPIRED, .. } => {
                params.password = Secret::from(self.script.new_password?);
            }
            Notice::State { state: ConnState::CALLBACK_SET_BY_CALLER, .. } => {
                params.callback_number = self.script.number?.to_string();
            }
            _ => return None,
        }
        Some(Command::Resume { notifier: 0, params: params.clone() })
    }

    fn read(&mut self, bytes: &[u8]) -> Option<Command> {
        self.text.push_str(&String::from_utf8_lossy(bytes));
        let (prompt, _) = self.script.typed.first()?;
        if !self.text.ends_with(prompt) {
            return None;
        }
        let text = match self.script.typed.remove(0).1 {
            Typed::Text(text) => text,
            Typed::From(find) => find(&self.text),
        };
        self.text.clear();
        Some(Command::Terminal(format!("{text}\r").into_bytes()))
    }
}
