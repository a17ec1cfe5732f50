//! `[[grant]]`: which lines a program's user may have the service dial (defence rule 10).

use std::fmt;

use super::{DeviceLine, DialLine};

/// One `[[grant]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Who may.
    pub to: GrantTo,
    /// Which lines.
    pub lines: Vec<LinePattern>,
}

/// Whom a grant is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GrantTo {
    /// The user with this number.
    Uid(u32),
    /// The user of this name in the system's user database.
    User(String),
    /// Members of this group, primary or supplementary.
    Group(String),
}

impl Grant {
    /// Whether this line is one of the granted.
    pub fn covers(&self, line: &DialLine) -> bool {
        self.lines.iter().any(|pattern| pattern.matches(line))
    }
}

/// How a line that can be granted begins.
const KINDS: [&str; 11] =
    ["exchange:", "serial:", "rfc2217:", "tcp:", "telnet:", "tls:", "ws:", "wss:", "unix:", "pty:", "pool:"];

/// A line as `openras dial --line` takes it; a `*` at its end stands for any rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinePattern(String);

impl LinePattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// What is wrong with it, as the end of a sentence.
    pub fn new(text: &str) -> Result<Self, &'static str> {
        let fixed = text.strip_suffix('*').unwrap_or(text);
        if fixed.contains('*') {
            return Err("has a * that is not its end");
        }
        if !KINDS.iter().any(|kind| fixed.starts_with(kind)) {
            return Err(
                "does not begin with exchange:, serial:, rfc2217:, tcp:, telnet:, tls:, ws:, wss:, unix:, pty: or pool:",
            );
        }
        if let Some(path) = ["unix:", "pty:", "serial:"].iter().find_map(|kind| fixed.strip_prefix(kind))
            && !is_straight(path)
        {
            return Err("does not name a full path without . and ..");
        }
        Ok(Self(text.to_owned()))
    }

    /// Whether it stands for this line. A path that goes through `.` or `..` is nobody's: it could lead out of the
    /// folder that is granted.
    pub fn matches(&self, line: &DialLine) -> bool {
        if let DialLine::Unix(path) | DialLine::Pty(path) | DialLine::Device(DeviceLine::Serial { path, .. }) =
            line
            && !path.to_str().is_some_and(is_straight)
        {
            return false;
        }
        let line = line.to_string();
        match self.0.strip_suffix('*') {
            Some(begin) => line.starts_with(begin),
            None => line == self.0,
        }
    }
}

impl fmt::Display for LinePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A full path of plain names, written without detours. The last may be missing: a pattern may end with a folder.
fn is_straight(path: &str) -> bool {
    let Some(names) = path.strip_prefix('/') else { return false };
    let (folders, last) =
        names.rsplit_once('/').map_or((None, names), |(folders, last)| (Some(folders), last));
    let plain = |name: &str| !matches!(name, "" | "." | "..");
    folders.is_none_or(|folders| folders.split('/').all(plain)) && !matches!(last, "." | "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(pattern: &str, line: &str) -> bool {
        let lines = vec![LinePattern::new(pattern).unwrap()];
        Grant { to: GrantTo::Uid(1000), lines }.covers(&line.parse().unwrap())
    }

    #[test]
    fn a_pattern_is_a_whole_line_or_its_beginning() {
        assert!(covers("exchange:*", "exchange:100"));
        assert!(covers("tcp:192.0.2.7:*", "tcp:192.0.2.7:23"));
        assert!(!covers("tcp:192.0.2.7:*", "tcp:192.0.2.70:23"));
        assert!(!covers("tcp:192.0.2.7:23", "tcp:192.0.2.7:2323"));
        assert!(covers("pty:/dev/ttyS0", "pty:/dev/ttyS0"));
        assert!(!covers("pty:/dev/ttyS0", "unix:/dev/ttyS0"));
        assert!(covers("pty:/dev/*", "pty:/dev/ttyS1"));
        assert!(covers("serial:/dev/ttyS0*", "serial:/dev/ttyS0,9600"));
        assert!(!covers("serial:/dev/ttyS0", "serial:/dev/ttyS0,9600"), "a speed is part of the line");
        assert!(covers("rfc2217:ts:7001", "rfc2217:ts:7001"));
        assert!(!covers("serial:/dev/*", "serial:/dev/../etc/x"));
        assert!(covers("pool:out", "pool:out") && covers("pool:*", "pool:out"));
        assert!(!covers("pool:out", "pool:outside") && !covers("serial:/dev/*", "pool:out"));
    }

    #[test]
    fn a_path_with_detours_is_never_granted() {
        for line in [
            "pty:/dev/../etc/passwd",
            "pty:/dev/./x",
            "pty:/dev//x",
            "pty:/dev/..",
            "unix:/dev/x/../../run/s",
        ] {
            let kind = line.split_once(':').unwrap().0;
            assert!(!covers(&format!("{kind}:/*"), line), "{line}");
            assert!(!covers(&format!("{kind}:/dev/*"), line), "{line}");
        }
    }

    #[test]
    fn a_pattern_that_cannot_be_meant_is_refused() {
        for bad in ["*", "", "tcp*", "tcp:*:23", "pty:dev/x", "unix:/a/../b", "ssh:host", "pty:*"] {
            assert!(LinePattern::new(bad).is_err(), "{bad}");
        }
    }
}
