//! systemd-resolved and `resolvconf`: programs that have /etc/resolv.conf, and are told of name servers by device. No shell; what
//! they are given is the name of a device of ours and addresses.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::time::timeout;

use super::{System, Wanted, Way};

/// How long one may take.
const PATIENCE: Duration = Duration::from_secs(20);
const PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";
/// What stands behind a device's name in what `resolvconf` is told.
const BEHIND: &str = ".openras";

/// Who has the system's resolv.conf.
pub(super) fn way(system: &System) -> Way {
    let leads_to = std::fs::canonicalize(&system.resolv_conf).unwrap_or_default();
    let text = std::fs::read(&system.resolv_conf).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let mut lines = text.lines().map(str::trim);
    let stub = |line: &str| {
        matches!(line.strip_prefix("nameserver ").map(str::trim), Some("127.0.0.53" | "127.0.0.54"))
    };
    if program(&system.resolvectl).is_some()
        && system.resolved.is_dir()
        && (leads_to.starts_with(&system.resolved) || lines.clone().any(stub))
    {
        return Way::Resolved;
    }
    let its_own = system.records.iter().filter_map(|records| records.parent());
    if program(&system.resolvconf).is_some()
        && (its_own.into_iter().any(|folder| leads_to.starts_with(folder))
            || lines.any(|line| line.starts_with('#') && line.contains("resolvconf")))
    {
        return Way::Resolvconf;
    }
    Way::File
}

fn program(places: &[PathBuf]) -> Option<&Path> {
    places.iter().map(PathBuf::as_path).find(|place| place.is_file())
}

/// Has systemd-resolved ask them, and for every name.
pub(super) async fn resolved(system: &System, wanted: &Wanted) -> io::Result<()> {
    let servers = wanted.servers.iter().map(ToString::to_string);
    let mut dns = vec!["dns".to_owned(), wanted.device.clone()];
    dns.extend(servers);
    run(program(&system.resolvectl), &dns, "").await?;
    let result =
        run(program(&system.resolvectl), &["domain".to_owned(), wanted.device.clone(), "~.".to_owned()], "")
            .await;
    if result.is_err() {
        let _ = revert(system, wanted).await;
    }
    result
}

/// Undoes it.
pub(super) async fn revert(system: &System, was: &Wanted) -> io::Result<()> {
    run(program(&system.resolvectl), &["revert".to_owned(), was.device.clone()], "").await
}

/// Tells `resolvconf`.
pub(super) async fn resolvconf(system: &System, wanted: &Wanted) -> io::Result<()> {
    let lines: String = wanted.servers.iter().map(|server| format!("nameserver {server}\n")).collect();
    let arguments = ["-a".to_owned(), format!("{}{BEHIND}", wanted.device)];
    run(program(&system.resolvconf), &arguments, &lines).await
}

/// Has `resolvconf` forget a device.
pub(super) async fn forget(system: &System, device: &str) -> io::Result<()> {
    run(program(&system.resolvconf), &["-d".to_owned(), format!("{device}{BEHIND}")], "").await
}

/// Has `resolvconf` forget what it was told for devices that are gone.
pub(super) async fn forget_the_dead(system: &System) {
    let entries =
        system.records.iter().filter_map(|records| std::fs::read_dir(records).ok()).flatten().flatten();
    let ours: Vec<String> = entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter_map(|name| name.strip_suffix(BEHIND).map(str::to_owned))
        .filter(|device| is_ours(device) && nix::net::if_::if_nametoindex(device.as_str()).is_err())
        .collect();
    for device in ours {
        if let Err(error) = forget(system, &device).await {
            tracing::error!(%error, device, "resolvconf still has the name servers of a call that was killed");
        }
    }
}

/// A name a dial's device may have: `ras` and a number.
fn is_ours(device: &str) -> bool {
    device.strip_prefix("ras").is_some_and(|number| {
        !number.is_empty() && number.len() < 9 && number.bytes().all(|octet| octet.is_ascii_digit())
    })
}

/// Runs a program to its end.
async fn run(program: Option<&Path>, arguments: &[String], input: &str) -> io::Result<()> {
    let program = program.ok_or(io::ErrorKind::NotFound)?;
    let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut command = Command::new(program);
    command.args(arguments).env_clear().env("PATH", PATH).env("LANG", "C.UTF-8").current_dir("/");
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    let ended = async {
        let mut child = command.spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            // one that does not read it says so by its end
            let _ = stdin.write_all(input.as_bytes()).await;
        }
        child.wait_with_output().await
    };
    let ended = timeout(PATIENCE, ended).await.map_err(|_| {
        io::Error::new(io::ErrorKind::TimedOut, format!("{name} did not end within {} s", PATIENCE.as_secs()))
    })??;
    if ended.status.success() {
        return Ok(());
    }
    let said = openras_engine::escape::short(String::from_utf8_lossy(&ended.stderr).trim(), 200);
    Err(io::Error::other(format!("{name} failed ({}): {said}", ended.status)))
}
