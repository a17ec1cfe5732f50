//! `[modem.NAME]`, and the keys of a `[[port]]` about its device.

use std::collections::BTreeMap;

use openras_engine::modem::{Carrier, HangUp};
use openras_engine::rfc2217::{Flow, Parity, Stop};
use toml::Spanned;
use toml::de::DeValue;

use super::Reader;
use super::table::Table;
use super::value::{Number, Time, Value, Wrong, word};
use crate::config::check::Place;
use crate::config::device::{DeviceSettings, Frame, ModemConfig};

impl Value for Parity {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        let words = [
            ("none", Self::None),
            ("odd", Self::Odd),
            ("even", Self::Even),
            ("mark", Self::Mark),
            ("space", Self::Space),
        ];
        word(value, &words)
    }
}

impl Value for Stop {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        Number::<1, 2>::read(value).map(|stop| if stop.0 == 2 { Self::Two } else { Self::One })
    }
}

impl Value for Flow {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        word(value, &[("rtscts", Self::Hardware), ("xonxoff", Self::XonXoff), ("none", Self::None)])
    }
}

impl Value for Carrier {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        word(value, &[("dcd", Self::Dcd), ("text", Self::Text)])
    }
}

impl Value for HangUp {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        word(value, &[("dtr", Self::Dtr), ("escape", Self::Escape)])
    }
}

impl<'i> Reader<'i> {
    /// The keys of a port about its device.
    pub(super) fn device(&mut self, table: &mut Table<'i>) -> DeviceSettings {
        DeviceSettings { modem: table.read(self, "modem"), frame: self.frame(table) }
    }

    /// How octets stand on a serial port.
    pub(super) fn frame(&mut self, table: &mut Table<'i>) -> Frame {
        Frame {
            parity: table.read(self, "parity"),
            stop: table.read(self, "stop"),
            flow: table.read(self, "flow"),
        }
    }

    /// Every `[modem.NAME]`.
    pub(super) fn modems(
        &mut self,
        tables: Vec<(Spanned<String>, Spanned<DeValue<'i>>)>,
    ) -> BTreeMap<String, ModemConfig> {
        let mut modems = BTreeMap::new();
        for (name, value) in tables {
            let (span, at) = (value.span(), name.span());
            let name = name.into_inner();
            let DeValue::Table(tree) = value.into_inner() else {
                self.problem(&span, format!("modem.{name} is not a table"), format!("Write [modem.{name}]"));
                continue;
            };
            self.spans.insert(Place::Device(name.clone(), ""), at.clone());
            let place = name.clone();
            let tree = Spanned::new(at, tree);
            let mut table = Table::new(tree, "[modem.NAME]", move |key| Place::Device(place.clone(), key));
            let rings = table.read::<Number<1, 20>>(self, "rings");
            let modem = ModemConfig {
                like: table.read(self, "like"),
                init: table.list(self, "init"),
                dial: table.read(self, "dial"),
                answer: table.read(self, "answer"),
                rings: rings.and_then(|rings| u8::try_from(rings.0).ok()),
                carrier: table.read(self, "carrier"),
                hang_up: table.read(self, "hang_up"),
                numeric: table.read(self, "numeric"),
                patience: table.read::<Time<5, 300>>(self, "patience").map(|time| time.0),
                check_every: table.read::<Time<60, 86_400>>(self, "check_every").map(|time| time.0),
            };
            table.finish(self);
            modems.insert(name, modem);
        }
        modems
    }
}
