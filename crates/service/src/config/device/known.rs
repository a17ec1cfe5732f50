//! The modems that are known by name. None of them was seen on hardware by us: each row says where its commands are from.

use openras_engine::modem::{Carrier, HangUp, Settings};

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// What it is called in `modem`, `like` and `--modem`.
    pub name: &'static str,
    /// What it is, for a person.
    pub what: &'static str,
    /// Where its commands are from.
    pub from: &'static str,
    /// Whether a line test was seen from real hardware.
    pub seen: bool,
    init: &'static [&'static str],
    escape: &'static str,
    dial: &'static str,
    text_only: bool,
}

const V250: &str = "V.250, as its commands are commonly known";
const COMMON: &str = "the vendor's commands as they are commonly known; no manual was at hand";
const DIAL: &str = "ATDT";
const ESCAPE: &str = "ATS2=43";
/// No automatic answer; the escape off, since DTR hangs up; a minute for the carrier.
const REGISTERS: &str = "ATS0=0S2=255S7=60";

/// Every known modem.
pub const KNOWN: [Known; 11] = [
    Known {
        name: "generic",
        what: "any modem with V.250's commands",
        from: V250,
        init: &["AT", "AT&F", "ATE0V1Q0X4", "AT&C1&D2", REGISTERS],
        ..LIKE_V250
    },
    Known {
        name: "hayes",
        what: "Hayes Optima and Accura",
        from: COMMON,
        init: &["AT", "AT&F", "ATE0V1Q0X4", "AT&C1&D2&K3", REGISTERS],
        ..LIKE_V250
    },
    Known {
        name: "rockwell",
        what: "Rockwell and Conexant chips, most external V.90 modems",
        from: COMMON,
        init: &["AT", "AT&F", "ATE0V1Q0X4W2", "AT&C1&D2&K3", REGISTERS],
        ..LIKE_V250
    },
    Known {
        name: "usr-courier",
        what: "USRobotics Courier and Sportster; &F1 is its template with RTS and CTS",
        from: COMMON,
        init: &["AT", "AT&F1", "ATE0V1Q0X4", "AT&C1&D2", REGISTERS],
        ..LIKE_V250
    },
    Known {
        name: "lucent",
        what: "Lucent and Agere chips",
        from: COMMON,
        init: &["AT", "AT&F", "ATE0V1Q0X4", "AT&C1&D2&K3\\N3", REGISTERS],
        ..LIKE_V250
    },
    Known {
        name: "zyxel",
        what: "ZyXEL U-1496 and Omni; &H3 is RTS and CTS",
        from: COMMON,
        init: &["AT", "AT&F", "ATE0V1Q0X4", "AT&C1&D2&H3", REGISTERS],
        ..LIKE_V250
    },
    Known {
        name: "wifi",
        what: "WiFi modems (Zimodem, WiModem232 and such): no signals, the escape hangs up",
        from: COMMON,
        init: &["AT", "ATE0V1Q0", "ATS0=0"],
        text_only: true,
        ..LIKE_V250
    },
    Known {
        name: "tcpser",
        what: "tcpser and other modem emulators",
        from: "tcpser's own description of its commands, as commonly known",
        init: &["AT", "ATZ", "ATE0V1Q0X4", "AT&C1&D2", "ATS0=0"],
        ..LIKE_V250
    },
    Known {
        name: "cellular",
        what: "cellular sticks; dial *99# for packet data",
        from: "3GPP TS 27.007 as commonly known",
        init: &["AT", "ATZ", "ATE0V1Q0", "AT&C1&D2", "ATS0=0"],
        escape: "",
        dial: "ATD",
        ..LIKE_V250
    },
    Known {
        name: "pbx",
        what: "as generic, behind a telephone system without a dial tone it knows (X3)",
        from: V250,
        init: &["AT", "AT&F", "ATE0V1Q0X3", "AT&C1&D2", REGISTERS],
        ..LIKE_V250
    },
    Known {
        name: "pulse",
        what: "as generic, on a line that dials by pulses",
        from: V250,
        init: &["AT", "AT&F", "ATE0V1Q0X4", "AT&C1&D2", REGISTERS],
        dial: "ATDP",
        ..LIKE_V250
    },
];

const LIKE_V250: Known = Known {
    name: "",
    what: "",
    from: V250,
    seen: false,
    init: &[],
    escape: ESCAPE,
    dial: DIAL,
    text_only: false,
};

impl Known {
    /// The row of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        KNOWN.iter().find(|known| known.name == name)
    }

    /// Its init strings.
    pub fn init(&self) -> &'static [&'static str] {
        self.init
    }

    /// How it is driven.
    pub fn settings(&self) -> Settings {
        let (carrier, hang_up) =
            if self.text_only { (Carrier::Text, HangUp::Escape) } else { (Carrier::Dcd, HangUp::Dtr) };
        Settings {
            init: self.init.iter().map(|&text| text.to_owned()).collect(),
            escape: self.escape.to_owned(),
            dial: self.dial.to_owned(),
            carrier,
            hang_up,
            ..Settings::default()
        }
    }
}
