//! wvdial dials the modem we play, answers our prompt, and its pppd gets PPP and pings us.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod lab;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use lab::{LONG, alice, join};
use openras_service::{Config, Service};
use openras_sim::peers::pppd::{Guest, Job};
use openras_sim::peers::{pppd, skip, wvdial};

/// Dials through a pseudo-terminal to a port with these keys, with these lines in wvdial's configuration. Gives what wvdial
/// said.
async fn dials(test: &str, port: &str, more: &str) -> Option<String> {
    let ready = pppd::available().and_then(|folder| wvdial::available().map(|()| folder));
    let guests = match ready {
        Ok(guests) => guests,
        Err(reason) => {
            skip(test, &reason);
            return None;
        }
    };
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let service = service(folder.path(), port).await;
    let tty = tty(folder.path());
    // it appears when the modem waits for its computer
    tokio::time::timeout(LONG, async {
        while tty.metadata().is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
    .unwrap();
    let handed = tokio::net::UnixListener::bind(folder.path().join("pppd.sock")).unwrap();
    std::fs::set_permissions(folder.path().join("pppd.sock"), std::fs::Permissions::from_mode(0o666))
        .unwrap();
    let dialler = wvdial::Wvdial::start(folder.path(), &tty, "5551000", more).unwrap();
    let accepted = tokio::time::timeout(LONG, handed.accept()).await;
    let Ok(Ok((call, _))) = accepted else { panic!("no PPP:\n{}", dialler.said()) };
    let job = Job {
        run: "ping -c 2 -i 0.2 -W 5 $REMOTE".into(),
        ..Job::new("noauth user alice lcp-restart 1 noipdefault")
    };
    let (guest, line) = Guest::start(&guests, &job).unwrap();
    let call = call.into_std().unwrap();
    call.set_nonblocking(false).unwrap();
    join(call, line);
    let (status, guest) = tokio::task::spawn_blocking(move || {
        let mut guest = guest;
        (guest.status(LONG), guest)
    })
    .await
    .unwrap();
    assert_eq!(status.as_ref().ok(), Some(&0), "{status:?}\n{}\n{}", guest.console(), dialler.said());
    let modem = service.virtual_modems().remove(0);
    assert_eq!((modem.dials, modem.calls, modem.dialled.as_deref()), (1, 1, Some("5551000")));
    assert!(modem.bytes_sent > 100 && modem.bytes_received > 100, "{modem:?}");
    let said = dialler.said();
    drop(dialler);
    service.stop().await;
    Some(said)
}

/// A name no other test has: wvdial locks its device by that.
fn tty(folder: &Path) -> std::path::PathBuf {
    let own = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    folder.join(format!("modem{}", own.trim_start_matches('.')))
}

async fn service(folder: &Path, port: &str) -> Service {
    let text = format!(
        "state = {:?}\n[[virtual_modem]]\nname = \"modem1\"\nline = \"pty:{}\"\nspeed = 33600\n\
         [[port]]\nname = \"line1\"\nline = \"exchange:100\"\nip = \"loopback\"\n{port}\n\
         [directory]\n5551000 = \"port:line1\"\n",
        folder.join("state").display().to_string(),
        tty(folder).display(),
    );
    let service = Service::start(Config::parse(&text, "t.toml").unwrap()).await.unwrap();
    let users = service.users().unwrap().clone();
    tokio::task::spawn_blocking(move || users.add("alice", &alice())).await.unwrap().unwrap();
    service
}

#[tokio::test(flavor = "multi_thread")]
async fn wvdial_dials_our_modem_logs_in_at_our_prompt_and_gets_ppp() {
    let port = "login = \"auto\"\nauth = [\"mschapv2\"]";
    let test = "wvdial_dials_our_modem_logs_in_at_our_prompt_and_gets_ppp";
    let Some(said) = dials(test, port, "").await else { return };
    for word in ["CONNECT 33600", "ogin:", "assword:", "PPP"] {
        assert!(said.contains(word), "no {word} in\n{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wvdial_dials_our_modem_and_gets_ppp_where_there_is_no_prompt() {
    let test = "wvdial_dials_our_modem_and_gets_ppp_where_there_is_no_prompt";
    let Some(said) = dials(test, "auth = [\"mschapv2\"]", "Stupid Mode = on").await else { return };
    assert!(said.contains("CONNECT 33600"), "{said}");
}
