//! The registry's file: JSON, mode 0600, replaced as a whole under a lock. A file that cannot be read is never replaced.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use openras_engine::RasError;
use rustix::fs::{FlockOperation, flock};
use serde_json::{Map, Value, json};

use crate::win32::error::{ACCESS_DENIED, BADDB, FILE_NOT_FOUND, NO_SYSTEM_RESOURCES, REGISTRY_IO_FAILED};

/// The largest file, and the most keys in it.
const LARGEST: u64 = 4 * 1024 * 1024;
const MOST_KEYS: usize = 4096;
/// How long another process may hold the lock.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a value holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Data {
    /// Text with its NULs.
    Text(String),
    /// Anything else.
    Bytes(Vec<u8>),
}

/// All keys: their values by path.
#[derive(Default, Debug)]
pub(super) struct Store(Map<String, Value>);

impl Store {
    /// Reads the file; without one the registry is empty.
    ///
    /// # Errors
    /// 5: the file is somebody else's or others may write it; 1009: it is damaged; 1016: it cannot be read.
    pub(super) fn read() -> Result<Self, RasError> {
        Self::read_from(&folder()?)
    }

    /// Changes the file.
    ///
    /// # Errors
    /// As [`Store::read`], and 1450: it would be too large.
    pub(super) fn change<T>(body: impl FnOnce(&mut Self) -> Result<T, RasError>) -> Result<T, RasError> {
        Self::change_in(&folder()?, body)
    }

    fn change_in<T>(
        folder: &Path,
        body: impl FnOnce(&mut Self) -> Result<T, RasError>,
    ) -> Result<T, RasError> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|_| REGISTRY_IO_FAILED)?;
        let _lock = lock(folder)?;
        let mut store = Self::read_from(folder)?;
        let given = body(&mut store)?;
        store.write_to(folder)?;
        Ok(given)
    }

    fn read_from(folder: &Path) -> Result<Self, RasError> {
        let no_link = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or_default();
        let no_wait = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or_default();
        let opened =
            OpenOptions::new().read(true).custom_flags(no_link | no_wait).open(folder.join("registry.json"));
        let file = match opened {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) if error.kind() == ErrorKind::PermissionDenied => return Err(ACCESS_DENIED),
            Err(_) => return Err(REGISTRY_IO_FAILED),
        };
        let about = file.metadata().map_err(|_| REGISTRY_IO_FAILED)?;
        let own = [0, rustix::process::geteuid().as_raw()].contains(&about.uid());
        if !about.is_file() || !own || about.mode() & 0o022 != 0 {
            return Err(ACCESS_DENIED);
        }
        let mut text = String::new();
        file.take(LARGEST + 1).read_to_string(&mut text).map_err(|_| BADDB)?;
        if text.len() as u64 > LARGEST {
            return Err(BADDB);
        }
        match serde_json::from_str(&text) {
            Ok(Value::Object(keys)) if keys.values().all(Value::is_object) => Ok(Self(keys)),
            _ => Err(BADDB),
        }
    }

    fn write_to(&self, folder: &Path) -> Result<(), RasError> {
        let text = serde_json::to_vec_pretty(&self.0).map_err(|_| BADDB)?;
        if text.len() as u64 > LARGEST || self.0.len() > MOST_KEYS {
            return Err(NO_SYSTEM_RESOURCES);
        }
        let (new, name) = (folder.join("registry.new"), folder.join("registry.json"));
        let written = || -> std::io::Result<()> {
            // left by somebody who ended in the middle; the lock is ours
            fs::remove_file(&new).or_else(|error| match error.kind() {
                ErrorKind::NotFound => Ok(()),
                _ => Err(error),
            })?;
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
            file.write_all(&text)?;
            file.sync_all()?;
            fs::rename(&new, &name)
        };
        written().map_err(|_| REGISTRY_IO_FAILED)
    }

    /// A key's path as it is written, whatever the case asked for. A key is there if one below it is; the roots are always.
    pub(super) fn key(&self, path: &str) -> Option<String> {
        if !path.contains('\\') {
            return Some(path.to_owned());
        }
        let wanted = path.to_lowercase();
        let found = self.0.keys().find(|key| {
            let key = key.to_lowercase();
            key.strip_prefix(&wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with('\\'))
        })?;
        let depth = path.split('\\').count();
        Some(found.split('\\').take(depth).collect::<Vec<_>>().join("\\"))
    }

    /// Makes a key.
    pub(super) fn create(&mut self, path: &str) -> Result<String, RasError> {
        // another process may have been first
        if let Some(path) = self.key(path) {
            return Ok(path);
        }
        self.0.insert(path.to_owned(), json!({}));
        Ok(path.to_owned())
    }

    fn values(&self, path: &str) -> Option<&Map<String, Value>> {
        let wanted = path.to_lowercase();
        self.0.iter().find(|(key, _)| key.to_lowercase() == wanted)?.1.as_object()
    }

    fn values_mut(&mut self, path: &str) -> Option<&mut Map<String, Value>> {
        let wanted = path.to_lowercase();
        self.0.iter_mut().find(|(key, _)| key.to_lowercase() == wanted)?.1.as_object_mut()
    }

    /// A value's type and data.
    pub(super) fn value(&self, path: &str, name: &str) -> Option<(u32, Data)> {
        let wanted = name.to_lowercase();
        let (_, value) = self.values(path)?.iter().find(|(name, _)| name.to_lowercase() == wanted)?;
        let kind = u32::try_from(value.get("type")?.as_u64()?).ok()?;
        if let Some(text) = value.get("text").and_then(Value::as_str) {
            return Some((kind, Data::Text(text.to_owned())));
        }
        Some((kind, Data::Bytes(from_hex(value.get("hex")?.as_str()?)?)))
    }

    /// Writes a value, making its key where it went.
    pub(super) fn set(&mut self, path: &str, name: &str, kind: u32, data: Data) -> Result<(), RasError> {
        if self.values(path).is_none() {
            self.0.insert(path.to_owned(), json!({}));
        }
        let value = match data {
            Data::Text(text) => json!({ "type": kind, "text": text }),
            Data::Bytes(bytes) => json!({ "type": kind, "hex": to_hex(&bytes) }),
        };
        let values = self.values_mut(path).ok_or(BADDB)?;
        let written = values.keys().find(|other| other.to_lowercase() == name.to_lowercase()).cloned();
        values.insert(written.unwrap_or_else(|| name.to_owned()), value);
        Ok(())
    }

    /// Deletes a value.
    pub(super) fn delete(&mut self, path: &str, name: &str) -> Result<(), RasError> {
        let values = self.values_mut(path).ok_or(FILE_NOT_FOUND)?;
        let written = values.keys().find(|other| other.to_lowercase() == name.to_lowercase()).cloned();
        written.and_then(|name| values.remove(&name)).map(|_| ()).ok_or(FILE_NOT_FOUND)
    }
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

/// The user's folder for configuration.
fn folder() -> Result<PathBuf, RasError> {
    let set = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = set("XDG_CONFIG_HOME").or_else(|| set("HOME").map(|home| home.join(".config")));
    base.map(|base| base.join("openras")).ok_or(REGISTRY_IO_FAILED)
}

/// Waits for the lock, which ends with the file that is given.
fn lock(folder: &Path) -> Result<File, RasError> {
    let no_link = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or_default();
    let mut how = OpenOptions::new();
    how.write(true).create(true).truncate(false).mode(0o600).custom_flags(no_link);
    let file = how.open(folder.join("registry.lock")).map_err(|_| REGISTRY_IO_FAILED)?;
    let end = Instant::now() + PATIENCE;
    while flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
        // a process that was stopped may hold it for ever
        if Instant::now() >= end {
            return Err(REGISTRY_IO_FAILED);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(file)
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
