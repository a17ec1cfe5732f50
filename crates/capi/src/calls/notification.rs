//! RasConnectionNotification: events of the program that are signalled when connections come and go.

use std::collections::BTreeSet;
use std::sync::Weak;
use std::time::Duration;

use openras_api::client::Events;
use openras_api::types::CallId;
use openras_api::types::event::{Event as Told, State};
use openras_api::{Client, Problem};
use openras_engine::{ConnState, RasError};

use super::connection;
use super::dial::refused;
use crate::guard::{Dword, INVALID_PARAMETER, guard};
use crate::runtime;
use crate::win32::event::{self, Event};

/// RASCN_Connection, RASCN_Disconnection; the other flags are of links and tunnels, of which nothing comes and goes here.
const CONNECTION: Dword = 0x1;
const DISCONNECTION: Dword = 0x2;
const ALL: Dword = 0x7F;
/// INVALID_HANDLE_VALUE: every connection of this user.
const EVERY: usize = usize::MAX;
/// How often another service is looked for when one went away.
const AGAIN: Duration = Duration::from_millis(500);

/// RasConnectionNotification. See [`RasConnectionNotificationW`].
#[unsafe(no_mangle)]
pub extern "C" fn RasConnectionNotificationA(handle: usize, event: usize, flags: Dword) -> Dword {
    guard(|| notify(handle, event, flags))
}

/// RasConnectionNotification: signals an event of CreateEvent when the connection (or, with INVALID_HANDLE_VALUE, any of
/// this user's) connects or ends, for as long as the program runs. 6 for a handle that is none, 87 for flags that are none.
#[unsafe(no_mangle)]
pub extern "C" fn RasConnectionNotificationW(handle: usize, event: usize, flags: Dword) -> Dword {
    guard(|| notify(handle, event, flags))
}

fn notify(handle: usize, event: usize, flags: Dword) -> Result<(), RasError> {
    if flags == 0 || flags & !ALL != 0 {
        return Err(INVALID_PARAMETER);
    }
    let event = std::sync::Arc::downgrade(&event::hold(event)?);
    let one = if handle == EVERY { None } else { Some(connection::of(handle)?) };
    let mut watch =
        Watch { event, flags, only: one.as_ref().map(|one| one.id), up: BTreeSet::new(), over: false };
    let begun = runtime::wait(async {
        let client = match &one {
            Some(one) => one.client.clone(),
            None => openras_api::start::connect_or_start(None).await?,
        };
        let events = watch.begin(&client).await?;
        Ok::<_, Problem>((client, events))
    })?;
    let (client, events) = begun.map_err(refused)?;
    if watch.over {
        // who asks too late hears of it all the same
        watch.signal(DISCONNECTION);
        return Ok(());
    }
    runtime::handle()?.spawn(watch.run(client, events));
    Ok(())
}

/// One call of RasConnectionNotification. It ends with the program's event, or with the one connection it is about.
struct Watch {
    /// Not held: a handle that the program closed, and nobody waits for, is told nothing.
    event: Weak<Event>,
    flags: Dword,
    only: Option<CallId>,
    /// This user's connections that are connected.
    up: BTreeSet<CallId>,
    /// The one connection has ended.
    over: bool,
}

impl Watch {
    /// Listens, and only then looks at what there is, so that nothing falls in between.
    async fn begin(&mut self, client: &Client) -> Result<Events, Problem> {
        let events = client.events(false).await?;
        let there = client.connections().await?;
        self.over = self.only.is_some_and(|only| !there.iter().any(|one| one.id == only));
        let uid = own_uid();
        let is_up = |state: &State| state.conn_state() == ConnState::CONNECTED && state.error.is_none();
        let up = there.iter().filter(|one| one.uid == uid && is_up(&one.state)).map(|one| one.id);
        self.up = up.filter(|id| self.only.is_none_or(|only| only == *id)).collect();
        Ok(events)
    }

    async fn run(mut self, mut client: Client, mut events: Events) {
        loop {
            while let Some(Ok(told)) = events.next().await {
                if !self.told(&client, told.call, &told.event).await {
                    return;
                }
            }
            // the service is gone, and every connection with it
            if !self.up.is_empty() && !self.signal(DISCONNECTION) || self.only.is_some() {
                return;
            }
            self.up.clear();
            (client, events) = match self.again().await {
                Some(found) => found,
                None => return,
            };
        }
    }

    /// Waits for another service: a private one comes with the next dial. `None` when nobody waits for it any more.
    async fn again(&mut self) -> Option<(Client, Events)> {
        while self.event.strong_count() > 0 {
            if let Ok(client) = openras_api::start::connect(None).await
                && let Ok(events) = self.begin(&client).await
            {
                if !self.up.is_empty() {
                    self.signal(CONNECTION);
                }
                return Some((client, events));
            }
            tokio::time::sleep(AGAIN).await;
        }
        None
    }

    /// `false` when there is nothing more to tell.
    async fn told(&mut self, client: &Client, call: CallId, event: &Told) -> bool {
        if self.only.is_some_and(|only| only != call) {
            return true;
        }
        match event {
            Told::State(State { state, error: None, .. }) if *state == ConnState::CONNECTED.0 => {
                // an administrator hears of everybody's; the call's story is there also when the connection has gone
                // before this question came
                let found = client.call(call).await;
                let ours = found.is_ok_and(|found| found.call.uid == Some(own_uid()));
                !(ours && self.up.insert(call)) || self.signal(CONNECTION)
            }
            Told::Ended(_) => {
                let signalled = !self.up.remove(&call) || self.signal(DISCONNECTION);
                signalled && self.only.is_none()
            }
            _ => true,
        }
    }

    /// `false` when the program has closed its event.
    fn signal(&self, what: Dword) -> bool {
        let Some(event) = self.event.upgrade() else { return false };
        if self.flags & what != 0 {
            event.signal();
        }
        true
    }
}

fn own_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}
