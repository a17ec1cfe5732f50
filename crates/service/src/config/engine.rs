//! From a `[[port]]` to what the engine's port is told.

use std::net::Ipv4Addr;
use std::time::Duration;

use openras_engine::server::port as engine;
use openras_ppp::config::{Echo, IpcpConfig, Ipv6cpConfig, LcpConfig};

use super::{DeviceLine, IpKind, PortConfig, PortLine};

/// How long a call may take to stand: on a modem the longest patience that can be written, and some for giving up.
const ANSWERING_BY_MODEM: Duration = Duration::from_secs(310);
/// And on any other line.
const ANSWERING: Duration = Duration::from_secs(60);
/// How far modules can put off the end of the time before authentication (defence rule 8).
const BEFORE_AUTH_MOST: Duration = Duration::from_secs(300);

impl PortConfig {
    /// The name of one of its calls, from 1: `line1/3`.
    pub fn call_name(&self, call: u16) -> String {
        format!("{}/{call}", self.name)
    }

    /// What the engine's port for one of its calls is told; `call` counts from 1.
    pub fn engine(&self, call: u16) -> engine::PortConfig {
        let limits = self.limits;
        engine::PortConfig {
            name: self.call_name(call),
            modules: self.modules.clone(),
            name_check: self.name_check,
            dialog_limit: limits.dialog,
            before_auth: limits.before_auth,
            before_auth_most: BEFORE_AUTH_MOST,
            answer_limit: limits.answer,
            answering_limit: self.answering_limit(),
            callback: self.callback_line.is_some(),
            callback_delay: limits.callback_delay,
            callback_tries: limits.callback_tries,
            callback_expiry: limits.callback_expiry,
            login: self.login(),
            ppp: self.ppp(),
        }
    }

    /// How long a call may take to stand once it is answered: what a modem has, and some for its hanging up.
    fn answering_limit(&self) -> Duration {
        if self.device.modem().is_some() { ANSWERING_BY_MODEM } else { ANSWERING }
    }

    /// How many of its calls may be unauthenticated at the same time: half, at least one (defence rule 8).
    pub fn unauthenticated(&self) -> u16 {
        self.limits.unauthenticated.unwrap_or(self.calls.div_ceil(2)).max(1)
    }

    /// DNS servers for callers: behind the NAT our own address, unless others are named.
    fn name_servers(&self) -> Vec<Ipv4Addr> {
        if self.dns.is_empty() && self.ip == IpKind::Nat { vec![self.address] } else { self.dns.clone() }
    }

    fn ppp(&self) -> openras_ppp::Config {
        openras_ppp::Config {
            lcp: LcpConfig {
                echo: self.limits.echo.map(|interval| Echo { interval, failures: self.limits.echo_failures }),
                mru: self.network.mru,
                accm: self.device.frame.accm(),
                ..LcpConfig::default()
            },
            authenticate_peer: self.auth.clone(),
            authenticate_us: Vec::new(),
            name: "openras".into(),
            auth_tries: self.limits.auth_tries,
            person: self.limits.person,
            auth_wait: self.limits.auth,
            ipcp: Some(IpcpConfig {
                local: Some(self.address),
                assign: true,
                dns: self.name_servers(),
                nbns: self.nbns.clone(),
                request_dns: false,
                request_nbns: false,
                vj: self.lasting.vj,
            }),
            ipv6cp: Some(Ipv6cpConfig::default()),
            limits: self.lasting.limits(matches!(
                self.line,
                PortLine::Device(DeviceLine::Serial { .. } | DeviceLine::Rfc2217 { .. })
            )),
            trace: true,
            ..openras_ppp::Config::default()
        }
    }
}
