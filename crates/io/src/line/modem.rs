//! A modem as a line: the machine that drives it, on its device, with its timers.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use openras_engine::modem::{DeviceEvent, Driver, DriverInput, DriverOutput, Event, Settings, Trouble};
use openras_engine::{LineEvent, LineOp};
use openras_ppp::Machine;
use tokio::io::ReadBuf;
use tokio::time::{Instant, Sleep};

use super::attached::{Device, Told};
use super::paced::{self, slowest_in};
use super::switched::DRAIN;
use super::{Line, MAX_UNSENT};

/// Octets of the modem read at once while no call stands.
const READ: usize = 4096;

/// What whoever looks on is told of a modem. From outside in part: escape before showing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModemSaid {
    /// We said this to the modem.
    Us(String),
    /// The modem said this.
    Modem(String),
    /// What is wrong with it; `None` when it is well again.
    Trouble(Option<Trouble>),
    /// Its device cannot be had or was lost: why, and what to try.
    Device(String),
    /// What is worth knowing of its device though it works.
    Note(String),
    /// It is ready.
    Ready,
}

/// Somebody who looks on.
type Onlooker = Box<dyn FnMut(ModemSaid) + Send>;

/// A line over a modem.
pub struct ModemLine<D> {
    driver: Driver,
    device: D,
    onlooker: Onlooker,
    events: VecDeque<Event>,
    /// How many of the first event's octets are taken.
    taken: usize,
    sleep: Option<Pin<Box<Sleep>>>,
    /// A hang-up waits until what was written has gone out, or until then.
    hanging_up: Option<Pin<Box<Sleep>>>,
    reason: Option<String>,
    /// Of the call, as the modem's CONNECT names it.
    speed: Option<u32>,
}

impl<D: Device> ModemLine<D> {
    /// A modem on this device, opened when the line is. The onlooker must not block.
    pub fn new(device: D, settings: Settings, onlooker: impl FnMut(ModemSaid) + Send + 'static) -> Self {
        let driver = Driver::new(settings, Instant::now().into_std());
        Self {
            driver,
            device,
            onlooker: Box::new(onlooker),
            events: VecDeque::new(),
            taken: 0,
            sleep: None,
            hanging_up: None,
            reason: None,
            speed: None,
        }
    }

    /// Gives the driver an input, and does what it wants.
    fn feed(&mut self, input: DriverInput<'_>) {
        self.driver.handle(Instant::now().into_std(), input);
        while let Some(output) = self.driver.poll_output() {
            match output {
                DriverOutput::Device(op) => self.device.op(op),
                DriverOutput::Event(event) => self.event(event),
                DriverOutput::Said(true, text) => (self.onlooker)(ModemSaid::Us(text)),
                DriverOutput::Said(false, text) => (self.onlooker)(ModemSaid::Modem(text)),
                // the device has said more about it
                DriverOutput::Trouble(Some(Trouble::Gone)) if self.reason.is_some() => {}
                DriverOutput::Trouble(trouble) => (self.onlooker)(ModemSaid::Trouble(trouble)),
            }
        }
        self.device.share(self.driver.is_idle());
    }

    fn event(&mut self, event: Event) {
        match &event {
            Event::Opened => {
                (self.onlooker)(ModemSaid::Ready);
                // by now the device has answered what was set, before it carried the modem's first word
                self.device.note().into_iter().for_each(|note| (self.onlooker)(ModemSaid::Note(note)));
            }
            Event::Connected { text } => self.speed = slowest_in(text),
            Event::Disconnected | Event::Closed => (self.hanging_up, self.speed) = (None, None),
            _ => {}
        }
        self.events.push_back(event);
    }

    fn told(&mut self, told: Told, octets: &[u8]) {
        if matches!(told, Told::Failed(_) | Told::Gone) {
            self.reason = self.device.reason().map(str::to_owned);
            if let Some(reason) = self.reason.clone() {
                (self.onlooker)(ModemSaid::Device(reason));
            }
        }
        let event = match told {
            Told::Opened(signals) => DeviceEvent::Opened(signals),
            Told::Failed(number) => DeviceEvent::Failed(number),
            Told::Bytes => DeviceEvent::Bytes(octets),
            Told::Signals(signals) => DeviceEvent::Signals(signals),
            Told::Gone => DeviceEvent::Gone,
            Told::Closed => DeviceEvent::Closed,
        };
        self.feed(DriverInput::Device(event));
        self.reason = None;
    }

    /// Does what is due; ready when something was.
    fn poll_due(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(late) = &mut self.hanging_up
            && (self.device.unsent() == 0 || late.as_mut().poll(cx).is_ready())
        {
            self.hanging_up = None;
            self.feed(DriverInput::Op(LineOp::HangUp));
            return Poll::Ready(());
        }
        let Some(at) = self.driver.poll_timeout() else { return Poll::Pending };
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at.into())));
        if sleep.deadline().into_std() != at {
            sleep.as_mut().reset(at.into());
        }
        ready!(sleep.as_mut().poll(cx));
        self.feed(DriverInput::Tick);
        Poll::Ready(())
    }

    /// The next thing to tell, if there is one and room for it.
    fn next_event(&mut self, buf: &mut ReadBuf<'_>) -> Option<Next> {
        let Some(Event::Bytes(octets)) = self.events.front() else {
            return self.events.pop_front().map(Next::Event);
        };
        let rest = octets.get(self.taken..).unwrap_or_default();
        let fits = rest.len().min(buf.remaining());
        if fits == 0 {
            return None;
        }
        buf.put_slice(rest.get(..fits).unwrap_or_default());
        self.taken += fits;
        if self.taken == octets.len() {
            self.events.pop_front();
            self.taken = 0;
        }
        Some(Next::Bytes)
    }

    fn poll_next(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Next> {
        loop {
            if let Some(next) = self.next_event(buf) {
                return Poll::Ready(next);
            }
            // octets wait for room
            let full = !self.events.is_empty();
            if self.poll_due(cx).is_ready() {
                continue;
            }
            if self.driver.passes_through() && !full {
                match ready!(self.device.poll_event(cx, buf)) {
                    Told::Bytes => return Poll::Ready(Next::Bytes),
                    told => self.told(told, &[]),
                }
                continue;
            }
            let mut memory = [0; READ];
            let most = if full || (self.driver.is_online() && buf.remaining() == 0) { 0 } else { READ };
            let mut octets = ReadBuf::new(memory.get_mut(..most).unwrap_or_default());
            let told = ready!(self.device.poll_event(cx, &mut octets));
            let octets = octets.filled().to_vec();
            self.told(told, &octets);
        }
    }
}

enum Next {
    Event(Event),
    /// Octets are in the buffer.
    Bytes,
}

impl<D: Device> Line for ModemLine<D> {
    fn op(&mut self, op: LineOp) {
        match op {
            LineOp::HangUp if self.driver.is_online() && self.device.unsent() > 0 => {
                self.hanging_up.get_or_insert_with(|| Box::pin(tokio::time::sleep(DRAIN)));
            }
            LineOp::Write(octets) if self.device.unsent() + octets.len() > MAX_UNSENT => {
                self.feed(DriverInput::Op(LineOp::HangUp));
            }
            LineOp::Close => {
                self.hanging_up = None;
                self.feed(DriverInput::Op(LineOp::Close));
            }
            op => self.feed(DriverInput::Op(op)),
        }
    }

    fn poll_event<'a>(&mut self, cx: &mut Context<'_>, buf: &'a mut ReadBuf<'_>) -> Poll<LineEvent<'a>> {
        Poll::Ready(match ready!(self.poll_next(cx, buf)) {
            Next::Bytes => LineEvent::Bytes(buf.filled()),
            Next::Event(event) => match event {
                Event::Opened => LineEvent::Opened,
                Event::Ring { caller } => LineEvent::Ring { caller },
                Event::Connected { text } => LineEvent::Connected { text },
                // those are in the buffer
                Event::Bytes(_) => LineEvent::Bytes(&[]),
                Event::Disconnected => LineEvent::Disconnected,
                Event::Failed(number) => LineEvent::Failed(number),
                Event::Closed => LineEvent::Closed,
            },
        })
    }

    fn unsent(&self) -> usize {
        paced::unsent(self.device.unsent(), self.speed)
    }
}

#[cfg(test)]
mod tests;
