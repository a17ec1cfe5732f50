//! What the service tells a jail, over its arguments, and what the jail says back, on the program's output.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Failed;

/// How a jail is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// Namespaces, and another user where the service is root.
    Namespaces,
    /// Another user only.
    OwnUid,
}

/// Who a module's process is. The numbers belong to nobody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity {
    /// Its user.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// Who kills what is left of it; `None` where the user is shared with others.
    pub sweeper: Option<u32>,
}

/// What a process may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ceilings {
    /// Address space in bytes; `None` = no limit.
    pub memory: Option<u64>,
    /// Processor time in seconds.
    pub cpu: u64,
    /// Open files.
    pub files: u64,
    /// Processes and threads.
    pub processes: u64,
    /// Largest file, in bytes.
    pub file: u64,
}

/// One jail. Holds no secret: any user of the host can read the arguments of a process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Settings {
    pub kind: Kind,
    /// The program, absolute.
    pub program: PathBuf,
    pub arguments: Vec<String>,
    /// Where it runs and may write; `None` = an empty folder in memory.
    pub folder: Option<PathBuf>,
    /// Files and folders that it may read, besides those of the system: where they lie, and where it sees them.
    pub readable: Vec<(PathBuf, PathBuf)>,
    pub network: bool,
    /// `None` = the service's user.
    pub identity: Option<Identity>,
    /// Milliseconds it may go on after its input has ended.
    pub grace: u64,
    pub ceilings: Ceilings,
    /// Build everything, say so, and end without running the program.
    pub probe: bool,
}

/// The jail's one line on the program's output, before the program can write there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "jail", rename_all = "snake_case")]
pub(crate) enum Report {
    /// All walls stand, and the program is next.
    Ready {
        /// It runs as another user than the service.
        own_uid: bool,
    },
    /// It could not be built.
    Failed(Failed),
}

impl Report {
    /// Longest line, in bytes.
    pub(crate) const MAX: usize = 8192;

    /// The report as a line.
    pub(crate) fn line(&self) -> Vec<u8> {
        let mut line = serde_json::to_vec(self).unwrap_or_default();
        line.push(b'\n');
        line
    }
}
