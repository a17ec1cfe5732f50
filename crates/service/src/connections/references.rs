//! RasDial on a phone-book entry that is connected counts, and RasHangUp counts back: the last one hangs up.

use std::sync::{Arc, PoisonError};

use openras_engine::RasError;

use super::DialRequest;
use super::held::{Client, Held, Now, Table};
use crate::service::Shared;

/// Dials one connection may serve.
const MOST: u32 = 1024;

/// What became of a dial.
pub(crate) enum Dialling {
    /// It has begun.
    Begun(Arc<Held>),
    /// Its entry was connected already.
    Joined(Arc<Held>),
}

impl Table {
    /// Dials, or joins the connection of the same entry of the same user.
    ///
    /// # Errors
    /// 756 while the entry is being dialled, 1816 for a connection that serves too many, and those of a dial.
    pub(crate) fn dial(
        &self,
        shared: &Arc<Shared>,
        request: DialRequest,
        client: Client,
    ) -> Result<Dialling, RasError> {
        if client.phonebook.is_empty() || client.name.is_empty() {
            return self.begin(shared, request, client).map(Dialling::Begun);
        }
        // two dials of one entry at once: one begins, the other finds it
        let _one_at_a_time = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |held: &Arc<Held>| {
            held.uid() == client.uid && held.phonebook == client.phonebook && held.name == client.name
        };
        for held in self.list().into_iter().filter(same) {
            let joined = held.inner.lock().join()?;
            if joined {
                return Ok(Dialling::Joined(held));
            }
        }
        self.begin(shared, request, client).map(Dialling::Begun)
    }
}

impl Now {
    /// Takes a reference; `false` where the connection has ended or is ending, and the entry may be dialled anew.
    fn join(&mut self) -> Result<bool, RasError> {
        if self.over || self.hung_up() {
            return Ok(false);
        }
        if !self.connected {
            return Err(RasError::DIAL_ALREADY_IN_PROGRESS);
        }
        if self.references >= MOST {
            return Err(RasError(1816));
        }
        self.references += 1;
        Ok(true)
    }
}

impl Held {
    /// RasHangUp: gives one reference back. The last ends it politely, one more at once.
    pub(crate) fn release(&self) {
        {
            let mut now = self.inner.lock();
            // what has ended serves nobody any more
            if !now.over && now.references > 1 {
                now.references -= 1;
                return;
            }
            now.references = 0;
        }
        self.hang_up();
    }
}
