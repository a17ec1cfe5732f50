//! `serial:PATH[,SPEED]`: a serial port of this machine, alone, raw, with its signals.

mod lock;
mod right;

use std::collections::VecDeque;
use std::future::Future;
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use openras_engine::RasError;
use openras_engine::modem::DeviceOp;
use openras_engine::rfc2217::{Flow, Format, Parity, Signals, Stop};
use rustix::fs::{Mode, OFlags};
use rustix::termios::{
    ControlModes, InputModes, OptionalActions, QueueSelector, tcflush, tcgetattr, tcsetattr,
};
use serial2::SerialPort;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use super::attached::{Device, Told};
use super::failure::{FROM_DEVICE, NOT_AVAILABLE, device_error};
use super::paced;
use super::switched::Later;
use super::tty::{TtyStream, make_raw};
use lock::{Locks, Taken};

pub use right::{group_of, right_to};

/// How often the signals are looked at while a call stands or ends, and while none does.
const LOOK: Duration = Duration::from_millis(50);
const LOOK_IDLE: Duration = Duration::from_millis(250);
/// How long what the system holds may take to go out before DTR falls or the device is closed.
const DRAIN: Duration = Duration::from_secs(1);
/// The shortest time DTR is down, however late it could be dropped.
const DTR_DOWN: Duration = Duration::from_millis(500);

/// A serial port and how it is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SerialConfig {
    /// The device, or a link to it such as those in `/dev/serial/by-id`.
    pub path: PathBuf,
    /// Speed, parity, stop bits and flow control.
    pub format: Format,
    /// Where UUCP lock files are.
    pub locks: PathBuf,
}

impl SerialConfig {
    /// A port with this format, and the system's folder of lock files.
    pub fn new(path: impl Into<PathBuf>, format: Format) -> Self {
        Self { path: path.into(), format, locks: "/var/lock".into() }
    }
}

/// A serial port of this machine.
///
/// While nothing goes on it can be shared ([`Device::share`]): it stays open without its locks, and takes them again before
/// anything is read or written. If another program has them then, that program keeps the device, and this one is
/// [`Told::Gone`].
pub struct SerialDevice {
    config: SerialConfig,
    open: Option<Open>,
    todo: VecDeque<Todo>,
    /// DTR shall fall or the device be closed behind what is written, at the latest then: an other end that takes nothing
    /// must not keep a call.
    late: Option<Pin<Box<Sleep>>>,
    events: VecDeque<Told>,
    reason: Option<String>,
}

/// What is still to be done, in order.
enum Todo {
    Write(Vec<u8>, usize),
    Dtr(bool),
    Close,
}

struct Open {
    stream: TtyStream,
    /// The same device for its signals; `None` where it has none.
    pins: Option<SerialPort>,
    signals: Signals,
    dtr: bool,
    locks: Locks,
    /// Until the signals are looked at again.
    look: Pin<Box<Sleep>>,
    /// What was written goes out, before DTR falls or the device is closed.
    draining: Option<Later<bool>>,
    drained: bool,
    /// DTR stays down until then.
    down: Option<Pin<Box<Sleep>>>,
}

impl SerialDevice {
    /// The device is opened when that is asked for.
    pub fn new(config: SerialConfig) -> Self {
        Self { config, open: None, todo: VecDeque::new(), late: None, events: VecDeque::new(), reason: None }
    }

    fn take(&mut self) {
        let event = match Open::new(&self.config) {
            Ok(open) => {
                let signals = open.pins.as_ref().map(|_| open.signals);
                self.reason = None;
                self.open = Some(open);
                Told::Opened(signals)
            }
            Err(taken) => {
                let (number, reason) = why(&self.config.path, &taken);
                tracing::info!(path = %self.config.path.display(), reason, "cannot open the serial port");
                self.reason = Some(reason);
                Told::Failed(number)
            }
        };
        self.events.push_back(event);
    }

    fn gone(&mut self) -> Told {
        self.open = None;
        self.todo.clear();
        self.late = None;
        Told::Gone
    }

    /// Another program has it.
    fn lent(&mut self, taken: &Taken) -> Told {
        self.reason = Some(why(&self.config.path, taken).1);
        self.gone()
    }

    /// Does what is ordered; ready with an event.
    fn poll_todo(&mut self, cx: &mut Context<'_>) -> Poll<Told> {
        let Some(open) = &mut self.open else { return Poll::Pending };
        while let Some(todo) = self.todo.front_mut() {
            if let Err(taken) = open.take_back(self.config.format) {
                return Poll::Ready(self.lent(&taken));
            }
            match todo {
                Todo::Write(octets, sent) => {
                    let rest = octets.get(*sent..).unwrap_or_default();
                    if !rest.is_empty() {
                        match Pin::new(&mut open.stream).poll_write(cx, rest) {
                            Poll::Ready(Ok(count)) if count > 0 => *sent += count,
                            Poll::Ready(_) => return Poll::Ready(self.gone()),
                            Poll::Pending => {
                                let Some(late) = &mut self.late else { return Poll::Pending };
                                ready!(late.as_mut().poll(cx));
                                // the other end has not taken it in time
                                while let Some(Todo::Write(..)) = self.todo.front() {
                                    self.todo.pop_front();
                                }
                                open.flush();
                            }
                        }
                        continue;
                    }
                }
                Todo::Dtr(on) => {
                    let on = *on;
                    ready!(open.poll_dtr(cx, on));
                }
                Todo::Close => {
                    ready!(open.poll_drained(cx));
                    self.open = None;
                    self.todo.clear();
                    self.late = None;
                    return Poll::Ready(Told::Closed);
                }
            }
            if matches!(self.todo.pop_front(), Some(Todo::Dtr(false))) {
                self.late = late(&self.todo, None);
            }
        }
        Poll::Pending
    }
}

/// How long what is written may still take: for ever, if nothing waits behind it that must be done.
fn late(todo: &VecDeque<Todo>, before: Option<Pin<Box<Sleep>>>) -> Option<Pin<Box<Sleep>>> {
    let must = todo.iter().any(|todo| matches!(todo, Todo::Dtr(false) | Todo::Close));
    must.then(|| before.unwrap_or_else(|| Box::pin(tokio::time::sleep(DRAIN))))
}

impl Device for SerialDevice {
    fn op(&mut self, op: DeviceOp) {
        match op {
            DeviceOp::Open if self.open.is_none() => self.take(),
            DeviceOp::Open => {}
            DeviceOp::Close if self.open.is_none() => self.events.push_back(Told::Closed),
            DeviceOp::Close => {
                self.todo.push_back(Todo::Close);
                self.late = late(&self.todo, self.late.take());
            }
            _ if self.open.is_none() => {}
            DeviceOp::Write(octets) => self.todo.push_back(Todo::Write(octets, 0)),
            DeviceOp::Dtr(on) => {
                self.todo.push_back(Todo::Dtr(on));
                self.late = late(&self.todo, self.late.take());
            }
        }
    }

    fn poll_event(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Told> {
        if let Some(event) = self.events.pop_front() {
            return Poll::Ready(event);
        }
        if let Poll::Ready(event) = self.poll_todo(cx) {
            return Poll::Ready(event);
        }
        let Some(open) = &mut self.open else { return Poll::Pending };
        if let Poll::Ready(look) = open.poll_look(cx) {
            return Poll::Ready(match look {
                Ok(signals) => Told::Signals(signals),
                Err(taken) => self.lent(&taken),
            });
        }
        if buf.remaining() == 0 {
            return Poll::Pending;
        }
        if !open.locks.is_held() {
            ready!(open.stream.poll_readable(cx));
            // what came is for whoever has the locks
            if let Err(taken) = open.take_back(self.config.format) {
                return Poll::Ready(self.lent(&taken));
            }
        }
        match ready!(Pin::new(&mut open.stream).poll_read(cx, buf)) {
            Ok(()) if !buf.filled().is_empty() => Poll::Ready(Told::Bytes),
            _ => {
                self.reason = None;
                Poll::Ready(self.gone())
            }
        }
    }

    fn unsent(&self) -> usize {
        let left = |todo: &Todo| match todo {
            Todo::Write(octets, sent) => octets.len() - sent,
            _ => 0,
        };
        paced::unsent(self.todo.iter().map(left).sum(), Some(self.config.format.baud))
    }

    fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    fn share(&mut self, idle: bool) {
        if let Some(open) = &mut self.open
            && idle
            && self.todo.is_empty()
        {
            open.locks.release(open.stream.as_fd());
        }
    }
}

impl Open {
    /// Opens, locks and sets the device.
    fn new(config: &SerialConfig) -> Result<Self, Taken> {
        // by-id names are links: the lock is the device's
        let device = std::fs::canonicalize(&config.path)?;
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let fd = rustix::fs::open(&device, flags, Mode::empty()).map_err(io::Error::from)?;
        if !rustix::termios::isatty(&fd) {
            return Err(Taken::Error(io::Error::other("it is not a serial port")));
        }
        let mut locks = Locks::new(&config.locks, &device, !is_pty(&fd)?);
        locks.take(&fd)?;
        set_format(&fd, config.format)?;
        let port = SerialPort::from(fd.try_clone()?);
        let pins = read(&port).ok().map(|_| port);
        let signals = pins.as_ref().and_then(|pins| read(pins).ok()).unwrap_or_default();
        if let Some(pins) = &pins {
            // where flow is by RTS the driver of the device switches it itself
            drop(pins.set_rts(true));
        }
        Ok(Self {
            stream: TtyStream::new(fd)?,
            pins,
            signals,
            dtr: false,
            locks,
            look: Box::pin(tokio::time::sleep(LOOK)),
            draining: None,
            drained: false,
            down: None,
        })
    }

    /// Ready when the signals have changed, or another program has taken the device while nothing went on.
    fn poll_look(&mut self, cx: &mut Context<'_>) -> Poll<Result<Signals, Taken>> {
        loop {
            ready!(self.look.as_mut().poll(cx));
            // a device that has gone is found by its reads
            let now = self.pins.as_ref().and_then(|pins| read(pins).ok()).unwrap_or(self.signals);
            let pause = if now.dcd || !self.dtr { LOOK } else { LOOK_IDLE };
            self.look.as_mut().reset(Instant::now() + pause);
            if let Err(taken) = self.locks.look() {
                return Poll::Ready(Err(taken));
            }
            if now != std::mem::replace(&mut self.signals, now) {
                return Poll::Ready(Ok(now));
            }
        }
    }

    /// Has the device for ourselves again; whoever had it meanwhile may have left it set otherwise.
    fn take_back(&mut self, format: Format) -> Result<(), Taken> {
        if self.locks.is_held() {
            return Ok(());
        }
        self.locks.take(self.stream.as_fd())?;
        Ok(set_format(self.stream.as_fd(), format)?)
    }

    /// Throws away what the system still holds: closing the device would wait for it, in the kernel, and so does the thread
    /// that drains it.
    fn flush(&self) {
        let _ = tcflush(self.stream.as_fd(), QueueSelector::OFlush);
    }

    /// Everything has gone out to the line, or had its time.
    fn poll_drained(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.drained || self.pins.is_none() {
            return Poll::Ready(());
        }
        let Ok(fd) = self.stream.as_fd().try_clone_to_owned() else { return Poll::Ready(()) };
        let draining = self.draining.get_or_insert_with(|| {
            Box::pin(async move {
                let sent = tokio::task::spawn_blocking(move || rustix::termios::tcdrain(&fd).is_ok());
                tokio::time::timeout(DRAIN, sent).await.is_ok()
            })
        });
        if !ready!(draining.as_mut().poll(cx)) {
            self.flush();
        }
        self.draining = None;
        self.drained = true;
        Poll::Ready(())
    }

    fn poll_dtr(&mut self, cx: &mut Context<'_>, on: bool) -> Poll<()> {
        if let Some(down) = &mut self.down
            && on
        {
            ready!(down.as_mut().poll(cx));
            self.down = None;
        }
        if !on {
            ready!(self.poll_drained(cx));
            self.drained = false;
        }
        if let Some(pins) = &self.pins {
            drop(pins.set_dtr(on));
            if !on && self.dtr {
                self.down = Some(Box::pin(tokio::time::sleep(DTR_DOWN)));
            }
            // the modem will do something now
            self.look.as_mut().reset(Instant::now() + LOOK);
        }
        self.dtr = on;
        Poll::Ready(())
    }
}

fn read(pins: &SerialPort) -> io::Result<Signals> {
    Ok(Signals { dcd: pins.read_cd()?, ri: pins.read_ri()?, dsr: pins.read_dsr()?, cts: pins.read_cts()? })
}

/// Unix98 pseudo-terminals have the major numbers 136–143.
fn is_pty(fd: &OwnedFd) -> io::Result<bool> {
    Ok((136..=143).contains(&rustix::fs::major(rustix::fs::fstat(fd)?.st_rdev)))
}

/// Sets speed, bits and flow. DCD is watched by us, so that its loss leaves the device open (CLOCAL); the system drops DTR
/// when the last program closes the device, also one that was killed (HUPCL).
fn set_format(fd: impl AsFd, format: Format) -> io::Result<()> {
    make_raw(&fd)?;
    let mut settings = tcgetattr(&fd)?;
    let modes = &mut settings.control_modes;
    modes.remove(
        ControlModes::CSIZE
            | ControlModes::PARODD
            | ControlModes::CMSPAR
            | ControlModes::PARENB
            | ControlModes::CSTOPB
            | ControlModes::CRTSCTS,
    );
    modes.insert(ControlModes::HUPCL | ControlModes::CLOCAL | ControlModes::CREAD);
    modes.insert(match format.data {
        5 => ControlModes::CS5,
        6 => ControlModes::CS6,
        7 => ControlModes::CS7,
        _ => ControlModes::CS8,
    });
    modes.insert(match format.parity {
        Parity::None => ControlModes::empty(),
        Parity::Even => ControlModes::PARENB,
        Parity::Odd => ControlModes::PARENB | ControlModes::PARODD,
        Parity::Space => ControlModes::PARENB | ControlModes::CMSPAR,
        Parity::Mark => ControlModes::PARENB | ControlModes::PARODD | ControlModes::CMSPAR,
    });
    if format.stop != Stop::One {
        modes.insert(ControlModes::CSTOPB);
    }
    if format.flow == Flow::Hardware {
        modes.insert(ControlModes::CRTSCTS);
    }
    // octets with a wrong parity are left out, a break means nothing
    settings.input_modes.insert(InputModes::IGNBRK | InputModes::IGNPAR);
    if format.flow == Flow::XonXoff {
        settings.input_modes.insert(InputModes::IXON | InputModes::IXOFF);
    }
    settings.set_speed(format.baud)?;
    tcsetattr(&fd, OptionalActions::Now, &settings)?;
    // a driver takes any speed, and the nearest it can do
    has_speed(format.baud, tcgetattr(&fd)?.output_speed())
}

/// Whether the speed a device has got is near enough to the one that was wanted for octets to be understood.
fn has_speed(wanted: u32, got: u32) -> io::Result<()> {
    if got == 0 || got.abs_diff(wanted) <= wanted / 25 {
        return Ok(());
    }
    let what = format!("it has no speed of {wanted} bits a second; the nearest is {got}");
    Err(io::Error::new(ErrorKind::InvalidInput, what))
}

/// The number and the sentence for a device that cannot be had.
fn why(path: &Path, taken: &Taken) -> (RasError, String) {
    let shown = path.display();
    match taken {
        Taken::By(Some(pid)) => (
            NOT_AVAILABLE,
            format!("The serial port {shown} is used by process {pid}: end that, or wait until it has done."),
        ),
        Taken::By(None) => (
            NOT_AVAILABLE,
            format!(
                "The serial port {shown} is used by another program: end that, or wait until it has done."
            ),
        ),
        Taken::Error(error) => (number(error), sentence(path, error)),
    }
}

fn number(error: &io::Error) -> RasError {
    match error.kind() {
        ErrorKind::Other => FROM_DEVICE,
        _ => device_error(error),
    }
}

fn sentence(path: &Path, error: &io::Error) -> String {
    let shown = path.display();
    match error.kind() {
        ErrorKind::NotFound => {
            format!(
                "There is no serial port {shown}: plug it in, or write another (/dev/serial/by-id has names that stay)."
            )
        }
        ErrorKind::PermissionDenied => {
            let user = rustix::process::geteuid().as_raw();
            let right = right_to(path, "that user");
            format!("The user with number {user} may not use {shown}: {right}.")
        }
        _ => format!("The serial port {shown} cannot be used: {error}."),
    }
}

#[cfg(test)]
mod tests;
