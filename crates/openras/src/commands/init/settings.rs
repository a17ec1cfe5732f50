//! What to set at the caller's end. Marked where it is from documentation and general knowledge and was not run by us.

use super::plan::{NUMBER, Plan};
use crate::cli::Caller;

/// The settings of one kind of caller.
pub(super) struct Settings {
    /// What it is.
    pub(super) title: &'static str,
    /// We have run it.
    pub(super) run: bool,
    /// What to do, in order.
    pub(super) steps: Vec<String>,
}

/// Those that fit what was planned.
pub(super) fn of(plan: &Plan, user: &str) -> Vec<Settings> {
    let number = number(plan);
    let mut all = Vec::new();
    if matches!(plan.caller, Caller::Openras) || plan.line.starts_with("listen:") {
        all.extend(openras(plan, user));
    }
    if plan.caller == Caller::Openras {
        return all;
    }
    if plan.caller == Caller::Terminal {
        all.push(terminal(plan, user));
        return all;
    }
    all.push(pppd(plan, user, &number));
    if plan.caller != Caller::Device {
        all.extend([win9x(plan, user, &number), nt(plan, user, &number), xp(plan, user, &number)]);
        all.push(if plan.network { no_mac() } else { mac(user, &number) });
    }
    if let Some(port) = plan.service() {
        for one in &mut all {
            one.steps.push(format!("Once connected, the service is at 10.64.0.1, TCP port {port}."));
        }
    }
    all
}

/// What is dialled.
fn number(plan: &Plan) -> String {
    match plan.caller {
        Caller::Computer => NUMBER.to_owned(),
        Caller::Modem => "the telephone number of the line".to_owned(),
        _ => format!("this machine's address and port: {}", at(plan)),
    }
}

/// A name as one word of a shell's or of pppd's.
fn word(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '@');
    match name.chars().all(plain) && !name.starts_with('-') && !name.is_empty() {
        true => name.to_owned(),
        false => format!("'{}'", name.replace('\'', "'\\''")),
    }
}

/// Host and port of a line that listens, `HOST` where it answers on all addresses; else the line.
fn at(plan: &Plan) -> String {
    let rest = plan.line.strip_prefix("listen:").and_then(|line| line.split_once(':'));
    rest.map_or_else(|| plan.line.clone(), |(_, at)| host(at))
}

fn host(at: &str) -> String {
    let port = at.strip_prefix("0.0.0.0:").or_else(|| at.strip_prefix("[::]:"));
    port.map_or_else(|| at.to_owned(), |port| format!("HOST:{port}"))
}

fn openras(plan: &Plan, user: &str) -> Option<Settings> {
    if plan.caller == Caller::Computer {
        return None;
    }
    let (kind, at) = plan.line.strip_prefix("listen:")?.split_once(':')?;
    let mut steps = vec![format!("openras dial --line {kind}:{} --user {} --ping 3", host(at), word(user))];
    if let Some(file) = plan.certificate() {
        steps.push(format!(
            "HOST is the name in the certificate; with one of your own making, copy {file} to the caller and add --tls-ca FILE."
        ));
    }
    Some(Settings { title: "openras dial, to try it", run: true, steps })
}

fn pppd(plan: &Plan, user: &str, number: &str) -> Settings {
    let how = match plan.caller {
        Caller::Device => "no dialling: PPP begins as soon as the line stands".to_owned(),
        _ => format!("dial {number} with chat or wvdial (ATDT), then start pppd on that line"),
    };
    Settings {
        title: "pppd (Linux, BSD, embedded)",
        run: true,
        steps: vec![
            how,
            format!(
                "pppd TTY 115200 noauth user {} defaultroute usepeerdns noipdefault lcp-echo-interval 20 lcp-echo-failure 3",
                word(user)
            ),
            format!("the password goes into /etc/ppp/chap-secrets: {} * PASSWORD *", word(user)),
        ],
    }
}

fn terminal(plan: &Plan, user: &str) -> Settings {
    Settings {
        title: "A terminal",
        run: false,
        steps: vec![
            format!("Connect to {} with telnet or a terminal program.", at(plan)),
            format!("Log in as {user}; a dial-up window or script that logs in gets PPP then."),
        ],
    }
}

fn modem(plan: &Plan) -> &'static str {
    match plan.caller {
        Caller::Emulator => "Give the emulator's serial port its modem that dials TCP hosts.",
        Caller::Computer => {
            "Join the emulator's serial port to this line as a TCP client (QEMU: -serial tcp:HOST:PORT)."
        }
        Caller::WifiModem => {
            "Connect the WiFi modem to the serial port and to the network (AT commands of its maker)."
        }
        _ => "Connect the modem to the serial port.",
    }
}

fn win9x(plan: &Plan, user: &str, number: &str) -> Settings {
    Settings {
        title: "Windows 95 and 98",
        run: false,
        steps: vec![
            modem(plan).into(),
            "Control Panel, Modems, Add: do not detect, choose \"Standard 28800 bps Modem\".".into(),
            format!("My Computer, Dial-Up Networking, Make New Connection: the number is {number}."),
            "Its Properties, Server Types: \"PPP: Internet, Windows NT, Windows 98\"; Log on to network, software \
             compression and encrypted password may stay on or off; of the protocols only TCP/IP."
                .into(),
            "TCP/IP Settings: server assigned IP address, server assigned name server addresses.".into(),
            format!("Connect as {user}. {}", if plan.network {
                "Windows 95 needs Dial-Up Networking 1.3: what came before only sends the password in the clear (pap), \
                 which this line does not take."
            } else {
                "Windows 95 without Dial-Up Networking 1.3 sends the password in the clear (pap)."
            }),
        ],
    }
}

fn nt(plan: &Plan, user: &str, number: &str) -> Settings {
    Settings {
        title: "Windows NT 4.0",
        run: false,
        steps: vec![
            modem(plan).into(),
            "Control Panel, Modems: add \"Standard 28800 bps Modem\"; Network, Services: add Remote Access Service, Dial out only."
                .into(),
            format!("Dial-Up Networking, New: the number is {number}; Server: PPP, TCP/IP only, LCP extensions on."),
            "Security: \"Accept any authentication including clear text\" or \"Accept only Microsoft encrypted\".".into(),
            format!("Dial as {user}, with the domain left empty."),
        ],
    }
}

fn xp(plan: &Plan, user: &str, number: &str) -> Settings {
    Settings {
        title: "Windows XP",
        run: false,
        steps: vec![
            modem(plan).into(),
            "Phone and Modem Options, Modems, Add: do not detect, \"Standard 33600 bps Modem\".".into(),
            format!("New Connection Wizard, Connect to the Internet, set up manually, dial-up modem: the number is {number}."),
            "Its Properties, Security, Typical: \"Require secured password\"; Networking: PPP, Internet Protocol only."
                .into(),
            format!("Connect as {user}."),
        ],
    }
}

fn no_mac() -> Settings {
    Settings {
        title: "Mac OS 9",
        run: false,
        steps: vec![
            "Not on this line: it proves itself by pap or chap, and here others on the network could read the password. \
             A line of its own on 127.0.0.1, a serial port or a modem takes it."
                .into(),
        ],
    }
}

fn mac(user: &str, number: &str) -> Settings {
    Settings {
        title: "Mac OS 9",
        run: false,
        steps: vec![
            "Control Panels, Modem: the port, and \"Hayes Compatible\".".into(),
            "Control Panels, TCP/IP: Connect via PPP, Configure Using PPP Server.".into(),
            format!(
                "Control Panels, Remote Access: Registered User, the name {user}, the number is {number}."
            ),
            "Options, Protocol: PPP; \"Allow error correction\" and TCP header compression may stay on."
                .into(),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::word;

    #[test]
    fn a_name_that_a_shell_would_take_apart_is_quoted() {
        assert_eq!(word("alice"), "alice");
        assert_eq!(word("a b;c"), "'a b;c'");
        assert_eq!(word("DOMAIN\\o'neil"), "'DOMAIN\\o'\\''neil'");
    }
}
