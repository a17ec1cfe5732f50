//! RasHangUp.

use std::sync::Arc;

use openras_engine::RasError;

use super::connection::{self, CONNECTIONS, Connection};
use super::dial::refused;
use crate::guard::{Dword, INVALID_HANDLE, guard};
use crate::runtime;

/// RasHangUp. See [`RasHangUpW`].
#[unsafe(no_mangle)]
pub extern "C" fn RasHangUpA(handle: usize) -> Dword {
    guard(|| hang_up(handle))
}

/// RasHangUp: ends a connection or dial, wherever it is, and from inside a notifier too. 0 means that it is on its way: the
/// handle answers until all is closed, and is 6 from then on. 6 an unknown handle.
#[unsafe(no_mangle)]
pub extern "C" fn RasHangUpW(handle: usize) -> Dword {
    guard(|| hang_up(handle))
}

fn hang_up(handle: usize) -> Result<(), RasError> {
    let connection = connection::of(handle)?;
    if connection.own.is_none() {
        return hang_up_found(handle, &connection);
    }
    // a second one has nothing left to do, and the handle is not the caller's any more
    if connection.change(|now| std::mem::replace(&mut now.hung_up, true)) {
        return Err(INVALID_HANDLE);
    }
    if !connection.now().ended
        && let Err(problem) = runtime::wait(connection.client.hangup(connection.id))?
        && problem.number() != INVALID_HANDLE
    {
        // without the service there is no call either
        connection.change(|now| now.ended |= problem.error == 711);
    }
    connection.forget_if_over();
    Ok(())
}

/// A connection that another program dialled.
fn hang_up_found(handle: usize, connection: &Arc<Connection>) -> Result<(), RasError> {
    match runtime::wait(connection.client.hangup(connection.id))? {
        Ok(()) => Ok(()),
        Err(problem) => {
            if problem.number() == INVALID_HANDLE {
                CONNECTIONS.remove(handle);
            }
            Err(refused(problem))
        }
    }
}
