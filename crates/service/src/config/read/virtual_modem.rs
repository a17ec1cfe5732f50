//! `[[virtual_modem]]` and `[directory]` from their TOML.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::super::virtual_modem::{Hunt, Listing, Target, VirtualModem};
use super::super::{Directory, PortLine};
use super::table::Table;
use super::value::{Number, Time, Value, Wrong, shown};
use super::{Place, Reader, set};

/// What can stand behind a key of the directory.
const FORMS: &str =
    "Write \"port:NAME\", \"modem:NAME\" or a LINE such as \"telnet:HOST:PORT\", or a list of these";

impl Value for Target {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        let text = value.as_str().ok_or_else(|| Wrong::new("leads nowhere", FORMS))?;
        text.parse()
            .map_err(|e: crate::config::LineError| Wrong::new(e.problem, format!("Write {}", e.remedy)))
    }
}

impl Value for Hunt {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        match value.as_str() {
            Some("first") => Ok(Self::First),
            Some("turns") => Ok(Self::Turns),
            _ => Err(Wrong::new("is not a word known here", "Write \"first\" or \"turns\"")),
        }
    }
}

/// The slowest and the fastest of modems, in bits a second.
type Speed = Number<300, 10_000_000>;

/// One target, or several.
struct Targets(Vec<Target>);

impl Value for Targets {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        match value {
            DeValue::Array(all) => all.iter().map(|one| Target::read(one.get_ref())).collect(),
            one => Target::read(one).map(|one| vec![one]),
        }
        .map(Self)
    }
}

impl<'i> Reader<'i> {
    pub(super) fn virtual_modem(&mut self, index: usize, tree: Spanned<DeTable<'i>>) -> VirtualModem {
        self.spans.insert(Place::Modem(index, ""), tree.span());
        let mut table = Table::new(tree, "[[virtual_modem]]", move |key| Place::Modem(index, key));
        let name: String = table.require(self, "name", "Write name = \"modem1\"").unwrap_or_default();
        let line = table
            .require(self, "line", "Write line = \"listen:tcp:127.0.0.1:7002\" or another LINE")
            .unwrap_or_else(|| PortLine::Exchange(String::new()));
        let mut modem = VirtualModem::new(name, line);
        let small = |number: Option<Number<1, 1024>>| number.and_then(|n| u16::try_from(n.0).ok());
        set(&mut modem.calls, small(table.read(self, "calls")));
        set(&mut modem.per_source, small(table.read(self, "per_source")));
        modem.number = table.read(self, "number");
        modem.speed = table.read::<Speed>(self, "speed").map(|speed| speed.0);
        set(&mut modem.dials, table.read::<Number<1, 600>>(self, "dials").map(|dials| dials.0));
        set(&mut modem.idle, table.read::<Time<60, 86_400>>(self, "idle_limit").map(|time| time.0));
        set(&mut modem.free_dial, table.read(self, "free_dial"));
        set(&mut modem.reach, table.list(self, "reach"));
        set(&mut modem.insecure, table.read(self, "insecure"));
        if matches!(modem.line, PortLine::Device(_)) {
            modem.trust = table.read(self, "tls");
        } else {
            modem.tls = table.read(self, "tls");
        }
        set(&mut modem.origins, table.list(self, "origins"));
        modem.frame = self.frame(&mut table);
        table.finish(self);
        modem
    }

    /// `[directory]`: each key a number, each value where it leads, or a table with more about it.
    pub(super) fn directory(&mut self, keys: Vec<(Spanned<String>, Spanned<DeValue<'i>>)>) -> Directory {
        let mut directory = Directory::new();
        for (key, value) in keys {
            let place = Place::Directory(key.get_ref().clone());
            self.spans.insert(place.clone(), key.span());
            match self.listing(key.get_ref(), value) {
                Some(listing) => drop(directory.insert(key.into_inner(), listing)),
                None => drop(self.broken.insert(place)),
            }
        }
        directory
    }

    fn listing(&mut self, key: &str, value: Spanned<DeValue<'i>>) -> Option<Listing> {
        let span = value.span();
        let DeValue::Table(tree) = value.get_ref() else {
            return match Targets::read(value.get_ref()) {
                Ok(Targets(to)) => Some(Listing { to, hunt: Hunt::First, speed: None }),
                Err(wrong) => {
                    let what = format!("{key} = {} {}", shown(value.get_ref()), wrong.what);
                    self.problem(&span, what, wrong.remedy);
                    None
                }
            };
        };
        let of = key.to_owned();
        let before = self.problems.len();
        // its keys have one place: the number
        let place = move |_| Place::Directory(of.clone());
        let mut table = Table::new(Spanned::new(span, tree.clone()), "a number of [directory]", place);
        let to = table.require::<Targets>(self, "to", FORMS);
        let hunt = table.read(self, "hunt").unwrap_or_default();
        let speed = table.read::<Speed>(self, "speed").map(|speed| speed.0);
        table.finish(self);
        let to = to.filter(|_| self.problems.len() == before)?.0;
        Some(Listing { to, hunt, speed })
    }
}
