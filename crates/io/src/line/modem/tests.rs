//! Modems that are played by the engine, over the exchange, on virtual time; and some that misbehave.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use openras_engine::modem::{Dce, DceInput, DceOutput, DeviceOp, Identity};
use openras_engine::rfc2217::Signals;
use openras_engine::{LineOp, RasError};

use super::*;
use crate::driver::Outcome;
use crate::line::{ExchangeHandle, ExchangeLine};
use crate::net::NoIp;
use crate::testing::{Heard, Phone};

/// How a modem misbehaves.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Fault {
    #[default]
    None,
    /// It says nothing.
    Silent,
    /// Noise comes between its words.
    Garbled,
    /// Its device was unplugged.
    Unplugged,
}

/// A modem on a device that has no wire.
struct Desk {
    dce: Dce,
    network: ExchangeLine,
    told: VecDeque<Told>,
    octets: VecDeque<u8>,
    fault: Arc<Mutex<Fault>>,
    has_signals: bool,
    open: bool,
    sleep: Pin<Box<Sleep>>,
}

impl Desk {
    fn new(network: ExchangeLine, fault: &Arc<Mutex<Fault>>) -> Self {
        let identity = Identity { speed: 33_600, model: "desk".into(), version: "1".into() };
        let mut desk = Self {
            dce: Dce::new(identity, Instant::now().into_std()),
            network,
            told: VecDeque::new(),
            octets: VecDeque::new(),
            fault: fault.clone(),
            has_signals: true,
            open: false,
            sleep: Box::pin(tokio::time::sleep(Duration::ZERO)),
        };
        desk.network.op(LineOp::Open);
        desk
    }

    fn feed(&mut self, input: DceInput<'_>) {
        self.dce.handle(Instant::now().into_std(), input);
        let fault = *self.fault.lock().unwrap();
        while let Some(output) = self.dce.poll_output() {
            match output {
                DceOutput::Dte(_) if fault == Fault::Silent => {}
                DceOutput::Dte(octets) => {
                    if fault == Fault::Garbled {
                        self.octets.extend(b"\0\xff\xfe{\r\n~~");
                    }
                    self.octets.extend(octets);
                }
                DceOutput::Signals(signals) if self.has_signals => {
                    self.told.push_back(Told::Signals(signals));
                }
                DceOutput::Signals(_) => {}
                DceOutput::Network(op) => self.network.op(op),
            }
        }
    }

    fn poll_network(&mut self, cx: &mut Context<'_>) {
        loop {
            let mut memory = [0; 2048];
            let mut buf = ReadBuf::new(&mut memory);
            let Poll::Ready(event) = self.network.poll_event(cx, &mut buf) else { break };
            let event = match event {
                LineEvent::Bytes(bytes) => {
                    let bytes = bytes.to_vec();
                    self.feed(DceInput::Network(LineEvent::Bytes(&bytes)));
                    continue;
                }
                LineEvent::Ring { caller } => LineEvent::Ring { caller },
                LineEvent::Connected { text } => LineEvent::Connected { text },
                LineEvent::Disconnected => LineEvent::Disconnected,
                LineEvent::Failed(number) => LineEvent::Failed(number),
                LineEvent::Opened => LineEvent::Opened,
                LineEvent::Closed => LineEvent::Closed,
            };
            self.feed(DceInput::Network(event));
        }
    }
}

impl Device for Desk {
    fn op(&mut self, op: DeviceOp) {
        match op {
            DeviceOp::Open => {
                self.open = true;
                let signals = self.has_signals.then(|| self.dce.signals());
                self.told.push_back(Told::Opened(signals));
            }
            DeviceOp::Close => {
                self.open = false;
                self.told.push_back(Told::Closed);
            }
            DeviceOp::Write(octets) => self.feed(DceInput::Dte(&octets)),
            DeviceOp::Dtr(on) if self.has_signals => self.feed(DceInput::Dtr(on)),
            DeviceOp::Dtr(_) => {}
        }
    }

    fn poll_event(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Told> {
        self.poll_network(cx);
        while let Some(at) = self.dce.poll_timeout() {
            self.sleep.as_mut().reset(at.into());
            if self.sleep.as_mut().poll(cx).is_pending() {
                break;
            }
            self.feed(DceInput::Tick);
        }
        if self.open && *self.fault.lock().unwrap() == Fault::Unplugged {
            self.open = false;
            return Poll::Ready(Told::Gone);
        }
        if let Some(told) = self.told.pop_front() {
            return Poll::Ready(told);
        }
        let count = self.octets.len().min(buf.remaining());
        if count == 0 {
            return Poll::Pending;
        }
        let octets: Vec<u8> = self.octets.drain(..count).collect();
        buf.put_slice(&octets);
        Poll::Ready(Told::Bytes)
    }

    fn unsent(&self) -> usize {
        0
    }
}

/// A phone on a modem, what its modem said, and how it misbehaves.
struct Place {
    phone: Phone,
    said: Arc<Mutex<Vec<ModemSaid>>>,
    fault: Arc<Mutex<Fault>>,
}

impl Place {
    fn with(
        exchange: &ExchangeHandle,
        number: &str,
        settings: Settings,
        edit: impl FnOnce(&mut Desk),
    ) -> Self {
        let (said, fault): (Arc<Mutex<Vec<_>>>, Arc<Mutex<_>>) = Default::default();
        let mut desk = Desk::new(exchange.phone(Some(number)), &fault);
        edit(&mut desk);
        let heard = said.clone();
        let line = ModemLine::new(desk, settings, move |one| heard.lock().unwrap().push(one));
        Self { phone: Phone::start(line, NoIp), said, fault }
    }

    async fn open(exchange: &ExchangeHandle, number: &str) -> Self {
        let mut place = Self::with(exchange, number, Settings::default(), |_| {});
        assert_eq!(place.phone.hear().await, Heard::Opened);
        place
    }

    fn troubles(&self) -> Vec<Option<Trouble>> {
        let said = self.said.lock().unwrap();
        said.iter()
            .filter_map(|one| if let ModemSaid::Trouble(it) = one { Some(it.clone()) } else { None })
            .collect()
    }

    fn fault(&self, fault: Fault) {
        *self.fault.lock().unwrap() = fault;
    }
}

async fn call(one: &mut Place, two: &mut Place) {
    one.phone.dial("200").await;
    assert!(matches!(two.phone.hear().await, Heard::Ring(_)));
    assert_eq!(two.phone.hear().await, Heard::Connected);
    assert_eq!(one.phone.hear().await, Heard::Connected);
}

#[tokio::test(start_paused = true)]
async fn a_call_from_modem_to_modem_carries_all_its_bytes_and_the_next_one_too() {
    let exchange = ExchangeHandle::start(Default::default());
    let mut one = Place::open(&exchange, "100").await;
    let mut two = Place::open(&exchange, "200").await;
    for _ in 0..2 {
        call(&mut one, &mut two).await;
        let text: Vec<u8> = (0..100_000u32).map(|n| n as u8).collect();
        two.phone.write(text.clone()).await;
        assert_eq!(one.phone.hear_bytes(text.len()).await, text, "every octet, +++ and NO CARRIER too");
        one.phone.write(b"\r\nNO CARRIER\r\n".to_vec()).await;
        assert_eq!(two.phone.hear_bytes(14).await, b"\r\nNO CARRIER\r\n");
        one.phone.op(LineOp::HangUp).await;
        assert_eq!(one.phone.hear().await, Heard::Disconnected);
        assert_eq!(two.phone.hear().await, Heard::Disconnected);
        // both are set up again
        tokio::time::sleep(Duration::from_secs(10)).await;
    }
    let said = one.said.lock().unwrap().clone();
    assert!(said.contains(&ModemSaid::Us("ATDT200".into())), "{said:?}");
    assert!(said.contains(&ModemSaid::Modem("CONNECT 33600".into())), "{said:?}");
    assert_eq!(one.phone.end().await, Outcome::Ended);
}

#[tokio::test(start_paused = true)]
async fn without_signals_a_call_is_ended_by_the_escape_and_seen_to_end_by_text() {
    let exchange = ExchangeHandle::start(Default::default());
    let bare = |desk: &mut Desk| desk.has_signals = false;
    let mut one = Place::with(&exchange, "100", Settings::default(), bare);
    let mut two = Place::with(&exchange, "200", Settings::default(), bare);
    assert_eq!(one.phone.hear().await, Heard::Opened);
    assert_eq!(two.phone.hear().await, Heard::Opened);
    call(&mut one, &mut two).await;
    one.phone.write(b"~~".to_vec()).await;
    assert_eq!(two.phone.hear_bytes(2).await, b"~~");
    two.phone.op(LineOp::HangUp).await;
    assert_eq!(two.phone.hear().await, Heard::Disconnected);
    let mut last = one.phone.hear().await;
    while let Heard::Bytes(_) = last {
        last = one.phone.hear().await;
    }
    assert_eq!(last, Heard::Disconnected);
}

#[tokio::test(start_paused = true)]
async fn a_silent_modem_is_given_up_with_its_reason_and_is_well_when_it_speaks_again() {
    let exchange = ExchangeHandle::start(Default::default());
    let mut place = Place::with(&exchange, "100", Settings::default(), |desk| {
        *desk.fault.lock().unwrap() = Fault::Silent;
    });
    assert_eq!(place.phone.hear().await, Heard::Failed(RasError::DEVICE_NOT_READY));
    assert_eq!(place.troubles(), [Some(Trouble::Silent("AT".into()))]);
    place.fault(Fault::None);
    place.phone.op(LineOp::Open).await;
    assert_eq!(place.phone.hear().await, Heard::Opened);
    assert_eq!(place.troubles().last(), Some(&None));
}

#[tokio::test(start_paused = true)]
async fn a_modem_that_dies_while_it_waits_is_found_within_its_hour_and_closes_its_line() {
    let exchange = ExchangeHandle::start(Default::default());
    let settings = Settings { check_every: Duration::from_secs(600), ..Settings::default() };
    let mut place = Place::with(&exchange, "100", settings, |_| {});
    assert_eq!(place.phone.hear().await, Heard::Opened);
    place.fault(Fault::Silent);
    let begun = Instant::now();
    // the plain machine ends with its line
    assert_eq!(place.phone.end().await, Outcome::Ended);
    assert!(begun.elapsed() < Duration::from_secs(660));
}

#[tokio::test(start_paused = true)]
async fn noise_between_its_words_does_not_stop_a_modem() {
    let exchange = ExchangeHandle::start(Default::default());
    let mut one = Place::with(&exchange, "100", Settings::default(), |desk| {
        *desk.fault.lock().unwrap() = Fault::Garbled;
    });
    let mut two = Place::open(&exchange, "200").await;
    assert_eq!(one.phone.hear().await, Heard::Opened);
    call(&mut one, &mut two).await;
}

#[tokio::test(start_paused = true)]
async fn a_modem_unplugged_in_a_call_a_hundred_times_comes_back_each_time() {
    let exchange = ExchangeHandle::start(Default::default());
    let mut two = Place::open(&exchange, "200").await;
    for turn in 0..100 {
        let mut one = Place::open(&exchange, &format!("1{turn:03}")).await;
        call(&mut one, &mut two).await;
        one.fault(Fault::Unplugged);
        assert_eq!(one.phone.end().await, Outcome::Ended, "{turn}");
        assert_eq!(two.phone.hear().await, Heard::Disconnected);
        tokio::time::sleep(Duration::from_secs(10)).await;
    }
}

/// A device that takes octets slowly.
struct Slow {
    told: VecDeque<Told>,
    unsent: Arc<Mutex<usize>>,
    ops: Arc<Mutex<Vec<String>>>,
}

impl Device for Slow {
    fn op(&mut self, op: DeviceOp) {
        match op {
            DeviceOp::Open => self.told.push_back(Told::Opened(Some(Signals::default()))),
            DeviceOp::Close => self.told.push_back(Told::Closed),
            DeviceOp::Write(octets) => *self.unsent.lock().unwrap() += octets.len(),
            DeviceOp::Dtr(on) => self.ops.lock().unwrap().push(format!("DTR {on}, {} unsent", self.unsent())),
        }
    }

    fn poll_event(&mut self, _cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Told> {
        if let Some(told) = self.told.pop_front() {
            return Poll::Ready(told);
        }
        // whatever it is told, it says so; a call stands at once
        let unsent = *self.unsent.lock().unwrap();
        if unsent > 0 && buf.remaining() > 0 && unsent < 100 {
            *self.unsent.lock().unwrap() = 0;
            buf.put_slice(if unsent == 7 { b"CONNECT\r\n" } else { b"OK\r\n" });
            return Poll::Ready(Told::Bytes);
        }
        Poll::Pending
    }

    fn unsent(&self) -> usize {
        *self.unsent.lock().unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn dtr_falls_when_the_last_octet_has_gone_out_or_five_seconds_later() {
    let (unsent, ops): (Arc<Mutex<usize>>, Arc<Mutex<Vec<String>>>) = Default::default();
    let device = Slow { told: VecDeque::new(), unsent: unsent.clone(), ops: ops.clone() };
    let settings = Settings { init: vec!["AT".into()], ..Settings::default() };
    let mut phone = Phone::start(ModemLine::new(device, settings, |_| {}), NoIp);
    assert_eq!(phone.hear().await, Heard::Opened);
    phone.dial("12").await;
    assert_eq!(phone.hear().await, Heard::Connected);
    phone.write(vec![b'x'; 5000]).await;
    let begun = Instant::now();
    phone.op(LineOp::HangUp).await;
    assert_eq!(phone.hear().await, Heard::Disconnected);
    assert!(begun.elapsed() >= DRAIN, "what is stuck has its time");
    assert_eq!(ops.lock().unwrap()[..2], ["DTR true, 0 unsent", "DTR false, 5000 unsent"]);
}
