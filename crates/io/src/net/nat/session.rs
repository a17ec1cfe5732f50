//! One call's NAT with its sockets: orders go out, what comes of them goes in.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasher, RandomState};
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use openras_nat::{FlowId, Input, Nat, Order, QuestionId, Refusal, Target, Trouble};
use openras_ppp::Machine;
use tokio::io::ReadBuf;
use tokio::net::TcpListener;
use tokio::task::unconstrained;
use tokio::time::{Instant, Sleep};
use tracing::warn;

use super::endpoint::{self, Endpoint, Kind, Manner, echo_request};
use super::ready::{Bell, Key, Ready};
use super::resolver;
use super::stream::{self, Stream};
use super::{Forward, Settings};

/// Times the list of what rang is gone through before the line has its turn.
const ROUNDS: usize = 4;
/// Connections from outside taken before others have their turn.
const ACCEPTS: usize = 16;
/// How long a listener rests that cannot accept: descriptors and memory do not come back at once, and the listener stays
/// readable.
const REST: Duration = Duration::from_millis(200);
/// Octets kept for the next datagram while there are flows.
const BUFFER: usize = 64 * 1024;

enum Socket {
    Stream(Box<Stream>),
    Endpoint(Box<Endpoint>),
}

/// A question on its way.
struct Question {
    bell: Bell,
    answer: Pin<Box<dyn Future<Output = Vec<u8>> + Send>>,
}

/// A listener for connections to the caller.
struct Listener {
    bell: Bell,
    listener: TcpListener,
    /// The caller's end.
    to: SocketAddr,
    /// It could not accept, and tries again then.
    rest: Option<Pin<Box<Sleep>>>,
}

pub(super) struct Session {
    pub(super) nat: Nat,
    settings: Arc<Settings>,
    ready: Arc<Ready>,
    sockets: HashMap<FlowId, Socket>,
    questions: HashMap<QuestionId, Question>,
    forwards: Vec<Listener>,
    /// What rang in this turn.
    rang: Vec<Key>,
    /// For one packet, and for one datagram; empty in a session without flows.
    packet: Vec<u8>,
    datagram: Vec<u8>,
    sleep: Option<Pin<Box<Sleep>>>,
    /// What questions are numbered with outside.
    numbers: RandomState,
}

impl Session {
    pub(super) fn new(
        nat: Nat,
        settings: Arc<Settings>,
        ready: Arc<Ready>,
        caller: [Option<SocketAddr>; 2],
    ) -> Self {
        let forwards = settings.forwards.iter().enumerate();
        let forwards = forwards.filter_map(|(n, forward)| listener(n, forward, caller, &ready)).collect();
        Self {
            nat,
            settings,
            ready,
            sockets: HashMap::new(),
            questions: HashMap::new(),
            forwards,
            rang: Vec::new(),
            packet: Vec::new(),
            datagram: Vec::new(),
            sleep: None,
            numbers: RandomState::new(),
        }
    }

    /// A packet of the caller's.
    pub(super) fn packet(&mut self, packet: &[u8]) {
        self.nat.handle(now(), Input::Packet(packet));
        self.carry_out();
    }

    /// The next packet for the caller, after everything that has happened outside.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<()> {
        // a turn has bounds of its own; tokio's budget for a task would have sockets say that nothing is there, and be
        // asked again and again until the task has ended its turn
        let mut turn = pin!(unconstrained(async { self.turn() }));
        let _ = turn.as_mut().poll(cx);
        let found = self.nat.poll_packet(now(), &mut self.packet);
        self.carry_out();
        if found {
            buf.put_slice(self.packet.get(..buf.remaining()).unwrap_or(&self.packet));
            return Poll::Ready(());
        }
        if self.sockets.is_empty() {
            (self.packet, self.datagram, self.rang) = (Vec::new(), Vec::new(), Vec::new());
            self.sockets.shrink_to(0);
        }
        if !self.sleeping(cx) || !self.ready.register(cx.waker()) {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }

    /// Whether the timer stands; false: it is time already.
    fn sleeping(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(at) = self.nat.poll_timeout().map(Instant::from_std) else {
            self.sleep = None;
            return true;
        };
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at)));
        // one that is too early looks again: most deadlines are put off with every packet
        if sleep.deadline() > at {
            sleep.as_mut().reset(at);
        }
        if sleep.as_mut().poll(cx).is_pending() {
            return true;
        }
        sleep.as_mut().reset(at);
        at > Instant::now() && sleep.as_mut().poll(cx).is_pending()
    }

    /// Goes through what rang.
    fn turn(&mut self) {
        if self.nat.poll_timeout().is_some_and(|at| at <= now()) {
            self.nat.handle(now(), Input::Tick);
            self.carry_out();
        }
        for _ in 0..ROUNDS {
            let mut rang = std::mem::take(&mut self.rang);
            self.ready.drain(&mut rang);
            let idle = rang.is_empty();
            rang.drain(..).for_each(|key| self.answer(key));
            self.rang = rang;
            if idle {
                break;
            }
        }
    }

    fn answer(&mut self, key: Key) {
        match key {
            Key::Flow(id) => match self.sockets.get_mut(&id) {
                Some(Socket::Stream(stream)) => stream.work(&mut self.nat, now(), id),
                Some(Socket::Endpoint(endpoint)) => {
                    endpoint.work(&mut self.nat, now(), id, &mut self.datagram);
                    if self.datagram.capacity() > BUFFER {
                        self.datagram = Vec::new();
                    }
                }
                None => {}
            },
            Key::Question(id) => {
                let Some(question) = self.questions.get_mut(&id) else { return };
                let waker = question.bell.answer().clone();
                let Poll::Ready(answer) = question.answer.as_mut().poll(&mut Context::from_waker(&waker))
                else {
                    return;
                };
                self.questions.remove(&id);
                self.nat.handle(now(), Input::Answer(id, &answer));
            }
            Key::Forward(number) => self.accept(number),
        }
        self.carry_out();
    }

    fn accept(&mut self, number: usize) {
        for _ in 0..ACCEPTS {
            let Some(Listener { bell, listener, to, rest }) = self.forwards.get_mut(number) else { return };
            let waker = bell.answer().clone();
            let mut cx = Context::from_waker(&waker);
            if rest.as_mut().is_some_and(|rest| rest.as_mut().poll(&mut cx).is_pending()) {
                return;
            }
            *rest = None;
            let socket = match listener.poll_accept(&mut cx) {
                Poll::Pending => return,
                Poll::Ready(Ok((socket, _))) => socket,
                // a connection that is gone again: others may come
                Poll::Ready(Err(error)) if error.kind() == ErrorKind::ConnectionAborted => continue,
                Poll::Ready(Err(_)) => {
                    *rest = Some(Box::pin(tokio::time::sleep(REST)));
                    continue;
                }
            };
            match self.nat.inbound(now(), *to) {
                Ok(id) => {
                    let bell = Bell::new(Key::Flow(id), &self.ready);
                    self.sockets.insert(id, Socket::Stream(Box::new(Stream::accepted(socket, bell))));
                }
                // counted there
                Err(_) => stream::reset(&socket),
            }
        }
        if let Some(listener) = self.forwards.get(number) {
            listener.bell.ring();
        }
    }

    /// Carries out what the NAT orders.
    pub(super) fn carry_out(&mut self) {
        while let Some(order) = self.nat.poll_output() {
            match order {
                Order::Connect { flow, to } => self.connect(flow, to),
                Order::Accepted(flow) => {
                    if let Some(Socket::Stream(stream)) = self.sockets.get_mut(&flow) {
                        stream.answered();
                    }
                }
                Order::Readable(flow) | Order::Writable(flow) => {
                    if let Some(Socket::Stream(stream)) = self.sockets.get(&flow) {
                        stream.bell.ring();
                    }
                }
                Order::Shut(flow) => {
                    if let Some(Socket::Stream(stream)) = self.sockets.get_mut(&flow) {
                        stream.shut();
                    }
                }
                Order::Datagram { flow, to, hops, whole, data } => {
                    self.datagram(Kind::Udp, flow, to, Manner { hops, whole }, &data);
                }
                Order::Ping { flow, to, sequence, hops, whole, data } => {
                    let message = echo_request(to.is_ipv4(), sequence, &data);
                    let to = SocketAddr::new(to, 0);
                    self.datagram(Kind::Ping, flow, to, Manner { hops, whole }, &message);
                }
                Order::Question { question, message } => self.ask(question, message),
                Order::Closed(flow, end) => {
                    if let Some(Socket::Stream(stream)) = self.sockets.remove(&flow) {
                        stream.close(end);
                    }
                }
            }
        }
    }

    fn connect(&mut self, flow: FlowId, to: Target) {
        let to = match to {
            Target::Host(to) => Some(to),
            Target::Resolver => self.settings.resolver.servers().first().copied(),
        };
        let bell = Bell::new(Key::Flow(flow), &self.ready);
        let connecting = to
            .ok_or(Refusal::Host)
            .and_then(|to| Stream::connect(to, bell).map_err(|error| stream::refusal(&error)));
        match connecting {
            Ok(stream) => drop(self.sockets.insert(flow, Socket::Stream(Box::new(stream)))),
            Err(refusal) => self.nat.handle(now(), Input::Refused(flow, refusal)),
        }
    }

    /// Sends a datagram over the flow's socket, which is opened with its first.
    fn datagram(&mut self, kind: Kind, flow: FlowId, to: SocketAddr, manner: Manner, data: &[u8]) {
        let Self { nat, ready, sockets, .. } = self;
        let socket = match sockets.entry(flow) {
            Entry::Occupied(socket) => Ok(socket.into_mut()),
            Entry::Vacant(place) => {
                let opened = Endpoint::open(kind, to.ip(), Bell::new(Key::Flow(flow), ready));
                opened.map(|endpoint| place.insert(Socket::Endpoint(Box::new(endpoint))))
            }
        };
        match socket {
            Ok(Socket::Endpoint(endpoint)) => endpoint.send(nat, now(), flow, to, manner, data),
            Ok(Socket::Stream(_)) => {}
            // no descriptor, or no right to ping: the caller hears of it
            Err(_) => nat.handle(now(), endpoint::undelivered(kind, flow, to, data, Trouble::Prohibited)),
        }
    }

    fn ask(&mut self, id: QuestionId, message: Vec<u8>) {
        let bell = Bell::new(Key::Question(id), &self.ready);
        bell.ring();
        // whoever cannot hear the question can guess this number only, and the socket's port (RFC 5452 §9.2)
        let [low, high, ..] = self.numbers.hash_one(id).to_ne_bytes();
        let number = u16::from_ne_bytes([low, high]);
        let answer = Box::pin(resolver::ask(self.settings.resolver.servers(), message, number));
        self.questions.insert(id, Question { bell, answer });
    }

    /// Sockets and questions it holds now.
    #[cfg(test)]
    pub(super) fn held(&self) -> (usize, usize) {
        (self.sockets.len(), self.questions.len())
    }
}

/// Opens the listener of a forward; a call goes on without one that cannot be had.
fn listener(
    n: usize,
    forward: &Forward,
    caller: [Option<SocketAddr>; 2],
    ready: &Arc<Ready>,
) -> Option<Listener> {
    let [v4, v6] = caller;
    let mut to = v4.or(v6)?;
    to.set_port(forward.to);
    let opened = std::net::TcpListener::bind(forward.listen).and_then(|listener| {
        listener.set_nonblocking(true)?;
        TcpListener::from_std(listener)
    });
    match opened {
        Ok(listener) => {
            let bell = Bell::new(Key::Forward(n), ready);
            bell.ring();
            Some(Listener { bell, listener, to, rest: None })
        }
        Err(error) => {
            warn!(listen = %forward.listen, %error, "nothing is forwarded to the caller from there");
            None
        }
    }
}

/// Tokio's time, so that a paused clock rules here too.
pub(super) fn now() -> std::time::Instant {
    Instant::now().into_std()
}
