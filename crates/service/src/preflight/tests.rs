use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use super::*;

fn file(folder: &tempfile::TempDir, text: &str) -> PathBuf {
    let path = folder.path().join("openras.toml");
    let state = folder.path().join("state");
    std::fs::write(&path, format!("state = {state:?}\n{text}")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    path
}

async fn said(text: &str) -> Vec<Warning> {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder, text);
    tokio::task::spawn_blocking(move || examine(&path).unwrap().1).await.unwrap()
}

fn has(found: &[Warning], line: usize, what: &str) -> bool {
    found.iter().any(|warning| warning.line == line && warning.what.contains(what))
}

#[tokio::test]
async fn opt_outs_are_said_at_the_line_that_makes_them() {
    let found = said(
        "audit_full = \"go-on\"\n\n[[port]]\nname = \"line1\"\nline = \"listen:tcp:0.0.0.0:0\"\n\
         auth = [\"pap\"]\ninsecure = true\ncapture = true\nname_check = \"warn\"\n",
    )
    .await;
    for (line, what) in
        [(2, "audit_full"), (8, "insecure"), (9, "capture"), (10, "name_check"), (1, "the state folder")]
    {
        assert!(has(&found, line, what), "{line} {what}: {found:#?}");
    }
}

#[tokio::test]
async fn a_port_that_another_program_has_is_said() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let at = taken.local_addr().unwrap();
    let text = format!("\n[[port]]\nname = \"line1\"\nline = \"listen:tcp:{at}\"\nauth = [\"none\"]\n");
    let found = said(&text).await;
    assert!(has(&found, 5, "in use already"), "{found:#?}");
    drop(taken);
    let found = said(&text).await;
    assert!(!has(&found, 5, "in use already"), "{found:#?}");
}

#[tokio::test]
async fn folders_and_files_in_the_way_are_said() {
    let found = said("[[port]]\nname = \"a\"\nline = \"pty:/not/there/tty\"\nauth = [\"none\"]\n").await;
    assert!(has(&found, 4, "the folder /not/there is not there"), "{found:#?}");
    let found = said("[[port]]\nname = \"a\"\nline = \"listen:unix:/etc/passwd\"\nauth = [\"none\"]\n").await;
    assert!(has(&found, 4, "no socket"), "{found:#?}");
}

#[tokio::test]
async fn a_module_that_does_not_start_and_one_that_nobody_uses_are_said() {
    let found = said(
        "[[port]]\nname = \"a\"\nline = \"exchange:1\"\nauth = [\"none\"]\n\n[module.code]\nkind = \"program\"\n\
         command = [\"/not/there\"]\nisolation = \"none\"\n",
    )
    .await;
    assert!(has(&found, 7, "does not start"), "{found:#?}");
    assert!(has(&found, 7, "no port names the module code"), "{found:#?}");
    assert!(has(&found, 7, "without isolation"), "{found:#?}");
}

#[tokio::test]
async fn a_key_that_others_can_read_is_said_and_a_good_file_is_quiet() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let users = Users::open(&state, None, crate::users::Policy { password_min: 1 }).unwrap();
    let new = crate::users::NewUser { password: Some("pw".into()), ..crate::users::NewUser::default() };
    users.add("alice", &new).unwrap();
    drop(users);
    let path = file(&folder, "[[port]]\nname = \"a\"\nline = \"exchange:1\"\nip = \"loopback\"\n");
    let look = |path: PathBuf| tokio::task::spawn_blocking(move || examine(&path).unwrap().1);
    assert_eq!(look(path.clone()).await.unwrap(), []);
    std::fs::set_permissions(state.join("key"), std::fs::Permissions::from_mode(0o644)).unwrap();
    let found = look(path).await.unwrap();
    assert!(has(&found, 0, "can be read by others (mode 644)"), "{found:#?}");
}

use crate::users::Users;

#[tokio::test]
async fn who_is_in_a_group_and_not_in_the_store_is_said_where_there_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let port = "[[port]]\nname = \"a\"\nline = \"exchange:1\"\nip = \"loopback\"\n";
    let group = "[group.g]\nusers = [\n\"ALICE\",\n\"bob\",\n]\nreach = []\n";
    let path = file(&folder, &format!("{port}{group}"));
    let look = |path: PathBuf| tokio::task::spawn_blocking(move || examine(&path).unwrap().1);
    let found = look(path.clone()).await.unwrap();
    assert!(!found.iter().any(|warning| warning.what.contains("group")), "{found:#?}");
    let users = Users::open(&folder.path().join("state"), None, crate::users::Policy { password_min: 1 });
    let new = crate::users::NewUser { password: Some("pw".into()), ..crate::users::NewUser::default() };
    users.unwrap().add("alice", &new).unwrap();
    let found = look(path).await.unwrap();
    assert!(has(&found, 9, "the group g has \"bob\", and the store has no such user"), "{found:#?}");
    assert_eq!(found.len(), 1, "{found:#?}");
}

#[tokio::test]
async fn a_modem_that_cannot_say_when_its_call_ends_is_said() {
    let text = |line: &str, more: &str| {
        format!(
            "[[port]]\nname = \"a\"\nline = \"{line}\"\nauth = [\"none\"]\nmodem = \"old\"\n[modem.old]\n{more}"
        )
    };
    for (line, more, is_said) in [
        ("serial:/dev/ttyNONE7", "numeric = true\n", false),
        ("serial:/dev/ttyNONE7", "numeric = true\ncarrier = \"text\"\n", true),
        ("tcp:127.0.0.1:1", "numeric = true\n", true),
        ("tcp:127.0.0.1:1", "carrier = \"text\"\n", false),
    ] {
        let found = said(&text(line, more)).await;
        assert_eq!(has(&found, 6, "the end of a call is seen only by"), is_said, "{line} {more}: {found:#?}");
    }
}
