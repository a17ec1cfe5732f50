//! Files of the state folder: who may read them, and whose they are.
//!
//! Whoever runs `openras user` (root, as a rule), everything in the folder stays its owner's, else the service could
//! not open its own store. Nothing here follows a symbolic link: the folder's owner must not be able to make root
//! change another file.

use std::fs::{DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Gid, OFlags, Uid};

use super::StoreError;

/// The state folder, made if it was not there.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    owner: (u32, u32),
}

impl Folder {
    /// Opens or makes the folder: mode 0700, of ours.
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        let fail = |e: io::Error| StoreError::file("the state folder", path, e);
        if let Some(parent) = path.parent() {
            DirBuilder::new().recursive(true).create(parent).map_err(fail)?;
        }
        match DirBuilder::new().mode(0o700).create(path) {
            Err(e) if e.kind() != ErrorKind::AlreadyExists => return Err(fail(e)),
            _ => {}
        }
        // parents may be links (as /var/run is); the folder's own name is settled once, here
        let path = path.canonicalize().map_err(fail)?;
        let about = std::fs::metadata(&path).map_err(fail)?;
        if !about.is_dir() {
            return Err(StoreError::Unsafe(format!("{} is no folder; give another `state`", path.display())));
        }
        if about.mode() & 0o022 != 0 {
            let path = path.display();
            return Err(StoreError::Unsafe(format!("others may write into {path}; run: chmod 700 {path}")));
        }
        Ok(Self { owner: (about.uid(), about.gid()), path })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A file in it.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Makes sure that `path` is a private file of the folder's owner. `true`: it was made now, empty.
    ///
    /// An existing file is looked at by name and not opened: closing a second descriptor of a database would drop
    /// SQLite's locks on it.
    pub(crate) fn prepare(&self, path: &Path) -> Result<bool, StoreError> {
        let fail = |e: io::Error| StoreError::file("the file", path, e);
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
            Ok(file) => {
                self.give_to_owner(&file).map_err(fail)?;
                Ok(true)
            }
            Err(e) if e.kind() == ErrorKind::AlreadyExists => {
                self.inspect(path)?;
                Ok(false)
            }
            Err(e) => Err(fail(e)),
        }
    }

    /// Refuses an existing file that others may read or that is none; gives it back to the folder's owner.
    pub(crate) fn inspect(&self, path: &Path) -> Result<(), StoreError> {
        let about = match std::fs::symlink_metadata(path) {
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(()),
            other => other.map_err(|e| StoreError::file("the file", path, e))?,
        };
        private(path, &about)?;
        let (uid, gid) = self.owner;
        if rustix::process::geteuid().is_root() && about.uid() != uid {
            let (uid, gid) = (Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)));
            rustix::fs::chownat(CWD, path, uid, gid, AtFlags::SYMLINK_NOFOLLOW)
                .map_err(|e| StoreError::file("the file", path, e.into()))?;
        }
        Ok(())
    }

    /// A file just made belongs to the folder's owner.
    pub(crate) fn give_to_owner(&self, file: &File) -> io::Result<()> {
        let (uid, gid) = self.owner;
        if rustix::process::geteuid().is_root() && file.metadata()?.uid() != uid {
            rustix::fs::fchown(file, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)))?;
        }
        Ok(())
    }
}

/// Opens a file that must be private, without following a link at its end.
pub(crate) fn open_private(path: &Path, options: &mut OpenOptions) -> Result<File, StoreError> {
    let fail = |e: io::Error| StoreError::file("the file", path, e);
    let flags = i32::try_from(OFlags::NOFOLLOW.bits()).unwrap_or(0);
    let file = options.custom_flags(flags).open(path).map_err(fail)?;
    private(path, &file.metadata().map_err(fail)?)?;
    Ok(file)
}

fn private(path: &Path, about: &Metadata) -> Result<(), StoreError> {
    let shown = path.display();
    if !about.is_file() {
        return Err(StoreError::Unsafe(format!("{shown} is not a regular file; move it away")));
    }
    if about.mode() & 0o077 != 0 {
        let mode = about.mode() & 0o777;
        return Err(StoreError::Unsafe(format!(
            "{shown} holds secrets and others may use it (mode {mode:o}); run: chmod 600 {shown}"
        )));
    }
    Ok(())
}
