//! The calls: those that run, and the last that ended; what each told, and what all tell to whoever listens.

mod reader;
mod ring;
mod story;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use openras_api::types::call::CallDirection;
use openras_api::types::event::Told;
use openras_io::driver::Gauge;
use tokio::sync::broadcast;

pub(crate) use reader::Reader;
pub(crate) use ring::packet;
pub(crate) use story::{Story, nat_statistics};

/// Events kept for a listener that is behind; a slower one loses the oldest, and no call waits for it.
const HEARD: usize = 4096;
/// Ended calls whose story can still be read.
const ENDED: usize = 256;

/// All calls of the service. Clones are the same.
#[derive(Clone)]
pub(crate) struct Calls {
    shared: Arc<Shared>,
}

/// What the calls share with their stories.
struct Shared {
    table: Mutex<Table>,
    next: AtomicU64,
    heard: broadcast::Sender<Arc<Heard>>,
    /// Listeners who want control packets too: making their text costs more than all other events.
    packets_wanted: AtomicUsize,
}

#[derive(Default)]
struct Table {
    running: BTreeMap<u64, Arc<Story>>,
    ended: VecDeque<Arc<Story>>,
    /// The last caller there was no room for: a flood of them keeps no more.
    turned: Option<Turned>,
    /// How many of these each user has.
    ended_of: BTreeMap<Option<u32>, usize>,
}

impl Table {
    /// Keeps an ended call; gives the one that is forgotten for it: the oldest of whoever has most, so that nobody's
    /// stories are lost by what another does.
    fn keep(&mut self, story: Arc<Story>) -> Option<Arc<Story>> {
        *self.ended_of.entry(story.uid()).or_default() += 1;
        self.ended.push_back(story);
        if self.ended.len() <= ENDED {
            return None;
        }
        let (&most, _) = self.ended_of.iter().max_by_key(|(_, count)| **count)?;
        let oldest = self.ended.iter().position(|story| story.uid() == most)?;
        if let Some(count) = self.ended_of.get_mut(&most) {
            *count -= 1;
        }
        self.ended_of.retain(|_, count| *count > 0);
        self.ended.remove(oldest)
    }
}

/// An event as all listeners get it.
#[derive(Debug)]
pub struct Heard {
    /// What was told.
    pub told: Told,
    /// User id of the program that dialled the call; `None` for an answered one.
    pub uid: Option<u32>,
}

/// What is known of a call when it begins.
pub(crate) struct About {
    /// Who began it.
    pub(crate) direction: CallDirection,
    /// The port that answers, as `line1/3`.
    pub(crate) port: Option<String>,
    /// Its line.
    pub(crate) line: String,
    /// Where an answered call comes from.
    pub(crate) source: Option<String>,
    /// Calling number, or number dialled.
    pub(crate) number: Option<String>,
    /// User id of the program that dialled.
    pub(crate) uid: Option<u32>,
    /// The user's name, proved or not.
    pub(crate) name: Option<String>,
    /// The counters of its driver.
    pub(crate) gauge: Arc<Gauge>,
    /// Hangs up; may be called at any time and more than once.
    pub(crate) end: Box<dyn Fn() + Send + Sync>,
}

/// A caller there was no room for.
#[derive(Clone, Debug)]
pub(crate) struct Turned {
    /// The port, by its name.
    pub(crate) port: String,
    /// Where the last of them came from, escaped; may be empty.
    pub(crate) source: String,
    /// The setting that decided.
    pub(crate) why: String,
    /// When the last of them came, in seconds since 1970.
    pub(crate) at: u64,
    /// How many came one after another for this reason.
    pub(crate) times: u64,
}

/// As long as it lives, listeners get control packets too.
pub(crate) struct PacketsWanted(Arc<Shared>);

impl Calls {
    /// No calls yet.
    pub(crate) fn new() -> Self {
        Self {
            shared: Arc::new(Shared {
                table: Mutex::default(),
                next: AtomicU64::new(0),
                heard: broadcast::channel(HEARD).0,
                packets_wanted: AtomicUsize::new(0),
            }),
        }
    }

    /// The number of a call that is to begin.
    pub(crate) fn number(&self) -> u64 {
        self.shared.next.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// A call begins; it runs until [`Story::ended`].
    pub(crate) fn begin(&self, about: About) -> Arc<Story> {
        self.begin_as(self.number(), about)
    }

    /// A call begins that has its [number](Self::number) already.
    pub(crate) fn begin_as(&self, id: u64, about: About) -> Arc<Story> {
        let story = Arc::new(Story::new(id, about, Arc::downgrade(&self.shared)));
        self.shared.table().running.insert(id, story.clone());
        story
    }

    /// A call that runs, or one of the last that ended.
    pub(crate) fn get(&self, id: u64) -> Option<Arc<Story>> {
        let table = self.shared.table();
        let ended = || table.ended.iter().rev().find(|story| story.id() == id);
        table.running.get(&id).or_else(ended).cloned()
    }

    /// Every call that can be read: the ended ones in the order they ended, then those that run by number.
    pub(crate) fn list(&self) -> Vec<Arc<Story>> {
        let table = self.shared.table();
        table.ended.iter().chain(table.running.values()).cloned().collect()
    }

    /// Notes a caller there was no room for.
    pub(crate) fn turn_away(&self, port: &str, source: &str, why: &str) {
        let mut table = self.shared.table();
        let before = table.turned.take().filter(|turned| turned.port == port && turned.why == why);
        let times = before.map_or(0, |turned| turned.times).saturating_add(1);
        let (port, source, why) = (port.to_owned(), openras_engine::escape::line(source), why.to_owned());
        table.turned = Some(Turned { port, source, why, at: crate::host::unix_seconds(), times });
    }

    /// The last caller there was no room for.
    pub(crate) fn turned_away(&self) -> Option<Turned> {
        self.shared.table().turned.clone()
    }

    /// How many run.
    pub(crate) fn running(&self) -> usize {
        self.shared.table().running.len()
    }

    /// All events of all calls from now on, control packets only while somebody holds [`Self::want_packets`]. A slow
    /// receiver loses the oldest.
    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Arc<Heard>> {
        self.shared.heard.subscribe()
    }

    /// Has control packets told to all listeners until it is dropped.
    pub(crate) fn want_packets(&self) -> PacketsWanted {
        self.shared.packets_wanted.fetch_add(1, Ordering::Relaxed);
        PacketsWanted(self.shared.clone())
    }
}

impl Shared {
    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The call is over: its story stays until enough others have ended.
    fn over(&self, id: u64) {
        let dropped = {
            let mut table = self.table();
            let Some(story) = table.running.remove(&id) else { return };
            table.keep(story)
        };
        drop(dropped);
    }
}

impl Drop for PacketsWanted {
    fn drop(&mut self) {
        self.0.packets_wanted.fetch_sub(1, Ordering::Relaxed);
    }
}
