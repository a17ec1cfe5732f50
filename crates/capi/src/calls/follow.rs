//! What the service tells of a dial of this process, turned into its state and handed to its notifier.

use std::collections::VecDeque;
use std::sync::Arc;

use openras_api::Problem;
use openras_api::client::Events;
use openras_api::types::connection::Seen;
use openras_api::types::event::{Ended, Event, State, Told};
use openras_client::{Broken, Left};
use openras_engine::{ConnState, RasError};

use super::connection::{Connection, Now};
use super::dial::number_of_pause;
use super::notify::{Notifier, States, Tell};
use super::script;
use crate::guard::CANNOT_INITIALIZE;
use crate::openras::Waiting;

/// Reads the events of a dial to its end.
pub(crate) async fn follow(connection: Arc<Connection>, mut events: Events, states: Option<States>) {
    let resumes = connection.clone();
    let mut follower = Follower { connection, states, last: None, failed: false, held: VecDeque::new() };
    loop {
        let told = tokio::select! {
            told = events.next() => told,
            () = resumes.resumed.notified(), if !follower.held.is_empty() => {
                follower.release().await;
                continue;
            }
        };
        match told {
            Some(Ok(Told { event, .. })) => {
                if let Event::Ended(ended) = event {
                    follower.release_all().await;
                    follower.ended(&ended);
                    return;
                }
                if let Event::State(state) = event {
                    follower.came(state).await;
                }
            }
            Some(Err(problem)) => return follower.lost(&problem),
            None => return follower.lost(&Problem::from(CANNOT_INITIALIZE)),
        }
    }
}

struct Follower {
    connection: Arc<Connection>,
    /// Until nothing is told any more.
    states: Option<States>,
    last: Option<ConnState>,
    /// It has failed on this side: what follows is its end, and changes no number.
    failed: bool,
    /// States behind a terminal that the other end left by itself: for the program the dial is paused there until it
    /// calls RasDial, as ever.
    held: VecDeque<State>,
}

impl Follower {
    async fn came(&mut self, state: State) {
        // an error that is no question ends the pause with the dial
        let over = state.error.is_some() && (!state.paused || state.conn_state() == ConnState::INTERACTIVE);
        self.held.push_back(state);
        if over { self.release_all().await } else { self.release().await }
    }

    /// Tells what was held back, unless the program is in a terminal.
    async fn release(&mut self) {
        let in_terminal = |now: &Now| now.paused && now.state == Some(ConnState::INTERACTIVE);
        while !in_terminal(&self.connection.now()) {
            let Some(state) = self.held.pop_front() else { return };
            self.state(state).await;
        }
    }

    async fn release_all(&mut self) {
        while let Some(state) = self.held.pop_front() {
            self.state(state).await;
        }
    }

    async fn state(&mut self, state: State) {
        if self.failed {
            return;
        }
        let conn = state.conn_state();
        // a pause that is told again with an error is over: the dial has failed in it
        let again = self.last.replace(conn) == Some(conn) && state.error.is_some();
        let asks = state.paused && !again;
        let program_asked = self.connection.own.as_ref().is_some_and(|own| own.pauses);
        if asks && script::answers(&self.connection, conn) {
            // the program hears nothing of it, and the dial stands still until its turn was there all the same
            self.tell(Tell { state: state.clone(), last: false, quiet: true });
            self.confirm(state.seq).await;
            match script::run(&self.connection).await {
                Ok(Left::Done | Left::Over) => return,
                Ok(Left::ToTheUser) => {}
                Err(Broken { error, why }) => return self.fail(state, error, why).await,
            }
        }
        if asks && !program_asked {
            let number = number_of_pause(conn);
            return self.fail(state, number, String::new()).await;
        }
        let last = state.done || state.error.is_some() && !asks;
        self.keep(&state, asks);
        let seq = state.seq;
        self.tell(Tell { state, last, quiet: false });
        self.confirm(seq).await;
    }

    /// A dial with pauses waits for each state to be seen: where nobody is called, that is here.
    async fn confirm(&self, seq: u32) {
        let own = self.connection.own.as_ref();
        let Some(own) = own.filter(|own| own.pauses && !own.notifier.is_some_and(Notifier::is_function))
        else {
            return;
        };
        let seen = Seen { notifier: own.creator.clone(), seq };
        // a dial that is over wants nothing confirmed
        let _ = self.connection.client.seen(self.connection.id, &seen).await;
    }

    /// The dial fails in this pause: of its script, or because only the script wanted pauses.
    async fn fail(&mut self, mut state: State, error: RasError, why: String) {
        let problem = state.error.get_or_insert_with(|| Problem::from(error));
        if !why.is_empty() {
            (problem.message, problem.remedy) = (why, String::new());
        }
        self.keep(&state, false);
        self.failed = true;
        self.tell(Tell { state, last: true, quiet: false });
        // a dial that is over by itself needs no end
        let _ = self.connection.client.hangup(self.connection.id).await;
    }

    fn keep(&self, state: &State, paused: bool) {
        let conn = state.conn_state();
        let waiting = self.connection.change(|now| {
            now.state = Some(conn);
            now.error = state.error.as_ref().map(Problem::number);
            now.paused = paused;
            now.connected |= conn == ConnState::CONNECTED && state.error.is_none();
            now.told += 1;
            if let Some(problem) = &state.error {
                now.reason = sentence(&problem.message, &problem.remedy);
            }
            Waiting { state: conn, error: now.error, number: now.told }
        });
        self.connection.extras.states.put(waiting);
    }

    fn tell(&mut self, tell: Tell) {
        let last = tell.last;
        if let Some(states) = &self.states {
            // a notifier that is gone hears nothing
            let _ = states.send(tell);
        }
        if last {
            self.states = None;
        }
    }

    fn ended(&mut self, ended: &Ended) {
        if self.failed {
            return self.over();
        }
        let told = self.connection.now();
        let error = ended.error.as_ref().map(Problem::number);
        self.connection.change(|now| {
            if !ended.why.is_empty() {
                now.reason = sentence(&ended.why, &ended.remedy);
            }
        });
        if told.error.is_none() || told.paused || told.connected {
            let state = State::new(u32::MAX, ConnState::DISCONNECTED, ended.error.clone());
            self.keep(&state, false);
            if !told.connected {
                self.tell(Tell { state, last: true, quiet: false });
            } else if error.is_none() {
                // dwError of a connection that somebody ended in order
                self.connection.change(|now| now.error = Some(RasError(631)));
            }
        }
        self.over();
    }

    /// The service went away, and the dial with it.
    fn lost(&mut self, problem: &Problem) {
        let state = State::new(u32::MAX, ConnState::DISCONNECTED, Some(problem.clone()));
        let connected = self.connection.now().connected;
        self.keep(&state, false);
        self.connection.change(|now| now.error = Some(CANNOT_INITIALIZE));
        if !connected {
            self.tell(Tell { state, last: true, quiet: false });
        }
        self.over();
    }

    fn over(&mut self) {
        self.states = None;
        self.connection.change(|now| now.ended = true);
        self.connection.forget_if_over();
    }
}

/// What happened, and what to try.
pub(super) fn sentence(what: &str, remedy: &str) -> String {
    if remedy.is_empty() { what.to_owned() } else { format!("{what} {remedy}") }
}
