//! Who may ask the service what (defence rules 9 and 10): decided once for each connection to the socket, by the
//! credentials the system gives of the process at the other end.

use nix::unistd::{Gid, Group, Uid, User, getgrouplist};
use openras_api::Problem;
use openras_engine::RasError;
use tokio::net::unix::UCred;

/// The group that may dial.
pub const DIAL_GROUP: &str = "openras";
/// The group that may do all.
pub const ADMIN_GROUP: &str = "openras-admin";

/// What a client may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Nothing: each request is answered with 5.
    Nobody,
    /// Dial, and see, hear, answer and end its own calls.
    Dialer,
    /// All.
    Admin,
}

/// By what rights a service answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rights {
    /// The system's service: by user and group.
    System {
        /// The uid it runs as.
        service: u32,
        /// The group that may dial, if there is one.
        dial: Option<u32>,
        /// The group that may do all, if there is one.
        admin: Option<u32>,
    },
    /// A private service: its own uid, nobody else.
    Private {
        /// The uid it runs as.
        service: u32,
    },
}

/// Who is at the other end of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// User id.
    pub uid: u32,
    /// All its groups.
    pub gids: Vec<u32>,
    /// What it may do.
    pub role: Role,
}

impl Rights {
    /// Those of the system's service as this process; the groups are looked up now. Blocks as long as the system's
    /// group database takes.
    pub fn system() -> Self {
        let gid = |name| Group::from_name(name).ok().flatten().map(|group| group.gid.as_raw());
        Self::System {
            service: rustix::process::geteuid().as_raw(),
            dial: gid(DIAL_GROUP),
            admin: gid(ADMIN_GROUP),
        }
    }

    /// Those of a private service as this process.
    pub fn private() -> Self {
        Self::Private { service: rustix::process::geteuid().as_raw() }
    }

    /// What a user with these groups may do.
    pub fn of(self, uid: u32, gids: &[u32]) -> Role {
        match self {
            Self::Private { service } if uid == service => Role::Admin,
            Self::Private { .. } => Role::Nobody,
            Self::System { service, .. } if uid == 0 || uid == service => Role::Admin,
            Self::System { dial, admin, .. } => {
                let in_group = |group: Option<u32>| group.is_some_and(|gid| gids.contains(&gid));
                match (in_group(admin), in_group(dial)) {
                    (true, _) => Role::Admin,
                    (false, true) => Role::Dialer,
                    (false, false) => Role::Nobody,
                }
            }
        }
    }

    /// Whether a client of this uid is not even heard.
    pub fn refuses(self, uid: u32) -> bool {
        matches!(self, Self::Private { service } if uid != service)
    }

    /// The client with these credentials. The groups are those the system's database gives its user, and the one
    /// its process has.
    pub(crate) async fn peer(self, credentials: UCred) -> Peer {
        let (uid, gid) = (credentials.uid(), credentials.gid());
        if self.of(uid, &[gid]) == Role::Admin {
            return Peer { uid, gids: vec![gid], role: Role::Admin };
        }
        // a database that does not answer gives no right
        let gids = tokio::task::spawn_blocking(move || groups(uid, gid)).await.unwrap_or_else(|_| vec![gid]);
        let role = self.of(uid, &gids);
        Peer { uid, gids, role }
    }
}

/// The groups of a user, with the one its process runs in.
fn groups(uid: u32, gid: u32) -> Vec<u32> {
    let mut gids = vec![gid];
    if let Ok(Some(user)) = User::from_uid(Uid::from_raw(uid)) {
        gids.push(user.gid.as_raw());
        if let Ok(name) = std::ffi::CString::new(user.name)
            && let Ok(more) = getgrouplist(&name, Gid::from_raw(user.gid.as_raw()))
        {
            gids.extend(more.iter().map(|gid| gid.as_raw()));
        }
    }
    gids.sort_unstable();
    gids.dedup();
    gids
}

impl Peer {
    /// Whether it may do all.
    pub fn is_admin(&self) -> bool {
        self.role == Role::Admin
    }

    /// Whether a call that this uid dialled is its to see; `None` is a call that was answered.
    pub fn owns(&self, uid: Option<u32>) -> bool {
        self.is_admin() || uid == Some(self.uid)
    }
}

/// What a client without rights is told.
pub(crate) fn nobody(uid: u32) -> Problem {
    Problem::new(
        RasError::ACCESS_DENIED,
        format!("The user with uid {uid} is in neither of the groups {DIAL_GROUP} and {ADMIN_GROUP}."),
    )
    .remedy(format!("As root: usermod -aG {DIAL_GROUP} USER, then log in again."))
}

/// What a client is told who asks for what administrators may.
pub(crate) fn not_admin() -> Problem {
    Problem::new(RasError::ACCESS_DENIED, "Only administrators may do this.").remedy(format!(
        "Ask as root, or as a user of the group {ADMIN_GROUP}; `openras status` shows what is yours."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uid_and_groups_decide_what_a_client_may_do() {
        let both = Rights::System { service: 900, dial: Some(50), admin: Some(60) };
        let none = Rights::System { service: 900, dial: None, admin: None };
        let private = Rights::Private { service: 1000 };
        for (rights, uid, gids, role) in [
            (both, 0, &[][..], Role::Admin),
            (both, 900, &[], Role::Admin),
            (both, 1000, &[60], Role::Admin),
            (both, 1000, &[50, 60], Role::Admin),
            (both, 1000, &[1000, 50], Role::Dialer),
            (both, 1000, &[1000], Role::Nobody),
            // a group is no user
            (both, 50, &[1000], Role::Nobody),
            (both, 60, &[900, 0], Role::Nobody),
            // groups that are not there give nothing, not even gid 0
            (none, 1000, &[0, 50, 60], Role::Nobody),
            (none, 0, &[], Role::Admin),
            // a private service has one user, and root is another
            (private, 1000, &[], Role::Admin),
            (private, 0, &[0], Role::Nobody),
            (private, 1001, &[50, 60, 1000], Role::Nobody),
        ] {
            assert_eq!(rights.of(uid, gids), role, "{rights:?} {uid} {gids:?}");
            assert_eq!(rights.refuses(uid), rights == private && role == Role::Nobody);
        }
    }

    #[test]
    fn a_dialer_owns_what_it_dialled_and_an_administrator_all() {
        let peer = |role| Peer { uid: 7, gids: vec![], role };
        for (role, uid, owns) in [
            (Role::Dialer, Some(7), true),
            (Role::Dialer, Some(8), false),
            (Role::Dialer, None, false),
            (Role::Admin, Some(8), true),
            (Role::Admin, None, true),
        ] {
            assert_eq!(peer(role).owns(uid), owns, "{role:?} {uid:?}");
        }
    }

    #[test]
    fn the_groups_of_this_process_are_found_in_the_systems_database() {
        let gids = groups(0, 12345);
        assert!(gids.contains(&0) && gids.contains(&12345), "{gids:?}");
    }
}
