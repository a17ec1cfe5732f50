//! Handles: a slot and how often it was used, never a pointer. A handle that is over stays unknown for a long time, so
//! that a stale one never means somebody else's connection.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Values of `Arc<T>` by handle. Handles are multiples of 4, as those of Windows, and never 0 or -1.
#[derive(Debug)]
pub(crate) struct Handles<T>(Mutex<Table<T>>);

#[derive(Debug)]
struct Table<T> {
    next: u32,
    values: BTreeMap<u32, Arc<T>>,
}

impl<T> Handles<T> {
    /// `tag` keeps kinds of handles apart: its value is in the highest four bits of 31.
    pub(crate) const fn new(tag: u32) -> Self {
        Self(Mutex::new(Table { next: (tag & 0x7) << 28 | 4, values: BTreeMap::new() }))
    }

    /// Keeps a value; `None` when all handles are in use.
    pub(crate) fn insert(&self, value: Arc<T>) -> Option<usize> {
        let mut table = self.table();
        let tag = table.next & 0x7000_0000;
        for _ in 0..=table.values.len() {
            let handle = table.next;
            // the counter goes round after 67 million handles
            table.next = tag | (handle.wrapping_add(4) & 0x0FFF_FFFC).max(4);
            if let std::collections::btree_map::Entry::Vacant(free) = table.values.entry(handle) {
                free.insert(value);
                return usize::try_from(handle).ok();
            }
        }
        None
    }

    /// The value of a handle.
    pub(crate) fn get(&self, handle: usize) -> Option<Arc<T>> {
        self.table().values.get(&u32::try_from(handle).ok()?).cloned()
    }

    /// Forgets a handle.
    pub(crate) fn remove(&self, handle: usize) -> Option<Arc<T>> {
        self.table().values.remove(&u32::try_from(handle).ok()?)
    }

    /// All, with their handles.
    pub(crate) fn all(&self) -> Vec<(usize, Arc<T>)> {
        let table = self.table();
        table.values.iter().map(|(handle, value)| (*handle as usize, value.clone())).collect()
    }

    fn table(&self) -> MutexGuard<'_, Table<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_that_is_over_is_not_used_again_soon_and_is_never_another_kinds() {
        let (one, two) = (Handles::new(1), Handles::<u8>::new(2));
        let first = one.insert(Arc::new(1)).unwrap();
        assert_eq!(one.get(first).as_deref(), Some(&1));
        assert!(two.get(first).is_none() && first % 4 == 0);
        one.remove(first);
        for n in 0..1000_u32 {
            assert_ne!(one.insert(Arc::new(n)), Some(first));
        }
        assert!(one.get(first).is_none() && one.get(0).is_none() && one.get(usize::MAX).is_none());
        assert_eq!(one.all().len(), 1000);
    }
}
