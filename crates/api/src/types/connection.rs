//! Connections: calls that were dialled.

use std::net::{IpAddr, Ipv4Addr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::CallId;
use super::event::{Projection, State};
use super::port::Statistics;
use super::secret::SecretText;

/// What to dial, and how: `POST /v1/connections`. What is left out is as in `Default`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dial {
    /// Where the call goes, as `openras dial --line` takes it: `tcp:HOST:PORT` …. Files and devices only where the
    /// configuration grants them to the client.
    #[schemars(regex(pattern = "^(tcp|telnet|tls|ws|wss|unix|pty|serial|rfc2217|exchange|pool):"))]
    pub line: String,
    /// A name for lists, such as the phone-book entry's.
    #[serde(default)]
    pub name: String,
    /// Path of the phone book `name` is an entry of; empty = none. An entry this user has connected already is not dialled
    /// again: the answer names that connection, which then takes one `release` more.
    #[serde(default)]
    pub phonebook: String,
    /// The number this end has on the exchange, where it can be called back.
    #[serde(default)]
    pub own_number: Option<String>,
    /// Where this end is rung when it is called back and its line does not ring by itself: `listen:tcp:ADDRESS:PORT`, the same
    /// with telnet, rfc2217, tls, ws or wss, `listen:unix:PATH`, `pty:PATH`, `serial:PATH[,SPEED]`, `rfc2217:HOST:PORT` or
    /// `exchange:NUMBER`, open from the end of the call to the answer; or `same`, the wire that was dialled over.
    /// Administrators only (5), but for `same`.
    #[serde(default)]
    pub callback_line: Option<String>,
    /// The modem on the line, by its name in the service's table or configuration; `null` is a cable between two computers.
    #[serde(default)]
    pub modem: Option<String>,
    /// Say CLIENT and wait for CLIENTSERVER before PPP, as Windows does over a cable between two computers.
    #[serde(default)]
    pub null_modem: bool,
    /// What the modem dials: digits, and `+ * # A-D T P W , @ !` between them.
    #[serde(default)]
    pub number: String,
    /// szUserName.
    #[serde(default)]
    pub user: String,
    /// szDomain; sent as `DOMAIN\user`.
    #[serde(default)]
    pub domain: String,
    /// szPassword.
    #[serde(default)]
    pub password: SecretText,
    /// szCallbackNumber: empty = none, `*` = ask through the pause, else the number.
    #[serde(default)]
    pub callback_number: String,
    /// The terminal before PPP.
    #[serde(default)]
    pub terminal: Terminal,
    /// RDEOPT_PausedStates. Off, what would be a pause is an error and the call fails.
    #[serde(default)]
    pub pauses: bool,
    /// The dial begins nothing new before each state was confirmed by `seen`.
    #[serde(default)]
    pub wait_seen: bool,
    /// Methods by which the server may authenticate us, the preferred first: `mschapv2` `mschap` `chap` `pap`; an
    /// empty list refuses all.
    #[serde(default = "methods")]
    #[schemars(inner(regex(pattern = "^(mschapv2|mschap|chap|pap)$")))]
    pub auth: Vec<String>,
    /// The server must ask for one of them.
    #[serde(default)]
    pub require_auth: bool,
    /// Control packets come as events.
    #[serde(default)]
    pub packets: bool,
    /// Where PPP frames are recorded: a descriptor handed over before by `POST /v1/descriptors`.
    #[serde(default)]
    pub capture: Option<u64>,
    /// What a line in TLS checks and shows; left out, it believes whom the service's system believes, and shows nothing.
    #[serde(default)]
    pub tls: Option<DialTls>,
    /// TCP/IP headers are compressed where the other end agrees to it (RFC 1144).
    #[serde(default = "yes")]
    pub vj: bool,
    /// Hang up (828) when no packet of a program has gone either way for so many seconds. Echo requests of PPP and other
    /// control packets are none.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub idle_seconds: Option<u32>,
    /// Where IP goes.
    #[serde(default)]
    pub ip: DialIp,
    /// With a network device: networks that the system's packets go to through it, as `10.0.0.0/8` or `fd00:7::/48`; `0.0.0.0/0` and
    /// `::/0` are everything.
    /// They go with the device.
    #[serde(default)]
    #[schemars(length(max = 64))]
    pub routes: Vec<String>,
    /// With a network device: the name servers the other end gives are this system's while the call is up. The event `network` says
    /// what became of them.
    #[serde(default)]
    pub name_servers: bool,
    /// Parity of a serial port; left out, none.
    #[serde(default)]
    pub parity: Option<DialParity>,
    /// Stop bits of a serial port, 1 or 2; left out, 1.
    #[serde(default)]
    #[schemars(range(min = 1, max = 2))]
    pub stop: Option<u8>,
    /// How a serial port says that it can take no more; left out, by RTS and CTS.
    #[serde(default)]
    pub flow: Option<DialFlow>,
}

/// Parity of a serial port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DialParity {
    /// No parity bit.
    None,
    /// An odd number of ones.
    Odd,
    /// An even number of ones.
    Even,
    /// Always one.
    Mark,
    /// Always zero.
    Space,
}

/// Flow control of a serial port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DialFlow {
    /// None.
    None,
    /// XON and XOFF; PPP then escapes both.
    XonXoff,
    /// RTS and CTS.
    RtsCts,
}

/// Where a dial's IP goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DialIp {
    /// To a small TCP/IP stack of the service's, for `ping`, `tcp` and `forwards`.
    #[default]
    Own,
    /// To a network device of the system, for all its programs. Administrators only (5), and only where the service may make one.
    Tun,
}

/// Certificates for a line in TLS, as PEM text: the client reads the files.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DialTls {
    /// Whose signatures count; empty = those the service's system believes.
    #[serde(default)]
    pub ca: String,
    /// Our own certificate with those above it; empty = none.
    #[serde(default)]
    pub certificate: String,
    /// Its private key.
    #[serde(default)]
    pub key: SecretText,
}

/// What a dialer allows unless told otherwise (defence rule 4).
fn methods() -> Vec<String> {
    vec!["mschapv2".into(), "chap".into()]
}

fn yes() -> bool {
    true
}

impl Dial {
    /// A call over this line, with all else as by default.
    pub fn new(line: impl Into<String>) -> Self {
        Self {
            line: line.into(),
            name: String::new(),
            phonebook: String::new(),
            own_number: None,
            callback_line: None,
            modem: None,
            null_modem: false,
            number: String::new(),
            user: String::new(),
            domain: String::new(),
            password: SecretText::default(),
            callback_number: String::new(),
            terminal: Terminal::default(),
            pauses: false,
            wait_seen: false,
            auth: methods(),
            require_auth: false,
            packets: false,
            capture: None,
            tls: None,
            vj: true,
            idle_seconds: None,
            ip: DialIp::default(),
            routes: Vec::new(),
            name_servers: false,
            parity: None,
            stop: None,
            flow: None,
        }
    }
}

/// When bytes of the line go to a person before PPP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Terminal {
    /// Text that waits for an answer opens the pause, PPP or silence goes on.
    #[default]
    Auto,
    /// Before the number is dialled.
    BeforeDial,
    /// After the call stands.
    AfterDial,
    /// As `after_dial`, but PPP of the other end does not end the pause: it begins with `resume`, which may bring other
    /// credentials.
    Script,
    /// Straight to PPP.
    Never,
}

/// The answer to a dial: it has begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Dialled {
    /// The connection's number.
    pub id: CallId,
    /// Whoever knows this is the creator: `GET /v1/connections/{id}/events?notifier=…` holds the dial, and `resume`
    /// and `seen` name it. The second RasDial's "same notifier".
    pub notifier: String,
    /// Nothing was dialled: this entry was connected already. `notifier` is empty then.
    #[serde(default)]
    pub joined: bool,
}

/// A connection: a line of `GET /v1/connections`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Connection {
    /// Its number.
    pub id: CallId,
    /// The name given at the dial.
    pub name: String,
    /// The phone book given at the dial; empty = none.
    #[serde(default)]
    pub phonebook: String,
    /// How many dials of its entry it serves: as many calls of `release` end it.
    #[serde(default)]
    pub references: u32,
    /// Its line.
    pub line: String,
    /// The network device its IP goes to, where that was asked for.
    #[serde(default)]
    pub device: Option<String>,
    /// User id of the program that dialled it.
    pub uid: u32,
    /// The user name given.
    pub user: String,
    /// RasGetConnectStatus.
    pub state: State,
    /// When it began, in seconds since 1970.
    pub begun: u64,
    /// How long it has been connected, in seconds.
    pub connected_seconds: Option<u64>,
    /// What was agreed, once it was.
    pub projection: Option<Projection>,
    /// Counters of the line.
    pub statistics: Statistics,
}

/// The second RasDial: `POST /v1/connections/{id}/resume`. What is left out stays as it was.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Resume {
    /// As given by [`Dialled`].
    pub notifier: String,
    /// Another user name.
    #[serde(default)]
    pub user: Option<String>,
    /// Another domain.
    #[serde(default)]
    pub domain: Option<String>,
    /// Another password; in PasswordExpired the new one.
    #[serde(default)]
    pub password: Option<SecretText>,
    /// The number to be called back at; empty = no callback.
    #[serde(default)]
    pub callback_number: Option<String>,
}

/// Why a program gives a connection up that it was to bring to its end, as a script that came no further:
/// `POST /v1/connections/{id}/give_up`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GiveUp {
    /// As given by [`Dialled`].
    pub notifier: String,
    /// The RAS number the connection is to end with.
    pub error: u32,
    /// What came to nothing, in a sentence.
    pub why: String,
    /// What to try, in a sentence.
    #[serde(default)]
    pub remedy: String,
}

/// A state was handled: `POST /v1/connections/{id}/seen`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// As given by [`Dialled`].
    pub notifier: String,
    /// The `seq` of the state; all before it count as seen too.
    pub seq: u32,
}

/// Ping through the link: `POST /v1/connections/{id}/ping`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ping {
    /// Whom; left out, the other end of the link.
    #[serde(default)]
    pub address: Option<IpAddr>,
    /// How often, 1 to 10000.
    #[schemars(range(min = 1, max = 10000))]
    pub count: u16,
}

/// What came of it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Pinged {
    /// Who was pinged.
    pub address: IpAddr,
    /// Seconds until each answer, `null` where none came.
    pub rtts: Vec<Option<f64>>,
}

/// A TCP stream through the link: `POST /v1/connections/{id}/tcp` with `Upgrade: openras-stream`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TcpTo {
    /// Where to: an address, or a name for the link's DNS servers.
    pub address: String,
    /// Its port.
    pub port: u16,
}

/// IPv4 of a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Ipv4 {
    /// Our address.
    pub local: Ipv4Addr,
    /// The other end's.
    pub remote: Ipv4Addr,
    /// DNS servers we were given.
    pub dns: Vec<Ipv4Addr>,
    /// NBNS (WINS) servers we were given.
    pub nbns: Vec<Ipv4Addr>,
}
