//! A dial on its way to Connected.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use openras_api::client::Events;
use openras_api::types::CallId;
use openras_api::types::connection::{Dialled, Seen};
use openras_api::types::event::{Event, State, Told};
use openras_api::{Client, Problem};
use openras_engine::{ConnState, RasError};

use crate::connection::Connection;
use crate::error::{Error, Failure};
use crate::pause::Pause;

/// A dial on its way. Dropped before Connected, the dial ends.
///
/// It can be awaited as a whole, or followed step by step with [`Self::next`].
#[must_use = "a dial that is dropped ends"]
#[derive(Debug)]
pub struct Dialling {
    pub(crate) client: Client,
    pub(crate) dialled: Dialled,
    /// `None` when the dial is over or connected.
    events: Option<Events>,
    /// What was told while somebody had the terminal.
    queue: VecDeque<Result<Told, Problem>>,
    wait_seen: bool,
    /// The last state, until the next step is asked for.
    pub(crate) unseen: Option<u32>,
    /// The state told last.
    state: Option<ConnState>,
    /// A pause that was told and not yet given out.
    pause: Option<State>,
}

/// What a dial does next.
#[derive(Debug)]
pub enum Step<'a> {
    /// A new state.
    State(State),
    /// Anything else that was told: a banner, what was agreed, a control packet.
    Event(Event),
    /// The dial stands still until this is answered. Dropped unanswered, it is hung up.
    Paused(Pause<'a>),
    /// Connected: the call stays until somebody hangs up.
    Connected(Connection),
    /// Over before Connected.
    Failed(Failure),
}

impl Dialling {
    pub(crate) fn new(client: Client, dialled: Dialled, events: Events, wait_seen: bool) -> Self {
        let (events, queue) = (Some(events), VecDeque::new());
        Self { client, dialled, events, queue, wait_seen, unseen: None, state: None, pause: None }
    }

    /// The connection's number.
    pub fn id(&self) -> CallId {
        self.dialled.id
    }

    /// Waits for the next step. Nothing is lost if the future is dropped. After [`Step::Connected`] or
    /// [`Step::Failed`] there is no step any more, and this fails with 6.
    pub async fn next(&mut self) -> Step<'_> {
        self.seen().await;
        if self.pause.is_some() {
            return self.paused().await;
        }
        let told = match (self.queue.pop_front(), &mut self.events) {
            (Some(told), _) => Some(told),
            (None, Some(events)) => events.next().await,
            (None, None) => return Step::Failed(Failure::lost(Problem::from(RasError(6)))),
        };
        match told {
            Some(Ok(told)) => self.step(told.event).await,
            Some(Err(problem)) => self.lost(problem),
            None => self.lost(gone()),
        }
    }

    /// Ends the dial; [`Self::next`] tells when it is over.
    ///
    /// # Errors
    /// 6: it is over already.
    pub async fn hang_up(&self) -> Result<(), Error> {
        Ok(self.client.hangup(self.dialled.id).await?)
    }

    /// The last step was taken.
    pub(crate) async fn seen(&mut self) {
        if let Some(seq) = self.unseen {
            let seen = Seen { notifier: self.dialled.notifier.clone(), seq };
            // a dial that is over wants nothing confirmed, and says so as its next step
            let _ = self.client.seen(self.dialled.id, &seen).await;
            self.unseen = None;
        }
    }

    async fn step(&mut self, event: Event) -> Step<'_> {
        match event {
            Event::State(state) => {
                if self.wait_seen {
                    self.unseen = Some(state.seq);
                }
                let conn = state.conn_state();
                // a pause that is told again with an error is over: the dial has failed in it
                let again = self.state.replace(conn) == Some(conn) && state.error.is_some();
                if conn == ConnState::CONNECTED && state.error.is_none() {
                    self.connected().await
                } else if state.paused && !again {
                    self.pause = Some(state);
                    self.paused().await
                } else {
                    Step::State(state)
                }
            }
            Event::Ended(ended) => {
                self.events = None;
                Step::Failed(ended.into())
            }
            event => Step::Event(event),
        }
    }

    async fn connected(&mut self) -> Step<'_> {
        // nobody asks for a step after this one
        self.seen().await;
        match self.events.take() {
            Some(events) => Step::Connected(Connection::new(self.client.clone(), self.dialled.id, events)),
            None => self.lost(gone()),
        }
    }

    /// The pause that was told, with what answers it.
    async fn paused(&mut self) -> Step<'_> {
        let terminal = match &self.pause {
            Some(state) if state.conn_state() == ConnState::INTERACTIVE => {
                Some(self.client.terminal(self.dialled.id).await)
            }
            _ => None,
        };
        match (self.pause.take(), terminal) {
            (Some(state), None) => Pause::question(state, self),
            (Some(state), Some(Ok(stream))) => Pause::terminal(state, stream, self),
            // a terminal that is over again needs no answer
            (Some(state), Some(Err(_))) => Step::State(state),
            (None, _) => self.lost(gone()),
        }
    }

    /// Bytes of the other end that came as an event before the terminal was taken; other events wait for
    /// [`Self::next`]. Ready with `None` when there will be none any more.
    pub(crate) fn poll_terminal_event(&mut self, context: &mut Context<'_>) -> Poll<Option<String>> {
        while let (true, Some(events)) = (self.queue.is_empty(), &mut self.events) {
            // dropped and made anew for each poll, which loses nothing
            let next = std::pin::pin!(events.next());
            match next.poll(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(Ok(Told { event: Event::Terminal { data }, .. }))) => {
                    return Poll::Ready(Some(data));
                }
                Poll::Ready(Some(told)) => self.queue.push_back(told),
                Poll::Ready(None) => break,
            }
        }
        Poll::Ready(None)
    }

    fn lost(&mut self, problem: Problem) -> Step<'_> {
        self.events = None;
        Step::Failed(Failure::lost(problem))
    }
}

/// The service has gone away.
pub(crate) fn gone() -> Problem {
    Problem::new(RasError(711), "The service ended, and its calls with it.")
        .remedy("Its log says why; dialling again starts it again.")
}

impl IntoFuture for Dialling {
    type Output = Result<Connection, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    /// Follows the dial to Connected. Where pauses are on, the first pause ends it with [`Error::Paused`].
    fn into_future(mut self) -> Self::IntoFuture {
        Box::pin(async move {
            loop {
                match self.next().await {
                    Step::State(_) | Step::Event(_) => {}
                    Step::Paused(pause) => return Err(Error::Paused(Box::new(pause.state().clone()))),
                    Step::Connected(connection) => return Ok(connection),
                    Step::Failed(failure) => return Err(failure.into()),
                }
            }
        })
    }
}
