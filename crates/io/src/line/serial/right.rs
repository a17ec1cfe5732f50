//! Who may use a device, and how a user comes to be one of them.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// A group's right to read and write.
const READ_WRITE: u32 = 0o060;

/// How a user who may not use a device comes to the right to, as an order: by joining its group, where that has it. Nobody is sent
/// into the group root, which has more than devices.
pub fn right_to(path: &Path, who: &str) -> String {
    let group = path.metadata().ok().and_then(|about| group_of(&about));
    order(&path.display().to_string(), who, group.as_deref())
}

/// The group whose members may use a device, by its name where it has one; `None` where there is no such group, or it is root's.
pub fn group_of(about: &Metadata) -> Option<String> {
    fit(about.gid(), about.mode()).then(|| name(about.gid()))
}

fn fit(gid: u32, mode: u32) -> bool {
    gid != 0 && mode & READ_WRITE == READ_WRITE
}

fn order(shown: &str, who: &str, group: Option<&str>) -> String {
    match group {
        Some(group) => {
            format!("add {who} to its group {group} (usermod -aG {group} USER), then log in or start anew")
        }
        None => format!(
            "no group has the right to it: give it to one that {who} is in (chgrp dialout {shown}; chmod g+rw {shown}), by a rule of \
             udev if that is to stay"
        ),
    }
}

fn name(gid: u32) -> String {
    let named = std::fs::read_to_string("/etc/group").unwrap_or_default();
    let name = named.lines().find_map(|line| {
        let mut parts = line.split(':');
        let name = parts.next()?;
        (parts.nth(1)?.parse() == Ok(gid)).then(|| name.to_owned())
    });
    name.unwrap_or_else(|| gid.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_group_to_join_is_the_devices_if_that_helps_and_never_roots() {
        // crw-rw---- root dialout, as Debian has it
        assert!(fit(20, 0o20660));
        assert!(!fit(20, 0o20640), "the group may only read");
        assert!(!fit(20, 0o20600));
        assert!(!fit(0, 0o20660), "root's");
        let join = order("/dev/ttyS0", "the user", Some("dialout"));
        assert!(join.contains("usermod -aG dialout USER"), "{join}");
        let change = order("/dev/ttyS0", "the user", None);
        assert!(change.contains("chgrp dialout /dev/ttyS0") && !change.contains("usermod"), "{change}");
        // a device that is not there has no group
        assert!(right_to(Path::new("/dev/nothing"), "it").contains("no group"));
        assert_eq!(name(0), "root");
        assert_eq!(name(4_000_000_000), "4000000000");
    }
}
