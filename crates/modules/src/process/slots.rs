//! Users that belong to nobody, one for each process of a module.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use crate::jail::Identity;

/// Those in use, by any registry of this process: while a service reloads there are two.
static TAKEN: Mutex<(BTreeSet<u32>, u32)> = Mutex::new((BTreeSet::new(), 0));

/// A user and group for one process. Free again when dropped.
#[derive(Debug)]
pub(super) struct Slot {
    uid: u32,
    sweeper: u32,
}

impl Slot {
    /// The next free one of the first half of `range`. One that was just given back comes last, as what it ran may
    /// still be ending.
    pub(super) fn take(range: &Range<u32>) -> Option<Self> {
        let half = range.len() / 2;
        let half = u32::try_from(half).ok().filter(|half| *half > 0)?;
        let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
        let (used, last) = &mut *taken;
        // another service on this host begins elsewhere, most likely
        let first = last.wrapping_add(1).wrapping_add(std::process::id().wrapping_mul(61));
        let free = |step: &u32| !used.contains(&(range.start + first.wrapping_add(*step) % half));
        let step = (0..half).find(free)?;
        let uid = range.start + first.wrapping_add(step) % half;
        *last = last.wrapping_add(1 + step);
        used.insert(uid);
        Some(Self { uid, sweeper: uid + half })
    }

    pub(super) fn identity(&self) -> Identity {
        Identity { uid: self.uid, gid: self.uid, sweeper: Some(self.sweeper) }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        TAKEN.lock().unwrap_or_else(PoisonError::into_inner).0.remove(&self.uid);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_given_once_and_the_sweepers_are_others() {
        let range = 4_000_000..4_000_008;
        let slots: Vec<_> = (0..4).filter_map(|_| Slot::take(&range)).collect();
        let uids: BTreeSet<u32> = slots.iter().map(|slot| slot.uid).collect();
        let sweepers: BTreeSet<u32> = slots.iter().map(|slot| slot.sweeper).collect();
        assert_eq!((uids.len(), sweepers.len()), (4, 4));
        assert!(uids.is_disjoint(&sweepers) && uids.union(&sweepers).all(|uid| range.contains(uid)));
        assert!(Slot::take(&range).is_none() && Slot::take(&(0..1)).is_none());
        drop(slots);
        assert!(Slot::take(&range).is_some());
    }
}
