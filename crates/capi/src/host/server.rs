//! The server's thread: it calls Begin and End of the module, one at a time, as the server modules were written for
//! did. Nothing of ours is locked meanwhile.

use std::ffi::c_void;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use super::dialog::{Dialog, PORTS, Verdict};
use super::exports::{SecurityMessage, complete};
use super::lines::{self, Name};
use super::run;
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
    /// A call: its dialog, or `None` where no memory or no handle was left for it.
    Begin(Name, Option<(usize, Arc<Dialog>)>),
    End(usize),
    /// What an End had put off has come.
    Over,
    /// The service is gone: End for all, then no more.
    Stop,
}

static WORK: OnceLock<To> = OnceLock::new();

/// The way to the thread.
struct To {
    work: Mutex<Sender<Work>>,
    /// Size of each buffer in bytes.
    buffer: usize,
}

fn ask(work: Work) {
    if let Some(to) = WORK.get() {
        // after Stop nobody is there
        let _ = to.work.lock().unwrap_or_else(PoisonError::into_inner).send(work);
    }
}

/// A call begins. Its dialog is there from now on, however long the thread has other things to do: an end that comes
/// meanwhile finds it.
pub(super) fn begin(name: Name, device: String) {
    let Some(to) = WORK.get() else { return };
    let dialog = Dialog::begin(name.clone(), device, to.buffer);
    ask(Work::Begin(name, dialog));
}

/// The service says that a dialog is over.
pub(super) fn end(name: &Name) {
    if let Some((port, dialog)) = Dialog::named(name)
        && dialog.disconnect()
    {
        ask(Work::End(port));
    }
}

/// The service has gone away.
pub(super) fn stop() {
    // before the thread hears of it, which may be in a Begin or an End
    for (_, dialog) in PORTS.all() {
        dialog.disconnect();
    }
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
        Verdict::Error(code, why) => lines::error(&dialog.name, *code, why),
    }
    if dialog.has_ended() {
        Dialog::forget(port);
        ask(Work::Over);
    } else {
        ask(Work::End(port));
    }
}

/// Starts the thread. `buffer` is the size of each buffer in bytes, `patience` how long an End may be put off before it
/// is said.
pub(super) fn start(module: Module, buffer: usize, patience: Duration) -> std::io::Result<()> {
    let (to, work) = channel();
    if WORK.set(To { work: Mutex::new(to), buffer }).is_err() {
        return Ok(());
    }
    let server = Server { module, buffer, patience, one_dialog: false, stopping: false, delayed: Vec::new() };
    std::thread::Builder::new().name("ras-server".into()).spawn(move || server.serve(&work)).map(drop)
}

struct Server {
    module: Module,
    buffer: usize,
    patience: Duration,
    /// The process serves one dialog only, and ends behind it.
    one_dialog: bool,
    /// The service is gone.
    stopping: bool,
    /// Dialogs whose End was put off, and when that becomes strange.
    delayed: Vec<(usize, Instant)>,
}

impl Server {
    fn serve(mut self, work: &Receiver<Work>) {
        loop {
            let work = match self.delayed.first() {
                None => work.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some((_, until)) => work.recv_timeout(until.saturating_duration_since(Instant::now())),
            };
            match work {
                Ok(Work::Begin(name, dialog)) => self.begin(&name, dialog),
                Ok(Work::End(port)) => self.end(port),
                Ok(Work::Over) => {}
                Ok(Work::Stop) => {
                    self.stopping = true;
                    PORTS.all().into_iter().for_each(|(port, _)| self.end(port));
                }
                Err(RecvTimeoutError::Timeout) => self.too_long(),
                Err(RecvTimeoutError::Disconnected) => return,
            }
            self.leave_if_over();
        }
    }

    /// Ends the process where nothing is left to do.
    fn leave_if_over(&self) {
        if (self.one_dialog || self.stopping) && PORTS.all().is_empty() {
            run::leave();
        }
    }

    fn begin(&mut self, name: &Name, dialog: Option<(usize, Arc<Dialog>)>) {
        self.one_dialog = name.is_none();
        run::count_threads();
        let Some((port, dialog)) = dialog else {
            return lines::error(name, 8, "no memory is left for its buffers");
        };
        // the caller went while another Begin held this one up: the module never hears of the call
        if dialog.check_line().is_err() {
            return Dialog::forget(port);
        }
        let size = Dword::try_from(self.buffer).unwrap_or(Dword::MAX);
        let (send, receive) = (dialog.send.address(), dialog.receive.address());
        // SAFETY: the module exports it under this name, so it has this type; handle and buffers live until Complete,
        // or until End has returned something else than 0.
        let result = unsafe { (self.module.begin)(port as *mut c_void, send, size, receive, size, complete) };
        if result != 0 {
            lines::error(name, result, "RasSecurityDialogBegin refused the call");
            return Dialog::forget(port);
        }
        lines::begun(name);
        let (verdict, disconnected) = dialog.begun();
        if let Some(verdict) = verdict {
            act(port, &dialog, &verdict);
        } else if disconnected {
            self.end(port);
        }
    }

    fn end(&mut self, port: usize) {
        let Ok(dialog) = super::dialog::of(port) else { return };
        if !dialog.takes_end() {
            return;
        }
        // SAFETY: the module exports it under this name, and its Begin has returned 0 for this handle.
        let result = unsafe { (self.module.end)(port as *mut c_void) };
        if dialog.is_over_after(result) {
            Dialog::forget(port);
        } else if let Some(until) = Instant::now().checked_add(self.patience) {
            self.delayed.push((port, until));
        }
    }

    /// The first End that was put off has been so for long.
    fn too_long(&mut self) {
        if self.delayed.first().is_none_or(|(_, until)| *until > Instant::now()) {
            return;
        }
        let (port, _) = self.delayed.remove(0);
        if let Ok(dialog) = super::dialog::of(port) {
            let seconds = self.patience.as_secs();
            lines::log(
                &dialog.name,
                &format!(
                    "RasSecurityDialogEnd put the end off {seconds} s ago and Complete has not come; its handle and buffers are kept"
                ),
            );
        }
    }
}
