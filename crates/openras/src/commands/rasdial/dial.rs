//! `rasdial ENTRY`: dials as RasDial does without a notifier and without pauses, and leaves the connection up.

use std::sync::Arc;

use anyhow::Result;
use openras_api::client::Events;
use openras_api::types::connection::Dialled;
use openras_api::types::event::{Ended, Event, State};
use openras_api::{Client, Problem, start};
use openras_client::{EntryCall, EntryDial, EntryScript, Left};
use openras_engine::{ConnState, RasError};
use openras_ppp::Secret;
use tokio::sync::mpsc;

use super::refused;
use super::words::{self, Password};
use crate::entry::{self, Login};
use crate::keyboard::Keyboard;
use crate::scripted::{self, Step, number_of_pause};
use crate::signals::Signals;
use crate::{out, render, secret_file};

pub(super) async fn run(wanted: words::Dial, handed_over: Option<Secret>) -> Result<u8> {
    let mut signals = Signals::listen()?;
    let password = match wanted.password {
        Password::Asked => Some(secret_file::ask(&mut Keyboard::start(), &mut signals, "Password: ").await?),
        _ => handed_over,
    };
    let call = EntryCall {
        name: wanted.entry,
        phonebook: wanted.phonebook,
        number: wanted.phone,
        callback: Some(wanted.callback),
        ..EntryCall::default()
    };
    let login = Login { user: wanted.user, password, domain: wanted.domain };
    let mut found = entry::find(call, login)?;
    let script = found.script()?.map(Arc::new);
    // the script's pause is the only one
    found.dial.pauses = script.is_some();
    let name = render::safe(&found.name);
    out::line(format_args!("Dialling {name}, {} ...", render::safe(&found.dial.line)));
    Ok(match begin(&found, script).await {
        Err(problem) => refused(&problem),
        Ok(None) => {
            out::line(format_args!("{name} is connected already."));
            0
        }
        Ok(Some(dial)) => match dial.follow(&mut signals).await {
            Ok(()) => {
                out::line(format_args!("Connected to {name}."));
                0
            }
            Err(problem) => refused(&problem),
        },
    })
}

/// `None`: the entry is connected.
async fn begin(found: &EntryDial, script: Option<Arc<EntryScript>>) -> Result<Option<Dial>, Problem> {
    let client = start::connect_or_start(None).await?;
    let Dialled { id, notifier, joined } = client.dial(&found.dial).await?;
    if joined {
        // it was up before, and whoever dialled it first holds it
        client.release(id).await?;
        return Ok(None);
    }
    let events = client.dial_events(id, &notifier).await?;
    Ok(Some(Dial { client, id, notifier, events, script, steps: None, failed: None }))
}

/// A dial that has begun.
struct Dial {
    client: Client,
    id: openras_api::types::CallId,
    notifier: String,
    events: Events,
    script: Option<Arc<EntryScript>>,
    steps: Option<mpsc::Receiver<Step>>,
    /// Why this program ended it.
    failed: Option<Problem>,
}

impl Dial {
    /// Stays with it until it is connected.
    async fn follow(mut self, signals: &mut Signals) -> Result<(), Problem> {
        loop {
            tokio::select! {
                told = self.events.next() => match told {
                    Some(Ok(told)) => match told.event {
                        Event::State(state) if is(&state, ConnState::CONNECTED) => return Ok(()),
                        Event::State(state) => self.state(&state).await,
                        Event::Message { text } if !text.is_empty() => out::line(render::safe(&text)),
                        Event::Ended(ended) => return Err(self.failed.unwrap_or_else(|| why(ended))),
                        _ => {}
                    },
                    Some(Err(problem)) => return Err(problem),
                    None => return Err(Problem::from(RasError(711))),
                },
                step = next(&mut self.steps) => self.step(step).await,
                _ = signals.heard() => self.fail(Problem::from(RasError::USER_DISCONNECTION)).await,
            }
        }
    }

    async fn state(&mut self, state: &State) {
        let conn = state.conn_state();
        if !state.paused {
            if state.error.is_none() && SHOWN.contains(&conn) {
                out::line(format_args!("{} ...", conn.sentence()));
            }
            return;
        }
        let scripted = conn == ConnState::INTERACTIVE && state.error.is_none();
        match &self.script {
            Some(script) if scripted && script.begins() => {
                let (client, notifier) = (self.client.clone(), self.notifier.clone());
                self.steps = Some(scripted::start(client, self.id, notifier, script.clone()));
            }
            _ => {
                let problem = state.error.clone().unwrap_or_else(|| Problem::from(number_of_pause(conn)));
                self.fail(problem).await;
            }
        }
    }

    async fn step(&mut self, step: Step) {
        match step {
            Step::Line(_) => {}
            Step::Says(text) => out::line(openras_engine::escape::line(&text)),
            Step::Left(left) => {
                self.steps = None;
                match left {
                    Ok(Left::Done | Left::Over) => {}
                    Ok(Left::ToTheUser) => {
                        self.fail(Problem::from(number_of_pause(ConnState::INTERACTIVE))).await
                    }
                    Err(broken) => self.fail(scripted::problem(broken)).await,
                }
            }
        }
    }

    /// Ends the dial, which is told as an event.
    async fn fail(&mut self, problem: Problem) {
        if problem.number() == RasError::USER_DISCONNECTION {
            // one that is over by itself needs no end
            let _ = self.client.hangup(self.id).await;
        } else {
            scripted::give_up(&self.client, self.id, self.notifier.clone(), &problem).await;
        }
        self.failed.get_or_insert(problem);
    }
}

/// States a person likes to see; the others are steps of the same.
const SHOWN: [ConnState; 4] =
    [ConnState::CONNECT_DEVICE, ConnState::AUTHENTICATE, ConnState::INTERACTIVE, ConnState::PROJECTED];

fn is(state: &State, wanted: ConnState) -> bool {
    state.conn_state() == wanted && state.error.is_none()
}

fn why(ended: Ended) -> Problem {
    let mut problem = ended.error.unwrap_or_else(|| Problem::from(RasError::USER_DISCONNECTION));
    if !ended.why.is_empty() {
        (problem.message, problem.remedy) = (ended.why, ended.remedy);
    }
    problem
}

async fn next(steps: &mut Option<mpsc::Receiver<Step>>) -> Step {
    match steps {
        Some(steps) => match steps.recv().await {
            Some(step) => step,
            None => std::future::pending().await,
        },
        None => std::future::pending().await,
    }
}
