//! What to dial, and how.

use std::fs::File;
use std::sync::Arc;

use openras_api::types::connection::{Dial, DialFlow, DialParity, Terminal};
use openras_ppp::{AuthMethod, Secret};

/// What to dial, and how. Begins as a person's dial would: `mschapv2` or `chap`, text that waits for an answer opens
/// the terminal, pauses off.
#[must_use]
#[derive(Clone, Debug)]
pub struct DialOptions {
    pub(crate) dial: Dial,
    pub(crate) capture: Option<Arc<File>>,
}

impl DialOptions {
    /// A call over this line: `tcp:HOST:PORT`, `unix:PATH`, `pty:PATH`. A path may be relative to this program's
    /// folder.
    pub fn new(line: impl AsRef<str>) -> Self {
        Self { dial: Dial::new(crate::absolute(line.as_ref())), capture: None }
    }

    /// A name for lists, such as the phone-book entry's.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.dial.name = name.into();
        self
    }

    /// szUserName.
    pub fn user(mut self, user: impl Into<String>) -> Self {
        self.dial.user = user.into();
        self
    }

    /// szDomain; sent as `DOMAIN\user`.
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.dial.domain = domain.into();
        self
    }

    /// szPassword. It must be UTF-8.
    pub fn password(mut self, password: impl Into<Secret>) -> Self {
        self.dial.password = password.into().into();
        self
    }

    /// szCallbackNumber: empty = none, `*` = ask through [`crate::Pause::CallbackSetByCaller`], else the number.
    pub fn callback(mut self, number: impl Into<String>) -> Self {
        self.dial.callback_number = number.into();
        self
    }

    /// The number this end has on the exchange, where it can be called back.
    pub fn own_number(mut self, number: impl Into<String>) -> Self {
        self.dial.own_number = Some(number.into());
        self
    }

    /// Where this end is rung when it is called back and its line does not ring by itself: `listen:tcp:ADDRESS:PORT`,
    /// `listen:unix:PATH`, `pty:PATH` and others, or `same`, the wire that was dialled over. A path may be relative to this
    /// program's folder. The call that comes back must be authenticated by the method that the first one was.
    pub fn callback_line(mut self, line: impl AsRef<str>) -> Self {
        self.dial.callback_line = Some(crate::absolute(line.as_ref()));
        self
    }

    /// The modem on the line, by its name in the service's table or configuration, and what it dials.
    pub fn modem(mut self, name: impl Into<String>, number: impl Into<String>) -> Self {
        self.dial.modem = Some(name.into());
        self.dial.number = number.into();
        self
    }

    /// Parity, stop bits (1 or 2) and flow control of a serial port; what is `None` is 8N1 with RTS and CTS.
    pub fn serial(mut self, parity: Option<DialParity>, stop: Option<u8>, flow: Option<DialFlow>) -> Self {
        (self.dial.parity, self.dial.stop, self.dial.flow) = (parity, stop, flow);
        self
    }

    /// When bytes of the line go to the program before PPP.
    pub fn terminal(mut self, terminal: Terminal) -> Self {
        self.dial.terminal = terminal;
        self
    }

    /// RDEOPT_PausedStates. Off, what would be a pause is an error and the call fails with its number.
    pub fn pauses(mut self, pauses: bool) -> Self {
        self.dial.pauses = pauses;
        self
    }

    /// The dial begins nothing new before each step was taken: a state counts as seen when the next step is asked
    /// for, or its pause answered. None for 5 minutes ends the dial.
    pub fn wait_seen(mut self, wait_seen: bool) -> Self {
        self.dial.wait_seen = wait_seen;
        self
    }

    /// Methods by which the server may authenticate us, the preferred first; none refuses all.
    pub fn methods(mut self, methods: impl IntoIterator<Item = AuthMethod>) -> Self {
        self.dial.auth = methods.into_iter().map(|method| method.word().to_owned()).collect();
        self
    }

    /// The server must ask for one of the methods.
    pub fn require_authentication(mut self, required: bool) -> Self {
        self.dial.require_auth = required;
        self
    }

    /// Control packets come as [`crate::Step::Event`] too.
    pub fn packets(mut self, packets: bool) -> Self {
        self.dial.packets = packets;
        self
    }

    /// TCP/IP headers are compressed where the other end agrees to it \[yes\].
    pub fn vj(mut self, vj: bool) -> Self {
        self.dial.vj = vj;
        self
    }

    /// Hang up with 828 when no packet of a program has gone either way for so long, in whole seconds \[never\].
    pub fn idle_limit(mut self, limit: std::time::Duration) -> Self {
        self.dial.idle_seconds = Some(u32::try_from(limit.as_secs().max(1)).unwrap_or(u32::MAX));
        self
    }

    /// IP goes to a network device of the system, for all its programs; for administrators, where the service may make one.
    /// [`crate::Connection::forward`] and its like have nothing to go through then.
    pub fn network_device(mut self) -> Self {
        self.dial.ip = openras_api::types::connection::DialIp::Tun;
        self
    }

    /// With [`network_device`](Self::network_device): a network that the system's packets go to through it, as `10.0.0.0/8`,
    /// `fd00:7::/48`, or `0.0.0.0/0` for everything. May be said several times.
    pub fn route(mut self, network: impl Into<String>) -> Self {
        self.dial.routes.push(network.into());
        self
    }

    /// With [`network_device`](Self::network_device): the name servers the other end gives are this system's while the call is
    /// up.
    pub fn name_servers(mut self) -> Self {
        self.dial.name_servers = true;
        self
    }

    /// Where PPP frames are recorded as pcapng, secrets blanked. The service gets the open file, not its name.
    pub fn capture(mut self, file: File) -> Self {
        self.capture = Some(Arc::new(file));
        self
    }
}
