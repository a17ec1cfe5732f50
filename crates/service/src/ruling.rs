//! By whose words of `reach` a call goes (defence rule 16): the user's own, else those of all groups the user is in, else the
//! port's; and telling a call that runs when they have changed.

use std::collections::BTreeMap;
use std::fmt;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

use openras_engine::escape;
use openras_nat::Reach;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::config::{Config, PortConfig};
use crate::service::Shared;
use crate::users::{UserNetwork, Users};

/// How often it is looked whether another program has changed the store while calls of users run.
const LOOKS: Duration = Duration::from_secs(1);

/// Whose words they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    /// The port of this name.
    Port(String),
    /// The groups of these names.
    Groups(Vec<String>),
    /// The user of this name.
    User(String),
}

impl fmt::Display for Whose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Port(name) => write!(f, "`reach` of the port {name}"),
            Self::Groups(names) => {
                let names: Vec<String> = names.iter().map(|name| format!("[group.{name}]")).collect();
                write!(f, "`reach` of {}", names.join(" and "))
            }
            Self::User(name) => write!(f, "`reach` of the user {}", escape::line(name)),
        }
    }
}

/// Where a call may go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ruling {
    /// What is open.
    pub(crate) reach: Reach,
    /// Who says so.
    pub(crate) whose: Whose,
}

impl Ruling {
    /// That of a caller nobody has anything else to say about.
    pub(crate) fn of_port(config: &Config, port: &PortConfig) -> Self {
        let reach = crate::network::reach(config, &port.network.reach);
        Self { reach, whose: Whose::Port(port.name.clone()) }
    }

    /// That of a user; `own` are the words of the user's own.
    pub(crate) fn of_user(config: &Config, port: &PortConfig, user: &str, own: Option<&Vec<String>>) -> Self {
        let (words, whose) = match own {
            Some(words) => (words.clone(), Whose::User(user.to_owned())),
            None => match config.group_reach(user) {
                Some((groups, words)) => (words, Whose::Groups(groups)),
                None => return Self::of_port(config, port),
            },
        };
        Self { reach: crate::network::reach(config, &words), whose }
    }
}

/// The ruling of one call, which may change while it runs.
#[derive(Default)]
pub(crate) struct Rules {
    state: Mutex<State>,
    /// Grows with each other ruling.
    version: AtomicU64,
}

#[derive(Default)]
struct State {
    user: Option<User>,
    ruling: Option<Arc<Ruling>>,
    /// Which rules that is out of ([`Networks::epoch`](crate::network::Networks::epoch)).
    epoch: u64,
    /// Whoever carries it out.
    task: Option<Waker>,
}

struct User {
    name: String,
    own: Option<Vec<String>>,
    address: Option<Ipv4Addr>,
}

impl Rules {
    /// What holds from the beginning.
    pub(crate) fn begin(&self, ruling: Arc<Ruling>) {
        self.state().ruling = Some(ruling);
        self.version.fetch_add(1, Ordering::Release);
    }

    /// The user is known; the network and the configuration are those of the epoch, or newer.
    pub(crate) fn set_user(
        &self,
        epoch: u64,
        (config, port): (&Config, &PortConfig),
        name: &str,
        network: UserNetwork,
    ) {
        let UserNetwork { reach, address, .. } = network;
        let mut state = self.state();
        let own = state.user.take().filter(|user| user.name == name).and_then(|user| user.own);
        state.user = Some(User { name: name.to_owned(), own, address });
        drop(state);
        self.refresh(epoch, (config, port), Some(reach));
    }

    /// The name of its user, once known.
    fn user(&self) -> Option<String> {
        self.state().user.as_ref().map(|user| user.name.clone())
    }

    /// The address that is always its user's.
    pub(crate) fn address(&self) -> Option<Ipv4Addr> {
        self.state().user.as_ref().and_then(|user| user.address)
    }

    /// Holds the call to the configuration of this epoch, and to the user's own words of then where they are known. What is newer
    /// stays: of two who refresh at a time the one that asked first may come last.
    fn refresh(&self, epoch: u64, (config, port): (&Config, &PortConfig), own: Option<Option<Vec<String>>>) {
        let mut state = self.state();
        if epoch < state.epoch {
            return;
        }
        state.epoch = epoch;
        if let (Some(user), Some(own)) = (&mut state.user, own) {
            user.own = own;
        }
        let now = match &state.user {
            Some(user) => Ruling::of_user(config, port, &user.name, user.own.as_ref()),
            None => Ruling::of_port(config, port),
        };
        if state.ruling.as_deref() == Some(&now) {
            return;
        }
        state.ruling = Some(Arc::new(now));
        self.version.fetch_add(1, Ordering::Release);
        let task = state.task.take();
        drop(state);
        task.into_iter().for_each(Waker::wake);
    }

    /// The ruling, where it is another one than that of the version `seen`.
    pub(crate) fn news(&self, seen: &mut u64) -> Option<Arc<Ruling>> {
        let now = self.version.load(Ordering::Acquire);
        if *seen == now {
            return None;
        }
        *seen = now;
        self.state().ruling.clone()
    }

    /// Wakes this task at the next change; `false`: there has been one since the version `seen`.
    pub(crate) fn wake(&self, seen: u64, task: &Waker) -> bool {
        let mut state = self.state();
        if self.version.load(Ordering::Acquire) != seen {
            return false;
        }
        if !state.task.as_ref().is_some_and(|known| known.will_wake(task)) {
            state.task = Some(task.clone());
        }
        true
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Holds every call that runs to what the configuration and the store say now.
pub(crate) async fn refresh(shared: &Shared) {
    let epoch = shared.networks.changed();
    let callers = shared.doors.callers();
    if callers.is_empty() {
        return;
    }
    // all that is looked at from here on is of this epoch, or newer
    let current = shared.current();
    let names: Vec<String> = callers.iter().filter_map(|(_, busy)| busy.rules.user()).collect();
    let own = own_words(shared, names).await;
    for (port, busy) in callers {
        let words = busy.rules.user().and_then(|name| own.get(&name).cloned());
        busy.rules.refresh(epoch, (&current.config, &port), words);
    }
}

/// The words of these users' own. A store that cannot be asked changes nothing.
async fn own_words(shared: &Shared, names: Vec<String>) -> BTreeMap<String, Option<Vec<String>>> {
    let Some(users) = shared.users().cloned().filter(|_| !names.is_empty()) else { return BTreeMap::new() };
    let asked = users.ask(move |users| {
        let mut words = BTreeMap::new();
        for name in names {
            // who is removed meanwhile gets no further than before
            if let Some(network) = users.known_network(&name)? {
                words.insert(name, network.reach);
            }
        }
        Ok::<_, crate::users::StoreError>(words)
    });
    match asked.await {
        Some(Ok(words)) => words,
        Some(Err(error)) => {
            warn!(%error, "users' `reach` cannot be read; calls go on with what was known");
            BTreeMap::new()
        }
        None => BTreeMap::new(),
    }
}

/// Until the service ends: what another program, as `openras user`, changes in the store holds for calls that run too.
pub(crate) async fn watch(shared: Arc<Shared>, cancel: CancellationToken) {
    let mut known = None;
    while cancel.run_until_cancelled(tokio::time::sleep(LOOKS)).await.is_some() {
        let users = shared.users().filter(|_| shared.doors.callers().iter().any(|it| it.1.rules.has_user()));
        let Some(users) = users.cloned() else {
            known = None;
            continue;
        };
        // a store that cannot be asked is everybody's trouble, and said by whoever needs it
        let Some(Ok(version)) = users.ask(Users::version).await else { continue };
        if known.replace(version) != Some(version) {
            refresh(&shared).await;
        }
    }
}

impl Rules {
    fn has_user(&self) -> bool {
        self.state().user.is_some()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;

    const GROUPS: &str = "[[port]]\nname = \"line1\"\nline = \"exchange:100\"\nreach = [\"192.0.2.1:25\"]\n\
                          [group.web]\nusers = [\"alice\"]\nreach = [\"192.0.2.1:80\"]\n\
                          [group.shell]\nusers = [\"Alice\"]\nreach = [\"192.0.2.1:22\"]\n\
                          [group.none]\nusers = [\"eve\"]\nreach = []\n";

    fn open(ruling: &Ruling) -> [bool; 4] {
        let to = "192.0.2.1".parse().unwrap();
        [25, 80, 22, 443].map(|port| ruling.reach.allows(to, Some(port)).is_ok())
    }

    #[test]
    fn the_users_words_go_before_those_of_groups_and_these_before_the_ports() {
        let config = Config::parse(GROUPS, "f").unwrap();
        let own = vec!["192.0.2.1:443".to_owned()];
        let groups = "`reach` of [group.shell] and [group.web]";
        let port = "`reach` of the port line1";
        // who, the words of the user's own, which of the ports 25, 80, 22 and 443 are open, and who says so
        for (who, own, allowed, whose) in [
            ("alice", None, [false, true, true, false], groups),
            ("CORP\\ALICE", None, [false, true, true, false], groups),
            ("alice", Some(&own), [false, false, false, true], "`reach` of the user alice"),
            ("alice", Some(&Vec::new()), [false; 4], "`reach` of the user alice"),
            ("eve", None, [false; 4], "`reach` of [group.none]"),
            ("eve", Some(&own), [false, false, false, true], "`reach` of the user eve"),
            ("bob", None, [true, false, false, false], port),
            ("bob\u{1b}[2J", Some(&own), [false, false, false, true], "`reach` of the user bob\\u{1b}[2J"),
        ] {
            let ruling = Ruling::of_user(&config, &config.ports[0], who, own);
            assert_eq!((open(&ruling), ruling.whose.to_string()), (allowed, whose.to_owned()), "{who}");
        }
    }

    #[derive(Default)]
    struct Woken(AtomicBool);

    impl std::task::Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_call_hears_of_another_ruling_once_and_of_the_same_not_at_all() {
        let config = Config::parse(GROUPS, "f").unwrap();
        let port = &config.ports[0];
        let rules = Rules::default();
        rules.begin(Arc::new(Ruling::of_port(&config, port)));
        let mut seen = 0;
        assert!(rules.news(&mut seen).is_some() && rules.news(&mut seen).is_none());
        let woken = Arc::new(Woken::default());
        assert!(rules.wake(seen, &woken.clone().into()));
        // bob is in no group: nothing is new
        rules.set_user(0, (&config, port), "bob", UserNetwork::default());
        rules.refresh(1, (&config, port), None);
        assert!(!woken.0.load(Ordering::Relaxed) && rules.news(&mut seen).is_none());
        // a reload puts him into one
        let other = Config::parse(&GROUPS.replace("\"eve\"", "\"bob\""), "f").unwrap();
        rules.refresh(2, (&other, port), None);
        assert!(woken.0.load(Ordering::Relaxed), "whoever carries it out is woken");
        assert!(!rules.wake(seen, &woken.clone().into()), "there is something to do first");
        assert_eq!(open(&rules.news(&mut seen).unwrap()), [false; 4]);
        // words of his own, and none again
        rules.refresh(3, (&other, port), Some(Some(vec!["192.0.2.1:443".into()])));
        assert_eq!(open(&rules.news(&mut seen).unwrap()), [false, false, false, true]);
        rules.refresh(4, (&config, port), Some(None));
        assert_eq!(rules.news(&mut seen).unwrap().whose, Whose::Port("line1".into()));
    }

    /// Two administrators change a user at a time: who asked the store first may be the last to say what it answered.
    #[test]
    fn words_of_before_never_take_the_place_of_newer_ones() {
        let config = Config::parse(GROUPS, "f").unwrap();
        let port = &config.ports[0];
        let rules = Rules::default();
        let wide = Some(vec!["192.0.2.1:22".to_owned(), "192.0.2.1:443".to_owned()]);
        rules.set_user(
            0,
            (&config, port),
            "bob",
            UserNetwork { reach: wide.clone(), ..UserNetwork::default() },
        );
        rules.refresh(2, (&config, port), Some(Some(Vec::new())));
        rules.refresh(1, (&config, port), Some(wide.clone()));
        assert_eq!(open(&rules.news(&mut 0).unwrap()), [false; 4]);
        // nor does a log-in that was asked for before
        rules.set_user(1, (&config, port), "bob", UserNetwork { reach: wide, ..UserNetwork::default() });
        assert_eq!(open(&rules.news(&mut 0).unwrap()), [false; 4]);
    }
}
