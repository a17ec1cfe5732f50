//! Users who may nothing: by the system's own credentials, which only root can put on. Run as another user, the
//! test proves what the same user may.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::Command;

use openras_service::rights::Rights;

use crate::lab::Lab;

/// A uid of no group that may dial.
const STRANGER: u32 = 65_534;
const SOCKET: &str = "OPENRAS_TEST_SOCKET";

/// Asks as whoever runs it: the other half of the test below, run by a copy of this program.
#[test]
fn asks_as_a_stranger() {
    let Some(path) = std::env::var_os(SOCKET) else { return };
    let mut stream = std::os::unix::net::UnixStream::connect(path).unwrap();
    stream.write_all(b"GET /v1/server HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    println!("{answer}");
}

#[tokio::test]
async fn a_stranger_is_told_which_group_to_join_and_nothing_else() {
    let us = rustix::process::geteuid().as_raw();
    let rights = Rights::System { service: us, dial: None, admin: None };
    let lab = Lab::with(Vec::new(), rights).await;
    let who = if us == 0 { STRANGER } else { us };
    let open = |path: &std::path::Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    open(lab.folder.path(), 0o755);
    open(lab.socket.parent().unwrap(), 0o755);
    open(&lab.socket, 0o666);
    let program = lab.folder.path().join("stranger");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    open(&program, 0o755);
    let mut command = Command::new(&program);
    command
        .args(["--exact", "--nocapture", "strangers::asks_as_a_stranger"])
        .env(SOCKET, &lab.socket)
        .current_dir("/");
    if us == 0 {
        command.uid(who).gid(who);
    }
    let out = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&out.stdout).into_owned();
    if us == 0 {
        assert!(said.contains("HTTP/1.1 403") && said.contains("openras-admin"), "{said}");
        assert!(said.contains("\"error\":5") && !said.contains("version"), "{said}");
    } else {
        assert!(said.contains("HTTP/1.1 200"), "{said}");
    }
}
