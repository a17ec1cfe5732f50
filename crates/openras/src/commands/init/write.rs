//! What `init` leaves behind: the configuration, never over one that is there, and the first user with its record.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use openras_ppp::{AuthMethod, Secret};
use openras_service::Config;
use openras_service::audit::{self, Audit};
use openras_service::users::{Keep, Policy, Users};

use super::ask::NewUser;
use crate::cli;
use crate::config_file;

/// Letters of a password that is made: none that look like another.
const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
/// Letters of it: 80 bits.
const LENGTH: usize = 16;

/// Where things go.
pub(super) struct Places {
    /// The configuration.
    pub(super) file: PathBuf,
    /// The state folder.
    pub(super) state: PathBuf,
}

/// The first user as it is now.
pub(super) struct User {
    /// Its name.
    pub(super) name: String,
    /// It was not there before.
    pub(super) is_new: bool,
    /// The password, where it was made here: shown once.
    pub(super) shown: Option<String>,
}

/// Where things go: as named, else as `serve` looks for them.
pub(super) fn places(args: &cli::Init) -> Places {
    let usual = || {
        let mut places = config_file::places();
        let root = rustix::process::geteuid().is_root();
        if root { places.swap_remove(0) } else { places.pop().unwrap_or_default() }
    };
    let full = |path: PathBuf| std::path::absolute(&path).unwrap_or(path);
    Places {
        file: full(args.config.clone().unwrap_or_else(usual)),
        state: full(args.state.clone().unwrap_or_else(openras_service::config::default_state)),
    }
}

/// Writes the file and adds the user.
///
/// # Errors
/// A file that is there, a folder or store that cannot be written, a user that cannot be.
pub(super) async fn all(
    places: &Places,
    text: &str,
    config: &Config,
    user: NewUser,
    force: bool,
) -> Result<User> {
    // first what can be refused, then what stays
    if !force && places.file.symlink_metadata().is_ok() {
        bail!(
            "{} is there already; name another file with --config, or write over it with --force",
            places.file.display()
        );
    }
    let (config, name) = (config.clone(), user.name.clone());
    let clear = config.ports.iter().any(|port| port.auth.contains(&AuthMethod::ChapMd5));
    let added = tokio::task::spawn_blocking(move || add(&config, user, clear)).await??;
    file(&places.file, text, force).with_context(|| format!("the user {name} is there, the file is not"))?;
    Ok(added)
}

fn add(config: &Config, user: NewUser, clear: bool) -> Result<User> {
    let users =
        Users::open(&config.state, config.key_file.as_deref(), Policy { password_min: config.password_min })?;
    if users.get(&user.name)?.is_some() {
        return Ok(User { name: user.name, is_new: false, shown: None });
    }
    let audit = Audit::open(&config.state, audit::Options::default())?;
    let (password, shown) = match user.password {
        Some(password) => (password, None),
        None => {
            let made = password()?;
            (Secret::from(made.as_str()), Some(made))
        }
    };
    let new = openras_service::users::NewUser {
        password: Some(password),
        keep: Keep { clear, ..Keep::default() },
        ..openras_service::users::NewUser::default()
    };
    users.add(&user.name, &new)?;
    let uid = rustix::process::getuid().as_raw();
    audit
        .admin(uid, "user add", &user.name, "", "added by init")
        .context("the user was added, and the audit record of it could not be written")?;
    Ok(User { name: user.name, is_new: true, shown })
}

/// A password to be typed: four groups of four.
fn password() -> Result<String> {
    let mut bytes = [0; LENGTH];
    getrandom::fill(&mut bytes)
        .map_err(|error| anyhow::anyhow!("the system gives no random numbers: {error}"))?;
    let mut text = String::new();
    for (n, byte) in bytes.iter().enumerate() {
        if n > 0 && n % 4 == 0 {
            text.push('-');
        }
        // there are 32, so that every byte gives each as often
        text.extend(LETTERS.get(usize::from(byte % 32)).map(|letter| char::from(*letter)));
    }
    Ok(text)
}

/// Written whole under another name first: a file that is there is never half one.
fn file(path: &Path, text: &str, force: bool) -> Result<()> {
    let name = path.display();
    let folder = path.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let beside = path.with_extension(format!("new-{}", std::process::id()));
    let written = || -> std::io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o640).open(&beside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        if force {
            fs::rename(&beside, path)
        } else {
            fs::hard_link(&beside, path).and(fs::remove_file(&beside))
        }
    };
    written().map_err(|error| {
        // what was begun goes away
        let _ = fs::remove_file(&beside);
        anyhow::anyhow!("cannot write {name}: {error}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_there_is_only_replaced_by_force_and_nothing_is_left_beside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/openras.toml");
        file(&path, "one", false).unwrap();
        assert!(file(&path, "two", false).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "one");
        file(&path, "two", true).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn a_password_that_is_made_is_another_each_time() {
        let (one, two) = (password().unwrap(), password().unwrap());
        assert!(one != two && one.len() == LENGTH + 3, "{one}");
    }
}
