//! One dial from its first state to its end: events out, answers and signals in, traffic in between.

use std::sync::Arc;
use std::time::{Duration, Instant};

use openras_api::client::Events;
use openras_api::types::CallId;
use openras_api::types::connection::{Dialled, Resume};
use openras_api::types::event::{Ended, Event, State, Told};
use openras_api::{Client, Problem};
use openras_client::{EntryScript, Left};
use openras_engine::{ConnState, RasError};
use tokio::sync::mpsc;
use tokio::time::timeout_at;

use crate::exit;
pub(crate) use crate::front::Front;
use crate::front::Said;
use crate::out;
use crate::redial::Done;
use crate::render;
use crate::scripted::{self, Step, number_of_pause};
use crate::signals::{Heard, Signals};
use crate::terminal::Terminal;
pub(crate) use crate::traffic::Traffic;
use crate::traffic::{self, Far, Report};

/// Replies of the service that may wait to be shown.
const REPLIES: usize = 32;
/// How long the end waits for replies that are on their way, all together.
const LAST_REPLIES: Duration = Duration::from_secs(1);

/// What the service said to an order.
type Reply = Result<(), Problem>;

/// One dial and who watches it.
pub(crate) struct Session {
    client: Client,
    dialled: Dialled,
    events: Events,
    /// Who the dial is for, as far as this program knows.
    user: String,
    front: Front,
    traffic: Traffic,
    signals: Signals,
    terminal: Terminal,
    /// Whether a pause is the watcher's; else it is the end.
    pauses: bool,
    /// What answers the terminal.
    script: Option<Arc<EntryScript>>,
    /// What it tells while it runs, and the pause it runs in.
    scripted: Option<(mpsc::Receiver<Step>, State)>,
    /// Why this program ends the dial.
    failed: Option<Problem>,
    replies: (mpsc::Sender<Reply>, mpsc::Receiver<Reply>),
    /// Replies that are to come.
    asked: usize,
    begun: Instant,
    /// Connected was reached, and when first.
    connected: bool,
    since: Option<Instant>,
    traffic_failed: bool,
    hang_ups: u32,
    /// The call goes on without this program.
    left: bool,
    /// The number it ended with.
    ended_with: Option<RasError>,
}

impl Session {
    pub(crate) fn new(
        client: Client,
        (dialled, events): (Dialled, Events),
        user: String,
        front: Front,
        traffic: Traffic,
        signals: Signals,
    ) -> Self {
        Self {
            client,
            dialled,
            events,
            user,
            front,
            traffic,
            signals,
            terminal: Terminal::default(),
            pauses: true,
            script: None,
            scripted: None,
            failed: None,
            replies: mpsc::channel(REPLIES),
            asked: 0,
            begun: Instant::now(),
            connected: false,
            since: None,
            traffic_failed: false,
            hang_ups: 0,
            left: false,
            ended_with: None,
        }
    }

    /// Who answers a pause: the watcher, unless pauses are off, and in the terminal the script.
    pub(crate) fn answering(mut self, pauses: bool, script: Option<EntryScript>) -> Self {
        self.pauses = pauses;
        self.script = script.map(Arc::new);
        self
    }

    /// Stays with the dial until it is over, or this program leaves it. Gives what became of it, and back what the next dial
    /// needs.
    pub(crate) async fn run(mut self) -> (Done, Front, Signals) {
        let code = self.stay().await;
        let wanted = self.hang_ups > 0 || self.left || out::is_gone();
        let stood = self.since.map(|since| since.elapsed()).unwrap_or_default();
        let done = Done { code, error: self.ended_with, connected: self.connected, stood, wanted };
        (done, self.front, self.signals)
    }

    async fn stay(&mut self) -> u8 {
        let mut reports = None;
        loop {
            let done = tokio::select! {
                told = self.events.next() => self.told(told, &mut reports).await,
                bytes = self.terminal.read() => {
                    self.front.terminal(self.call(), self.begun.elapsed(), &bytes);
                    None
                }
                step = step(&mut self.scripted) => {
                    self.step(step).await;
                    None
                }
                said = self.front.said(&self.user), if self.terminal.has_room() => {
                    self.said(said);
                    None
                }
                Some(reply) = self.replies.1.recv() => {
                    self.show_reply(&reply);
                    None
                }
                report = next(&mut reports) => self.report(report),
                heard = self.signals.heard() => self.heard(heard),
            };
            if let Some(code) = done {
                return code;
            }
            if out::is_gone() && self.hang_ups == 0 {
                if self.connected {
                    return exit::OK;
                }
                self.hang_up();
            }
        }
    }

    fn call(&self) -> CallId {
        self.dialled.id
    }

    async fn told(
        &mut self,
        told: Option<Result<Told, Problem>>,
        reports: &mut Option<mpsc::Receiver<Report>>,
    ) -> Option<u8> {
        let told = match told {
            Some(Ok(told)) => {
                // the service's clock for the call began a moment before ours
                let begun = Instant::now().checked_sub(render::time(told.t));
                self.begun = begun.map_or(self.begun, |begun| begun.min(self.begun));
                told
            }
            Some(Err(problem)) => self.lost(problem),
            None => self.lost(gone()),
        };
        if matches!(told.event, Event::State(_) | Event::Ended(_)) {
            let rest = self.terminal.rest().await;
            if !rest.is_empty() {
                self.front.terminal(self.call(), self.begun.elapsed(), &rest);
            }
            self.last_steps().await;
        }
        if matches!(told.event, Event::Ended(_)) {
            self.show_replies().await;
        }
        self.happened(told, reports).await
    }

    async fn happened(&mut self, mut told: Told, reports: &mut Option<mpsc::Receiver<Report>>) -> Option<u8> {
        match &mut told.event {
            Event::State(state) if self.is_for_the_script(state) => self.front.show_scripted(&told),
            Event::State(state) if state.paused && !self.pauses => {
                let number = number_of_pause(state.conn_state());
                let problem = state.error.clone().unwrap_or_else(|| Problem::from(number));
                self.front.show_scripted(&told);
                self.fail(problem);
            }
            Event::State(state) if state.error.is_none() => {
                let state = state.conn_state();
                self.front.show(&told);
                self.reached(state, reports).await;
            }
            Event::Ended(end) => {
                if let Some(problem) = self.failed.take() {
                    *end = ended(end.connected, problem);
                }
                let code = self.code(end);
                self.ended_with = end.error.as_ref().map(Problem::number);
                self.front.show(&told);
                return Some(code);
            }
            _ => self.front.show(&told),
        }
        None
    }

    async fn reached(&mut self, state: ConnState, reports: &mut Option<mpsc::Receiver<Report>>) {
        match state {
            ConnState::INTERACTIVE => self.open_terminal().await,
            ConnState::CONNECTED => {
                self.connected = true;
                self.since.get_or_insert_with(Instant::now);
                let link = Far { client: self.client.clone(), call: self.call() };
                *reports = Some(traffic::start(&self.traffic, link));
            }
            _ => {}
        }
    }

    /// Whether the script answers this; then it begins to.
    fn is_for_the_script(&mut self, state: &State) -> bool {
        let asks = state.paused && state.error.is_none() && state.conn_state() == ConnState::INTERACTIVE;
        let Some(script) = self.script.as_ref().filter(|script| asks && script.begins()) else {
            return false;
        };
        let (client, notifier) = (self.client.clone(), self.dialled.notifier.clone());
        let steps = scripted::start(client, self.call(), notifier, script.clone());
        self.scripted = Some((steps, state.clone()));
        true
    }

    /// What the script told before the state that is to be shown.
    async fn last_steps(&mut self) {
        while let Some((steps, _)) = &mut self.scripted
            && let Ok(step) = steps.try_recv()
        {
            self.step(step).await;
        }
    }

    async fn step(&mut self, step: Step) {
        let (call, now) = (self.call(), self.begun.elapsed());
        match step {
            Step::Line(bytes) => self.front.terminal(call, now, &bytes),
            Step::Says(text) => self.front.script(call, now, &text),
            Step::Left(left) => {
                let Some((_, state)) = self.scripted.take() else { return };
                match left {
                    Ok(Left::Done | Left::Over) => {}
                    Ok(Left::ToTheUser) if self.pauses => {
                        self.front.takes_over(&state);
                        self.open_terminal().await;
                    }
                    Ok(Left::ToTheUser) => self.fail(Problem::from(number_of_pause(ConnState::INTERACTIVE))),
                    Err(broken) => self.fail(scripted::problem(broken)),
                }
            }
        }
    }

    /// This program ends the dial, and says why when it is over.
    fn fail(&mut self, problem: Problem) {
        let (client, call) = (self.client.clone(), self.call());
        let notifier = self.dialled.notifier.clone();
        self.failed.get_or_insert(problem.clone());
        tokio::spawn(async move { scripted::give_up(&client, call, notifier, &problem).await });
    }

    /// The event with which a dial ends whose service is not there any more.
    fn lost(&self, problem: Problem) -> Told {
        let t = self.begun.elapsed().as_secs_f64();
        Told { call: self.call(), n: 0, t, event: Event::Ended(ended(self.connected, problem)) }
    }

    fn code(&self, end: &Ended) -> u8 {
        match &end.error {
            Some(error) if !(self.hang_ups > 0 && end.connected) => exit::of(error.number(), end.connected),
            _ if !end.connected => exit::HUNG_UP,
            _ if self.traffic_failed => exit::TRAFFIC,
            _ => exit::OK,
        }
    }

    async fn open_terminal(&mut self) {
        // a pause that is over again, or a front that cannot type, needs none
        if self.front.can_answer()
            && let Ok(terminal) = Terminal::open(&self.client, self.call(), self.replies.0.clone()).await
        {
            self.terminal = terminal;
        }
    }

    fn said(&mut self, said: Said) {
        match said {
            Said::Resume(resume) => {
                if let Some(user) = &resume.user {
                    self.user.clone_from(user);
                }
                self.resume(Resume { notifier: self.dialled.notifier.clone(), ..resume });
            }
            Said::Terminal(bytes) => {
                if !self.terminal.type_bytes(bytes) {
                    self.ask(std::future::ready(Err(Problem::from(RasError(756)))));
                }
            }
            Said::HangUp => self.hang_up(),
        }
    }

    fn resume(&mut self, resume: Resume) {
        if self.terminal.is_open() {
            self.asked += usize::from(self.terminal.resume(resume));
            return;
        }
        let (client, call) = (self.client.clone(), self.call());
        self.ask(async move { client.resume(call, &resume).await });
    }

    /// Asks the service without waiting for it; what it says comes as a reply.
    fn ask(&mut self, question: impl Future<Output = Reply> + Send + 'static) {
        self.asked += 1;
        let replies = self.replies.0.clone();
        tokio::spawn(async move {
            // a session that is over shows no reply
            let _ = replies.send(question.await).await;
        });
    }

    fn show_reply(&mut self, reply: &Reply) {
        self.asked = self.asked.saturating_sub(1);
        self.front.reply(self.dialled.id, self.begun.elapsed(), reply);
    }

    /// What the service said while the last event was shown, and says yet: the end is the last that is told.
    async fn show_replies(&mut self) {
        let until = tokio::time::Instant::now() + LAST_REPLIES;
        while self.asked > 0
            && let Ok(Some(reply)) = timeout_at(until, self.replies.1.recv()).await
        {
            self.show_reply(&reply);
        }
    }

    fn report(&mut self, report: Report) -> Option<u8> {
        let now = self.begun.elapsed();
        match report {
            Report::Line(line) => {
                self.traffic_failed |= line.failed();
                self.front.traffic(self.call(), now, &line);
            }
            Report::Done if self.traffic.detach => return Some(self.leave()),
            Report::Done => self.hang_up(),
        }
        None
    }

    fn heard(&mut self, heard: Heard) -> Option<u8> {
        // a terminal that was closed, or a session that ends, is no wish to hang up
        if heard == Heard::End && self.connected && self.hang_ups == 0 {
            return Some(self.leave());
        }
        self.hang_up();
        None
    }

    /// The call goes on without this program.
    fn leave(&mut self) -> u8 {
        self.left = true;
        self.front.detached(self.call(), self.begun.elapsed());
        if self.traffic_failed { exit::TRAFFIC } else { exit::OK }
    }

    /// Politely at first, at once when asked again; the dial's own limits end what still hangs.
    fn hang_up(&mut self) {
        self.hang_ups += 1;
        let (client, call) = (self.client.clone(), self.call());
        self.ask(async move {
            match client.hangup(call).await {
                // it has ended meanwhile, which is what was wanted
                Err(problem) if problem.error == 6 => Ok(()),
                done => done,
            }
        });
    }
}

/// The service has gone away.
fn gone() -> Problem {
    Problem::new(RasError(711), "The service ended, and its calls with it.")
        .remedy("Its log says why; dialling again starts it again.")
}

/// An end that the service could not tell.
pub(crate) fn ended(connected: bool, problem: Problem) -> Ended {
    let (why, remedy) = (render::safe(&problem.message), render::safe(&problem.remedy));
    Ended { connected, error: Some(problem), why, remedy, packet: None }
}

/// A dial that never began, as its end is told.
pub(crate) fn never_began(problem: Problem) -> Told {
    Told { call: 0, n: 0, t: 0.0, event: Event::Ended(ended(false, problem)) }
}

async fn step(scripted: &mut Option<(mpsc::Receiver<Step>, State)>) -> Step {
    match scripted {
        Some((steps, _)) => match steps.recv().await {
            Some(step) => step,
            None => std::future::pending().await,
        },
        None => std::future::pending().await,
    }
}

async fn next(reports: &mut Option<mpsc::Receiver<Report>>) -> Report {
    match reports {
        Some(receiver) => match receiver.recv().await {
            Some(report) => report,
            None => std::future::pending().await,
        },
        None => std::future::pending().await,
    }
}
