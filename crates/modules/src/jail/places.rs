//! What a module may read, and that nothing of it is the service's own.

use std::path::{Path, PathBuf};

/// Files and folders a jail shows.
pub(crate) struct Places {
    /// What no place may hold, or lie in.
    hidden: Vec<PathBuf>,
    /// Where each lies, and where the module sees it.
    found: Vec<(PathBuf, PathBuf)>,
}

/// A place that would show what must stay hidden.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shows {
    pub place: PathBuf,
    pub hidden: PathBuf,
}

impl Places {
    /// Programs and libraries. Links among them stay links.
    pub(super) const SYSTEM: [&'static str; 7] =
        ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"];
    /// What programs and libraries read of /etc; nothing in there is secret.
    pub(super) const SETTINGS: [&'static str; 10] = [
        "/etc/ld.so.cache",
        "/etc/ld.so.conf",
        "/etc/ld.so.conf.d",
        "/etc/alternatives",
        "/etc/localtime",
        "/etc/nsswitch.conf",
        "/etc/ssl/certs",
        "/etc/ssl/openssl.cnf",
        "/etc/pki/tls/certs",
        "/etc/pki/ca-trust",
    ];
    /// And of one that uses the network.
    pub(super) const NETWORK: [&'static str; 4] =
        ["/etc/hosts", "/etc/resolv.conf", "/etc/services", "/etc/protocols"];

    /// The system's places, checked against `hidden`.
    pub(crate) fn new(hidden: &[PathBuf]) -> Result<Self, Shows> {
        let hidden = hidden.iter().map(|path| real(path)).collect();
        let places = Self { hidden, found: Vec::new() };
        for place in Self::SYSTEM.iter().chain(&Self::SETTINGS).chain(&Self::NETWORK) {
            places.check(Path::new(place))?;
        }
        Ok(places)
    }

    /// That `place` shows nothing that is hidden.
    pub(crate) fn check(&self, place: &Path) -> Result<(), Shows> {
        let shown = real(place);
        let shows = |hidden: &&PathBuf| hidden.starts_with(&shown) || shown.starts_with(hidden.as_path());
        match self.hidden.iter().find(shows) {
            None => Ok(()),
            Some(hidden) => Err(Shows { place: place.to_path_buf(), hidden: hidden.clone() }),
        }
    }

    /// One more, unless it is shown already.
    pub(crate) fn add(&mut self, place: &Path) -> Result<(), Shows> {
        self.check(place)?;
        let known = Self::SYSTEM.iter().map(Path::new).any(|system| place.starts_with(system))
            || self.found.iter().any(|(_, shown)| place.starts_with(shown));
        if !known {
            self.found.push((real(place), place.to_path_buf()));
        }
        Ok(())
    }

    /// All that were added, folders before what lies in them.
    pub(crate) fn found(mut self) -> Vec<(PathBuf, PathBuf)> {
        self.found.sort_by(|(_, one), (_, other)| one.cmp(other));
        self.found
    }
}

/// Without links, as far as there is anything; a hidden file may not be there yet.
fn real(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    if let Ok(real) = path.canonicalize() {
        return real;
    }
    match (path.parent(), path.file_name()) {
        (Some(above), Some(name)) => real(above).join(name),
        _ => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_place_may_hold_what_is_hidden_or_lie_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let (state, other) = (folder.path().join("state"), folder.path().join("other"));
        std::fs::create_dir(&state).unwrap();
        std::fs::create_dir(&other).unwrap();
        std::os::unix::fs::symlink(&state, other.join("link")).unwrap();
        let mut places = Places::new(&[state.clone(), folder.path().join("key")]).unwrap();
        for shows in [folder.path(), &state, &state.join("deep/er"), &folder.path().join("key")] {
            assert!(places.add(shows).is_err(), "{}", shows.display());
        }
        assert_eq!(places.add(&other.join("link")).map_err(|shows| shows.hidden), Err(real(&state)));
        places.add(&other).unwrap();
        places.add(&other.join("in it")).unwrap();
        places.add(Path::new("/usr/bin/env")).unwrap();
        assert_eq!(places.found(), [(real(&other), other)]);
    }

    #[test]
    fn a_state_folder_among_the_systems_is_refused() {
        assert!(Places::new(&[PathBuf::from("/usr/lib/openras/state")]).is_err());
        assert!(Places::new(&[PathBuf::from("/")]).is_err());
    }
}
