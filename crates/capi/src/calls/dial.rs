//! RasDial: begins a dial, or goes on with one that is paused.

use std::ffi::c_void;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use openras_api::client::Events;
use openras_api::types::CallId;
use openras_api::types::connection::{Dialled, Resume};
use openras_api::{Client, Problem};
use openras_engine::{ConnState, RasError};

use super::connection::{self, About, CONNECTIONS, Connection, Found, Own};
use super::notify::{self, Notifier, States};
use super::wish::{self, PAUSED_STATES, Params, Wish};
use super::{follow, reason};
use crate::abi::caller;
use crate::abi::dial::{DialExtensions, DialParams};
use crate::guard::{Dword, INVALID_HANDLE, INVALID_PARAMETER, NO_MEMORY, guard};
use crate::openras;
use crate::runtime;
use crate::text::{Char, from_pointer};

/// ERROR_USER_DISCONNECTION, ERROR_INTERACTIVE_MODE, ERROR_BAD_CALLBACK_NUMBER, ERROR_DIAL_ALREADY_IN_PROGRESS.
pub(super) const HUNG_UP: RasError = RasError(631);
const INTERACTIVE: RasError = RasError(703);
const IN_PROGRESS: RasError = RasError(756);
/// How long the end of a dial may take from the service to here.
const ON_ITS_WAY: Duration = Duration::from_secs(10);

/// RasDial. See [`RasDialW`].
///
/// # Safety
/// Each pointer is NULL or points to what RasDial says; structures say their size in dwSize.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasDialA(
    extensions: *const c_void,
    phonebook: *const u8,
    params: *const c_void,
    notifier_type: Dword,
    notifier: *const c_void,
    handle: *mut usize,
) -> Dword {
    // SAFETY: as the caller promised us.
    guard(|| unsafe {
        dial::<u8>(extensions.cast(), phonebook, params.cast(), notifier_type, notifier, handle)
    })
}

/// RasDial: without a notifier returns when the call is connected (0) or has failed, with one returns at once. A handle
/// that is not NULL resumes the paused dial it names.
///
/// 87 in a notifier and for a window as notifier, 632 for a dwSize nobody knows, 621–625 of the phone book, 756 a handle
/// whose dial is not paused, 6 an unknown one, 711 without a service; a synchronous dial also with what it failed with, and
/// paused with 703 (Interactive), 691 (or the refusal's number), 704 (callback number), 648 (new password).
///
/// # Safety
/// Each pointer is NULL or points to what RasDial says; structures say their size in dwSize.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasDialW(
    extensions: *const c_void,
    phonebook: *const u16,
    params: *const c_void,
    notifier_type: Dword,
    notifier: *const c_void,
    handle: *mut usize,
) -> Dword {
    // SAFETY: as the caller promised us.
    guard(|| unsafe {
        dial::<u16>(extensions.cast(), phonebook, params.cast(), notifier_type, notifier, handle)
    })
}

unsafe fn dial<C: Char>(
    extensions: *const DialExtensions,
    phonebook: *const C,
    params: *const DialParams<C>,
    notifier_type: Dword,
    notifier: *const c_void,
    handle: *mut usize,
) -> Result<(), RasError> {
    if params.is_null() || handle.is_null() {
        return Err(INVALID_PARAMETER);
    }
    if notify::is_inside() {
        reason::set("RasDial was called inside a notifier. Return first, and call it from another place.");
        return Err(INVALID_PARAMETER);
    }
    // SAFETY: not NULL; it says its size, as the caller promised us.
    let params = Params::of(unsafe { caller::read(params) }?);
    let extensions = if extensions.is_null() {
        None
    } else {
        // SAFETY: as above.
        Some(unsafe { caller::read(extensions) }?)
    };
    let notifier = Notifier::of(notifier_type, notifier, params.callback_id)?;
    // SAFETY: NULL or a text with its NUL, as the caller promised us.
    let phonebook = unsafe { from_pointer(phonebook) }.filter(|path| !path.is_empty()).map(PathBuf::from);
    // SAFETY: not NULL, so the caller vouches for it.
    let existing = unsafe { handle.read_unaligned() };
    if existing != 0 {
        return resume(existing, &params, notifier);
    }
    let wish = wish::find(&params, phonebook, extensions.as_ref())?;
    let pauses = extensions.is_some_and(|extensions| extensions.dwfOptions & PAUSED_STATES != 0);
    let begun = begin(wish, notifier, pauses)?;
    // SAFETY: not NULL, so the caller vouches for it. It is written before the notifier can be called.
    unsafe { handle.write_unaligned(begun.handle) };
    let connection = begun.connection.clone();
    begun.go(notifier)?;
    if notifier.is_none() { wait(&connection) } else { Ok(()) }
}

/// A dial that has begun and tells nothing yet, or a connection that is there already.
struct Begun {
    handle: usize,
    connection: Arc<Connection>,
    /// `None`: the entry was connected, and nothing was dialled.
    events: Option<Events>,
}

fn begin(wish: Wish, notifier: Option<Notifier>, pauses: bool) -> Result<Begun, RasError> {
    let Wish { mut dial, about, script } = wish;
    let called = notifier.is_some_and(Notifier::is_function);
    // with pauses it stands still in each, whatever the other end does: a program that dies there leaves no connection
    dial.wait_seen = called || pauses;
    let begun = runtime::wait(async {
        let client = openras_api::start::connect_or_start(None).await?;
        let Dialled { id, notifier, joined } = client.dial(&dial).await?;
        let events = match joined {
            true => None,
            false => Some(client.dial_events(id, &notifier).await?),
        };
        Ok::<_, Problem>((client, id, notifier, events))
    })?;
    let (client, id, creator, events) = begun.map_err(refused)?;
    if events.is_none() {
        return joined(&client, id, about);
    }
    let own = Own { creator, notifier, pauses, script };
    let connection = Connection::new(client, id, about, Some(own));
    if notifier.is_some() && !called {
        openras::open(&connection)?;
    }
    connection.change(|now| now.dials = 1);
    let handle = CONNECTIONS.insert(connection.clone()).ok_or(NO_MEMORY)?;
    Ok(Begun { handle, connection, events })
}

/// The entry was connected before: the handle this process has of it counts one dial more.
fn joined(client: &Client, id: CallId, about: About) -> Result<Begun, RasError> {
    // unknown where it has ended since
    let begun = runtime::wait(client.connection(id))?.ok().map(|listed| listed.begun);
    let found = Found { id, begun, dialled: true };
    let Some((handle, connection)) = connection::find(client, found, || about) else {
        // what cannot be named must not be held
        let _ = runtime::wait(client.release(id))?;
        return Err(NO_MEMORY);
    };
    Ok(Begun { handle, connection, events: None })
}

impl Begun {
    fn go(self, notifier: Option<Notifier>) -> Result<(), RasError> {
        let Self { handle, connection, events } = self;
        let Some(events) = events else {
            return notifier.map_or(Ok(()), |notifier| notify::tell_connected(handle, connection, notifier));
        };
        let wants = notifier.is_some_and(Notifier::is_function);
        let states: Option<States> =
            if wants { Some(notify::start(handle, connection.clone())?) } else { None };
        runtime::handle()?.spawn(follow::follow(connection, events, states));
        Ok(())
    }
}

/// A synchronous dial: until it is connected, has failed, or asks.
fn wait(connection: &Connection) -> Result<(), RasError> {
    if connection.own.is_none() {
        return Ok(());
    }
    let now = connection.wait(None, |now| now.connected || now.paused || now.ended || now.error.is_some());
    if now.connected {
        return Ok(());
    }
    reason::set(now.reason.clone());
    let asked = now.state.filter(|_| now.paused).map(number_of_pause);
    Err(now.error.or(asked).unwrap_or(HUNG_UP))
}

/// What a pause is to a program that has pauses off, or waits in RasDial.
pub(super) fn number_of_pause(state: ConnState) -> RasError {
    match state {
        ConnState::RETRY_AUTHENTICATION => RasError::AUTHENTICATION_FAILURE,
        ConnState::CALLBACK_SET_BY_CALLER => RasError::BAD_CALLBACK_NUMBER,
        ConnState::PASSWORD_EXPIRED => RasError(648),
        _ => INTERACTIVE,
    }
}

fn resume(handle: usize, params: &Params, notifier: Option<Notifier>) -> Result<(), RasError> {
    let connection = connection::of(handle)?;
    let Some(own) = &connection.own else { return Err(IN_PROGRESS) };
    let same = own.notifier.map_or(notifier.is_none(), |own| own.is_same(notifier));
    if !same {
        reason::set("A dial is resumed with the notifier it began with.");
        return Err(INVALID_PARAMETER);
    }
    let state = connection.now().state.unwrap_or(ConnState::OPEN_PORT);
    if state == ConnState::CALLBACK_SET_BY_CALLER && params.callback.trim() == "*" {
        return Err(RasError::BAD_CALLBACK_NUMBER);
    }
    // only one thread gets past this
    let paused = connection.change(|now| {
        let paused = now.paused && !now.hung_up && !now.ended;
        if paused {
            (now.paused, now.error) = (false, None);
        }
        paused
    });
    if !paused {
        return Err(not_paused(&connection));
    }
    go_on(&connection, state, &answer(state, params, &own.creator))?;
    connection.resumed.notify_one();
    if notifier.is_none() { wait(&connection) } else { Ok(()) }
}

fn go_on(connection: &Connection, state: ConnState, answer: &Resume) -> Result<(), RasError> {
    openras::finish_terminal(connection);
    let Err(problem) = runtime::wait(connection.client.resume(connection.id, answer))? else { return Ok(()) };
    if state == ConnState::INTERACTIVE && problem.number() == IN_PROGRESS {
        // the other end left the terminal and began PPP: it goes on already, and is told from here on
        return Ok(());
    }
    if problem.number() == INVALID_HANDLE {
        // it is over there, and its end on the way to us: as if the program had come a moment later
        connection.wait(Some(Instant::now() + ON_ITS_WAY), |now| now.ended);
        return Err(not_paused(connection));
    }
    // what the service did not take leaves the dial where it was
    connection.change(|now| now.paused = now.state == Some(state) && !now.ended);
    Err(refused(problem))
}

/// 756, and as its reason what ended the dial, if it is over.
fn not_paused(connection: &Connection) -> RasError {
    let now = connection.now();
    let over = (now.ended || now.error.is_some()) && !now.reason.is_empty();
    reason::set(if over {
        now.reason
    } else {
        "The dial is not paused: there is nothing for RasDial to go on with.".to_owned()
    });
    IN_PROGRESS
}

/// What the program brings, by the pause it is in.
fn answer(state: ConnState, params: &Params, creator: &str) -> Resume {
    let mut answer = Resume { notifier: creator.to_owned(), ..Resume::default() };
    match state {
        ConnState::CALLBACK_SET_BY_CALLER => answer.callback_number = Some(params.callback.clone()),
        ConnState::PASSWORD_EXPIRED => answer.password = params.own_password().map(Into::into),
        _ => {
            let given = !params.user.is_empty() || !params.password.is_empty();
            if given {
                answer.user = Some(params.user.clone());
                answer.password = params.own_password().map(Into::into);
                answer.domain = Some(params.domain.clone()).filter(|domain| domain != "*");
            }
        }
    }
    answer
}

/// The service's refusal: its number, and its sentences for whoever asks.
pub(crate) fn refused(problem: Problem) -> RasError {
    reason::set(if problem.remedy.is_empty() {
        problem.message.clone()
    } else {
        format!("{} {}", problem.message, problem.remedy)
    });
    problem.number()
}
