//! What a dialled text leads to (defence rule 3): a key of the directory, or nowhere. With `free_dial` also a host that
//! `reach` opens.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use openras_io::Line;
use openras_io::line::TcpDial;
use openras_nat::Reach;
use tokio::time::Instant;
use tracing::info;

use crate::config::{DialLine, HostPort, Hunt, Listing, Target, VirtualModem};
use crate::limits::place;
use crate::service::Shared;

/// Sources whose dials are remembered; with more of them those that have rested longest are forgotten.
const SOURCES: usize = 4096;
/// In which time `dials` are counted.
const MINUTE: Duration = Duration::from_secs(60);

/// Why a dial was not carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Refused {
    /// No key of the directory.
    Unknown,
    /// More dials than `dials` allows a minute.
    TooMany,
}

impl Refused {
    fn word(self) -> &'static str {
        match self {
            Self::Unknown => "directory",
            Self::TooMany => "dials",
        }
    }
}

/// One thing to try.
pub(super) enum Step {
    /// This number of the exchange, on the modem's own phone.
    Phone(String),
    /// A port of ours, which is handed a call.
    Port(String),
    /// A line that is dialled.
    Line(Box<dyn Line>),
}

/// What is to be tried, in order.
#[derive(Default)]
pub(super) struct Plan {
    pub(super) steps: std::collections::VecDeque<Step>,
    /// Bits a second of a call that comes of it; `None` is the modem's.
    pub(super) speed: Option<u32>,
}

/// What is remembered between dials.
#[derive(Default)]
pub(crate) struct Book {
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    /// Which target of a key was tried first the last time.
    turns: HashMap<String, usize>,
    /// What each source may still dial, and when that was so.
    sources: HashMap<String, (f64, Instant)>,
    refused: BTreeMap<Refused, u64>,
}

impl Book {
    /// What to try for a dialled text.
    ///
    /// # Errors
    /// Why nothing is tried; it is counted.
    pub(super) fn plan(
        &self,
        shared: &Arc<Shared>,
        modem: &VirtualModem,
        source: &str,
        text: &str,
    ) -> Result<Plan, Refused> {
        let plan = self.allow(source, modem.dials).and_then(|()| self.look_up(shared, modem, text));
        plan.inspect_err(|why| {
            *self.table().refused.entry(*why).or_default() += 1;
            let dialled = openras_engine::escape::short(text, 80);
            info!(modem = modem.name, source, dialled, "NO CARRIER: {}", why.word());
        })
    }

    fn allow(&self, source: &str, dials: u32) -> Result<(), Refused> {
        let mut table = self.table();
        let now = Instant::now();
        let rate = f64::from(dials) / MINUTE.as_secs_f64();
        if table.sources.len() >= SOURCES {
            // who could dial as often as anybody need not be remembered
            table.sources.retain(|_, (_, at)| now.saturating_duration_since(*at) < MINUTE);
        }
        if table.sources.len() >= SOURCES {
            return Err(Refused::TooMany);
        }
        let entry = table.sources.entry(place(source).into_owned()).or_insert((f64::from(dials), now));
        let rested = now.saturating_duration_since(entry.1).as_secs_f64();
        *entry = ((entry.0 + rested * rate).min(f64::from(dials)), now);
        if entry.0 < 1.0 {
            return Err(Refused::TooMany);
        }
        entry.0 -= 1.0;
        Ok(())
    }

    fn look_up(&self, shared: &Arc<Shared>, modem: &VirtualModem, text: &str) -> Result<Plan, Refused> {
        let current = shared.current();
        if let Some(listing) = current.config.directory.get(text) {
            let steps = self.in_turn(text, listing).into_iter().filter_map(|target| step(shared, target));
            return Ok(Plan { steps: steps.collect(), speed: listing.speed });
        }
        let at = modem.free_dial.then(|| format!("tcp:{text}").parse::<DialLine>().ok()).flatten();
        let Some(DialLine::Tcp(at)) = at else { return Err(Refused::Unknown) };
        Ok(Plan { steps: [Step::Line(free(shared, modem, &at))].into(), speed: None })
    }

    /// The targets in the order of this call.
    fn in_turn<'l>(&self, key: &str, listing: &'l Listing) -> Vec<&'l Target> {
        let count = listing.to.len().max(1);
        let first = match listing.hunt {
            Hunt::First => 0,
            Hunt::Turns => {
                let mut table = self.table();
                let last = table.turns.entry(key.to_owned()).or_insert(count - 1);
                *last = (*last + 1) % count;
                *last
            }
        };
        listing.to.iter().cycle().skip(first).take(listing.to.len()).collect()
    }

    pub(super) fn refused(&self) -> Vec<(&'static str, u64)> {
        self.table().refused.iter().map(|(why, count)| (why.word(), *count)).collect()
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `None` for one that cannot be tried at all; the log says why.
fn step(shared: &Arc<Shared>, target: &Target) -> Option<Step> {
    let config = &shared.current().config;
    Some(match target {
        Target::Port(name) => {
            match config.ports.iter().find(|port| port.name == *name).map(|port| &port.line) {
                Some(crate::config::PortLine::Exchange(number)) => Step::Phone(number.clone()),
                _ => Step::Port(name.clone()),
            }
        }
        Target::Modem(name) => {
            let modem = config.virtual_modems.iter().find(|modem| modem.name == *name);
            Step::Phone(modem?.number.clone()?)
        }
        Target::Line(DialLine::Exchange(number)) => Step::Phone(number.clone()),
        Target::Line(line) => Step::Line(crate::connections::line_to(shared, line).ok()?),
    })
}

/// A host somebody typed: each address it has must be one that `reach` opens.
fn free(shared: &Arc<Shared>, modem: &VirtualModem, at: &HostPort) -> Box<dyn Line> {
    // words that have been checked read back; none open nothing
    let reach = Reach::parse(&modem.reach).or_else(|_| Reach::parse::<&str>([]));
    let host = shared.virtual_modems.host(shared);
    let may = move |to: std::net::SocketAddr| match &reach {
        Ok(reach) => {
            let reach = reach.clone().with_host(host.addresses().iter().copied());
            reach.allows(to.ip(), Some(to.port())).map_err(|why| why.to_string())
        }
        Err(_) => Err("`reach` cannot be read".into()),
    };
    Box::new(TcpDial::free(at.to_string(), Arc::new(may)))
}
