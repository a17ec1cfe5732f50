//! A dial that the service holds for a client: whoever dialled may go, the call stays. This is what clients see of
//! it and what they may order; `pump` is the task that carries it out.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use openras_api::types::connection::{self, GiveUp, Resume};
use openras_api::types::event::{State, Told};
use openras_engine::{ConnState, RasError};
use openras_io::net::loopback::LoopbackHandle;
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;
use tracing::Instrument;

use super::forwards::{Flows, Forwards};
use super::{DialRequest, pump};
use crate::calls::{About, Story};
use crate::service::Shared;

/// How long a dial waits for its creator's stream, before it is first opened and after it was lost.
const FIRST_STREAM: Duration = Duration::from_secs(5);
const LOST_STREAM: Duration = Duration::from_secs(2);
/// Terminal bytes kept for somebody who does not take them; the line is not read further then.
const SHOWN: usize = 64 * 1024;
/// Orders that may wait for the dial: whoever gave one may go, and give the next.
const ORDERS: usize = 64;
/// The first hang-up is polite, the second waits for nothing.
const POLITELY: u8 = 1;
const AT_ONCE: u8 = 2;

/// All dials held for clients.
#[derive(Clone, Default)]
pub(crate) struct Table {
    held: Arc<Mutex<HashMap<u64, Arc<Held>>>>,
    /// Held while it is found out whether an entry is dialled already, and dialled if not.
    pub(super) entries: Arc<Mutex<()>>,
    /// Places for TCP connections that programs send through them.
    flows: Flows,
}

/// One of them.
pub(crate) struct Held {
    pub(super) story: Arc<Story>,
    notifier: String,
    uid: u32,
    /// What lists call it; with a phone book, the entry it is.
    pub(super) name: String,
    /// Empty where it is no entry.
    pub(super) phonebook: String,
    /// Control packets come as events to the creator.
    packets: bool,
    stack: LoopbackHandle,
    device: Option<String>,
    forwards: Forwards,
    pub(super) inner: Arc<Inner>,
}

/// What clients and the pump share.
pub(super) struct Inner {
    pub(super) now: Mutex<Now>,
    /// Wakes the pump.
    pub(super) wake: Notify,
    /// Wakes who takes terminal bytes, and who waits for room to type.
    pub(super) terminal: Notify,
}

/// An order for the dial, and where its result goes.
pub(super) enum Order {
    Resume(Box<Resume>, oneshot::Sender<Result<(), RasError>>),
    Seen(u32, oneshot::Sender<Result<(), RasError>>),
}

/// Where the dial is, and what is wanted of it.
pub(super) struct Now {
    pub(super) seq: u32,
    pub(super) state: ConnState,
    pub(super) error: Option<RasError>,
    pub(super) user: String,
    pub(super) connected: bool,
    /// The dial has ended; what is left can be read.
    pub(super) over: bool,
    /// Nothing is left: the id answers 6.
    gone: bool,
    /// Hang-ups that were wished and not carried out yet.
    pub(super) hang_ups: u8,
    /// Why its creator came no further, where that ends it.
    pub(super) given_up: Option<Box<GiveUp>>,
    /// How often somebody wanted it ended: the second wish waits for nothing, and more are not counted.
    wishes: u8,
    /// How many dials of its entry it serves.
    pub(super) references: u32,
    creators: u32,
    /// When the dial is given up for want of a creator.
    alone_by: Option<Instant>,
    pub(super) orders: VecDeque<Order>,
    pub(super) typed: Vec<u8>,
    pub(super) shown: VecDeque<(Told, Vec<u8>)>,
    pub(super) shown_size: usize,
    /// Somebody has taken the terminal.
    pub(super) attached: bool,
}

impl Table {
    /// Begins a dial and holds it.
    pub(super) fn begin(
        &self,
        shared: &Arc<Shared>,
        request: DialRequest,
        client: Client,
    ) -> Result<Arc<Held>, RasError> {
        let inner = Arc::new(Inner::new(&request.params.user));
        let keep = pump::Keep::of(&request);
        let (line, number) = (request.line.to_string(), request.own_number.clone());
        let id = shared.calls.number();
        let span = tracing::info_span!("call", call = id);
        let text = format!("call {id} to {line}");
        let mut connection = super::dial_in(shared, request, span.clone(), &text)?;
        let ender = inner.clone();
        let story = shared.calls.begin_as(
            id,
            About {
                direction: openras_api::types::call::CallDirection::Dialled,
                port: None,
                line,
                source: number,
                number: client.number,
                uid: Some(client.uid),
                name: Some(inner.lock().user.clone()).filter(|name| !name.is_empty()),
                gauge: connection.gauge().clone(),
                end: Box::new(move || ender.hang_up(AT_ONCE)),
            },
        );
        if let Some(keeper) = connection.keeper.take() {
            let told = story.clone();
            let tell = move |said| told.tell(crate::tun::event(&said));
            shared.tasks.spawn(keeper.run(tell).instrument(span.clone()));
        }
        let held = Arc::new(Held {
            story,
            notifier: client.notifier,
            uid: client.uid,
            name: client.name,
            phonebook: client.phonebook,
            packets: client.packets,
            stack: connection.stack().clone(),
            device: connection.device().map(str::to_owned),
            forwards: Forwards::new(&self.flows),
            inner,
        });
        self.lock().insert(held.id(), held.clone());
        let entry = Entry { table: self.clone(), held: held.clone() };
        shared.tasks.spawn(pump::run(entry, connection, keep, shared.cancel.clone()).instrument(span));
        Ok(held)
    }

    /// The dial with this number.
    pub(crate) fn get(&self, id: u64) -> Option<Arc<Held>> {
        self.lock().get(&id).cloned()
    }

    /// How many this user has.
    pub(crate) fn of(&self, uid: u32) -> usize {
        self.lock().values().filter(|held| held.uid == uid).count()
    }

    /// All of them by number.
    pub(crate) fn list(&self) -> Vec<Arc<Held>> {
        let mut all: Vec<_> = self.lock().values().cloned().collect();
        all.sort_by_key(|held| held.id());
        all
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Arc<Held>>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// For whom a dial is held.
pub(crate) struct Client {
    /// Its user id.
    pub(crate) uid: u32,
    /// The name it gave the connection.
    pub(crate) name: String,
    /// The phone book the name is an entry of; empty = none.
    pub(crate) phonebook: String,
    /// The number dialled, where the line has one.
    pub(crate) number: Option<String>,
    /// What the creator is known by.
    pub(crate) notifier: String,
    /// Control packets come as events.
    pub(crate) packets: bool,
}

/// A dial's place in the table, until its pump is done (or has panicked).
pub(super) struct Entry {
    table: Table,
    pub(super) held: Arc<Held>,
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.table.lock().remove(&self.held.id());
        {
            let mut now = self.held.inner.lock();
            (now.over, now.gone) = (true, true);
            now.shown.clear();
            // whoever waits for a result gets 6
            now.orders.clear();
        }
        self.held.inner.terminal.notify_waiters();
        self.held.story.wake();
    }
}

impl Inner {
    fn new(user: &str) -> Self {
        Self {
            now: Mutex::new(Now {
                seq: 0,
                state: ConnState::OPEN_PORT,
                error: None,
                user: user.to_owned(),
                connected: false,
                over: false,
                gone: false,
                hang_ups: 0,
                given_up: None,
                wishes: 0,
                references: 1,
                creators: 0,
                alone_by: Some(Instant::now() + FIRST_STREAM),
                orders: VecDeque::new(),
                typed: Vec::new(),
                shown: VecDeque::new(),
                shown_size: 0,
                attached: false,
            }),
            wake: Notify::new(),
            terminal: Notify::new(),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hangs up, unless that was wished `most` times before.
    fn hang_up(&self, most: u8) {
        {
            let mut now = self.lock();
            if now.wishes < most {
                now.wishes += 1;
                now.hang_ups += 1;
            }
        }
        self.wake.notify_one();
        self.terminal.notify_waiters();
    }
}

impl Now {
    /// Terminal bytes wait that nobody takes: the line must wait too.
    pub(super) fn is_stuffed(&self) -> bool {
        self.shown_size >= SHOWN && !self.hung_up()
    }

    /// Somebody wanted it ended.
    pub(super) fn hung_up(&self) -> bool {
        self.wishes > 0
    }

    /// When to give it up for want of a creator: before Connected, and a dial that is over.
    pub(super) fn alone_by(&self) -> Option<Instant> {
        self.alone_by.filter(|_| self.over || !self.connected)
    }

    pub(super) fn is_interactive(&self) -> bool {
        self.state == ConnState::INTERACTIVE && self.error.is_none() && !self.over && !self.hung_up()
    }
}

impl Held {
    /// The call's number.
    pub(crate) fn id(&self) -> u64 {
        self.story.id()
    }

    /// The call.
    pub(crate) fn story(&self) -> &Arc<Story> {
        &self.story
    }

    /// Who dialled it.
    pub(crate) fn uid(&self) -> u32 {
        self.uid
    }

    /// What its creator is known by.
    pub(crate) fn notifier(&self) -> &str {
        &self.notifier
    }

    /// The TCP/IP stack at our end.
    pub(crate) fn stack(&self) -> &LoopbackHandle {
        &self.stack
    }

    /// The ports that lead through it.
    pub(crate) fn forwards(&self) -> &Forwards {
        &self.forwards
    }

    /// Whether control packets come as events to the creator.
    pub(crate) fn packets(&self) -> bool {
        self.packets
    }

    /// Ends it politely, or at once the second time; lets go of one that has ended.
    pub(crate) fn hang_up(&self) {
        self.inner.hang_up(AT_ONCE);
    }

    /// Ends it as its creator says, unless it is connected or ending already: then it is only ended.
    ///
    /// # Errors
    /// 6 when it has ended, 87 for another notifier.
    pub(crate) fn give_up(&self, why: GiveUp) -> Result<(), RasError> {
        if why.notifier != self.notifier {
            return Err(RasError::INVALID_PARAMETER);
        }
        {
            let mut now = self.inner.lock();
            if now.over {
                return Err(RasError::INVALID_HANDLE);
            }
            if !now.connected && !now.hung_up() {
                now.given_up = Some(Box::new(why));
            }
        }
        self.end();
        Ok(())
    }

    /// Ends it politely; nothing more where it is ending.
    pub(super) fn end(&self) {
        self.inner.hang_up(POLITELY);
    }

    pub(super) fn inner(&self) -> &Arc<Inner> {
        &self.inner
    }

    /// Whether its id answers 6.
    pub(crate) fn is_gone(&self) -> bool {
        self.inner.lock().gone
    }

    /// As it stands in lists.
    pub(crate) fn info(&self) -> connection::Connection {
        let (state, user, references) = {
            let now = self.inner.lock();
            let state = State::new(now.seq, now.state, now.error.map(Into::into));
            (state, now.user.clone(), now.references)
        };
        connection::Connection {
            id: self.id(),
            name: self.name.clone(),
            phonebook: self.phonebook.clone(),
            references,
            line: self.story.line().to_owned(),
            device: self.device.clone(),
            uid: self.uid,
            user,
            state,
            begun: self.story.begun(),
            connected_seconds: self.story.connected_seconds(),
            projection: self.story.projection(),
            statistics: self.story.statistics(),
        }
    }

    /// The second RasDial.
    ///
    /// # Errors
    /// 6 when it is ending, 87 for another notifier, 756 where it is not paused, 704, 1816 with too many before it.
    pub(crate) async fn resume(&self, resume: Resume) -> Result<(), RasError> {
        if resume.notifier != self.notifier {
            return Err(RasError::INVALID_PARAMETER);
        }
        self.order(|to| Order::Resume(Box::new(resume), to)).await
    }

    /// The state with this number, and all before, was handled.
    ///
    /// # Errors
    /// 6 when it has ended, 87 for another notifier and a number never told, 1816 with too many before it.
    pub(crate) async fn seen(&self, notifier: &str, seq: u32) -> Result<(), RasError> {
        if notifier != self.notifier {
            return Err(RasError::INVALID_PARAMETER);
        }
        self.order(|to| Order::Seen(seq, to)).await
    }

    async fn order(
        &self,
        order: impl FnOnce(oneshot::Sender<Result<(), RasError>>) -> Order,
    ) -> Result<(), RasError> {
        let (to, result) = oneshot::channel();
        {
            let mut now = self.inner.lock();
            if now.over {
                return Err(RasError::INVALID_HANDLE);
            }
            if now.orders.len() >= ORDERS {
                return Err(RasError(1816));
            }
            now.orders.push_back(order(to));
        }
        self.inner.wake.notify_one();
        result.await.unwrap_or(Err(RasError::INVALID_HANDLE))
    }

    /// The creator's stream is open for as long as this lives.
    pub(crate) fn creator(self: &Arc<Self>) -> Creator {
        {
            let mut now = self.inner.lock();
            now.creators += 1;
            now.alone_by = None;
        }
        Creator(self.clone())
    }
}

/// The creator's stream. Its loss before Connected ends the dial.
pub(crate) struct Creator(Arc<Held>);

impl Creator {
    /// Terminal bytes told before event number `n`, unless somebody has taken the terminal.
    pub(crate) fn shown_before(&self, n: u64) -> Option<Told> {
        let mut now = self.0.inner.lock();
        if now.attached || now.shown.front().is_none_or(|(told, _)| told.n >= n) {
            return None;
        }
        let (told, bytes) = self.0.take_shown(&mut now)?;
        Some(Told { event: super::told::terminal(&bytes), ..told })
    }

    /// The dial it holds.
    pub(crate) fn held(&self) -> &Arc<Held> {
        &self.0
    }
}

impl Drop for Creator {
    fn drop(&mut self) {
        {
            let mut now = self.0.inner.lock();
            now.creators = now.creators.saturating_sub(1);
            if now.creators == 0 {
                now.alone_by = Some(Instant::now() + LOST_STREAM);
            }
        }
        self.0.inner.wake.notify_one();
    }
}
