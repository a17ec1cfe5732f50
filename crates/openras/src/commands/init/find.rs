//! The serial ports of this machine, by the names they keep, and whether this user may use them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use openras_service::preflight::{group_of, right_to};
use rustix::fs::{Access, access};
use serde_json::json;

use crate::render::{Paint, safe};
use crate::{json, out};

/// A serial port.
pub(super) struct Device {
    /// The name that stays: in `/dev/serial/by-id` where there is one.
    pub(super) path: PathBuf,
    /// What it is, as the kernel says.
    pub(super) what: String,
    /// Whether this user may use it; the group that may, where this user may not and there is one.
    pub(super) usable: bool,
    pub(super) group: Option<String>,
}

/// All of them, those with lasting names first.
pub(super) fn devices() -> Vec<Device> {
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for link in entries("/dev/serial/by-id") {
        if let Ok(real) = fs::canonicalize(&link)
            && seen.insert(real.clone())
        {
            found.push(device(link, &real));
        }
    }
    let mut names: Vec<_> = entries("/sys/class/tty").iter().filter_map(|path| is_port(path)).collect();
    names.sort();
    for name in names {
        let path = PathBuf::from("/dev").join(name);
        if path.exists() && seen.insert(path.clone()) {
            found.push(device(path.clone(), &path));
        }
    }
    found
}

fn entries(folder: &str) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    found.sort();
    found
}

/// The name of a tty that is a serial port: a device stands behind it, and a UART of the old kind was found there. The
/// kernel makes four or more `ttyS` whether there are any or not; their `type` is 0 then.
fn is_port(tty: &Path) -> Option<String> {
    let name = tty.file_name()?.to_str()?.to_owned();
    if !tty.join("device").exists() {
        return None;
    }
    match fs::read_to_string(tty.join("type")) {
        Ok(kind) if kind.trim() == "0" => None,
        _ => Some(name),
    }
}

fn device(path: PathBuf, real: &Path) -> Device {
    let name = real.file_name().unwrap_or_default();
    let driver = fs::canonicalize(Path::new("/sys/class/tty").join(name).join("device/driver"));
    let driver = driver.ok().and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
    let kind = match name.to_string_lossy() {
        name if name.starts_with("ttyACM") => "a modem or device on USB (CDC ACM)",
        name if name.starts_with("ttyUSB") => "a serial adapter on USB",
        _ => "a serial port",
    };
    let what = driver.map_or_else(|| kind.to_owned(), |driver| format!("{kind}, driver {driver}"));
    let usable = access(real, Access::READ_OK | Access::WRITE_OK).is_ok();
    let group = real.metadata().ok().filter(|_| !usable).and_then(|about| group_of(&about));
    Device { path, what, usable, group }
}

/// What `--find` says.
pub(super) fn show(found: &[Device], as_json: bool) {
    if as_json {
        let list: Vec<_> = found
            .iter()
            .map(|device| {
                json!({ "line": format!("serial:{}", device.path.display()), "what": device.what,
                    "usable": device.usable, "group": device.group })
            })
            .collect();
        return json::line(&json!({ "devices": list }));
    }
    let paint = Paint::for_stdout();
    if found.is_empty() {
        out::line("no serial port or modem was found; TCP lines need none");
    }
    for device in found {
        out::line(format_args!(
            "serial:{}  {}",
            safe(&device.path.display().to_string()),
            safe(&device.what)
        ));
        if !device.usable {
            let text =
                format!("    this user may not use it: {}", safe(&right_to(&device.path, "this user")));
            out::line(paint.asks(&text));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tty_without_a_device_or_without_a_uart_is_no_port() {
        let folder = tempfile::tempdir().unwrap();
        let tty = |name: &str, device: bool, kind: Option<&str>| {
            let path = folder.path().join(name);
            fs::create_dir_all(&path).unwrap();
            if device {
                fs::create_dir(path.join("device")).unwrap();
            }
            kind.into_iter().for_each(|kind| fs::write(path.join("type"), kind).unwrap());
            is_port(&path)
        };
        assert_eq!(tty("ptmx", false, None), None);
        assert_eq!(tty("ttyS1", true, Some("0\n")), None);
        assert_eq!(tty("ttyS0", true, Some("4\n")).as_deref(), Some("ttyS0"));
        assert_eq!(tty("ttyACM0", true, None).as_deref(), Some("ttyACM0"));
    }
}
