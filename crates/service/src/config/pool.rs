//! `[pool.NAME]`: lines to dial out over, of which a call takes the first that is free.

use super::check::{Finding, Place, is_plain_name};
use super::device::{CABLE, KNOWN, modem};
use super::{Config, DialLine, Target};

/// The most lines of one pool.
const MOST: usize = 64;

/// One `[pool.NAME]`. Whoever is granted `pool:NAME` may use its lines through it, and needs no grant of theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinePool {
    /// The lines, in the order they are tried.
    pub lines: Vec<DialLine>,
    /// The modem on each of them; `None` and `null` are a cable, or the line as it is.
    pub modem: Option<String>,
}

/// Every broken rule about pools of lines.
pub(super) fn findings(config: &Config) -> Vec<Finding> {
    let mut found = Vec::new();
    for (name, pool) in &config.line_pools {
        let mut add = |key, what: String, remedy: &str| {
            found.push(Finding { place: Place::Pool(name.clone(), key), what, remedy: remedy.into() });
        };
        if !is_plain_name(name) {
            let what = format!("{name:?} is no name of a pool");
            add("", what, "Write 1 to 32 of the characters A-Z a-z 0-9 . _ -");
        }
        if pool.lines.is_empty() || pool.lines.len() > MOST {
            let what = format!("lines has {} of them", pool.lines.len());
            add("lines", what, "Write 1 to 64 lines, such as \"serial:/dev/ttyUSB0\"");
        }
        if let Some(name) = pool.modem.as_deref().filter(|name| *name != CABLE)
            && let Err(error) = modem(name, &config.modems)
        {
            let names: Vec<_> = KNOWN.iter().map(|known| known.name).collect();
            let remedy = format!("Write one of {}, or add a table [modem.{name}]", names.join(", "));
            add("modem", error.to_string(), &remedy);
        }
        for (n, line) in pool.lines.iter().enumerate() {
            if let Some((what, remedy)) = member(pool, n, line) {
                add("lines", what, remedy);
            }
        }
    }
    found.extend(in_directory(config));
    found
}

/// What is wrong with a line as one of a pool, and what to write.
fn member(pool: &LinePool, n: usize, line: &DialLine) -> Option<(String, &'static str)> {
    let Some(device) = line.device() else {
        let what = format!("{line} is no device: it is always free, or busy only when it is dialled");
        return Some((
            what,
            "Write lines serial:, rfc2217:, pty:, or tcp:, telnet:, tls:, ws: and wss: with a modem",
        ));
    };
    let bare = device.at().is_some() && !device.is_serial_port();
    if pool.modem.is_none() && bare {
        let what = format!("{line} has no modem at its other end, and cannot be told free from busy");
        return Some((what, "Write modem = \"wifi\" or another modem, or another line"));
    }
    if device.path().is_some_and(|path| !path.is_absolute()) {
        return Some((format!("the device of {line} is not a full path"), "Write it from / on"));
    }
    let same = |other: &DialLine| {
        other == line
            || device.path().is_some() && other.device().is_some_and(|it| it.path() == device.path())
    };
    let earlier = pool.lines.get(..n).unwrap_or_default();
    earlier.iter().any(same).then(|| (format!("{line} is in the pool already"), "Name each device once"))
}

/// A number of the directory has a list of its own.
fn in_directory(config: &Config) -> impl Iterator<Item = Finding> {
    let pooled = |to: &Target| matches!(to, Target::Line(DialLine::Pool(_)));
    config.directory.iter().filter(move |(_, listing)| listing.to.iter().any(pooled)).map(|(number, _)| {
        Finding {
            place: Place::Directory(number.clone()),
            what: format!("{number} leads to a pool, which is for programs that dial"),
            remedy: "Write the lines themselves as a list: it is hunted through".into(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_is_read_and_its_lines_keep_their_order() {
        let text = "[pool.out]\nlines = [\"serial:/dev/ttyUSB1,115200\", \"rfc2217:ts:7001\", \"tcp:wifi:23\"]\nmodem = \"generic\"\n\
                    [pool.cables]\nlines = [\"pty:/dev/pts/7\"]\n";
        let config = Config::parse(text, "f").unwrap();
        let shown: Vec<_> = config.line_pools["out"].lines.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["serial:/dev/ttyUSB1,115200", "rfc2217:ts:7001", "tcp:wifi:23"]);
        assert_eq!(config.line_pools["out"].modem.as_deref(), Some("generic"));
        assert_eq!(config.line_pools["cables"].modem, None);
    }

    #[test]
    fn a_pool_that_cannot_be_meant_says_what_to_write() {
        for (text, said) in [
            ("[pool.out]\n", "[pool.NAME] has no lines"),
            ("[pool.out]\nlines = []\n", "lines has 0 of them"),
            ("[pool.'a b']\nlines = ['pty:/x']\n", "\"a b\" is no name of a pool"),
            ("[pool.out]\nlines = ['exchange:1']\n", "exchange:1 is no device"),
            ("[pool.out]\nlines = ['pool:out']\n", "pool:out is no device"),
            ("[pool.out]\nlines = ['tcp:h:1']\n", "has no modem at its other end"),
            ("[pool.out]\nlines = ['serial:ttyS0']\n", "is not a full path"),
            ("[pool.out]\nlines = ['serial:/d', 'serial:/d,9600']\n", "is in the pool already"),
            ("[pool.out]\nlines = ['pty:/x']\nmodem = 'nope'\n", "no modem \"nope\""),
            ("[pool.out]\nlines = ['pty:/x']\nturns = 1\n", "The keys here are lines, modem"),
            ("[pool.out]\nlines = ['listen:tcp:h:1']\n", "is one to answer on, not to dial"),
            ("pool = 1\n", "Write [pool.NAME]"),
            ("[pool.out]\nlines = ['pty:/x']\n[directory]\n5 = 'pool:out'\n", "5 leads to a pool"),
        ] {
            let error = Config::parse(text, "f").unwrap_err().to_string();
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
