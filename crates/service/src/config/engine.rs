//! From a `[[port]]` to what the engine's port is told.

use std::time::Duration;

use openras_engine::server::port as engine;
use openras_ppp::config::{Echo, IpcpConfig, Ipv6cpConfig, LcpConfig};

use super::PortConfig;

/// How far modules can put off the end of the time before authentication (defence rule 8).
const ANSWERING: Duration = Duration::from_secs(60);
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
            ppp: self.ppp(),
        }
    }

    /// How long a call may take to stand once it is answered: what a modem has, and some for its hanging up.
    fn answering_limit(&self) -> Duration {
        ANSWERING
    }

    /// How many of its calls may be unauthenticated at the same time: half, at least one (defence rule 8).
    pub fn unauthenticated(&self) -> u16 {
        self.limits.unauthenticated.unwrap_or(self.calls.div_ceil(2)).max(1)
    }

    fn ppp(&self) -> openras_ppp::Config {
        openras_ppp::Config {
            lcp: LcpConfig {
                echo: self.limits.echo.map(|interval| Echo { interval, failures: self.limits.echo_failures }),
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
                dns: self.dns.clone(),
                nbns: self.nbns.clone(),
                request_dns: false,
                request_nbns: false,
            }),
            ipv6cp: Some(Ipv6cpConfig::default()),
            trace: true,
            ..openras_ppp::Config::default()
        }
    }
}
