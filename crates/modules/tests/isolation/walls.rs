//! A hostile module tries each thing of defence rule 11.

use std::collections::BTreeMap;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::Path;

use openras_modules::Wall;
use openras_modules::process::{ProgramConfig, Settings};

use crate::common::*;

/// What the hostile module could do, by name.
type Report = BTreeMap<String, String>;

/// Targets of a hostile module.
struct Targets {
    folder: tempfile::TempDir,
    marker: String,
    _listening: (UnixListener, UnixListener, std::net::TcpListener),
    settings: serde_json::Value,
}

impl Targets {
    fn plant(marker: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // open to all, so that nothing but the wall is in the way
        let open = |path: &Path| {
            std::fs::set_permissions(path, PermissionsExt::from_mode(0o777)).unwrap();
        };
        open(folder.path());
        let state = folder.path().join("state");
        std::fs::create_dir(&state).unwrap();
        open(&state);
        for name in ["store", "key"] {
            std::fs::write(state.join(name), "planted").unwrap();
            open(&state.join(name));
        }
        let socket = UnixListener::bind(state.join("api.sock")).unwrap();
        open(&state.join("api.sock"));
        let name = format!("openras-test-{marker}-{}", std::process::id());
        let abstract_name = SocketAddr::from_abstract_name(&name).unwrap();
        let listening = (
            socket,
            UnixListener::bind_addr(&abstract_name).unwrap(),
            std::net::TcpListener::bind("127.0.0.1:0").unwrap(),
        );
        let shown = folder.path().join("shown");
        std::fs::create_dir(&shown).unwrap();
        open(&shown);
        std::fs::copy("/usr/bin/id", shown.join("id")).unwrap();
        std::fs::set_permissions(shown.join("id"), PermissionsExt::from_mode(0o4755)).unwrap();
        std::fs::write(shown.join("hostile.py"), include_str!("hostile.py")).unwrap();
        open(&shown.join("hostile.py"));
        let marker = format!("{marker}.{}", std::process::id());
        let settings = serde_json::json!({
            "store": state.join("store"), "key": state.join("key"), "socket": state.join("api.sock"),
            "abstract": name, "port": listening.2.local_addr().unwrap().port(),
            "pid": std::process::id(), "marker": marker, "setuid": [shown.join("id")],
        });
        Self { folder, marker, _listening: listening, settings }
    }

    fn config(&self) -> ProgramConfig {
        let script = self.folder.path().join("shown/hostile.py");
        let mut config = ProgramConfig::new(["/usr/bin/python3".into(), script.display().to_string()]);
        config.config = Settings(self.settings.clone());
        config.readable = vec![self.folder.path().join("shown")];
        config.warm = 0;
        patient(config)
    }

    /// Runs the hostile module for one call; gives its wall too.
    async fn attack(&self) -> (Wall, Report) {
        let mut parts = parts();
        parts.hidden = vec![self.folder.path().join("state")];
        let registry = registry(self.config(), &parts).unwrap();
        let (verdict, screen) = call(&registry.module("x").unwrap(), "").await;
        assert!(
            matches!(&verdict, openras_engine::server::DialogVerdict::Success { user, .. } if user == "mallory"),
            "{verdict:?}\n{screen}"
        );
        let report = screen.lines().filter_map(|line| line.split_once(": "));
        let report = report.map(|(name, result)| (name.to_owned(), result.to_owned())).collect();
        (registry.conditions().next().unwrap().1.wall, report)
    }
}

/// All that no wall with namespaces may let through.
fn held(report: &Report, store: &str) {
    let refused = [
        "store",
        "key",
        "store by a root",
        "socket",
        "socket by a root",
        "abstract",
        "loopback",
        "kill",
        "memory of the service",
        "memory of the jail",
        "environment of the service",
        "trace",
        "trace the jail",
        "write /usr/x",
        "write /etc/x",
        "write /x",
        "write /dev/x",
        "write /proc/sys/kernel/hostname",
        "write /proc/sysrq-trigger",
        store,
        "become root",
        "user namespace",
        "store by a namespace",
        "mount namespace",
        "more namespaces",
        "mount",
        "writable again",
        "chroot",
        "device",
        "memory",
        "shared memory",
        "System V queue",
        "semaphores",
        "message queue",
        "store again",
    ];
    for name in refused {
        assert!(report[name].starts_with("no "), "{name}: {}", report[name]);
    }
    let number = |name: &str| report[name].parse::<u64>().unwrap();
    assert!(number("processes") <= 2, "itself and the jail's: {report:?}");
    bounded(report);
}

/// What every wall with a user of its own or namespaces leaves a module.
fn bounded(report: &Report) {
    let number = |name: &str| report[name].parse::<u64>().unwrap();
    if is_root() && may_use_resources() {
        assert!(report["spared"].starts_with("no "), "{report:?}");
    }
    assert!((1..=16).contains(&number("forks")), "{report:?}");
    assert!((1..=64).contains(&number("files")), "{report:?}");
    assert!((1..=16).contains(&number("file")), "{report:?}");
    assert_eq!(report["write own"], "written");
    assert_eq!(report["environment"], "['LANG', 'PATH']");
    assert_eq!(report["descriptors"], "[0, 1, 2]");
    assert_eq!(report["rights"], "['0000000000000000', '0000000000000000', '0000000000000000', '1']");
    assert_ne!(report["set-uid"], "0");
    assert_eq!(report["escape"], "left");
}

/// Whether this process has CAP_SYS_RESOURCE: what it is used for, a module cannot undo.
fn may_use_resources() -> bool {
    let own = rustix::thread::capabilities(None).unwrap();
    own.effective.contains(rustix::thread::CapabilitySet::SYS_RESOURCE)
}

async fn hostile(test: &str, marker: u32) -> Option<Wall> {
    if !Path::new("/usr/bin/python3").exists() {
        skip(test, "no /usr/bin/python3");
        return None;
    }
    let targets = Targets::plant(marker);
    // one descriptor that the service has by mistake, open for whoever is started
    let leaked = std::fs::File::open(targets.folder.path().join("state/store")).unwrap();
    rustix::io::fcntl_setfd(&leaked, rustix::io::FdFlags::empty()).unwrap();
    let (wall, report) = targets.attack().await;
    if wall == Wall::OwnUid {
        skip(test, "no namespaces here; only the user is another");
        return None;
    }
    held(&report, &format!("write {}", targets.settings["store"].as_str().unwrap()));
    gone(&format!("sleep {}", targets.marker)).await;
    Some(wall)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_module_of_root_gets_nothing() {
    if !is_root() {
        return skip("walls::a_hostile_module_of_root_gets_nothing", "not root");
    }
    let wall = hostile("walls::a_hostile_module_of_root_gets_nothing", 70_001).await;
    assert!(matches!(wall, None | Some(Wall::Namespaces { own_uid: true })), "{wall:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_module_of_an_ordinary_user_gets_nothing() {
    let test = "walls::a_hostile_module_of_an_ordinary_user_gets_nothing";
    if again_as_nobody(test) {
        return;
    }
    if let Err(why) = registry(sh(SUCCESS), &parts()) {
        return skip(test, &format!("no user namespaces for ordinary users: {why}"));
    }
    let wall = hostile(test, 70_002).await;
    assert!(matches!(wall, None | Some(Wall::Namespaces { own_uid: false })), "{wall:?}");
}

/// The wall of root where the system lets it make no namespaces: another user, and nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_module_that_is_only_another_user_gets_nothing_of_the_services() {
    let test = "walls::a_hostile_module_that_is_only_another_user_gets_nothing_of_the_services";
    if !is_root() {
        return skip(test, "not root");
    }
    if !Path::new("/usr/bin/python3").exists() {
        return skip(test, "no /usr/bin/python3");
    }
    let targets = Targets::plant(70_003);
    // as the service keeps them: they are its user's
    let state = targets.folder.path().join("state");
    std::fs::set_permissions(&state, PermissionsExt::from_mode(0o700)).unwrap();
    let uids = openras_modules::Parts::default().uids;
    let (uid, sweeper) = (uids.start + 7, uids.end - 7);
    let own = targets.folder.path().join("own");
    std::fs::create_dir(&own).unwrap();
    std::os::unix::fs::chown(&own, Some(uid), Some(uid)).unwrap();
    let settings = serde_json::json!({
        "kind": "own_uid", "program": "/usr/bin/python3", "folder": own, "readable": [], "network": false,
        "arguments": [targets.folder.path().join("shown/hostile.py")], "grace": 100, "probe": false,
        "identity": { "uid": uid, "gid": uid, "sweeper": sweeper },
        "ceilings": { "memory": 1_u64 << 30, "cpu": 30, "files": 64, "processes": 16, "file": 16 << 20 },
    });
    let begin = serde_json::json!({ "type": "begin", "config": targets.settings });
    let report = tokio::task::spawn_blocking(move || alone(&settings, &begin)).await.unwrap();
    // the one place that its user and the host's others share
    let _ = std::fs::remove_file("/tmp/mine");
    let store = format!("write {}", targets.settings["store"].as_str().unwrap());
    let refused = [
        "store",
        "key",
        "store by a root",
        "store by a namespace",
        "store again",
        "socket",
        "socket by a root",
        "kill",
        "kill the supervisor",
        "memory of the service",
        "memory of the jail",
        "environment of the service",
        "trace",
        "trace the jail",
        "write /usr/x",
        "write /etc/x",
        "write /x",
        "write /proc/sys/kernel/hostname",
        "write /proc/sysrq-trigger",
        &store,
        "become root",
        "mount",
        "chroot",
        "device",
        "memory",
        "message queue",
    ];
    for name in refused {
        assert!(report[name].starts_with("no "), "{name}: {}", report[name]);
    }
    bounded(&report);
    gone(&format!("sleep {}", targets.marker)).await;
}

/// The jail with these settings, outside of any module; gives what the hostile module says after its `begin`.
fn alone(settings: &serde_json::Value, begin: &serde_json::Value) -> Report {
    let mut command = std::process::Command::new(helper());
    command.args(["module-jail", "supervise", &settings.to_string()]);
    command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    std::io::Write::write_all(&mut stdin, format!("{begin}\n").as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    drop(stdin);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("mallory"), "{said}");
    let said = said.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let lines = said.filter_map(|line| Some(line.get("text")?.as_str()?.trim_end().to_owned()));
    lines
        .filter_map(|line| line.split_once(": ").map(|(name, result)| (name.into(), result.into())))
        .collect()
}

/// To the kernel's settings in /proc/sys, as `core_pattern`, root is root without any capability; and 2³²-1 is "as it
/// is" to the calls that change users.
#[test]
fn a_user_that_is_no_wall_is_refused() {
    for (uid, gid) in [(0, 0), (0, 1000), (u32::MAX, 1000), (1000, u32::MAX)] {
        let mut config = sh("");
        (config.uid, config.gid) = (Some(uid), Some(gid));
        let said = registry(config, &parts()).err().unwrap();
        assert!(said.contains("is no wall"), "{uid} {gid}: {said}");
    }
}

#[tokio::test]
async fn without_any_wall_the_module_is_not_made_and_the_sentence_says_what_to_write() {
    let mut parts = parts();
    // a program that is no jail, as on a system where no jail can be built
    parts.helper = Some("/bin/true".into());
    let said = registry(sh(SUCCESS), &parts).err().unwrap();
    assert!(said.contains("cannot be walled in") && said.contains("isolation = \"none\""), "{said}");
    let mut config = sh(&format!("{READ}{SUCCESS}"));
    config.isolation = openras_modules::process::Isolation::None;
    let registry = registry(config, &parts).unwrap();
    assert_eq!(call(&registry.module("x").unwrap(), "").await.0, alice());
    assert_eq!(registry.conditions().next().unwrap().1.wall, Wall::None);
}

#[test]
fn what_is_the_services_alone_cannot_be_made_readable() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    std::fs::create_dir(&state).unwrap();
    std::fs::write(state.join("key"), "").unwrap();
    let parts = openras_modules::Parts { hidden: vec![state.clone()], ..parts() };
    let mut by_place = sh("");
    by_place.readable = vec![folder.path().to_owned()];
    let mut by_folder = sh("");
    by_folder.folder = Some(state.clone());
    let by_word = ProgramConfig::new(["cat".into(), state.join("key").display().to_string()]);
    for config in [by_place, by_folder, by_word] {
        let said = registry(config, &parts).err().unwrap();
        assert!(said.contains("no module may read"), "{said}");
    }
    let mut nowhere = sh("");
    nowhere.readable = vec!["/no/such/place".into()];
    let said = registry(nowhere, &parts).err().unwrap();
    assert!(said.contains("/no/such/place") && said.contains("not there"), "{said}");
}

#[tokio::test]
async fn a_module_reads_its_own_files_and_what_is_named_and_writes_to_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let [own, data, word] = ["own", "data", "word"].map(|name| folder.path().join(name));
    std::fs::create_dir(&own).unwrap();
    std::fs::set_permissions(&own, PermissionsExt::from_mode(0o777)).unwrap();
    std::fs::create_dir(&data).unwrap();
    std::fs::write(data.join("file"), "1").unwrap();
    std::fs::write(&word, "2").unwrap();
    let script = format!(
        r#"{READ} [ "$(cat {}/file)$(cat $0)" = 12 ] || exit 3
        [ "$(pwd)" = {} ] && echo kept > kept || exit 4
        touch {}/new && exit 5; ls {} | grep -q beside && exit 6; {SUCCESS}"#,
        data.display(),
        own.display(),
        data.display(),
        folder.path().display()
    );
    std::fs::write(folder.path().join("beside"), "").unwrap();
    let mut config = ProgramConfig::new(["sh", "-c", &script, word.to_str().unwrap()]);
    config.readable = vec![data.clone(), own.join("deep")];
    std::fs::create_dir(own.join("deep")).unwrap();
    config.folder = Some(own.clone());
    let (registry, module) = module(config);
    assert_ne!(registry.conditions().next().unwrap().1.wall, Wall::None);
    assert_eq!(call(&module, "").await.0, alice());
    assert_eq!(std::fs::read_to_string(own.join("kept")).unwrap(), "kept\n");
}

#[tokio::test]
async fn a_file_that_the_modules_user_may_not_read_is_named_at_the_start() {
    if !is_root() {
        return skip("walls::a_file_that_the_modules_user_may_not_read", "not root");
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    let config = ProgramConfig::new(["cat".into(), file.path().display().to_string()]);
    let said = registry(config, &parts()).err().unwrap();
    assert!(
        said.contains("as the user of the module") && said.contains(file.path().to_str().unwrap()),
        "{said}"
    );
}
