//! What the lines of a configuration meet on this machine: addresses that are taken, folders that are not there, devices
//! and the right to them.

use std::io::ErrorKind;
use std::net::{TcpListener, ToSocketAddrs};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use openras_engine::modem::{Carrier, Words};
use openras_io::line::right_to;
use rustix::fs::{Access, access};

use super::Desk;
use crate::config::{Config, DeviceLine, Host, HostPort, PortConfig, PortLine, device};

/// Looks at every port's line.
pub(super) fn look(config: &Config, desk: &mut Desk) {
    for (index, port) in config.ports.iter().enumerate() {
        if let Some((what, remedy)) = wrong(&port.line) {
            desk.port(index, "line", what, remedy);
        }
        if let Some((what, remedy)) = end_unseen(port, config) {
            desk.port(index, "modem", what, remedy);
        }
    }
    for modem in &config.virtual_modems {
        if let Some((what, remedy)) = wrong(&modem.line) {
            desk.add(0, format!("the virtual modem {}: {what}", modem.name), remedy);
        }
    }
}

type Said = Option<(String, String)>;

fn say(what: impl Into<String>, remedy: impl Into<String>) -> Said {
    Some((what.into(), remedy.into()))
}

fn wrong(line: &PortLine) -> Said {
    match line {
        PortLine::ListenTcp(at) | PortLine::Listen(_, at) => taken(at),
        PortLine::ListenUnix(path) => taken_socket(path),
        PortLine::Pty(path) => link(path),
        PortLine::Device(line) => line.path().and_then(serial_port),
        PortLine::Exchange(_) => None,
        PortLine::Stdio => say("a service answers nothing on stdio", "`openras answer --stdio` does"),
    }
}

/// A modem that says neither by a signal nor by a text that can be told from data when its call has ended.
fn end_unseen(port: &PortConfig, config: &Config) -> Said {
    let PortLine::Device(line) = &port.line else { return None };
    let modem = device::modem(port.device.modem()?, &config.modems).ok()?;
    let has_signals = matches!(line, DeviceLine::Serial { .. } | DeviceLine::Rfc2217 { .. });
    if modem.words == Words::Text || modem.carrier == Carrier::Dcd && has_signals {
        return None;
    }
    say(
        format!(
            "the modem of {} answers in numbers and shows no DCD: the end of a call is seen only by PPP's echo or the idle limit",
            port.name
        ),
        "leave numeric out, or use carrier = \"dcd\" on a serial: or rfc2217: line whose cable has DCD",
    )
}

fn taken(at: &HostPort) -> Said {
    let host = match &at.host {
        Host::Ip(ip) => ip.to_string(),
        Host::Name(name) => name.clone(),
    };
    let addresses: Vec<_> = match (host.as_str(), at.port).to_socket_addrs() {
        Ok(addresses) => addresses.collect(),
        Err(error) => {
            return say(
                format!("the name {host} cannot be resolved ({error})"),
                "write the address to answer on",
            );
        }
    };
    let first = addresses.first()?;
    let error = TcpListener::bind(first).err()?;
    match error.kind() {
        ErrorKind::AddrInUse => say(
            format!("{at} is in use already"),
            "if that is the service itself all is well; else end the program (`ss -ltnp` names it) or take another port",
        ),
        ErrorKind::AddrNotAvailable => {
            say(format!("this machine has no address {host}"), "write one of its own, or 0.0.0.0 for all")
        }
        ErrorKind::PermissionDenied => say(
            format!("this user may not answer on TCP port {}", at.port),
            "take one above 1023, or give the service CAP_NET_BIND_SERVICE",
        ),
        _ => say(format!("{at} cannot be answered on ({error})"), "write another address or port"),
    }
}

fn folder_of(path: &Path) -> Said {
    let folder = path.parent()?;
    match folder.metadata() {
        Ok(about) if !about.is_dir() => {
            say(format!("{} is no folder", folder.display()), "write another path")
        }
        Ok(_) if access(folder, Access::WRITE_OK).is_err() => say(
            format!("this user may not write into {}", folder.display()),
            "run this as the service's user to be sure, or write another path",
        ),
        Ok(_) => None,
        Err(_) => {
            say(format!("the folder {} is not there", folder.display()), "make it, or write another path")
        }
    }
}

fn taken_socket(path: &Path) -> Said {
    match path.symlink_metadata() {
        Ok(about) if !about.file_type().is_socket() => say(
            format!("{} is there already and no socket", path.display()),
            "remove it, or write another path",
        ),
        _ => folder_of(path),
    }
}

fn link(path: &Path) -> Said {
    match path.symlink_metadata() {
        Ok(about) if !about.is_symlink() => say(
            format!("{} is there already and no link", path.display()),
            "remove it, or write another path",
        ),
        _ => folder_of(path),
    }
}

/// A device that is always there.
fn serial_port(path: &Path) -> Said {
    match path.metadata() {
        Err(_) => say(
            format!("{} is not there", path.display()),
            "plug it in (the port answers when it comes), or look for its name in /dev/serial/by-id",
        ),
        Ok(about) if !about.file_type().is_char_device() => {
            say(format!("{} is no device", path.display()), "write the path of a serial port")
        }
        Ok(_) if access(path, Access::READ_OK | Access::WRITE_OK).is_err() => {
            say(format!("this user may not use {}", path.display()), right_to(path, "the service's user"))
        }
        Ok(_) => None,
    }
}
