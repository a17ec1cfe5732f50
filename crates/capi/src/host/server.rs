//! The server's thread: it calls Begin and End of the module, one at a time, as the server modules were written for
//! did. Nothing of ours is locked meanwhile.

use std::ffi::c_void;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::dialog::{BUFFER, Dialog, Verdict};
use super::exports::{SecurityMessage, complete};
use super::lines::{self, Name};
use crate::guard::Dword;

/// RasSecurityDialogBegin.
pub(super) type Begin = unsafe extern "C" fn(
    *mut c_void,
    *mut u8,
    Dword,
    *mut u8,
    Dword,
    unsafe extern "C" fn(*mut SecurityMessage),
) -> Dword;
/// RasSecurityDialogEnd.
pub(super) type End = unsafe extern "C" fn(*mut c_void) -> Dword;

/// What a module exports.
#[derive(Clone, Copy)]
pub(super) struct Module {
    pub(super) begin: Begin,
    pub(super) end: End,
}

/// What the thread is asked to do.
enum Work {
    Begin(Name, String),
    End(usize),
    /// The service is gone: End for all, then no more.
    Stop,
}

static WORK: OnceLock<Mutex<Sender<Work>>> = OnceLock::new();

fn ask(work: Work) {
    if let Some(to) = WORK.get() {
        // after Stop nobody is there
        let _ = to.lock().unwrap_or_else(PoisonError::into_inner).send(work);
    }
}

/// A call has come.
pub(super) fn begin(name: Name, device: String) {
    ask(Work::Begin(name, device));
}

/// The line of a dialog is gone, or its verdict was taken.
pub(super) fn end(name: &Name) {
    if let Some((port, dialog)) = Dialog::named(name)
        && dialog.disconnect()
    {
        ask(Work::End(port));
    }
}

/// The service has gone away.
pub(super) fn stop() {
    ask(Work::Stop);
}

/// Complete was called by a thread of the module: nothing of the module is called from here.
pub(super) fn completed(port: usize, dialog: &Arc<Dialog>, said: Verdict) {
    if let Some(verdict) = dialog.complete(said) {
        act(port, dialog, &verdict);
    }
}

fn act(port: usize, dialog: &Dialog, verdict: &Verdict) {
    match verdict {
        Verdict::Success(user, domain) => lines::verdict(&dialog.name, true, user, domain),
        Verdict::Failure(user, domain) => lines::verdict(&dialog.name, false, user, domain),
        Verdict::Error(0) => lines::error(&dialog.name, 635, "the module gave no reason"),
        Verdict::Error(code) => lines::error(&dialog.name, *code, "the module says so"),
    }
    if dialog.has_ended() {
        // what End had put off has come
        Dialog::forget(port);
        super::run::dialog_over();
    } else {
        ask(Work::End(port));
    }
}

/// Starts the thread.
pub(super) fn start(module: Module) -> std::io::Result<()> {
    let (to, work) = channel();
    if WORK.set(Mutex::new(to)).is_err() {
        return Ok(());
    }
    std::thread::Builder::new().name("ras-server".into()).spawn(move || serve(module, &work)).map(drop)
}

fn serve(module: Module, work: &Receiver<Work>) {
    for work in work {
        match work {
            Work::Begin(name, device) => call_begin(module, name, device),
            Work::End(port) => call_end(module, port),
            Work::Stop => {
                for (port, dialog) in super::dialog::PORTS.all() {
                    dialog.disconnect();
                    call_end(module, port);
                }
                super::run::stopped();
            }
        }
    }
}

fn call_begin(module: Module, name: Name, device: String) {
    let Some((port, dialog)) = Dialog::begin(name.clone(), device) else {
        return lines::error(&name, 8, "no handle is free");
    };
    let size = Dword::try_from(BUFFER).unwrap_or(Dword::MAX);
    let (send, receive) = (dialog.send.address(), dialog.receive.address());
    // SAFETY: the module exports it under this name, so it has this type; handle and buffers live until Complete, or
    // until End has returned something else than 0.
    let result = unsafe { (module.begin)(port as *mut c_void, send, size, receive, size, complete) };
    if result != 0 {
        Dialog::forget(port);
        lines::error(&name, result, "RasSecurityDialogBegin refused the call");
        return super::run::dialog_over();
    }
    let (verdict, disconnected) = dialog.begun();
    if let Some(verdict) = verdict {
        act(port, &dialog, &verdict);
    } else if disconnected {
        call_end(module, port);
    }
}

fn call_end(module: Module, port: usize) {
    let Ok(dialog) = super::dialog::of(port) else { return };
    if !dialog.takes_end() {
        return;
    }
    // SAFETY: the module exports it under this name, and its Begin has returned 0 for this handle.
    let result = unsafe { (module.end)(port as *mut c_void) };
    if dialog.is_over_after(result) {
        Dialog::forget(port);
        super::run::dialog_over();
    }
}
