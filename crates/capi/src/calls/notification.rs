//! RasConnectionNotification: events of the program that are signalled when connections come and go.

use std::sync::Arc;

use openras_api::client::Events;
use openras_api::types::event::{Event as Told, State};
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
    let event = event::hold(event)?;
    let one = if handle == EVERY { None } else { Some(connection::of(handle)?) };
    let events = runtime::wait(async {
        match &one {
            Some(one) => one.client.connection_events(one.id, None, u64::MAX, false).await,
            None => openras_api::start::connect_or_start(None).await?.events(false).await,
        }
    })?;
    let events = events.map_err(refused)?;
    runtime::handle()?.spawn(watch(events, event, flags));
    Ok(())
}

async fn watch(mut events: Events, event: Arc<Event>, flags: Dword) {
    while let Some(Ok(told)) = events.next().await {
        let what = match told.event {
            Told::State(State { state, error: None, .. }) if state == ConnState::CONNECTED.0 => CONNECTION,
            Told::Ended(ended) if ended.connected => DISCONNECTION,
            _ => continue,
        };
        if flags & what != 0 {
            event.signal();
        }
    }
}
