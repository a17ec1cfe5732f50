//! How many callers may be unauthenticated at the same time: of one listening line, and from one source address.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Who wants to come in, and what is allowed there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room<'a> {
    /// The name of the listening line.
    pub(crate) port: &'a str,
    /// The caller's address or number; `None` where it has none of its own.
    pub(crate) source: Option<&'a str>,
    /// Callers of this line that may be unauthenticated.
    pub(crate) of_port: u16,
    /// Callers of one source that may be unauthenticated, on all lines together.
    pub(crate) of_source: u16,
}

/// Why a caller is turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The line has so many unauthenticated callers.
    Port(u16),
    /// The source has.
    Source(u16),
}

impl Refused {
    /// For metrics.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Port(_) => "unauthenticated",
            Self::Source(_) => "per_source",
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Port(most) => {
                write!(f, "{most} callers of this port are unauthenticated (unauthenticated)")
            }
            Self::Source(most) => write!(f, "{most} callers from there are unauthenticated (per_source)"),
        }
    }
}

/// Counts unauthenticated callers. Memory grows with them only.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<Mutex<Counts>>);

#[derive(Default)]
struct Counts {
    ports: HashMap<String, u16>,
    sources: HashMap<String, u16>,
}

/// A caller that is unauthenticated as long as this lives.
pub(crate) struct Pass {
    port: String,
    source: Option<String>,
    gate: Gate,
}

impl Gate {
    pub(crate) fn enter(&self, room: &Room<'_>) -> Result<Pass, Refused> {
        let mut counts = self.counts();
        let taken = |of: &HashMap<String, u16>, key: &str| of.get(key).copied().unwrap_or(0);
        if taken(&counts.ports, room.port) >= room.of_port {
            return Err(Refused::Port(room.of_port));
        }
        if room.source.is_some_and(|source| taken(&counts.sources, source) >= room.of_source) {
            return Err(Refused::Source(room.of_source));
        }
        *counts.ports.entry(room.port.to_owned()).or_default() += 1;
        if let Some(source) = room.source {
            *counts.sources.entry(source.to_owned()).or_default() += 1;
        }
        Ok(Pass { port: room.port.into(), source: room.source.map(Into::into), gate: self.clone() })
    }

    /// All of them.
    pub(crate) fn count(&self) -> usize {
        self.counts().ports.values().map(|&count| usize::from(count)).sum()
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mut counts = self.gate.counts();
        leave(&mut counts.ports, &self.port);
        if let Some(source) = &self.source {
            leave(&mut counts.sources, source);
        }
    }
}

fn leave(of: &mut HashMap<String, u16>, key: &str) {
    if let Some(count) = of.get_mut(key) {
        *count = count.saturating_sub(1);
        if *count == 0 {
            of.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room<'a>(port: &'a str, source: &'a str) -> Room<'a> {
        Room { port, source: Some(source).filter(|s| !s.is_empty()), of_port: 3, of_source: 2 }
    }

    #[test]
    fn a_line_and_a_source_have_so_much_room_and_get_it_back() {
        let gate = Gate::default();
        let first = gate.enter(&room("a", "192.0.2.1")).ok().unwrap();
        let second = gate.enter(&room("a", "192.0.2.1")).ok().unwrap();
        assert_eq!(gate.enter(&room("a", "192.0.2.1")).err(), Some(Refused::Source(2)));
        assert_eq!(gate.enter(&room("b", "192.0.2.1")).err(), Some(Refused::Source(2)), "on every line");
        let third = gate.enter(&room("a", "192.0.2.2")).ok().unwrap();
        assert_eq!(gate.enter(&room("a", "192.0.2.3")).err(), Some(Refused::Port(3)));
        let other = gate.enter(&room("b", "192.0.2.3")).ok().unwrap();
        assert_eq!(gate.count(), 4);
        drop(first);
        assert!(gate.enter(&room("a", "192.0.2.1")).is_ok());
        drop((second, third, other));
        assert_eq!(gate.count(), 0);
        let counts = gate.counts();
        assert!(counts.ports.is_empty() && counts.sources.is_empty(), "nothing is kept of who has left");
    }

    #[test]
    fn callers_without_a_source_share_the_lines_room_only() {
        let gate = Gate::default();
        let passes: Vec<_> = (0..3).map(|_| gate.enter(&room("a", "")).ok().unwrap()).collect();
        assert_eq!(gate.enter(&room("a", "")).err(), Some(Refused::Port(3)));
        drop(passes);
    }
}
