//! The end that uses a port: it says how the port shall be, and hears the modem's signals.

use super::{Command, Flow, Format, Parity, Signals, Speaker, Stop};

/// A port at the other end of a telnet line.
#[derive(Clone, Debug)]
pub struct Remote {
    wanted: Format,
    in_force: Format,
    signals: Option<Signals>,
    /// The other end takes no data.
    suspended: bool,
}

impl Remote {
    /// A port that is to be like this.
    pub fn new(wanted: Format) -> Self {
        Self { wanted, in_force: wanted, signals: None, suspended: false }
    }

    /// The subnegotiations to send as soon as RFC 2217 is agreed: the format, DTR and RTS on, which signals we want to hear.
    pub fn begin(&self) -> Vec<Vec<u8>> {
        let Format { baud, data, parity, stop, flow } = self.wanted;
        [
            Command::Baud(Some(baud)),
            Command::Data(Some(data)),
            Command::Parity(Some(parity)),
            Command::Stop(Some(stop)),
            Command::Flow(Some(flow)),
            Command::ModemStateMask(0xff),
            Command::LineStateMask(0),
            Command::Dtr(Some(true)),
            Command::Rts(Some(true)),
        ]
        .map(|command| command.emit(Speaker::Client))
        .to_vec()
    }

    /// The subnegotiation that switches DTR: off hangs a modem up.
    pub fn dtr(on: bool) -> Vec<u8> {
        Command::Dtr(Some(on)).emit(Speaker::Client)
    }

    /// The subnegotiation that begins or ends a break.
    pub fn breaking(on: bool) -> Vec<u8> {
        Command::Break(Some(on)).emit(Speaker::Client)
    }

    /// Takes a subnegotiation of the other end's; `true` when the signals were told.
    pub fn receive(&mut self, said: &[u8]) -> bool {
        let Ok(command) = Command::parse(said, Speaker::Server) else { return false };
        let now = &mut self.in_force;
        match command {
            Command::ModemState(octet) => {
                self.signals = Some(Signals::of(octet));
                return true;
            }
            // nothing is sent at no speed: it does not say
            Command::Baud(Some(0)) => {}
            Command::Baud(Some(baud)) => now.baud = baud,
            Command::Data(Some(bits)) => now.data = bits,
            Command::Parity(Some(parity)) => now.parity = parity,
            Command::Stop(Some(stop)) => now.stop = stop,
            Command::Flow(Some(flow)) => now.flow = flow,
            Command::Suspend => self.suspended = true,
            Command::Resume => self.suspended = false,
            _ => {}
        }
        false
    }

    /// The modem's signals, once they were told.
    pub fn signals(&self) -> Option<Signals> {
        self.signals
    }

    /// How the port is, as far as the other end has said: compare with what was wanted.
    pub fn in_force(&self) -> Format {
        self.in_force
    }

    /// What is in force besides what was wanted, in words that name both; `None` where the other end has said nothing else.
    pub fn differs(&self) -> Option<String> {
        let (wanted, now) = (self.wanted, self.in_force);
        let word = |format: Format| {
            let parity = match format.parity {
                Parity::None => 'N',
                Parity::Odd => 'O',
                Parity::Even => 'E',
                Parity::Mark => 'M',
                Parity::Space => 'S',
            };
            let stop = match format.stop {
                Stop::One => "1",
                Stop::Two => "2",
                Stop::OneAndHalf => "1.5",
            };
            let flow = match format.flow {
                Flow::None => "no flow control",
                Flow::XonXoff => "XON/XOFF",
                Flow::Hardware => "RTS/CTS",
            };
            format!("{} {}{parity}{stop} with {flow}", format.baud, format.data)
        };
        (wanted != now).then(|| format!("{} and not {}", word(now), word(wanted)))
    }

    /// Whether the other end wants no data now.
    pub fn is_suspended(&self) -> bool {
        self.suspended
    }
}
