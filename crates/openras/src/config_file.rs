//! Which configuration counts where none is named: the system's, else the user's.

use std::path::PathBuf;

/// The places that are looked at, in order.
pub(crate) fn places() -> Vec<PathBuf> {
    let user = std::env::var_os("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::home_dir().map(|home| home.join(".config")))
        .map(|folder| folder.join("openras/openras.toml"));
    std::iter::once(PathBuf::from("/etc/openras/openras.toml")).chain(user).collect()
}

/// The first that is there.
pub(crate) fn found() -> Option<PathBuf> {
    places().into_iter().find(|file| file.exists())
}
