//! How many files the process may have open, against what its ports may need.

use openras_service::Config;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What is open however few calls there are: the store, the log, the socket, the runtime, some clients.
const BASE: u64 = 64;
/// Of a call: its line, and what answers its questions.
const CALL: u64 = 2;
/// Of a dialog with a module that is a program: its pipes and what watches it.
const MODULE: u64 = 6;

/// Takes as many as the system allows, and says so where the ports may need more.
pub(crate) fn make(config: &Config) {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum
        && setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum }).is_ok()
    {
        limit.current = limit.maximum;
    }
    let need = needed(config);
    if let Some(have) = limit.current.filter(|have| *have < need) {
        tracing::warn!(
            "only {have} files may be open at a time, and the calls of all ports together may need {need}: callers \
             beyond that are not answered. Raise it with `ulimit -n {need}`, or LimitNOFILE={need} in the unit"
        );
    }
}

fn needed(config: &Config) -> u64 {
    let port = |port: &openras_service::config::PortConfig| {
        let modules = u64::from(!port.modules.is_empty());
        u64::from(port.calls) * (CALL + MODULE * modules)
    };
    BASE + config.ports.iter().map(port).sum::<u64>()
}
