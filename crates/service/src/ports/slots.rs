//! The numbers of a port's calls, `line1/1` … `line1/16`, and what each is busy with.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use openras_engine::server::port::Command;
use openras_io::driver::Gauge;
use tokio::sync::{Notify, mpsc};

use crate::calls::Story;
use crate::host::unix_seconds;
use crate::ruling::Rules;

/// What a slot is busy with: a line that waits for a call, or the call.
pub(crate) struct Busy {
    pub(crate) gauge: Arc<Gauge>,
    commands: mpsc::Sender<Box<Command>>,
    /// Where the call may go.
    pub(crate) rules: Rules,
    /// Once there is a call, and since when, in seconds since 1970.
    call: OnceLock<(Arc<Story>, u64)>,
}

impl Busy {
    pub(crate) fn new(gauge: Arc<Gauge>, commands: mpsc::Sender<Box<Command>>) -> Self {
        Self { gauge, commands, rules: Rules::default(), call: OnceLock::new() }
    }

    /// A call has come.
    pub(crate) fn rang(&self, story: Arc<Story>) {
        // a line has one call
        let _ = self.call.set((story, unix_seconds()));
    }

    /// The call.
    pub(crate) fn story(&self) -> Option<Arc<Story>> {
        self.call.get().map(|(story, _)| story.clone())
    }

    /// When the call was answered, in seconds since 1970.
    pub(crate) fn since(&self) -> Option<u64> {
        self.call.get().map(|(_, since)| *since)
    }

    /// Ends the call, now or as soon as its queue has room.
    pub(crate) fn disconnect(&self) {
        if let Err(mpsc::error::TrySendError::Full(command)) =
            self.commands.try_send(Box::new(Command::Disconnect))
        {
            let commands = self.commands.clone();
            tokio::spawn(async move { commands.send(command).await });
        }
    }
}

/// The slots of one port.
pub(super) struct Slots {
    table: Mutex<Table>,
    freed: Notify,
}

struct Table {
    /// Calls at the same time.
    most: u16,
    free: BTreeSet<u16>,
    busy: BTreeMap<u16, Option<Arc<Busy>>>,
}

impl Slots {
    pub(super) fn new(calls: u16) -> Arc<Self> {
        let table = Table { most: calls, free: (1..=calls).collect(), busy: BTreeMap::new() };
        Arc::new(Self { table: Mutex::new(table), freed: Notify::new() })
    }

    /// The lowest number that is free, kept until dropped.
    pub(super) fn take(self: &Arc<Self>) -> Option<Slot> {
        let mut table = self.table();
        let number = table.free.pop_first()?;
        table.busy.insert(number, None);
        Some(Slot { number, of: self.clone() })
    }

    /// As [`Self::take`], as soon as there is one.
    pub(super) async fn wait(self: &Arc<Self>) -> Slot {
        loop {
            let freed = self.freed.notified();
            match self.take() {
                Some(slot) => {
                    // one that was freed just now may have told nobody else
                    self.freed.notify_one();
                    return slot;
                }
                None => freed.await,
            }
        }
    }

    /// Another number of calls; those that are too many go on to their end.
    pub(super) fn resize(&self, calls: u16) {
        {
            let mut table = self.table();
            table.most = calls;
            table.free = (1..=calls).filter(|number| !table.busy.contains_key(number)).collect();
        }
        self.freed.notify_waiters();
    }

    /// Whether there is such a number.
    pub(super) fn has(&self, number: u16) -> bool {
        let table = self.table();
        (1..=table.most).contains(&number) || table.busy.contains_key(&number)
    }

    /// What a slot is busy with.
    pub(super) fn busy(&self, number: u16) -> Option<Arc<Busy>> {
        self.table().busy.get(&number).cloned().flatten()
    }

    /// Every number with what it is busy with.
    pub(super) fn all(&self) -> Vec<(u16, Option<Arc<Busy>>)> {
        let table = self.table();
        let beyond = table.busy.range(table.most.saturating_add(1)..).map(|(number, _)| *number);
        let numbers: Vec<u16> = (1..=table.most).chain(beyond).collect();
        numbers.into_iter().map(|n| (n, table.busy.get(&n).cloned().flatten())).collect()
    }

    /// Whether no slot is in use.
    pub(super) fn is_idle(&self) -> bool {
        self.table().busy.is_empty()
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One call's number, free again when dropped.
pub(crate) struct Slot {
    pub(super) number: u16,
    of: Arc<Slots>,
}

impl Slot {
    /// Shows what the slot is busy with.
    pub(super) fn set(&self, busy: Arc<Busy>) {
        self.of.table().busy.insert(self.number, Some(busy));
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        {
            let mut table = self.of.table();
            table.busy.remove(&self.number);
            if self.number <= table.most {
                table.free.insert(self.number);
            }
        }
        self.of.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_given_out_from_the_lowest_and_fewer_of_them_wait_for_their_calls_to_end() {
        let slots = Slots::new(3);
        let taken: Vec<Slot> = (0..3).map(|_| slots.take().unwrap()).collect();
        assert_eq!(taken.iter().map(|slot| slot.number).collect::<Vec<_>>(), [1, 2, 3]);
        assert!(slots.take().is_none());
        slots.resize(1);
        assert_eq!(slots.all().len(), 3, "calls that run are still shown");
        let [first, _second, third] = <[Slot; 3]>::try_from(taken).ok().unwrap();
        drop(third);
        assert!(slots.take().is_none() && !slots.has(3));
        drop(first);
        let first = slots.take().unwrap();
        assert_eq!(first.number, 1);
        slots.resize(2);
        assert!(slots.take().is_none(), "2 is still in use");
        drop(_second);
        assert_eq!(slots.take().unwrap().number, 2);
    }
}
