//! Serial ports, played by pseudo-terminals: which have no signals, and everything else.

use std::fs;
use std::future::poll_fn;
use std::os::fd::OwnedFd;

use openras_engine::rfc2217::Format;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use super::*;

/// The other end of a serial port.
fn pair() -> (OwnedFd, PathBuf) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    make_raw(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    (master, name.to_str().unwrap().into())
}

fn device(path: &Path, locks: &Path) -> SerialDevice {
    SerialDevice::new(SerialConfig { path: path.into(), format: Format::default(), locks: locks.into() })
}

async fn told(device: &mut SerialDevice) -> (Told, Vec<u8>) {
    let mut memory = [0; 64];
    let told = poll_fn(|cx| {
        let mut buf = ReadBuf::new(&mut memory);
        device.poll_event(cx, &mut buf).map(|told| (told, buf.filled().to_vec()))
    });
    tokio::time::timeout(Duration::from_secs(120), told).await.expect("nothing is told")
}

fn locks_in(folder: &Path) -> usize {
    fs::read_dir(folder).unwrap().count()
}

#[tokio::test]
async fn a_link_leads_to_the_device_which_is_ours_alone_until_it_is_given_back() {
    let (master, path) = pair();
    let folder = tempfile::tempdir().unwrap();
    let locks = tempfile::tempdir().unwrap();
    let link = folder.path().join("usb-modem");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let mut one = device(&link, locks.path());
    one.op(DeviceOp::Open);
    assert_eq!(told(&mut one).await.0, Told::Opened(None), "a pseudo-terminal has no signals");
    let lock = locks.path().join(format!("LCK..pts_{}", path.file_name().unwrap().to_str().unwrap()));
    assert_eq!(fs::read_to_string(&lock).unwrap().trim(), std::process::id().to_string());
    let mut two = device(&path, locks.path());
    two.op(DeviceOp::Open);
    assert_eq!(told(&mut two).await.0, Told::Failed(NOT_AVAILABLE));
    let process = format!("used by process {}", std::process::id());
    assert!(two.reason().unwrap().contains(&process), "{:?}", two.reason());
    one.op(DeviceOp::Write(b"AT\r".to_vec()));
    one.op(DeviceOp::Dtr(false));
    one.op(DeviceOp::Close);
    assert_eq!(told(&mut one).await.0, Told::Closed);
    let mut heard = [0; 8];
    assert_eq!(rustix::io::read(&master, &mut heard).unwrap(), 3);
    assert_eq!(locks_in(locks.path()), 0);
    two.op(DeviceOp::Open);
    assert_eq!(told(&mut two).await.0, Told::Opened(None));
}

#[tokio::test]
async fn while_nothing_goes_on_another_program_may_take_it_and_ours_comes_back() {
    let (master, path) = pair();
    let locks = tempfile::tempdir().unwrap();
    let mut ours = device(&path, locks.path());
    ours.op(DeviceOp::Open);
    assert_eq!(told(&mut ours).await.0, Told::Opened(None));
    ours.share(true);
    assert_eq!(locks_in(locks.path()), 0);
    // a ring: it is ours again
    rustix::io::write(&master, b"RING").unwrap();
    assert_eq!(told(&mut ours).await, (Told::Bytes, b"RING".to_vec()));
    assert_eq!(locks_in(locks.path()), 1);
    ours.share(true);
    // a program that dials out has its lock file, and what comes is for it
    let lock = locks.path().join(format!("LCK..pts_{}", path.file_name().unwrap().to_str().unwrap()));
    fs::write(&lock, "         1\n").unwrap();
    assert_eq!(told(&mut ours).await.0, Told::Gone, "found without a word from the modem");
    assert!(ours.reason().unwrap().contains("used by process 1"));
    rustix::io::write(&master, b"OK").unwrap();
    ours.op(DeviceOp::Open);
    assert_eq!(told(&mut ours).await.0, Told::Failed(NOT_AVAILABLE));
    fs::remove_file(&lock).unwrap();
    ours.op(DeviceOp::Open);
    assert_eq!(told(&mut ours).await.0, Told::Opened(None));
    assert_eq!(told(&mut ours).await, (Told::Bytes, b"OK".to_vec()), "nothing of it was read");
}

/// Ends of terminals that this process has open, also of those whose other end is gone.
fn terminals() -> usize {
    let open = fs::read_dir("/proc/self/fd").unwrap().flatten();
    let links = open.filter_map(|entry| fs::read_link(entry.path()).ok());
    links.filter(|link| link.starts_with("/dev/pts") || link.starts_with("/dev/ptmx")).count()
}

#[tokio::test]
async fn a_device_unplugged_a_hundred_times_leaves_nothing_behind() {
    let locks = tempfile::tempdir().unwrap();
    let mut before = None;
    for _ in 0..100 {
        let (master, path) = pair();
        let mut device = device(&path, locks.path());
        device.op(DeviceOp::Open);
        assert_eq!(told(&mut device).await.0, Told::Opened(None));
        drop(master);
        assert_eq!(told(&mut device).await.0, Told::Gone);
        assert_eq!(locks_in(locks.path()), 0);
        let open = terminals();
        // other tests of this process open and close some beside it
        assert!(open <= *before.get_or_insert(open) + 60, "{before:?} {open}");
    }
}

#[tokio::test]
async fn what_cannot_be_had_says_why_and_what_to_try() {
    let locks = tempfile::tempdir().unwrap();
    let mut missing = device(Path::new("/dev/ttyNONE7"), locks.path());
    missing.op(DeviceOp::Open);
    assert_eq!(told(&mut missing).await.0, Told::Failed(RasError(608)));
    let why = missing.reason().unwrap();
    assert_eq!(
        why,
        "There is no serial port /dev/ttyNONE7: plug it in, or write another (/dev/serial/by-id has names that stay)."
    );
    let mut no_tty = device(Path::new("/dev/null"), locks.path());
    no_tty.op(DeviceOp::Open);
    assert_eq!(told(&mut no_tty).await.0, Told::Failed(FROM_DEVICE));
    assert_eq!(
        no_tty.reason().unwrap(),
        "The serial port /dev/null cannot be used: it is not a serial port."
    );
    let error = io::Error::from(ErrorKind::PermissionDenied);
    let why = sentence(Path::new("/dev/null"), &error);
    assert!(why.contains("may not use /dev/null: no group has the right to it"), "{why}");
}

#[test]
fn the_format_is_what_the_system_has_then() {
    let (_master, path) = pair();
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let fd = rustix::fs::open(&path, flags, Mode::empty()).unwrap();
    let format = Format { baud: 57_600, stop: Stop::Two, flow: Flow::XonXoff, ..Format::default() };
    set_format(&fd, format).unwrap();
    let now = tcgetattr(&fd).unwrap();
    assert_eq!(now.output_speed(), 57_600);
    assert!(now.control_modes.contains(ControlModes::CSTOPB | ControlModes::CLOCAL | ControlModes::HUPCL));
    assert!(now.input_modes.contains(InputModes::IXON | InputModes::IXOFF));
    set_format(&fd, Format { baud: 31_250, ..Format::default() }).unwrap();
    let now = tcgetattr(&fd).unwrap();
    assert_eq!(now.output_speed(), 31_250, "any speed, not only those of the tables");
    assert!(now.control_modes.contains(ControlModes::CRTSCTS) && !now.input_modes.contains(InputModes::IXON));
}

/// Flow control that stays off, or a modem that was switched off in the middle: the octets are lost, the port is not.
#[tokio::test(start_paused = true)]
async fn a_device_that_takes_nothing_is_closed_all_the_same() {
    let (_master, path) = pair();
    let locks = tempfile::tempdir().unwrap();
    let mut ours = device(&path, locks.path());
    ours.op(DeviceOp::Open);
    assert_eq!(told(&mut ours).await.0, Told::Opened(None));
    ours.op(DeviceOp::Write(vec![0x55; 1024 * 1024]));
    ours.op(DeviceOp::Dtr(false));
    ours.op(DeviceOp::Dtr(true));
    ours.op(DeviceOp::Write(vec![0x55; 1024 * 1024]));
    ours.op(DeviceOp::Dtr(false));
    ours.op(DeviceOp::Close);
    assert_eq!(told(&mut ours).await.0, Told::Closed);
    assert_eq!((ours.unsent(), locks_in(locks.path())), (0, 0));
}

/// In a container the service has the same number each time: the lock file of one that was killed has ours.
#[tokio::test]
async fn a_lock_file_left_by_a_process_of_our_own_number_keeps_nobody_out() {
    let (_master, path) = pair();
    let locks = tempfile::tempdir().unwrap();
    let lock = locks.path().join(format!("LCK..pts_{}", path.file_name().unwrap().to_str().unwrap()));
    fs::write(&lock, format!("{:>10}\n", std::process::id())).unwrap();
    let mut ours = device(&path, locks.path());
    ours.op(DeviceOp::Open);
    assert_eq!(told(&mut ours).await.0, Told::Opened(None));
    // somebody has taken the lock file over, rightly or not: it is not ours to remove
    fs::write(&lock, "         1\n").unwrap();
    ours.op(DeviceOp::Close);
    assert_eq!(told(&mut ours).await.0, Told::Closed);
    assert_eq!(fs::read_to_string(&lock).unwrap(), "         1\n");
}

#[test]
fn a_speed_the_device_has_not_is_refused_and_one_that_is_nearly_right_is_not() {
    assert!(has_speed(115_200, 115_200).is_ok() && has_speed(115_200, 115_384).is_ok());
    let error = has_speed(3_000_000, 115_200).unwrap_err();
    let said = sentence(Path::new("/dev/ttyS0"), &error);
    assert!(said.contains("no speed of 3000000 bits a second; the nearest is 115200"), "{said}");
}
