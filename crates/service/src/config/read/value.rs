//! What a single value may be, and what to say when it is not.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::Duration;

use openras_engine::server::pool::PoolError;
use openras_engine::server::port::NameCheck;
use openras_ppp::AuthMethod;
use toml::de::DeValue;

use crate::config::span::{parse_duration, show_duration};
use crate::config::{AuditFull, CallbackLine, IpKind, LinePattern, Pool, PortLine, TlsConfig, TlsTrust};

/// Why a value is refused: the end of a sentence that begins with it, and what to write.
pub(super) struct Wrong {
    pub(super) what: String,
    pub(super) remedy: String,
}

impl Wrong {
    pub(super) fn new(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { what: what.into(), remedy: remedy.into() }
    }
}

/// A kind of value a key can have.
pub(super) trait Value: Sized {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong>;
}

/// A value as a problem shows it, short.
pub(super) fn shown(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) if text.chars().count() > 60 => {
            format!("{:?}\u{2026}", text.chars().take(60).collect::<String>())
        }
        DeValue::String(text) => format!("{text:?}"),
        DeValue::Integer(number) => number.to_string(),
        DeValue::Float(number) => number.to_string(),
        DeValue::Boolean(truth) => truth.to_string(),
        DeValue::Datetime(time) => time.to_string(),
        DeValue::Array(_) => "[\u{2026}]".into(),
        DeValue::Table(_) => "{\u{2026}}".into(),
    }
}

pub(super) fn text<'v>(value: &'v DeValue<'_>, remedy: &str) -> Result<&'v str, Wrong> {
    value.as_str().ok_or_else(|| Wrong::new("is not text in quotes", remedy))
}

/// One word of a short list.
pub(super) fn word<T: Copy>(value: &DeValue<'_>, words: &[(&str, T)]) -> Result<T, Wrong> {
    let list: Vec<String> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
    let wrong = || Wrong::new("is not a word known here", format!("Write {}", list.join(" or ")));
    let given = value.as_str().ok_or_else(wrong)?;
    words.iter().find(|(word, _)| *word == given).map(|(_, meaning)| *meaning).ok_or_else(wrong)
}

impl Value for String {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        text(value, "Write it in quotes").map(Into::into)
    }
}

impl Value for bool {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        value.as_bool().ok_or_else(|| Wrong::new("is neither true nor false", "Write true or false"))
    }
}

impl Value for Ipv4Addr {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        let remedy = "Write one such as \"10.64.0.1\"";
        text(value, remedy)?.parse().map_err(|_| Wrong::new("is not an IPv4 address", remedy))
    }
}

impl Value for Pool {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        let remedy = "Write first and last, such as \"10.64.0.2-10.64.0.254\"";
        let given = text(value, remedy)?;
        given.parse().map_err(|e: PoolError| Wrong::new(format!("cannot be used: {e}"), remedy))
    }
}

impl Value for PortLine {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        let given = text(value, "Write a LINE such as \"listen:tcp:127.0.0.1:7001\"")?;
        given
            .parse()
            .map_err(|e: crate::config::LineError| Wrong::new(e.problem, format!("Write {}", e.remedy)))
    }
}

impl Value for TlsConfig {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        let table = value.as_table().ok_or_else(|| Wrong::new("is no table", TlsConfig::REMEDY))?;
        let keys = table.iter().map(|(key, value)| (key.get_ref().as_ref(), value.get_ref().as_str()));
        TlsConfig::of(keys).map_err(|what| Wrong::new(what, TlsConfig::REMEDY))
    }
}

impl Value for TlsTrust {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        let table = value.as_table().ok_or_else(|| Wrong::new("is no table", TlsTrust::REMEDY))?;
        let keys = table.iter().map(|(key, value)| (key.get_ref().as_ref(), value.get_ref().as_str()));
        TlsTrust::of(keys).map_err(|what| Wrong::new(what, TlsTrust::REMEDY))
    }
}

impl Value for NameCheck {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        word(value, &[("require", Self::Require), ("warn", Self::Warn), ("off", Self::Off)])
    }
}

impl Value for IpKind {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        word(value, &[("nat", Self::Nat), ("loopback", Self::Loopback), ("tun", Self::Tun)])
    }
}

impl Value for AuditFull {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        word(value, &[("refuse", Self::Refuse), ("go-on", Self::GoOn)])
    }
}

impl Value for LinePattern {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        let remedy = "Write a LINE as openras dial takes it, with * for the rest: \"tcp:192.0.2.7:*\"";
        Self::new(text(value, remedy)?).map_err(|what| Wrong::new(what, remedy))
    }
}

impl Value for CallbackLine {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        let (exchange, modem) = (("exchange", Self::Exchange), ("modem", Self::Modem));
        word(value, &[exchange, modem, ("directory", Self::Directory), ("same", Self::Same)])
    }
}

/// A word of `auth`; `None` is `none`.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Auth(pub(super) Option<AuthMethod>);

impl Value for Auth {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        use AuthMethod::{ChapMd5, MsChapV1, MsChapV2, Pap};
        let methods = [MsChapV2, MsChapV1, ChapMd5, Pap].map(|m| (m.word(), Self(Some(m))));
        let words: Vec<_> = methods.into_iter().chain([("none", Self(None))]).collect();
        word(value, &words)
    }
}

/// A file or folder.
pub(super) struct Path(pub(super) PathBuf);

impl Value for Path {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        let remedy = "Write a full path in quotes";
        match text(value, remedy)? {
            "" => Err(Wrong::new("is empty", remedy)),
            path if path.chars().any(char::is_control) => Err(Wrong::new("has control characters", remedy)),
            path => Ok(Self(path.into())),
        }
    }
}

/// A whole number between two others, both included.
pub(super) struct Number<const LEAST: u32, const MOST: u32>(pub(super) u32);

impl<const LEAST: u32, const MOST: u32> Value for Number<LEAST, MOST> {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        let number = value.as_integer().and_then(|n| u32::from_str_radix(n.as_str(), n.radix()).ok());
        number.filter(|n| (LEAST..=MOST).contains(n)).map(Self).ok_or_else(|| {
            Wrong::new("is not a number this may be", format!("Write a whole number from {LEAST} to {MOST}"))
        })
    }
}

/// A length of time between two others in seconds, both included.
pub(super) struct Time<const LEAST: u64, const MOST: u64>(pub(super) Duration);

impl<const LEAST: u64, const MOST: u64> Value for Time<LEAST, MOST> {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        let bounds = Duration::from_secs(LEAST)..=Duration::from_secs(MOST);
        let time =
            value.as_str().and_then(|text| parse_duration(text).ok()).filter(|time| bounds.contains(time));
        time.map(Self).ok_or_else(|| {
            let (least, most) = (show_duration(*bounds.start()), show_duration(*bounds.end()));
            Wrong::new(
                "is not a time this may be",
                format!("Write one such as \"30s\" or \"1m30s\", from {least} to {most}"),
            )
        })
    }
}

/// Time between two echoes, or `off`.
pub(super) struct Echo(pub(super) Option<Duration>);

impl Value for Echo {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        if value.as_str() == Some("off") {
            return Ok(Self(None));
        }
        Time::<5, 3600>::read(value)
            .map(|time| Self(Some(time.0)))
            .map_err(|wrong| Wrong::new(wrong.what, format!("{}, or \"off\"", wrong.remedy)))
    }
}
