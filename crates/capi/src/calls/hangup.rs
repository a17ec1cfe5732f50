//! RasHangUp.

use std::sync::Arc;

use openras_api::Problem;
use openras_engine::RasError;

use super::connection::{self, CONNECTIONS, Connection};
use super::dial::refused;
use crate::guard::{CANNOT_INITIALIZE, Dword, INVALID_HANDLE, guard};
use crate::runtime;

/// RasHangUp. See [`RasHangUpW`].
#[unsafe(no_mangle)]
pub extern "C" fn RasHangUpA(handle: usize) -> Dword {
    guard(|| hang_up(handle))
}

/// RasHangUp: gives back one RasDial, and with the last ends the connection or dial, wherever it is, and from inside a
/// notifier too. 0 means that it is on its way: the handle answers until all is closed, and is 6 from then on. 6 an unknown
/// handle, or one that was hung up.
#[unsafe(no_mangle)]
pub extern "C" fn RasHangUpW(handle: usize) -> Dword {
    guard(|| hang_up(handle))
}

/// What a hang-up left behind.
enum Left {
    /// The service closes the line.
    Closing,
    /// Other dials of the entry keep it.
    InUse,
    /// The service had nothing of it any more.
    Nothing,
}

fn hang_up(handle: usize) -> Result<(), RasError> {
    let connection = connection::of(handle)?;
    // a second one has nothing left to do, and the handle is not the caller's any more
    let dials = connection.change(|now| {
        let dials = (!now.hung_up).then_some(now.dials);
        now.dials = now.dials.saturating_sub(1);
        now.hung_up |= now.dials == 0;
        dials
    });
    let dials = dials.ok_or(INVALID_HANDLE)?;
    match runtime::wait(release(&connection))? {
        _ if dials > 1 => Ok(()),
        Ok(Left::Closing) => {
            connection.forget_if_over();
            Ok(())
        }
        Ok(Left::InUse) => {
            CONNECTIONS.remove(handle);
            Ok(())
        }
        Ok(Left::Nothing) => {
            if connection.own.is_some() {
                connection.forget_if_over();
            } else {
                CONNECTIONS.remove(handle);
            }
            // who only found it in a list has nothing to give back
            if dials == 0 { Err(INVALID_HANDLE) } else { Ok(()) }
        }
        Err(problem) => failed(handle, &connection, problem),
    }
}

async fn release(connection: &Connection) -> Result<Left, Problem> {
    // not without a look: a service that was started anew may have another connection of this number
    let released = match connection.listed().await {
        Ok(_) => connection.client.release(connection.id).await,
        Err(problem) => Err(problem),
    };
    match released {
        Err(problem) if problem.number() == INVALID_HANDLE => return Ok(Left::Nothing),
        released => released?,
    }
    match connection.listed().await {
        Ok(left) if left.references > 0 => Ok(Left::InUse),
        // it ends, or has ended
        _ => Ok(Left::Closing),
    }
}

/// The service did not do it. Without the service there is no call either; whoever dialled it is rid of it, for nobody
/// could close it otherwise.
fn failed(handle: usize, connection: &Arc<Connection>, problem: Problem) -> Result<(), RasError> {
    let gone = problem.number() == CANNOT_INITIALIZE;
    if connection.own.is_some() {
        connection.change(|now| now.ended |= gone);
        connection.forget_if_over();
        return Ok(());
    }
    if gone {
        CONNECTIONS.remove(handle);
    } else {
        // it stays what it was
        connection.change(|now| now.hung_up = false);
    }
    Err(refused(problem))
}
