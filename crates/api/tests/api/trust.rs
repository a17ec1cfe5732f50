//! Who is trusted at a socket (defence rule 9). Other users' files need root to be made; where the tests do not run as root,
//! another uid is played by us: then it is everything of ours that is foreign.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use openras_api::trust::{LONGEST_PATH, Refusal, Trust, Whose};
use openras_api::{Client, Problem};
use tempfile::TempDir;

const NOBODY: u32 = 65534;

struct Place {
    folder: TempDir,
    socket: PathBuf,
    _listener: UnixListener,
}

fn place() -> Place {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("openras")).unwrap();
    let socket = folder.path().join("openras/api.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    let place = Place { folder, socket, _listener: listener };
    mode(&place.inner(), 0o700);
    place
}

impl Place {
    fn inner(&self) -> PathBuf {
        self.folder.path().join("openras")
    }
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn root() -> bool {
    rustix::process::geteuid().is_root()
}

/// What is said of a socket; it must be 5 and to be shown as it is.
fn untrusted(socket: &Path, whose: Whose) -> String {
    match Trust::ours(whose).check(socket) {
        Err(Refusal::Untrusted(problem)) => {
            assert_eq!(problem.error, 5);
            assert!(!problem.remedy.is_empty());
            problem.to_string()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn our_own_socket_in_our_own_folder_is_trusted() {
    let place = place();
    for whose in [Whose::Named, Whose::System, Whose::Private] {
        assert_eq!(Trust::ours(whose).check(&place.socket), Ok(rustix::process::geteuid().as_raw()));
    }
}

#[test]
fn a_folder_others_can_write_is_refused() {
    let place = place();
    mode(&place.inner(), 0o777);
    let said = untrusted(&place.socket, Whose::Named);
    assert!(said.contains("can be written by everybody") && said.contains("chmod go-w"), "{said}");
    // sticky is no help for the socket itself: anybody can be there first
    mode(&place.inner(), 0o1777);
    let said = untrusted(&place.socket, Whose::Private);
    assert!(said.contains("can be written by everybody"), "{said}");
    // and it is shared on purpose, as /tmp: nobody shall be told to close that
    assert!(said.contains("Name a socket in a folder") && !said.contains("chmod"), "{said}");
    mode(&place.inner(), 0o700);
    mode(place.folder.path(), 0o777);
    assert!(untrusted(&place.socket, Whose::Named).contains("can be written by everybody"));
    // on the way it is: others cannot swap what is ours
    mode(place.folder.path(), 0o1777);
    assert!(Trust::ours(Whose::Named).check(&place.socket).is_ok());
}

#[test]
fn a_folder_a_group_can_write_is_refused() {
    let place = place();
    if !root() {
        mode(&place.inner(), 0o770);
    } else {
        chown(place.inner(), None, Some(NOBODY)).unwrap();
        mode(&place.inner(), 0o770);
    }
    assert!(untrusted(&place.socket, Whose::Named).contains("can be written by its group"));
}

#[test]
fn a_symbolic_link_on_the_way_is_refused_with_the_real_place() {
    let place = place();
    let link = place.folder.path().join("link");
    symlink(place.inner(), &link).unwrap();
    let said = untrusted(&link.join("api.sock"), Whose::Named);
    assert!(said.contains("is a symbolic link"), "{said}");
    assert!(said.contains(&format!("name the real place: {}", place.inner().display())), "{said}");

    let link = place.inner().join("link.sock");
    symlink(&place.socket, &link).unwrap();
    assert!(untrusted(&link, Whose::Named).contains("is a symbolic link"));
}

#[test]
fn what_is_no_socket_is_refused() {
    let place = place();
    let file = place.inner().join("file");
    fs::write(&file, "").unwrap();
    assert!(untrusted(&file, Whose::Named).contains("is not a socket"));
    assert!(untrusted(&file.join("api.sock"), Whose::Named).contains("is not a folder"));
}

#[test]
fn a_socket_of_another_user_is_refused() {
    if !root() {
        eprintln!("not root: the owner of a file cannot be changed");
        return;
    }
    let place = place();
    chown(&place.socket, Some(NOBODY), None).unwrap();
    for whose in [Whose::Named, Whose::Private, Whose::System] {
        assert!(untrusted(&place.socket, whose).contains("belongs to user 65534, not to root or you"));
    }
}

#[test]
fn a_folder_of_another_user_is_refused_but_for_the_systems_service() {
    if !root() {
        eprintln!("not root: the owner of a file cannot be changed");
        return;
    }
    let place = place();
    chown(place.inner(), Some(NOBODY), None).unwrap();
    for whose in [Whose::Named, Whose::Private] {
        assert!(untrusted(&place.socket, whose).contains("belongs to user 65534"));
    }
    chown(&place.socket, Some(NOBODY), None).unwrap();
    assert_eq!(Trust::ours(Whose::System).check(&place.socket), Ok(NOBODY));
    chown(&place.socket, Some(NOBODY - 1), None).unwrap();
    assert!(untrusted(&place.socket, Whose::System).contains("belongs to user 65533"));
    // and only in a folder of root's
    chown(&place.socket, Some(NOBODY), None).unwrap();
    chown(place.folder.path(), Some(NOBODY), None).unwrap();
    assert!(untrusted(&place.socket, Whose::System).contains("belongs to user 65534"));
}

#[test]
fn everything_of_ours_is_foreign_to_another_user() {
    if root() {
        return;
    }
    let place = place();
    let other = Trust { uid: rustix::process::geteuid().as_raw() + 1, whose: Whose::Named };
    assert!(matches!(other.check(&place.socket), Err(Refusal::Untrusted(_))));
}

#[test]
fn the_one_at_the_other_end_must_be_the_right_one() {
    let socket = Path::new("/run/openras/api.sock");
    let trust = |whose| Trust { uid: 1000, whose };
    for (whose, owner, peer, good) in [
        (Whose::Private, 1000, 1000, true),
        (Whose::Private, 1000, 0, false),
        (Whose::Private, 1000, 1001, false),
        (Whose::Named, 0, 0, true),
        (Whose::Named, 1000, 1000, true),
        (Whose::Named, 0, 999, false),
        (Whose::System, 999, 999, true),
        (Whose::System, 999, 0, true),
        (Whose::System, 999, 1000, true),
        (Whose::System, 0, 999, false),
        (Whose::System, 999, 1001, false),
    ] {
        let found = trust(whose).peer(socket, owner, peer);
        assert_eq!(found.is_ok(), good, "{whose:?} {owner} {peer}: {found:?}");
        if let Err(refusal) = found {
            assert_eq!(refusal.problem().error, 5);
            assert!(refusal.problem().message.contains(&format!("user {peer}")));
        }
    }
}

#[test]
fn what_is_not_there_is_missing_and_not_untrusted() {
    let place = place();
    let missing = |socket: &Path| match Trust::ours(Whose::Named).check(socket) {
        Err(Refusal::Missing(problem)) => problem,
        other => panic!("{other:?}"),
    };
    let problem = missing(&place.inner().join("no.sock"));
    assert!(problem.error == 711 && problem.message.contains("does not exist"), "{problem}");
    let problem = missing(&place.inner().join("no/no/api.sock"));
    assert!(problem.message.contains("no/no/api.sock does not exist"), "{problem}");
    let long = place.inner().join("x".repeat(LONGEST_PATH));
    let problem = missing(&long);
    assert!(
        problem.message.contains(&format!("bytes long, and the system allows {LONGEST_PATH}")),
        "{problem}"
    );
    assert!(missing(Path::new("api.sock")).message.contains("cannot be the path of a socket"));
}

#[tokio::test]
async fn the_client_refuses_with_the_same_sentences() {
    let refused = |socket: PathBuf| async move { Client::connect(socket).await.unwrap_err() };
    let place = place();
    mode(&place.inner(), 0o777);
    let problem: Problem = refused(place.socket.clone()).await;
    assert!(problem.error == 5 && problem.message.contains("nothing was sent"), "{problem}");
    mode(&place.inner(), 0o700);
    drop(place._listener);
    let problem = refused(place.socket.clone()).await;
    assert!(problem.error == 711 && problem.message.contains("has ended"), "{problem}");
    let problem = refused(PathBuf::from(format!("/{}", "x".repeat(200)))).await;
    assert!(problem.error == 711 && problem.message.contains("201 bytes long"), "{problem}");
    let problem = refused(PathBuf::from("/\u{1b}[2J")).await;
    assert!(!problem.message.contains('\u{1b}'), "{problem}");
}
