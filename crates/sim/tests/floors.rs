//! The floors of docs/ARCHITECTURE.md: what each crate may use, compared with what cargo says it uses.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers outside #[test] functions

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// One crate: its floor, the crates of ours it may use, and the others it may use itself.
struct Crate {
    name: &'static str,
    /// 0 and 1 are below the drivers. `None` is beside the house.
    floor: Option<u8>,
    ours: &'static [&'static str],
    others: &'static [&'static str],
}

/// What floors 0 and 1 may use: computing, no clock, socket, thread or file.
const PURE: &[&str] = &[
    "crc-fast",
    "des",
    "hmac",
    "md-5",
    "md4",
    "memchr",
    "rand_chacha",
    "rc4",
    "sha1",
    "sha2",
    "subtle",
    "thiserror",
    "tracing",
    "zeroize",
];

const HOUSE: [Crate; 12] = [
    Crate { name: "openras-ppp", floor: Some(0), ours: &[], others: PURE },
    Crate { name: "openras-engine", floor: Some(1), ours: &["openras-ppp"], others: PURE },
    // pure as the rest of its floor, so that the drivers above may be its edge; smoltcp computes only
    Crate { name: "openras-nat", floor: Some(1), ours: &["openras-ppp"], others: &["smoltcp"] },
    Crate {
        name: "openras-io",
        floor: Some(2),
        ours: &["openras-ppp", "openras-engine", "openras-nat"],
        others: &[
            "bytes",
            "futures-core",
            "futures-sink",
            "http-body-util",
            "hyper",
            "hyper-util",
            "nix",
            "rustix",
            "rustls",
            "rustls-native-certs",
            "serial2",
            "smoltcp",
            "tokio",
            "tokio-rustls",
            "tokio-tun",
            "tokio-tungstenite",
            "tokio-util",
            "tracing",
        ],
    },
    Crate {
        name: "openras-modules",
        floor: Some(2),
        ours: &["openras-ppp", "openras-engine"],
        others: &[
            "data-encoding",
            "getrandom",
            "hmac",
            "nix",
            "rustix",
            "serde",
            "serde_json",
            "sha1",
            "sha2",
            "subtle",
            "thiserror",
            "tokio",
            "tracing",
            "zeroize",
        ],
    },
    Crate {
        name: "openras-phonebook",
        floor: Some(2),
        ours: &["openras-ppp", "openras-engine"],
        others: &["rustix", "serde", "thiserror", "zeroize"],
    },
    Crate {
        name: "openras-capi",
        floor: Some(4),
        ours: &["openras-api", "openras-client", "openras-engine", "openras-phonebook", "openras-ppp"],
        others: &["base64", "libc", "rustix", "serde_json", "tokio", "zeroize"],
    },
    Crate {
        name: "openras-api",
        floor: Some(2),
        ours: &["openras-ppp", "openras-engine"],
        others: &[
            "base64",
            "bytes",
            "http-body-util",
            "hyper",
            "hyper-util",
            "rustix",
            "schemars",
            "serde",
            "serde_json",
            "thiserror",
            "tokio",
            "tracing",
            "zeroize",
        ],
    },
    Crate {
        name: "openras-client",
        floor: Some(3),
        ours: &["openras-ppp", "openras-engine", "openras-api", "openras-phonebook"],
        others: &["base64", "thiserror", "tokio"],
    },
    Crate {
        name: "openras-service",
        floor: Some(3),
        ours: &[
            "openras-ppp",
            "openras-engine",
            "openras-nat",
            "openras-io",
            "openras-modules",
            "openras-api",
        ],
        others: &[
            "argon2",
            "axum",
            "base64",
            "bytes",
            "chacha20poly1305",
            "getrandom",
            "http-body-util",
            "hyper",
            "hyper-util",
            "nix",
            "rand_chacha",
            "rusqlite",
            "rustix",
            "serde",
            "serde_json",
            "sha2",
            "thiserror",
            "tokio",
            "tokio-util",
            "toml",
            "tracing",
            "zeroize",
        ],
    },
    Crate {
        name: "openras",
        floor: Some(4),
        ours: &[
            "openras-ppp",
            "openras-engine",
            "openras-nat",
            "openras-io",
            "openras-modules",
            "openras-api",
            "openras-client",
            "openras-phonebook",
            "openras-service",
        ],
        others: &[
            "anyhow",
            "base64",
            "clap",
            "clap_complete",
            "clap_mangen",
            "getrandom",
            "hmac",
            "nix",
            "rustix",
            "sd-notify",
            "serde",
            "serde_json",
            "sha1",
            "sha2",
            "tempfile",
            "thiserror",
            "tikv-jemallocator",
            "tokio",
            "tracing",
            "tracing-subscriber",
            "zeroize",
        ],
    },
    Crate {
        name: "openras-sim",
        floor: None,
        ours: &[
            "openras-ppp",
            "openras-engine",
            "openras-io",
            "openras-modules",
            "openras-nat",
            "openras-phonebook",
            "openras-api",
            "openras-service",
        ],
        others: &["arbitrary", "rand_chacha", "rustix", "tempfile", "tokio", "tokio-util"],
    },
];

/// Words in the name of a crate that waits, runs tasks or talks to the system's queues.
const WAITING: &[&str] = &["tokio", "async", "futures", "mio", "smol", "polling"];

/// What `clippy.toml` of floors 0 and 1 bans.
const BANS: [&str; 4] =
    ["std::time::Instant::now", "std::time::SystemTime::now", "std::thread::spawn", "std::thread::sleep"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Names in the output of `cargo tree --prefix none`, where each line is `name vVERSION …`.
fn names(tree: &str) -> BTreeSet<&str> {
    tree.lines().filter_map(|line| line.split_whitespace().next()).collect()
}

/// The tree of a crate without what only its tests and builds use.
fn tree(of: &str, more: &[&str]) -> String {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let arguments = ["tree", "--offline", "--locked", "-e", "normal", "--prefix", "none", "-p", of];
    let output = Command::new(cargo).args(arguments).args(more).current_dir(root()).output();
    let output = output.expect("cargo starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Every rule this crate breaks, by its whole tree and what it names itself.
fn breaches(of: &Crate, whole: &str, direct: &str) -> Vec<String> {
    let is_ours = |name: &&str| HOUSE.iter().any(|one| one.name == *name) || name.starts_with("openras");
    let (whole, direct) = (names(whole), names(direct));
    assert!(whole.contains(of.name) && direct.contains(of.name), "not the tree of {}", of.name);
    let ours = whole.iter().filter(|name| is_ours(name) && **name != of.name && !of.ours.contains(name));
    let others = direct.iter().filter(|name| !is_ours(name) && !of.others.contains(name));
    let waiting = whole.iter().filter(|name| {
        // smoltcp computes and waits for nothing; `smol` is another house
        let waits = **name != "smoltcp" && WAITING.iter().any(|word| name.contains(word));
        of.floor.is_some_and(|floor| floor < 2) && waits
    });
    let ours = ours.map(|name| format!("{} must not reach {name}", of.name));
    let others = others.map(|name| format!("{} must not use {name}", of.name));
    let waiting = waiting.map(|name| format!("{} is below the drivers and reaches {name}", of.name));
    ours.chain(others).chain(waiting).collect()
}

/// Bans that a `clippy.toml` lacks; comments ban nothing.
fn missing_bans(clippy: &str) -> Vec<&'static str> {
    let lines = || clippy.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    let listed = |path: &str| lines().any(|line| line.contains(&format!("path = \"{path}\"")));
    let list = lines().any(|line| line.starts_with("disallowed-methods"));
    BANS.into_iter().filter(|path| !list || !listed(path)).collect()
}

#[test]
fn every_crate_uses_only_what_its_floor_may() {
    let all: Vec<String> = HOUSE
        .iter()
        .flat_map(|of| breaches(of, &tree(of.name, &[]), &tree(of.name, &["--depth", "1"])))
        .collect();
    assert!(all.is_empty(), "{all:#?}");
}

#[test]
fn every_crate_has_a_floor() {
    let folders = std::fs::read_dir(root().join("crates")).unwrap().map(|entry| entry.unwrap().path());
    let manifests = folders.map(|folder| std::fs::read_to_string(folder.join("Cargo.toml")).unwrap());
    let names: BTreeSet<String> = manifests
        .map(|text| {
            text.lines().find_map(|line| line.strip_prefix("name = ")).unwrap().trim_matches('"').into()
        })
        .collect();
    assert_eq!(names, HOUSE.iter().map(|of| of.name.to_owned()).collect());
}

/// A crate reaches only lower floors, never its own.
#[test]
fn the_lists_themselves_point_down_only() {
    for of in HOUSE.iter().filter(|of| of.floor.is_some()) {
        for name in of.ours {
            let used = HOUSE.iter().find(|one| one.name == *name).unwrap();
            assert!(used.floor < of.floor && used.floor.is_some(), "{} and {name}", of.name);
        }
    }
}

#[test]
fn clocks_and_threads_are_banned_below_the_drivers() {
    for of in HOUSE.iter().filter(|of| of.floor.is_some_and(|floor| floor < 2)) {
        let folder = of.name.trim_start_matches("openras-");
        let clippy = std::fs::read_to_string(root().join("crates").join(folder).join("clippy.toml")).unwrap();
        assert!(missing_bans(&clippy).is_empty(), "{folder}: {:?}", missing_bans(&clippy));
    }
}

#[test]
fn each_kind_of_breach_is_seen() {
    let engine = HOUSE.iter().find(|of| of.name == "openras-engine").unwrap();
    let direct = "openras-engine v0.1.0 (crates/engine)\nopenras-ppp v0.1.0 (crates/ppp)\nthiserror v2.0.0\n";
    assert_eq!(breaches(engine, direct, direct), [""; 0]);
    let up = format!("{direct}openras-io v0.1.0 (crates/io)\n");
    assert_eq!(breaches(engine, &up, direct), ["openras-engine must not reach openras-io"]);
    let unknown = format!("{direct}serde v1.0.0\n");
    assert_eq!(breaches(engine, &unknown, &unknown), ["openras-engine must not use serde"]);
    // what others bring with them is their own affair, unless it waits
    assert_eq!(breaches(engine, &unknown, direct), [""; 0]);
    let waits = format!("{direct}futures-core v0.3.0\n");
    assert_eq!(
        breaches(engine, &waits, direct),
        ["openras-engine is below the drivers and reaches futures-core"]
    );
    let lowest = HOUSE.iter().find(|of| of.floor == Some(0)).unwrap();
    assert!(!breaches(lowest, &tree("openras-engine", &[]), "openras-ppp v0.1.0").is_empty());
}

#[test]
fn a_missing_ban_is_seen() {
    let complete: String = BANS.map(|path| format!("  {{ path = \"{path}\" }},\n")).concat();
    assert!(missing_bans(&format!("disallowed-methods = [\n{complete}]\n")).is_empty());
    assert_eq!(missing_bans(&complete).len(), BANS.len());
    let one = complete.replace("  { path = \"std::thread::sleep\"", "# { path = \"std::thread::sleep\"");
    assert_eq!(missing_bans(&format!("disallowed-methods = [\n{one}]\n")), ["std::thread::sleep"]);
}
