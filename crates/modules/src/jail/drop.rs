//! Giving up rights: users, capabilities, limits.

use nix::sched::{CloneFlags, unshare};
use nix::unistd::{Gid, Uid, setgroups, setresgid, setresuid};
use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit};
use rustix::thread::{CapabilitySet, CapabilitySets};

use super::settings::{Ceilings, Identity};
use super::{Failed, Step};

/// Highest number of a capability that a kernel may come to have.
const CAPABILITIES: u32 = 63;

/// One user and one group of this user namespace, as (number inside, number outside).
pub(super) fn map(uid: (u32, u32), gid: (u32, u32)) -> Result<(), Failed> {
    // groups could be used to be refused less, so the kernel wants them given up first
    std::fs::write("/proc/self/setgroups", "deny").step("giving up groups in a user namespace")?;
    std::fs::write("/proc/self/uid_map", format!("{} {} 1\n", uid.0, uid.1))
        .step("naming the user of a user namespace")?;
    std::fs::write("/proc/self/gid_map", format!("{} {} 1\n", gid.0, gid.1))
        .step("naming the group of a user namespace")
}

/// Becomes the module's user for good.
pub(super) fn become_user(identity: Identity) -> Result<(), Failed> {
    let (uid, gid) = (Uid::from_raw(identity.uid), Gid::from_raw(identity.gid));
    // while there is a right to
    bounding();
    setgroups(&[]).step("giving up groups")?;
    setresgid(gid, gid, gid).step("becoming the module's group")?;
    setresuid(uid, uid, uid).step("becoming the module's user")
}

/// A last user namespace, in which no other can be made: what a nested one gives is rights over itself, and much of
/// the kernel is only reached with those.
///
/// Where the system does not let an ordinary user make one, the module cannot either, and that is as good.
pub(super) fn no_more_namespaces(uid: (u32, u32), gid: (u32, u32)) -> Result<(), Failed> {
    let restricted = std::fs::read("/proc/sys/kernel/apparmor_restrict_unprivileged_userns");
    if restricted.is_ok_and(|value| value.trim_ascii() == b"1") || !may_be_mapped() {
        return Ok(());
    }
    if unshare(CloneFlags::CLONE_NEWUSER).is_err() {
        return Ok(());
    }
    map(uid, gid)?;
    std::fs::write("/proc/sys/user/max_user_namespaces", "0").step("ending the making of namespaces")
}

/// Changing the user has given the files in /proc/self to root; without them there is no way back out of an
/// unmapped namespace.
fn may_be_mapped() -> bool {
    set_dumpable_behavior(DumpableBehavior::Dumpable).is_ok()
        && std::fs::File::options().write(true).open("/proc/self/uid_map").is_ok()
}

/// What in an IPC namespace holds memory that no limit of a process counts: how many of it there may be.
const MESSAGES: [(&str, &str); 3] = [("shmmni", "0"), ("msgmni", "0"), ("sem", "0 0 0 0")];

/// Nothing of System V's shared memory, queues and semaphores can be made in this IPC namespace, which is the jail's own.
/// Older kernels do not let an ordinary user say so; `docs/modules.md` tells what that leaves open.
pub(super) fn no_messages() {
    for (name, most) in MESSAGES {
        let _ = std::fs::write(std::path::Path::new("/proc/sys/kernel").join(name), most);
    }
}

/// Where memory runs out, the kernel ends a module before the service. What a right was used for cannot be undone
/// without it; where the service has no such right, the module may take it back.
pub(super) fn first_to_go() {
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
}

/// No capability is left, and none can come back: not by a set-uid file, nor by being root of a namespace.
pub(super) fn capabilities() -> Result<(), Failed> {
    rustix::thread::set_no_new_privs(true).step("giving up new privileges")?;
    let _ = rustix::thread::clear_ambient_capability_set();
    bounding();
    let none = CapabilitySet::empty();
    let none = CapabilitySets { effective: none, permitted: none, inheritable: none };
    rustix::thread::set_capabilities(None, none).step("giving up capabilities")
}

/// What no process started from here can get again. Not those that the kernel does not have, or that we have no right
/// to drop; the other walls stand without.
fn bounding() {
    for number in 0..=CAPABILITIES {
        let one = CapabilitySet::from_bits_retain(1 << number);
        let _ = rustix::thread::remove_capability_from_bounding_set(one);
    }
}

/// Limits of this process and all it starts. `more` processes are ours.
pub(super) fn limits(ceilings: &Ceilings, more: u64) -> Result<(), Failed> {
    let wanted = [
        (Resource::Core, Some(0)),
        (Resource::Msgqueue, Some(0)),
        (Resource::Cpu, Some(ceilings.cpu)),
        (Resource::Nofile, Some(ceilings.files)),
        (Resource::Nproc, Some(ceilings.processes.saturating_add(more))),
        (Resource::Fsize, Some(ceilings.file)),
        (Resource::As, ceilings.memory),
    ];
    for (resource, value) in wanted {
        let Some(value) = value else { continue };
        // what we are bound by ourselves cannot be raised
        let value = Some(getrlimit(resource).maximum.map_or(value, |own| own.min(value)));
        setrlimit(resource, Rlimit { current: value, maximum: value }).step("setting limits")?;
    }
    Ok(())
}
