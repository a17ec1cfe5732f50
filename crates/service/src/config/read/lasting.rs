//! `idle_limit`, `session_limit`, `vj` and `tun_device` of a port.

use std::time::Duration;

use toml::de::DeValue;

use super::table::Table;
use super::value::{Time, Value, Wrong};
use super::{PortConfig, Reader, set};

/// From 10 s to 30 days, or `off`.
struct Limit(Option<Duration>);

impl Value for Limit {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        if value.as_str() == Some("off") {
            return Ok(Self(None));
        }
        Time::<10, 2_592_000>::read(value)
            .map(|time| Self(Some(time.0)))
            .map_err(|wrong| Wrong::new(wrong.what, format!("{}, or \"off\"", wrong.remedy)))
    }
}

impl<'i> Reader<'i> {
    pub(super) fn lasting(&mut self, table: &mut Table<'i>, port: &mut PortConfig) {
        port.lasting.idle = table.read::<Limit>(self, "idle_limit").map(|limit| limit.0);
        port.lasting.session = table.read::<Limit>(self, "session_limit").and_then(|limit| limit.0);
        set(&mut port.lasting.tun_device, table.read(self, "tun_device"));
        set(&mut port.lasting.vj, table.read(self, "vj"));
    }
}
