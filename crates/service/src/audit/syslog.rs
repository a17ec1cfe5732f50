//! Records to the system's log: datagrams to `/dev/log` as `syslog(3)` sends them (RFC 3164). Never waited for: where
//! nobody listens, or the log is behind, the record stands in the file all the same.

use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;

/// Facility authpriv, severity info: what authentication programs use.
const PRIORITY: u32 = 10 * 8 + 6;
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The system's log.
#[derive(Debug)]
pub(super) struct Syslog {
    socket: Option<UnixDatagram>,
    path: PathBuf,
}

impl Syslog {
    pub(super) fn new() -> Self {
        Self::at("/dev/log".into())
    }

    pub(super) fn at(path: PathBuf) -> Self {
        // not connected: a log that is started anew has a new socket at the same path
        let socket = UnixDatagram::unbound().ok().filter(|socket| socket.set_nonblocking(true).is_ok());
        Self { socket, path }
    }

    /// Sends a line, if there is room for it now.
    pub(super) fn send(&self, line: &str, now: u64) {
        if let Some(socket) = &self.socket {
            let datagram = message(line, now);
            // a log that does not take it is not what the record is for
            let _ = socket.send_to(datagram.as_bytes(), &self.path);
        }
    }
}

/// `<86>Nov 21 14:35:32 openras[4711]: LINE`, in UTC.
fn message(line: &str, now: u64) -> String {
    let (days, seconds) = (now / 86_400, now % 86_400);
    let (month, day) = month_and_day(days);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let pid = std::process::id();
    format!("<{PRIORITY}>{month} {day:>2} {hours:02}:{minutes:02}:{seconds:02} openras[{pid}]: {line}")
}

/// Of a day since 1970-01-01. Years are counted from March, so that a leap day is a year's last.
fn month_and_day(days: u64) -> (&'static str, u64) {
    let day_of_era = (days + 719_468) % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = usize::try_from((from_march + 2) % 12).ok().and_then(|month| MONTHS.get(month));
    (month.copied().unwrap_or_default(), day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_goes_to_the_log_as_syslog_sends_it() {
        let pid = std::process::id();
        assert_eq!(message("{}", 0), format!("<86>Jan  1 00:00:00 openras[{pid}]: {{}}"));
        assert_eq!(message("x", 1_763_735_732), format!("<86>Nov 21 14:35:32 openras[{pid}]: x"));
        // 2024-02-29 and the day after
        assert_eq!((month_and_day(19_782), month_and_day(19_783)), (("Feb", 29), ("Mar", 1)));
    }

    #[test]
    fn a_log_that_is_not_there_or_full_holds_nothing_up() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let syslog = Syslog::at(path.clone());
        syslog.send("nobody is there", 0);
        let log = UnixDatagram::bind(&path).unwrap();
        for _ in 0..10_000 {
            syslog.send("one of many", 0);
        }
        let mut memory = [0; 256];
        let length = log.recv(&mut memory).unwrap();
        assert!(String::from_utf8_lossy(&memory[..length]).ends_with(": one of many"));
    }
}
