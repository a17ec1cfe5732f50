//! The library's own runtime: one thread, started by the first call that needs the service, on which every connection's
//! events are read. C callers wait outside of it.

use std::future::Future;
use std::sync::OnceLock;

use openras_engine::RasError;
use tokio::runtime::{Builder, Handle, Runtime};

use crate::guard::CANNOT_INITIALIZE;

/// The runtime.
///
/// # Errors
/// 711: no thread could be started.
pub(crate) fn handle() -> Result<Handle, RasError> {
    static RUNTIME: OnceLock<Option<Runtime>> = OnceLock::new();
    let made = RUNTIME.get_or_init(|| {
        Builder::new_multi_thread().worker_threads(1).thread_name("openras").enable_all().build().ok()
    });
    made.as_ref().map(|runtime| runtime.handle().clone()).ok_or(CANNOT_INITIALIZE)
}

/// Runs a future to its end while the C caller waits.
///
/// # Errors
/// 711: no thread could be started.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> Result<T, RasError> {
    Ok(handle()?.block_on(future))
}
