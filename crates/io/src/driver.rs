//! The only select loop: runs one machine with its line, its IP port and its owner.
//!
//! **Back pressure.** The line is not read while packets wait for the IP port, while [`HIGH_WATER`] bytes wait for
//! the line's write side, or while the owner leaves [`NOTICES`] notices lying. The IP port is not read while the
//! write side is full. What waits is bounded by one read, so memory stays flat.
//!
//! **Idle cost.** A read goes to a buffer on the stack that lives for one poll only; while nothing moves a call
//! holds no buffer at all.
//!
//! **Notices** go through the owner's bounded channel in order and are never dropped while the owner holds the
//! receiver; the machine's timers go on even if the owner does not take them. An owner that has dropped the
//! receiver does not want to know, and the call goes on.
//!
//! **The gauge.** After each input the machine's counters and condition are published where anybody can read them
//! without asking the call, which may be busy or stand still.
//!
//! **The end.** A dropped command sender or a cancelled token gives the machine its farewell command once and
//! [`FAREWELL`] to end by; then the line is dropped. A machine that has ended gives the line back at once; its last
//! notices wait for an owner that is there, and [`FAREWELL`] for one that has left.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use openras_engine::{CallInput, CallOutput, LineEvent, LineOp, Watched};
use openras_ppp::Machine;
use tokio::io::ReadBuf;
use tokio::sync::mpsc;
use tokio::time::Sleep;
use tokio_util::sync::CancellationToken;

use crate::line::Line;
use crate::net::{IpPort, MAX_PACKET};

mod gauge;
#[cfg(test)]
mod tests;

pub use gauge::{Gauge, Reading};

/// Bytes waiting for the line's write side at which nothing more is read.
pub const HIGH_WATER: usize = 64 * 1024;
/// Notices waiting for the owner at which the line and the owner's commands are not read any more.
pub const NOTICES: usize = 32;
/// How long a machine may take to end after its farewell.
pub const FAREWELL: Duration = Duration::from_secs(15);
/// The most read from the line, and the most IP packets taken, before the other sources have their turn.
const READ: usize = 16 * 1024;
const PACKETS: usize = 32;

/// Sees the bytes of a call as they pass, in order.
pub trait Tap: Send {
    /// A call stands.
    fn connected(&mut self);
    /// From the line.
    fn received(&mut self, bytes: &[u8]);
    /// To the line.
    fn sent(&mut self, bytes: &[u8]);
}

/// What joins a running machine to its owner. `C` and `N` are what the machine takes and tells, or that in a box: tokio's
/// channels keep room for 32 messages and mostly for twice as many, also in a call that has told all it had to.
pub struct Ends<C, N> {
    /// Orders, passed on one by one. When all senders are gone the machine is told to end.
    pub commands: mpsc::Receiver<C>,
    /// What the machine tells.
    pub notices: mpsc::Sender<N>,
    /// Ends the call politely.
    pub cancel: CancellationToken,
    /// The command that ends the call politely.
    pub farewell: fn() -> C,
    /// Sees the bytes that pass.
    pub tap: Option<Box<dyn Tap>>,
    /// Where its counters and condition are published.
    pub gauge: Arc<Gauge>,
}

/// How a machine's run was over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The machine said `Ended`.
    Ended,
    /// It did not end within [`FAREWELL`]; the line was dropped.
    Abandoned,
}

/// Runs the machine until it ends. Times are tokio's, so that a paused clock rules here too.
pub fn run<M, C, N, D, T>(
    machine: M,
    line: impl Line,
    ip: impl IpPort,
    ends: Ends<D, T>,
) -> impl Future<Output = Outcome>
where
    M: for<'a> Machine<Input<'a> = CallInput<'a, C>, Output = CallOutput<N>> + Watched,
    D: Into<C>,
    T: From<N>,
{
    let Ends { commands, notices, cancel, farewell, tap, gauge } = ends;
    // a future has room of its own for each hand its values go through; this way they have one place
    let call = Box::new(Call::new(machine, line, ip, tap, gauge, notices));
    drive(call, commands, cancel, farewell)
}

async fn drive<M, L, I, C, N, D, T>(
    mut call: Box<Call<M, L, I, C, N, T>>,
    mut commands: mpsc::Receiver<D>,
    cancel: CancellationToken,
    farewell: fn() -> D,
) -> Outcome
where
    M: for<'a> Machine<Input<'a> = CallInput<'a, C>, Output = CallOutput<N>> + Watched,
    L: Line,
    I: IpPort,
    D: Into<C>,
    T: From<N>,
{
    let mut sleep = pin!(tokio::time::sleep(Duration::ZERO));
    let mut leave_by = None;
    let mut ticked = true;
    call.feed(CallInput::Tick);
    while !call.ended {
        let deadline = call.machine.poll_timeout();
        // first what is due, once: what it says to the line leaves together with what waits to be written
        ticked = !ticked && deadline.is_some_and(|at| at <= clock());
        if ticked {
            call.feed(CallInput::Tick);
            continue;
        }
        if let Some(at) = earlier(deadline, leave_by)
            && sleep.deadline().into_std() != at
        {
            sleep.as_mut().reset(at.into());
        }
        let due = earlier(deadline, leave_by).is_some_and(|at| at <= clock());
        let mut leave = false;
        let notices = if call.backlog.is_empty() { None } else { call.notices.clone() };
        tokio::select! {
            () = cancel.cancelled(), if leave_by.is_none() => leave = true,
            command = commands.recv(), if leave_by.is_none() && call.backlog.len() < NOTICES => match command {
                Some(command) => call.feed(CallInput::Command(command.into())),
                None => leave = true,
            },
            permit = reserve(&notices), if !call.backlog.is_empty() => match permit {
                Some(permit) => if let Some(notice) = call.backlog.pop_front() { permit.send(notice) },
                None => call.forget_owner(),
            },
            () = poll_fn(|cx| call.poll_io(cx)) => {}
            () = until(sleep.as_mut(), due), if deadline.is_some() || leave_by.is_some() => {
                if leave_by.is_some_and(|at| at <= clock()) {
                    call.ip_down();
                    return Outcome::Abandoned;
                }
                call.feed(CallInput::Tick);
            }
        }
        if leave {
            leave_by = Some(clock() + FAREWELL);
            call.feed(CallInput::Command(farewell().into()));
        }
    }
    finish(call.over(), leave_by, (cancel, commands)).await;
    Outcome::Ended
}

/// Gives the owner the last notices; one that is being left has until then, one that leaves now its time.
async fn finish<D, T>(
    told: Option<(mpsc::Sender<T>, VecDeque<T>)>,
    leave_by: Option<Instant>,
    (cancel, mut commands): (CancellationToken, mpsc::Receiver<D>),
) {
    let Some((notices, backlog)) = told else { return };
    let rest = async {
        for notice in backlog {
            if notices.send(notice).await.is_err() {
                break;
            }
        }
    };
    let left = async {
        tokio::select! {
            () = cancel.cancelled() => {}
            () = async { while commands.recv().await.is_some() {} } => {}
        }
    };
    let limit = async {
        match leave_by {
            Some(at) => tokio::time::sleep_until(at.into()).await,
            None => {
                left.await;
                tokio::time::sleep(FAREWELL).await;
            }
        }
    };
    tokio::select! {
        () = rest => {}
        () = limit => {}
    }
}

/// Waits for the deadline. One that has come needs no timer, whose steps are whole milliseconds: PPP asks for a tick at
/// once at each of its phases.
async fn until(sleep: Pin<&mut Sleep>, due: bool) {
    if !due {
        sleep.await;
    }
}

fn clock() -> Instant {
    tokio::time::Instant::now().into_std()
}

fn earlier(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
    a.into_iter().chain(b).min()
}

/// `None` when the owner has dropped its end, or never had one.
async fn reserve<T>(notices: &Option<mpsc::Sender<T>>) -> Option<mpsc::Permit<'_, T>> {
    notices.as_ref()?.reserve().await.ok()
}

/// The machine and what it is joined to.
struct Call<M, L, I, C, N, T> {
    machine: M,
    line: L,
    ip: I,
    ip_is_up: bool,
    /// Packets the IP port had no room for yet.
    packets: VecDeque<Vec<u8>>,
    notices: Option<mpsc::Sender<T>>,
    /// Notices the owner's channel had no room for yet.
    backlog: VecDeque<T>,
    tap: Option<Box<dyn Tap>>,
    gauge: Arc<Gauge>,
    ended: bool,
    commands: PhantomData<fn(C) -> N>,
}

impl<M, L: Line, I: IpPort, C, N, T: From<N>> Call<M, L, I, C, N, T>
where
    M: for<'a> Machine<Input<'a> = CallInput<'a, C>, Output = CallOutput<N>> + Watched,
{
    fn new(
        machine: M,
        line: L,
        ip: I,
        tap: Option<Box<dyn Tap>>,
        gauge: Arc<Gauge>,
        notices: mpsc::Sender<T>,
    ) -> Self {
        Self {
            machine,
            line,
            ip,
            ip_is_up: false,
            packets: VecDeque::new(),
            notices: Some(notices),
            backlog: VecDeque::new(),
            tap,
            gauge,
            ended: false,
            commands: PhantomData,
        }
    }

    /// One input, and everything that follows from it.
    fn feed(&mut self, input: CallInput<'_, C>) {
        if self.ended {
            return;
        }
        self.machine.handle(clock(), input);
        while let Some(output) = self.machine.poll_output() {
            match output {
                CallOutput::Line(op) => self.line_op(op),
                CallOutput::Ip(packet) => self.packets.push_back(packet),
                CallOutput::Up(negotiated) => {
                    self.ip_is_up = true;
                    self.ip.up(&negotiated);
                }
                CallOutput::Notice(notice) => self.tell(notice),
                CallOutput::Ended => self.ended = true,
            }
        }
        self.gauge.publish(&self.machine.snapshot());
    }

    fn line_op(&mut self, op: LineOp) {
        if let (Some(tap), LineOp::Write(bytes)) = (&mut self.tap, &op) {
            tap.sent(bytes);
        }
        self.line.op(op);
    }

    fn tell(&mut self, notice: N) {
        let Some(notices) = &self.notices else { return };
        let notice = T::from(notice);
        if !self.backlog.is_empty() {
            return self.backlog.push_back(notice);
        }
        match notices.try_send(notice) {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Full(notice)) => self.backlog.push_back(notice),
            Err(mpsc::error::TrySendError::Closed(_)) => self.forget_owner(),
        }
    }

    fn forget_owner(&mut self) {
        self.notices = None;
        self.backlog = VecDeque::new();
    }

    /// Moves what can be moved; ready if the machine was fed.
    fn poll_io(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.send_packets(cx);
        let line = self.poll_line(cx);
        let ip = self.poll_ip(cx);
        if line.is_ready() || ip.is_ready() { Poll::Ready(()) } else { Poll::Pending }
    }

    fn send_packets(&mut self, cx: &mut Context<'_>) {
        while !self.packets.is_empty() && self.ip.poll_ready(cx).is_ready() {
            if let Some(packet) = self.packets.pop_front() {
                self.ip.send(packet);
            }
        }
        if self.packets.is_empty() && self.packets.capacity() > 0 {
            self.packets = VecDeque::new();
        }
    }

    fn may_read_line(&self) -> bool {
        self.packets.is_empty() && self.backlog.len() < NOTICES && self.line.unsent() < HIGH_WATER
    }

    fn poll_line(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut memory = [MaybeUninit::uninit(); READ];
        loop {
            let may_read = self.may_read_line();
            let (room, _) = memory.split_at_mut(if may_read { READ } else { 0 });
            let mut buf = ReadBuf::uninit(room);
            match self.line.poll_event(cx, &mut buf) {
                Poll::Ready(event) => {
                    self.watch(&event);
                    self.feed(CallInput::Line(event));
                    return Poll::Ready(());
                }
                // the poll has written enough to read again, and nobody would wake us for that
                Poll::Pending if !may_read && self.may_read_line() => {}
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    fn watch(&mut self, event: &LineEvent<'_>) {
        match event {
            LineEvent::Bytes(bytes) => self.tap.iter_mut().for_each(|tap| tap.received(bytes)),
            LineEvent::Connected { .. } => self.tap.iter_mut().for_each(|tap| tap.connected()),
            LineEvent::Disconnected | LineEvent::Closed => self.ip_down(),
            LineEvent::Opened | LineEvent::Ring { .. } | LineEvent::Failed(_) => {}
        }
    }

    fn poll_ip(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut memory = [MaybeUninit::uninit(); MAX_PACKET];
        for fed in 0..PACKETS {
            if !self.ip_is_up || self.line.unsent() >= HIGH_WATER {
                return if fed > 0 { Poll::Ready(()) } else { Poll::Pending };
            }
            let mut buf = ReadBuf::uninit(&mut memory);
            match self.ip.poll_recv(cx, &mut buf) {
                Poll::Ready(()) => self.feed(CallInput::Ip(buf.filled())),
                Poll::Pending if fed > 0 => return Poll::Ready(()),
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(())
    }

    fn ip_down(&mut self) {
        if std::mem::take(&mut self.ip_is_up) {
            self.packets.clear();
            self.ip.down();
        }
    }

    /// The line is given back at once. What the owner has not been told yet, where there is one.
    fn over(mut self) -> Option<(mpsc::Sender<T>, VecDeque<T>)> {
        self.ip_down();
        let notices = self.notices.take().filter(|_| !self.backlog.is_empty())?;
        Some((notices, std::mem::take(&mut self.backlog)))
    }
}
