//! Where the socket may be, and who wins it.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use openras_service::socket::{Mode, Socket};

fn refused(path: &Path, mode: Mode) -> String {
    match Socket::bind(path, mode) {
        Ok(_) => panic!("it answers at {}", path.display()),
        Err(problem) => {
            assert_eq!(problem.error, 711);
            assert!(!problem.remedy.is_empty());
            problem.message
        }
    }
}

#[tokio::test]
async fn folder_and_socket_are_closed_to_others_and_the_socket_goes_with_the_service() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("openras/api.sock");
    let socket = Socket::bind(&path, Mode::Private).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o7777;
    assert_eq!((mode(path.parent().unwrap()), mode(&path)), (0o700, 0o600));
    drop(socket);
    assert!(!path.exists());

    let path = root.path().join("system/api.sock");
    let _socket = Socket::bind(&path, Mode::System).unwrap();
    assert_eq!((mode(path.parent().unwrap()), mode(&path)), (0o750, 0o660));
}

#[tokio::test]
async fn one_service_wins_and_a_dead_socket_is_no_obstacle() {
    let root = tempfile::tempdir().unwrap();
    fs::set_permissions(root.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let path = root.path().join("api.sock");
    let first = Socket::bind(&path, Mode::Private).unwrap();
    assert!(refused(&path, Mode::Private).contains("another service answers"));
    // as kill -9 leaves it
    drop(first);
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    let second = Socket::bind(&path, Mode::Private).unwrap();
    tokio::net::UnixStream::connect(&path).await.unwrap();
    // whoever replaced it keeps his
    fs::remove_file(&path).unwrap();
    fs::write(&path, "").unwrap();
    drop(second);
    assert!(path.exists());
}

#[tokio::test]
async fn a_squatter_and_things_that_are_no_socket_are_left_alone() {
    let root = tempfile::tempdir().unwrap();
    fs::set_permissions(root.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let path = root.path().join("api.sock");
    let squatter = std::os::unix::net::UnixListener::bind(&path).unwrap();
    assert!(refused(&path, Mode::Private).contains("another service answers"));
    drop(squatter);
    fs::remove_file(&path).unwrap();
    fs::write(&path, "precious").unwrap();
    assert!(refused(&path, Mode::Private).contains("no socket"));
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    fs::remove_file(&path).unwrap();
    // a link is not followed, wherever it leads
    symlink(root.path().join("elsewhere"), &path).unwrap();
    assert!(refused(&path, Mode::Private).contains("no socket"));
}

#[tokio::test]
async fn folders_that_others_could_swap_or_fill_are_refused() {
    let root = tempfile::tempdir().unwrap();
    let real = root.path().join("real");
    fs::create_dir(&real).unwrap();
    fs::set_permissions(&real, fs::Permissions::from_mode(0o700)).unwrap();
    let link = root.path().join("link");
    symlink(&real, &link).unwrap();
    assert!(refused(&link.join("api.sock"), Mode::Private).contains("symbolic link"));
    fs::set_permissions(&real, fs::Permissions::from_mode(0o777)).unwrap();
    for mode in [Mode::Private, Mode::System] {
        assert!(refused(&real.join("api.sock"), mode).contains("other users"), "{mode:?}");
    }
    let inside = real.join("inside");
    fs::create_dir(&inside).unwrap();
    fs::set_permissions(&inside, fs::Permissions::from_mode(0o700)).unwrap();
    assert!(refused(&inside.join("api.sock"), Mode::Private).contains("anybody may replace"));
    let file = root.path().join("file");
    fs::write(&file, "").unwrap();
    assert!(refused(&file.join("api.sock"), Mode::Private).contains("no folder"));
    let long = root.path().join("x".repeat(120)).join("api.sock");
    assert!(refused(&long, Mode::Private).contains("107"));
    assert!(!long.parent().unwrap().exists());
    assert!(refused(Path::new("api.sock"), Mode::Private).contains("no full path"));
}

#[tokio::test]
async fn a_folder_of_another_user_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("theirs");
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
    // only root can give files away; for others the root folder is somebody else's
    let socket = match std::os::unix::fs::chown(&folder, Some(65_534), None) {
        Ok(()) => folder.join("api.sock"),
        Err(_) => "/api.sock".into(),
    };
    assert!(refused(&socket, Mode::Private).contains("belongs to uid"));
}

#[tokio::test]
async fn a_folder_below_one_that_others_may_change_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let above = root.path().join("above");
    fs::create_dir_all(above.join("ours")).unwrap();
    fs::set_permissions(above.join("ours"), fs::Permissions::from_mode(0o700)).unwrap();
    let link = root.path().join("link");
    symlink(&above, &link).unwrap();
    // only root can give a folder to another group or user; for others it has their own group already
    let given = std::os::unix::fs::chown(&above, None, Some(65_534));
    fs::set_permissions(&above, fs::Permissions::from_mode(0o775)).unwrap();
    for folder in [&above, &link] {
        for mode in [Mode::Private, Mode::System] {
            assert!(refused(&folder.join("ours/api.sock"), mode).contains("the group"));
        }
    }
    fs::set_permissions(&above, fs::Permissions::from_mode(0o755)).unwrap();
    drop(Socket::bind(&above.join("ours/api.sock"), Mode::Private).unwrap());
    if given.is_ok() {
        std::os::unix::fs::chown(&above, Some(65_534), None).unwrap();
        assert!(refused(&link.join("ours/api.sock"), Mode::Private).contains("uid 65534 may replace"));
    }
}
