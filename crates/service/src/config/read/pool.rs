//! `[pool.NAME]`.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::DeValue;

use super::Reader;
use super::table::Table;
use super::value::{Value, Wrong, text};
use crate::config::check::Place;
use crate::config::{DialLine, LineError, LinePool};

impl Value for DialLine {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        let line = text(value, "Write a LINE such as \"serial:/dev/ttyUSB0\"")?;
        line.parse().map_err(|error: LineError| Wrong::new(error.problem, format!("Write {}", error.remedy)))
    }
}

impl<'i> Reader<'i> {
    /// Every `[pool.NAME]`.
    pub(super) fn line_pools(
        &mut self,
        tables: Vec<(Spanned<String>, Spanned<DeValue<'i>>)>,
    ) -> BTreeMap<String, LinePool> {
        let mut pools = BTreeMap::new();
        for (name, value) in tables {
            let (span, at) = (value.span(), name.span());
            let name = name.into_inner();
            let DeValue::Table(tree) = value.into_inner() else {
                let name = name.escape_debug();
                self.problem(&span, format!("pool.{name} is not a table"), format!("Write [pool.{name}]"));
                continue;
            };
            self.spans.insert(Place::Pool(name.clone(), ""), at.clone());
            let place = name.clone();
            let tree = Spanned::new(at, tree);
            let mut table = Table::new(tree, "[pool.NAME]", move |key| Place::Pool(place.clone(), key));
            let lines = table.list(self, "lines");
            if lines.is_none() && !table.has(self, "lines") {
                self.broken.insert(Place::Pool(name.clone(), "lines"));
                let remedy = "Write lines = [\"serial:/dev/ttyUSB0\"] or other lines";
                self.problem(&span, "[pool.NAME] has no lines", remedy);
            }
            let modem = table.read(self, "modem");
            table.finish(self);
            pools.insert(name, LinePool { lines: lines.unwrap_or_default(), modem });
        }
        pools
    }
}
