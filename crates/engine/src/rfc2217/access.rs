//! The end that has the port: what the client wishes is tried, and answered with what is in force.

use super::{Command, Format, Signals, Speaker};

/// The port itself: a device, or a modem we play.
pub trait Port {
    /// How octets stand on it now.
    fn format(&self) -> Format;
    /// Tries another format; what it is afterwards, [`Port::format`] tells.
    fn set_format(&mut self, format: Format);
    /// Switches Data Terminal Ready; off hangs a modem up.
    fn set_dtr(&mut self, on: bool);
    /// Switches Request To Send.
    fn set_rts(&mut self, on: bool);
    /// Begins or ends a break.
    fn set_break(&mut self, on: bool);
    /// Forgets what was received, what is to be sent.
    fn purge(&mut self, received: bool, to_send: bool);
}

/// What the client has asked for.
#[derive(Clone, Debug)]
pub struct Access {
    /// What we call ourselves.
    signature: String,
    dtr: bool,
    rts: bool,
    breaking: bool,
    modem_mask: u8,
    signals: Signals,
    /// The client takes no data.
    suspended: bool,
}

impl Access {
    /// The end of a port whose DTR and RTS are on, as they are when a device has been opened.
    pub fn new(signature: &str, signals: Signals) -> Self {
        Self {
            signature: signature.to_owned(),
            dtr: true,
            rts: true,
            breaking: false,
            modem_mask: 0xff,
            signals,
            suspended: false,
        }
    }

    /// What is told as soon as RFC 2217 is agreed: the signals, which a client waits for.
    pub fn begin(&self) -> Vec<u8> {
        Command::ModemState(self.signals.octet(self.signals)).emit(Speaker::Server)
    }

    /// Takes a subnegotiation of the client's, and gives the answer to send. What it does not understand it leaves
    /// unanswered, as the RFC wants.
    pub fn receive(&mut self, said: &[u8], port: &mut dyn Port) -> Option<Vec<u8>> {
        let command = Command::parse(said, Speaker::Client).ok()?;
        Some(self.carry_out(command, port)?.emit(Speaker::Server))
    }

    fn carry_out(&mut self, command: Command, port: &mut dyn Port) -> Option<Command> {
        Some(match command {
            Command::Signature(text) if text.is_empty() => {
                Command::Signature(self.signature.clone().into_bytes())
            }
            // it told us what it is
            Command::Signature(_) => return None,
            Command::Baud(_)
            | Command::Data(_)
            | Command::Parity(_)
            | Command::Stop(_)
            | Command::Flow(_)
            | Command::FlowIn(_)
            | Command::FlowBySignal(_) => format(command, port),
            Command::Break(wish) => {
                Command::Break(Some(set(&mut self.breaking, wish, |on| port.set_break(on))))
            }
            Command::Dtr(wish) => Command::Dtr(Some(set(&mut self.dtr, wish, |on| port.set_dtr(on)))),
            Command::Rts(wish) => Command::Rts(Some(set(&mut self.rts, wish, |on| port.set_rts(on)))),
            Command::Suspend => {
                self.suspended = true;
                return None;
            }
            Command::Resume => {
                self.suspended = false;
                return None;
            }
            // we tell no line states, whichever it masks
            Command::LineStateMask(mask) => Command::LineStateMask(mask),
            Command::ModemStateMask(mask) => {
                self.modem_mask = mask;
                Command::ModemStateMask(mask)
            }
            Command::Purge(which) => {
                port.purge(which & 1 != 0, which & 2 != 0);
                Command::Purge(which)
            }
            Command::LineState(_) | Command::ModemState(_) => return None,
        })
    }

    /// The signals are now these: what to tell the client, if it wants to know.
    pub fn signals(&mut self, now: Signals) -> Option<Vec<u8>> {
        let before = std::mem::replace(&mut self.signals, now);
        let octet = now.octet(before);
        // a bit of change, or a signal itself that is another now: some clients mask the one, some the other
        let news = (octet & 0x0f) | ((octet ^ before.octet(before)) & 0xf0);
        (news & self.modem_mask != 0)
            .then(|| Command::ModemState(octet & self.modem_mask).emit(Speaker::Server))
    }

    /// Whether the client wants no data now.
    pub fn is_suspended(&self) -> bool {
        self.suspended
    }
}

fn set(state: &mut bool, wish: Option<bool>, switch: impl FnOnce(bool)) -> bool {
    if let Some(on) = wish {
        switch(on);
        *state = on;
    }
    *state
}

/// Tries a wish for the format, and answers with what is in force.
fn format(command: Command, port: &mut dyn Port) -> Command {
    let mut wish = port.format();
    match &command {
        Command::Baud(Some(baud)) => wish.baud = *baud,
        Command::Data(Some(bits)) => wish.data = *bits,
        Command::Parity(Some(parity)) => wish.parity = *parity,
        Command::Stop(Some(stop)) => wish.stop = *stop,
        Command::Flow(Some(flow)) | Command::FlowIn(Some(flow)) => wish.flow = *flow,
        _ => {}
    }
    if wish != port.format() {
        port.set_format(wish);
    }
    let now = port.format();
    match command {
        Command::Baud(_) => Command::Baud(Some(now.baud)),
        Command::Data(_) => Command::Data(Some(now.data)),
        Command::Parity(_) => Command::Parity(Some(now.parity)),
        Command::Stop(_) => Command::Stop(Some(now.stop)),
        Command::FlowIn(_) => Command::FlowIn(Some(now.flow)),
        _ => Command::Flow(Some(now.flow)),
    }
}
