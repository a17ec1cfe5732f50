//! The file system of a jail: a small one in memory, with read-only views of what a program needs.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::unistd::pivot_root;

use super::settings::Settings;
use super::{Failed, Places, Step};

/// The user and group a module sees itself as where it has none of its own.
pub(super) const INSIDE: u32 = 1000;
/// Where an empty folder of its own is: a path that nothing shown to a module has.
const WORK: &str = "/run/openras-module";
/// Where the service's file system is while the jail is built.
const OLD: &str = "/.old";
/// Devices that give or take nothing but bytes.
const DEVICES: [&str; 5] = ["null", "zero", "full", "random", "urandom"];

/// Builds it, moves into it, and lets go of the old one. Ends in the module's folder.
pub(super) fn build(settings: &Settings) -> Result<(), Failed> {
    move_in()?;
    // from here on it is not the system that does not allow a jail
    furnish(settings).map_err(|failed| Failed { file: true, ..failed })
}

/// An empty file system, and the old one in a corner of it.
fn move_in() -> Result<(), Failed> {
    let none = None::<&str>;
    // nothing that is mounted here may show outside
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none).step("making mounts private")?;
    let base = ["/tmp", "/run", "/mnt"].into_iter().find(|base| Path::new(base).is_dir()).unwrap_or("/");
    memory(Path::new(base), "mode=0755,size=1m,nr_inodes=4096")?;
    let old = Path::new(base).join(".old");
    fs::create_dir(&old).step("making a folder for the old root")?;
    pivot_root(base, &old).step("changing the root")?;
    std::env::set_current_dir("/").step("going to the new root")
}

fn furnish(settings: &Settings) -> Result<(), Failed> {
    system(settings.network)?;
    own(settings)?;
    for (from, to) in &settings.readable {
        bind(from, to)?;
    }
    let work = work(settings)?;
    umount2(OLD, MntFlags::MNT_DETACH).step("letting go of the old root")?;
    fs::remove_dir(OLD).step("removing the old root's folder")?;
    close(&work, settings)?;
    std::env::set_current_dir(&work).step("going to the module's folder")
}

fn memory(place: &Path, options: &str) -> Result<(), Failed> {
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    mount(Some("tmpfs"), place, Some("tmpfs"), flags, Some(options)).step("mounting memory")
}

fn system(network: bool) -> Result<(), Failed> {
    for place in Places::SYSTEM {
        let place = Path::new(place);
        match fs::read_link(below_old(place)) {
            Ok(target) => symlink(target, place).step("making a link")?,
            Err(_) => bind_if_there(place)?,
        }
    }
    let more: &[&str] = if network { &Places::NETWORK } else { &[] };
    for place in Places::SETTINGS.iter().chain(more) {
        bind_if_there(Path::new(place))?;
    }
    Ok(())
}

/// What is made anew for each jail.
fn own(settings: &Settings) -> Result<(), Failed> {
    let size = settings.ceilings.file;
    fs::create_dir_all("/tmp").step("making /tmp")?;
    memory(Path::new("/tmp"), &format!("mode=1777,size={size},nr_inodes=4096"))?;
    for folder in ["/proc", "/dev"] {
        fs::create_dir_all(folder).step("making /proc and /dev")?;
    }
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    // a container that hides parts of its own /proc may not mount another; most programs do without
    let _ = mount(Some("proc"), "/proc", Some("proc"), flags, None::<&str>);
    for device in DEVICES {
        bind_if_there(&Path::new("/dev").join(device))?;
    }
    for (name, target) in [
        ("fd", "/proc/self/fd"),
        ("stdin", "/proc/self/fd/0"),
        ("stdout", "/proc/self/fd/1"),
        ("stderr", "/proc/self/fd/2"),
        ("shm", "/tmp"),
    ] {
        symlink(target, Path::new("/dev").join(name)).step("making links in /dev")?;
    }
    let (uid, gid) = settings.identity.map_or((INSIDE, INSIDE), |who| (who.uid, who.gid));
    fs::create_dir_all("/etc").step("making /etc")?;
    let users = format!("module:x:{uid}:{gid}::{WORK}:/bin/false\n");
    fs::write("/etc/passwd", users).step("writing /etc/passwd")?;
    fs::write("/etc/group", format!("module:x:{gid}:\n")).step("writing /etc/group")
}

/// The one place a module may write to, besides /tmp.
fn work(settings: &Settings) -> Result<PathBuf, Failed> {
    if let Some(folder) = &settings.folder {
        bind(folder, folder)?;
        return Ok(folder.clone());
    }
    fs::create_dir_all(WORK).step("making the module's folder")?;
    let owner = settings.identity.map(|who| format!(",uid={},gid={}", who.uid, who.gid)).unwrap_or_default();
    memory(Path::new(WORK), &format!("mode=0700,size={},nr_inodes=4096{owner}", settings.ceilings.file))?;
    Ok(PathBuf::from(WORK))
}

/// Where a path of the service lies while the jail is built.
fn below_old(path: &Path) -> PathBuf {
    Path::new(OLD).join(path.strip_prefix("/").unwrap_or(path))
}

fn bind_if_there(place: &Path) -> Result<(), Failed> {
    // a link of the old root leads through the old root; the kernel would take it from the new one
    match fs::canonicalize(below_old(place)) {
        Ok(_) => bind(place, place),
        Err(_) => match resolved(place) {
            Some(target) => bind(&target, place),
            None => Ok(()),
        },
    }
}

/// Follows the links of a path as the old root has them, `None` where it leads nowhere.
fn resolved(place: &Path) -> Option<PathBuf> {
    let mut place = place.to_path_buf();
    for _ in 0..8 {
        let Ok(target) = fs::read_link(below_old(&place)) else { break };
        place = place.parent()?.join(target);
    }
    below_old(&place).exists().then_some(place)
}

fn bind(from: &Path, to: &Path) -> Result<(), Failed> {
    let step = format!("showing {} to the module", from.display());
    let from = below_old(from);
    let folder = fs::metadata(&from).step(&step)?.is_dir();
    let above = if folder { Some(to) } else { to.parent() };
    fs::create_dir_all(above.unwrap_or(Path::new("/"))).step(&step)?;
    if !folder && !to.exists() {
        fs::write(to, "").step(&step)?;
    }
    let flags = MsFlags::MS_BIND | MsFlags::MS_REC;
    mount(Some(from.as_path()), to, None::<&str>, flags, None::<&str>).step(&step)
}

/// Makes everything read-only but what is the module's own, and without devices and set-uid files but in /dev.
fn close(work: &Path, settings: &Settings) -> Result<(), Failed> {
    let table = fs::read_to_string("/proc/self/mountinfo");
    let table = match table {
        Ok(table) => table,
        // without /proc only what was mounted here by name is known
        Err(_) => return close_by_name(work, settings),
    };
    for line in table.lines() {
        let mut fields = line.split(' ').skip(4);
        let (Some(place), Some(options)) = (fields.next(), fields.next()) else { continue };
        let place = unescaped(place);
        let kept = options.split(',').fold(MsFlags::empty(), |flags, option| flags | flag(option));
        remount(&place, kept, work)?;
    }
    Ok(())
}

fn close_by_name(work: &Path, settings: &Settings) -> Result<(), Failed> {
    let named = Places::SYSTEM.iter().chain(&Places::SETTINGS).map(PathBuf::from);
    let named = named.chain(settings.readable.iter().map(|(_, to)| to.clone()));
    for place in named.filter(|place| place.exists() && !place.is_symlink()) {
        remount(&place, MsFlags::empty(), work)?;
    }
    remount(Path::new("/"), MsFlags::empty(), work)
}

fn remount(place: &Path, kept: MsFlags, work: &Path) -> Result<(), Failed> {
    let mut flags = MsFlags::MS_BIND | MsFlags::MS_REMOUNT | MsFlags::MS_NOSUID | kept;
    if !place.starts_with("/dev") {
        flags |= MsFlags::MS_NODEV;
    }
    let own = place.starts_with(work) || place == Path::new("/tmp");
    if !own && !place.starts_with("/proc") && !place.starts_with("/dev") {
        flags |= MsFlags::MS_RDONLY;
    }
    let none = None::<&str>;
    mount(none, place, none, flags, none).step(&format!("making {} read-only", place.display()))
}

/// What a user namespace may not take away from a mount again.
fn flag(option: &str) -> MsFlags {
    match option {
        "ro" => MsFlags::MS_RDONLY,
        "nosuid" => MsFlags::MS_NOSUID,
        "nodev" => MsFlags::MS_NODEV,
        "noexec" => MsFlags::MS_NOEXEC,
        "noatime" => MsFlags::MS_NOATIME,
        "nodiratime" => MsFlags::MS_NODIRATIME,
        "relatime" => MsFlags::MS_RELATIME,
        _ => MsFlags::empty(),
    }
}

/// A path of the table: `\040` is a space.
fn unescaped(field: &str) -> PathBuf {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let number = after.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
        match number.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(byte) if *first == b'\\' => {
                bytes.push(byte);
                rest = after.get(3..).unwrap_or_default();
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    PathBuf::from(OsString::from_vec(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_with_spaces_and_backslashes_are_read_from_the_table() {
        assert_eq!(unescaped("/a\\040b\\134c"), Path::new("/a b\\c"));
        assert_eq!(unescaped("/plain\\"), Path::new("/plain\\"));
    }
}
