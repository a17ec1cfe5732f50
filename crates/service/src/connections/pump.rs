//! The task of a held dial: takes what the dial says, tells the story, carries out orders, and gives the dial up when
//! its creator has gone or does not confirm what it was told.

use std::collections::VecDeque;
use std::time::Duration;

use openras_api::types::connection::Resume;
use openras_api::types::event::Ended;
use openras_api::types::problem::Problem;
use openras_engine::client::dial::{Command, DialEnd, DialEvent, DialParams, Notice};
use openras_engine::{ConnState, RasError, escape};
use tokio::sync::oneshot;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::held::{Entry, Held, Now, Order};
use super::{Connection, DialRequest, Trouble, told};

/// How long a state may wait for its `seen`.
const SEEN: Duration = Duration::from_secs(300);
/// Commands that wait for the dial at which no more orders are taken.
const WAITING: usize = 64;
/// The same for what was typed.
const TYPED: usize = 4;

/// What the pump keeps of the request.
pub(super) struct Keep {
    params: DialParams,
    notifier: u64,
    wait_seen: bool,
    line: String,
    trouble: Trouble,
}

impl Keep {
    pub(super) fn of(request: &DialRequest) -> Self {
        Self {
            params: request.params.clone(),
            notifier: request.notifier,
            wait_seen: request.wait_seen,
            line: request.line.to_string(),
            trouble: request.trouble.clone(),
        }
    }
}

/// Runs beside the dial until nobody can ask for it any more.
pub(super) async fn run(entry: Entry, connection: Connection, keep: Keep, cancel: CancellationToken) {
    let held = entry.held.clone();
    let over = Over(held.clone());
    Pump::new(&held, keep).run(connection, &cancel).await;
    drop(over);
    loop {
        let alone_by = {
            let now = held.inner().lock();
            if now.hung_up() {
                break;
            }
            now.alone_by()
        };
        if alone_by.is_some_and(|at| at <= Instant::now()) {
            break;
        }
        tokio::select! {
            () = held.inner().wake.notified() => {}
            () = until(alone_by) => {}
            () = cancel.cancelled() => break,
        }
    }
    drop(entry);
}

/// Ends the story of a dial whose pump went away without its end.
struct Over(std::sync::Arc<Held>);

impl Drop for Over {
    fn drop(&mut self) {
        if !self.0.inner().lock().over {
            let problem = Problem::from(RasError(635));
            let why = "The dial went away without saying why.".into();
            let remedy = problem.remedy.clone();
            finish(&self.0, Ended { connected: false, error: Some(problem), why, remedy, packet: None });
        }
    }
}

fn finish(held: &Held, ended: Ended) {
    held.forwards().end();
    {
        let mut now = held.inner().lock();
        now.over = true;
        if !ended.connected && ended.error.is_some() {
            now.error = ended.error.as_ref().map(Problem::number);
        } else {
            (now.state, now.error) = (ConnState::DISCONNECTED, ended.error.as_ref().map(Problem::number));
        }
        now.orders.clear();
    }
    held.inner().terminal.notify_waiters();
    held.story().ended(ended);
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// A command's result goes to whoever gave it.
enum Reply {
    /// Nobody waits.
    None,
    Seen(u32, oneshot::Sender<Result<(), RasError>>),
    /// With what the parameters are if it was taken.
    Resume(Box<DialParams>, oneshot::Sender<Result<(), RasError>>),
}

struct Pump<'a> {
    held: &'a Held,
    /// As they are now; what a resume does not name stays. Wiped when no resume can come any more.
    params: DialParams,
    notifier: u64,
    wait_seen: bool,
    /// Its line, and why that could not be opened.
    line: String,
    trouble: Trouble,
    /// Commands the dial had no room for yet.
    waiting: VecDeque<Command>,
    /// Who waits for the results, in the order of the commands.
    replies: VecDeque<Reply>,
    /// The newest state confirmed, and since when the next waits.
    seen: u32,
    due: Option<Instant>,
    /// Why the service itself gave the dial up.
    verdict: Option<(Option<RasError>, &'static str)>,
    /// The pause was resumed: nobody is shown any more of it.
    resumed: bool,
}

impl<'a> Pump<'a> {
    fn new(held: &'a Held, keep: Keep) -> Self {
        let Keep { params, notifier, wait_seen, line, trouble } = keep;
        Self {
            held,
            params,
            notifier,
            wait_seen,
            line,
            trouble,
            waiting: VecDeque::new(),
            replies: VecDeque::new(),
            seen: 0,
            due: None,
            verdict: None,
            resumed: false,
        }
    }

    async fn run(mut self, mut connection: Connection, cancel: &CancellationToken) {
        let mut stopping = false;
        loop {
            let (stuffed, deadline) = self.take_orders();
            if deadline.is_some_and(|at| at <= Instant::now()) {
                self.give_up();
                continue;
            }
            tokio::select! {
                notice = connection.notices.recv(), if !stuffed => match notice.map(|notice| *notice) {
                    Some(Notice::Ended(end)) => {
                        // whoever hears of the end finds the capture whole
                        super::written(&mut connection.capture).await;
                        self.end(&end);
                    }
                    Some(notice) => self.heed(notice),
                    None => return,
                },
                room = connection.commands.reserve(), if !self.waiting.is_empty() => match room {
                    Ok(room) => if let Some(command) = self.waiting.pop_front() { room.send(command) },
                    // a dial that is over takes none; who waits for results gets 6 when this task is done
                    Err(_) => self.waiting.clear(),
                },
                () = self.held.inner().wake.notified() => {}
                () = until(deadline) => {}
                // whoever does not take terminal bytes must not hold up the service's end
                () = cancel.cancelled(), if !stopping => {
                    stopping = true;
                    self.held.end();
                }
            }
        }
    }

    /// What clients ordered becomes commands. Gives whether the line must wait, and when to give the dial up.
    fn take_orders(&mut self) -> (bool, Option<Instant>) {
        let held = self.held;
        let mut now = held.inner().lock();
        for _ in 0..std::mem::take(&mut now.hang_ups) {
            // whoever ends it wants to see no more of it
            self.waiting.retain(|command| !matches!(command, Command::Terminal(_)));
            self.command(Command::HangUp, Reply::None);
        }
        // what was typed before an order goes before it, as soon as there is room for the order
        let room = if now.orders.is_empty() { TYPED } else { WAITING };
        if !now.typed.is_empty() && self.waiting.len() < room {
            self.waiting.push_back(Command::Terminal(std::mem::take(&mut now.typed)));
            held.inner().terminal.notify_waiters();
        }
        while self.waiting.len() < WAITING
            && let Some(order) = now.orders.pop_front()
        {
            match order {
                Order::Seen(seq, to) => self.command(Command::Seen(seq), Reply::Seen(seq, to)),
                Order::Resume(resume, to) => {
                    self.resumed = true;
                    let (params, after) = self.resumed_with(&resume, &now);
                    let command = Command::Resume { notifier: self.notifier, params };
                    self.command(command, Reply::Resume(Box::new(after), to));
                }
            }
        }
        // once resumed, what was typed at is left: it must not hold up the dial
        let stuffed = now.is_stuffed() && !self.resumed;
        let deadline = if now.hung_up() { None } else { earlier(now.alone_by(), self.due) };
        (stuffed, deadline)
    }

    fn command(&mut self, command: Command, reply: Reply) {
        self.waiting.push_back(command);
        self.replies.push_back(reply);
    }

    /// The parameters a resume gives, and what is kept of them if it is taken: a pause takes only what is its own.
    fn resumed_with(&self, resume: &Resume, now: &Now) -> (DialParams, DialParams) {
        let given = |named: &Option<String>, before: &String| named.as_ref().unwrap_or(before).clone();
        let params = DialParams {
            user: given(&resume.user, &self.params.user),
            domain: given(&resume.domain, &self.params.domain),
            password: resume.password.as_ref().map_or(&self.params.password, |secret| &secret.0).clone(),
            callback_number: given(&resume.callback_number, &self.params.callback_number),
        };
        let mut after = params.clone();
        match now.state {
            ConnState::PASSWORD_EXPIRED => {
                after = DialParams { password: after.password, ..self.params.clone() }
            }
            ConnState::CALLBACK_SET_BY_CALLER => {
                after = DialParams { callback_number: after.callback_number, ..self.params.clone() };
            }
            _ => after.callback_number.clone_from(&self.params.callback_number),
        }
        (params, after)
    }

    fn give_up(&mut self) {
        let unseen = self.due.is_some_and(|at| at <= Instant::now());
        self.verdict.get_or_insert(if unseen {
            (Some(RasError::REQUEST_TIMEOUT), "The program that dialled did not confirm a state for 5 min.")
        } else {
            (None, "The program that dialled went away before the call was connected.")
        });
        self.due = None;
        self.held.end();
    }

    fn heed(&mut self, notice: Notice) {
        let story = self.held.story();
        match notice {
            Notice::State { seq, state, error } => self.state(seq, state, error),
            Notice::Terminal(_) if self.resumed => {}
            Notice::Terminal(bytes) => self.held.show(bytes),
            Notice::Event(DialEvent::Packet(packet)) => story.tell_packet(packet),
            Notice::Reply(result) => self.reply(result),
            Notice::Ended(_) | Notice::Event(_) => {
                if let Some(event) = told::event(&notice) {
                    story.tell(event);
                }
            }
        }
    }

    fn state(&mut self, seq: u32, state: ConnState, error: Option<RasError>) {
        {
            let mut now = self.held.inner().lock();
            (now.seq, now.state, now.error) = (seq, state, error);
            now.connected |= state == ConnState::CONNECTED;
        }
        self.held.story().tell_state(seq, state, error);
        if state.is_paused() {
            self.resumed = false;
        }
        self.held.inner().terminal.notify_waiters();
        // an error that is no pause ends the dial, and nothing waits for its notifier any more
        let ending = state.is_done() || (error.is_some() && !state.is_paused());
        if ending {
            self.due = None;
            self.params = DialParams::default();
        } else if self.wait_seen && seq > self.seen {
            self.due.get_or_insert_with(|| Instant::now() + SEEN);
        }
    }

    fn reply(&mut self, result: Result<(), RasError>) {
        // whoever asked may have gone
        match self.replies.pop_front() {
            None | Some(Reply::None) => {}
            Some(Reply::Seen(seq, to)) => {
                if result.is_ok() {
                    self.seen = self.seen.max(seq);
                    let told = self.held.inner().lock().seq;
                    self.due = self.due.filter(|_| told > self.seen).map(|_| Instant::now() + SEEN);
                }
                let _ = to.send(result);
            }
            Some(Reply::Resume(params, to)) => {
                if result.is_ok() {
                    self.held.inner().lock().user.clone_from(&params.user);
                    self.held.story().set_name(params.user.clone());
                    self.params = *params;
                } else {
                    self.resumed = false;
                }
                let _ = to.send(result);
            }
        }
    }

    fn end(&mut self, end: &DialEnd) {
        let mut ended = told::ended(end);
        self.trouble.explain(&mut ended, &self.line);
        if let Some((error, why)) = self.verdict.take().filter(|_| ended.error.is_none()) {
            ended.error = error.map(|error| Problem::new(error, why));
            why.clone_into(&mut ended.why);
        }
        let given_up = self.held.inner().lock().given_up.take();
        if let Some(given_up) = given_up.filter(|_| ended.error.is_none() && !ended.connected) {
            ended.error = Some(Problem::from(RasError(given_up.error)));
            (ended.why, ended.remedy) = (safe(&given_up.why), safe(&given_up.remedy));
        }
        finish(self.held, ended);
    }
}

/// A sentence of a client, which others see too. What it quotes is escaped already, and a backslash stays one.
fn safe(text: &str) -> String {
    text.split('\\').map(escape::line).collect::<Vec<_>>().join("\\")
}

fn earlier(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
    a.into_iter().chain(b).min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connections::held::{Client, Table};

    #[tokio::test(start_paused = true)]
    async fn what_is_typed_behind_orders_that_wait_does_not_heap_up() {
        let service = crate::Service::start(crate::Config::empty()).await.unwrap();
        let (name, notifier) = (String::new(), "n".to_owned());
        let client =
            Client { uid: 0, name, phonebook: String::new(), number: None, notifier, packets: false };
        let held = Table::default().begin(service.shared(), DialRequest::default(), client).unwrap();
        let mut pump = Pump::new(&held, Keep::of(&DialRequest::default()));
        // its dial takes nothing
        for _ in 0..1000 {
            let mut now = held.inner().lock();
            now.typed.push(b'x');
            if now.orders.len() < 10 {
                now.orders.push_back(Order::Seen(1, oneshot::channel().0));
            }
            drop(now);
            pump.take_orders();
        }
        assert!(pump.waiting.len() <= WAITING, "{}", pump.waiting.len());
    }
}
