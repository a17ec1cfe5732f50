//! In folders of this test's own; `resolvectl` and `resolvconf` are stand-ins that write down what they were told.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::sync::{Arc, Mutex};

use tempfile::TempDir;

use super::file::{Taken, put, repair, take};
use super::*;

const BEFORE: &[u8] = b"# by hand\nsearch example.test\nnameserver 192.0.2.1\noptions ndots:2";

struct Lab(TempDir);

impl Lab {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn conf(&self) -> PathBuf {
        self.path("resolv.conf")
    }

    fn read(&self, name: &str) -> String {
        String::from_utf8(fs::read(self.path(name)).unwrap()).unwrap()
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.0.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// A system whose programs are not there unless [`Self::program`] has made them.
    fn system(&self) -> System {
        System {
            resolv_conf: self.conf(),
            resolved: self.path("resolved"),
            resolvectl: vec![self.path("resolvectl")],
            resolvconf: vec![self.path("resolvconf")],
            records: vec![self.path("run/interface")],
        }
    }

    /// One that writes down its arguments and input, and ends with this code.
    fn program(&self, name: &str, code: u8) {
        let said = self.path("said");
        let text = format!(
            "#!/bin/sh\n{{ echo \"{name} $*\"; cat; }} >> {}\necho no >&2\nexit {code}\n",
            said.display()
        );
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
}

fn wanted(device: &str, index: u32, servers: &[&str]) -> Wanted {
    let servers = servers.iter().map(|server| server.parse().unwrap()).collect();
    Wanted { device: device.into(), index, servers }
}

/// A device that is there.
fn lo() -> (String, u32) {
    ("lo".into(), nix::net::if_::if_nametoindex("lo").unwrap())
}

fn servers_of(text: &str) -> Vec<&str> {
    text.lines().filter_map(|line| line.strip_prefix("nameserver ")).collect()
}

#[test]
fn what_was_there_comes_back_to_the_octet_with_its_link_and_its_rights() {
    let lab = Lab::new();
    fs::create_dir(lab.path("run")).unwrap();
    fs::write(lab.path("run/real"), BEFORE).unwrap();
    fs::set_permissions(lab.path("run/real"), fs::Permissions::from_mode(0o640)).unwrap();
    symlink("run/real", lab.conf()).unwrap();
    let call = wanted("ras0", 7, &["10.64.0.1", "fd12::1"]);
    put(&lab.conf(), &call).unwrap();
    let text = lab.read("resolv.conf");
    assert_eq!(servers_of(&text), ["10.64.0.1", "fd12::1"]);
    assert!(text.contains("search example.test\n") && text.ends_with("options ndots:2\n"), "{text}");
    let mode = |name: &str| fs::metadata(lab.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("run/real"), mode("run/real.openras")), (0o640, 0o640));
    assert_eq!(take(&lab.conf(), &call).unwrap(), Taken::Restored);
    assert_eq!(fs::read(lab.conf()).unwrap(), BEFORE);
    assert_eq!(fs::read_link(lab.conf()).unwrap(), Path::new("run/real"));
    assert_eq!(mode("run/real"), 0o640);
    assert_eq!(fs::read_dir(lab.path("run")).unwrap().count(), 1, "nothing is left beside it");
}

#[test]
fn of_two_calls_the_newer_goes_first_and_each_takes_out_its_own() {
    for first in [0, 1] {
        let lab = Lab::new();
        fs::write(lab.conf(), BEFORE).unwrap();
        let calls = [wanted("ras0", 7, &["10.0.0.1"]), wanted("ras1", 8, &["10.1.0.1"])];
        calls.iter().for_each(|call| put(&lab.conf(), call).unwrap());
        assert_eq!(servers_of(&lab.read("resolv.conf")), ["10.1.0.1", "10.0.0.1"]);
        assert_eq!(take(&lab.conf(), &calls[first]).unwrap(), Taken::OthersRemain);
        let left = calls[1 - first].servers[0].to_string();
        assert_eq!(servers_of(&lab.read("resolv.conf")), [left]);
        assert_eq!(take(&lab.conf(), &calls[1 - first]).unwrap(), Taken::Restored);
        assert_eq!(fs::read(lab.conf()).unwrap(), BEFORE);
        assert_eq!(lab.names(), ["resolv.conf"]);
    }
}

#[test]
fn what_somebody_else_has_written_meanwhile_is_left() {
    let (ours, call) = (wanted("ras0", 7, &["10.0.0.1"]), wanted("ras1", 8, &["10.1.0.1"]));
    // another's whole file, ours with a line more, nothing at all
    for theirs in [Some("nameserver 198.51.100.1\n"), None, Some("")] {
        let lab = Lab::new();
        fs::write(lab.conf(), BEFORE).unwrap();
        put(&lab.conf(), &ours).unwrap();
        let theirs =
            theirs.map_or_else(|| lab.read("resolv.conf") + "nameserver 198.51.100.1\n", str::to_owned);
        fs::write(lab.conf(), &theirs).unwrap();
        let kept = lab.path("resolv.conf.openras");
        assert_eq!(take(&lab.conf(), &ours).unwrap(), Taken::Changed(kept.clone()));
        assert!(!repair(&lab.conf()).unwrap());
        assert_eq!(lab.read("resolv.conf"), theirs);
        assert_eq!(fs::read(kept).unwrap(), BEFORE, "what was there is not lost");
        // another's file is what comes back after the next call; a changed one of ours is nobody's to write
        if theirs.starts_with("# Name servers") {
            assert!(put(&lab.conf(), &call).unwrap_err().to_string().contains("was changed"));
        } else {
            put(&lab.conf(), &call).unwrap();
            take(&lab.conf(), &call).unwrap();
        }
        assert_eq!(lab.read("resolv.conf"), theirs);
    }
}

#[test]
fn where_there_was_no_file_there_is_none_again() {
    let lab = Lab::new();
    let call = wanted("ras0", 7, &["10.0.0.1"]);
    put(&lab.conf(), &call).unwrap();
    assert_eq!(servers_of(&lab.read("resolv.conf")), ["10.0.0.1"]);
    assert_eq!(take(&lab.conf(), &call).unwrap(), Taken::Restored);
    assert!(lab.names().is_empty());
}

#[test]
fn a_call_that_was_killed_is_undone_and_one_that_stands_is_not() {
    let lab = Lab::new();
    fs::write(lab.conf(), BEFORE).unwrap();
    let (device, index) = lo();
    put(&lab.conf(), &wanted(&device, index, &["10.0.0.1"])).unwrap();
    put(&lab.conf(), &wanted("no-such", 7, &["10.1.0.1"])).unwrap();
    // a name that has come again is another device
    assert!(repair(&lab.conf()).unwrap());
    assert_eq!(servers_of(&lab.read("resolv.conf")), ["10.0.0.1"]);
    assert!(!repair(&lab.conf()).unwrap());
    put(&lab.conf(), &wanted(&device, index + 1000, &["10.2.0.1"])).unwrap();
    assert!(repair(&lab.conf()).unwrap());
    assert_eq!(fs::read(lab.conf()).unwrap(), BEFORE);
    assert_eq!(lab.names(), ["resolv.conf"]);
}

#[test]
fn what_is_no_address_of_a_host_is_no_name_server() {
    let (names, keeper) = name_servers(Lab::new().system());
    let given = [
        "127.0.0.53",
        "0.0.0.0",
        "255.255.255.255",
        "224.0.0.1",
        "169.254.1.1",
        "::1",
        "fe80::1",
        "::ffff:10.0.0.1",
    ];
    names.set("ras0", 7, given.iter().map(|text| text.parse().unwrap()));
    assert_eq!(*keeper.wanted.borrow(), None);
    let many = ["10.0.0.1", "10.0.0.1", "10.0.0.2", "fd12::1", "10.0.0.3", "10.0.0.4"];
    names.set("ras0", 7, many.iter().map(|text| text.parse().unwrap()));
    let kept = keeper.wanted.borrow().clone().unwrap().servers;
    assert_eq!(
        kept.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["10.0.0.1", "10.0.0.2", "fd12::1", "10.0.0.3"]
    );
}

/// Runs a call with these servers to its end; gives what was said when they were in force and afterwards.
async fn a_call(system: System) -> Vec<Said> {
    let (names, keeper) = name_servers(system);
    let said = Arc::new(Mutex::new(Vec::new()));
    let (hear, heard) = (said.clone(), Arc::new(tokio::sync::Notify::new()));
    let told = heard.clone();
    let kept = tokio::spawn(keeper.run(move |said| {
        hear.lock().unwrap().push(said);
        told.notify_one();
    }));
    names.set("ras7", 7, ["10.64.0.1".parse().unwrap(), "fd12::1".parse().unwrap()]);
    heard.notified().await;
    drop(names);
    kept.await.unwrap();
    let said = said.lock().unwrap();
    said.clone()
}

#[tokio::test]
async fn a_file_of_nobodys_is_written_and_put_back() {
    let lab = Lab::new();
    fs::write(lab.conf(), BEFORE).unwrap();
    let said = a_call(lab.system()).await;
    assert!(
        matches!(&said[..], [Said::InForce(text), Said::Undone(_)] if text.contains("10.64.0.1, fd12::1")),
        "{said:?}"
    );
    assert_eq!(fs::read(lab.conf()).unwrap(), BEFORE);
}

#[tokio::test]
async fn systemd_resolved_is_told_by_device_where_it_has_the_file() {
    let lab = Lab::new();
    fs::create_dir(lab.path("resolved")).unwrap();
    fs::write(lab.conf(), "nameserver 127.0.0.53\n").unwrap();
    lab.program("resolvectl", 0);
    let said = a_call(lab.system()).await;
    assert!(matches!(&said[..], [Said::InForce(_), Said::Undone(_)]), "{said:?}");
    let told = "resolvectl dns ras7 10.64.0.1 fd12::1\nresolvectl domain ras7 ~.\nresolvectl revert ras7\n";
    assert_eq!(lab.read("said"), told);
    assert_eq!(lab.read("resolv.conf"), "nameserver 127.0.0.53\n");
    // one that does not do it
    lab.program("resolvectl", 1);
    let said = a_call(lab.system()).await;
    assert!(
        matches!(&said[..], [Said::Failed(text)] if text.contains("resolvectl failed") && text.ends_with(": no")),
        "{said:?}"
    );
    // one that is there and does not have the file
    fs::write(lab.conf(), BEFORE).unwrap();
    let said = a_call(lab.system()).await;
    assert!(matches!(&said[..], [Said::InForce(text), _] if text.contains("resolv.conf")), "{said:?}");
}

#[tokio::test]
async fn resolvconf_is_told_where_it_has_the_file_and_forgets_the_dead() {
    let lab = Lab::new();
    fs::create_dir_all(lab.path("run/interface")).unwrap();
    for name in ["ras8.openras", "lo.openras", "eth0.dhcp", "ras.openras", "ras1;x.openras"] {
        fs::write(lab.path("run/interface").join(name), "").unwrap();
    }
    fs::write(lab.path("run/resolv.conf"), "nameserver 192.0.2.1\n").unwrap();
    symlink("run/resolv.conf", lab.conf()).unwrap();
    lab.program("resolvconf", 0);
    let said = a_call(lab.system()).await;
    assert!(matches!(&said[..], [Said::InForce(_), Said::Undone(_)]), "{said:?}");
    let told = "resolvconf -d ras8.openras\nresolvconf -a ras7.openras\nnameserver 10.64.0.1\nnameserver fd12::1\n\
                resolvconf -d ras7.openras\n";
    assert_eq!(lab.read("said"), told);
    assert_eq!(lab.read("run/resolv.conf"), "nameserver 192.0.2.1\n");
}

/// Whoever may read the folder may lock it: the name servers of a call that is over go all the same.
#[test]
fn a_lock_that_somebody_keeps_is_not_waited_for_without_end() {
    let lab = Lab::new();
    fs::write(lab.conf(), BEFORE).unwrap();
    let kept = fs::File::open(lab.0.path()).unwrap();
    rustix::fs::flock(&kept, rustix::fs::FlockOperation::LockExclusive).unwrap();
    let (conf, (done, ended)) = (lab.conf(), std::sync::mpsc::channel());
    std::thread::spawn(move || {
        let wanted = wanted("ras0", 1, &["192.0.2.7"]);
        put(&conf, &wanted).unwrap();
        done.send(take(&conf, &wanted).unwrap()).unwrap();
    });
    let taken = ended.recv_timeout(std::time::Duration::from_secs(120));
    assert_eq!(taken.expect("it does not wait for ever"), Taken::Restored);
    assert_eq!(fs::read(lab.conf()).unwrap(), BEFORE);
    drop(kept);
}

/// A service has the umask its unit gives it; the file is for programs of all users.
#[test]
fn a_file_of_ours_can_be_read_by_all_whatever_the_umask() {
    const SELF: &str = "net::name_servers::tests::a_file_of_ours_can_be_read_by_all_whatever_the_umask";
    const CONF: &str = "OPENRAS_TEST_RESOLV_CONF";
    if let Some(conf) = std::env::var_os(CONF) {
        return put(Path::new(&conf), &wanted("ras0", 1, &["192.0.2.7"])).unwrap();
    }
    let lab = Lab::new();
    // a umask is the whole process's
    let mut again = std::process::Command::new("sh");
    again.args(["-c", "umask 077; exec \"$0\" --exact \"$1\""]).arg(std::env::current_exe().unwrap());
    assert!(again.arg(SELF).env(CONF, lab.conf()).status().unwrap().success());
    assert_eq!(fs::metadata(lab.conf()).unwrap().permissions().mode() & 0o777, 0o644);
}
