use super::*;
use proptest::prelude::*;

#[test]
fn every_form_reads_and_shows_the_same() {
    for text in [
        "tcp:host.example:7001",
        "tcp:127.0.0.1:1",
        "tcp:[::1]:65535",
        "unix:/run/a b",
        "pty:x",
        "exchange:+49123",
        "telnet:host.example:23",
        "tls:[::1]:7443",
        "ws:host.example:80/",
        "wss:10.0.0.1:443/modem?line=1",
    ] {
        assert_eq!(text.parse::<DialLine>().unwrap().to_string(), text);
    }
    for text in [
        "listen:tcp:0.0.0.0:0",
        "listen:tcp:[2001:db8::1]:7",
        "listen:unix:/run/s",
        "pty:/run/p",
        "exchange:100",
        "listen:telnet:127.0.0.1:23",
        "listen:rfc2217:[::1]:0",
        "listen:tls:0.0.0.0:7443",
        "listen:ws:127.0.0.1:80",
        "listen:wss:localhost:443",
        "stdio",
    ] {
        assert_eq!(text.parse::<PortLine>().unwrap().to_string(), text);
    }
}

#[test]
fn a_wrong_line_says_what_to_write() {
    let said: Vec<String> = [
        "tcp:::1:7001",
        "tcp:host",
        "tcp:host:0",
        "tcp:host:70000",
        "tcp::7001",
        "tcp:[::1]7001",
        "tcp:999.1.1.1:7001",
        "tcp:host:+7",
        "unix:",
        "pty:a\nb",
        "exchange:12a",
        "exchange:",
        "listen:tcp:x:1",
        "listen",
        "serial:",
        "",
    ]
    .map(|t| t.parse::<DialLine>().unwrap_err().to_string())
    .into_iter()
    .chain(
        ["unix:/s", "listen:tcp:h", "listen:udp:h:1", "listen"]
            .map(|t| t.parse::<PortLine>().unwrap_err().to_string()),
    )
    .collect();
    insta::assert_snapshot!(said.join("\n"), @r#"
the line "tcp:::1:7001" has an IPv6 address without brackets; write tcp:[::1]:7001
the line "tcp:host" names no port; write tcp:HOST:PORT, such as tcp:127.0.0.1:7001 or tcp:[::1]:7001
the line "tcp:host:0" has no TCP port where "0" stands; write a number from 1 to 65535
the line "tcp:host:70000" has no TCP port where "70000" stands; write a number from 1 to 65535
the line "tcp::7001" names no host; write tcp:HOST:PORT, such as tcp:127.0.0.1:7001 or tcp:[::1]:7001
the line "tcp:[::1]7001" has no port after its ]; write tcp:HOST:PORT, such as tcp:127.0.0.1:7001 or tcp:[::1]:7001
the line "tcp:999.1.1.1:7001" names no host; write tcp:HOST:PORT, such as tcp:127.0.0.1:7001 or tcp:[::1]:7001
the line "tcp:host:+7" has no TCP port where "+7" stands; write a number from 1 to 65535
the line "unix:" names no path; write unix:PATH, such as unix:/run/openras/line1
the line "pty:a\nb" has control characters in its path; write a path without them
the line "exchange:12a" has no telephone number; write exchange:NUMBER, an optional + and 1 to 20 digits, such as exchange:100
the line "exchange:" has no telephone number; write exchange:NUMBER, an optional + and 1 to 20 digits, such as exchange:100
the line "listen:tcp:x:1" is one to answer on, not to dial; write tcp:x:1
the line "listen" is of no known kind; write tcp:, telnet:, tls: or rfc2217:HOST:PORT, ws: or wss:HOST:PORT/PATH, unix:PATH, pty:PATH, serial:PATH, exchange:NUMBER or pool:NAME
the line "serial:" names no path; write serial:PATH, such as serial:/run/openras/line1
the line "" is of no known kind; write tcp:, telnet:, tls: or rfc2217:HOST:PORT, ws: or wss:HOST:PORT/PATH, unix:PATH, pty:PATH, serial:PATH, exchange:NUMBER or pool:NAME
the line "unix:/s" is one to dial, not to answer on; write listen:unix:/s
the line "listen:tcp:h" names no port; write listen:tcp:HOST:PORT, such as listen:tcp:127.0.0.1:7001 or listen:tcp:[::1]:7001
the line "listen:udp:h:1" is of no known kind; write listen:tcp:HOST:PORT, the same with telnet, rfc2217, tls, ws or wss, listen:unix:PATH, pty:PATH, exchange:NUMBER, stdio, or a device such as serial:PATH
the line "listen" is of no known kind; write listen:tcp:HOST:PORT, the same with telnet, rfc2217, tls, ws or wss, listen:unix:PATH, pty:PATH, exchange:NUMBER, stdio, or a device such as serial:PATH
"#);
}

#[test]
fn loopback_is_what_cannot_leave_the_machine() {
    let crosses = |t: &str| t.parse::<PortLine>().unwrap().crosses_network();
    for inside in [
        "listen:tcp:127.9.9.9:1",
        "listen:tcp:[::1]:1",
        "listen:tcp:LocalHost:1",
        "listen:tcp:[::ffff:127.0.0.1]:1",
    ] {
        assert!(!crosses(inside), "{inside}");
    }
    for outside in [
        "listen:tcp:0.0.0.0:1",
        "listen:tcp:[::]:1",
        "listen:tcp:localhost.example:1",
        "listen:tcp:10.0.0.1:1",
    ] {
        assert!(crosses(outside), "{outside}");
    }
    assert!(!crosses("listen:unix:/x") && !crosses("stdio"));
    for word in ["telnet", "rfc2217", "ws"] {
        assert!(crosses(&format!("listen:{word}:0.0.0.0:1")), "{word}");
        assert!(!crosses(&format!("listen:{word}:127.0.0.1:1")), "{word}");
    }
    assert!(!crosses("listen:tls:0.0.0.0:1") && !crosses("listen:wss:10.0.0.1:1"), "nobody can listen");
}

proptest! {
    #[test]
    fn any_text_is_a_line_that_shows_as_itself_or_an_error(text in "(tcp|telnet|tls|ws|wss|unix|pty|exchange|pool|stdio|listen|listen:(tcp|telnet|rfc2217|tls|ws|wss)|listen:unix):?[\\[\\]:.0-9a-f+/ é]{0,30}") {
        if let Ok(line) = text.parse::<DialLine>() {
            prop_assert_eq!(line.to_string().parse::<DialLine>().unwrap(), line);
        }
        if let Ok(line) = text.parse::<PortLine>() {
            prop_assert_eq!(line.to_string().parse::<PortLine>().unwrap(), line);
        }
    }

    #[test]
    fn every_address_survives(ip: [u8; 16], v4: [u8; 4], port in 1u16..) {
        for ip in [IpAddr::from(ip), IpAddr::from(v4)] {
            let line = DialLine::Tcp(HostPort { host: Host::Ip(ip), port });
            prop_assert_eq!(line.to_string().parse::<DialLine>().unwrap(), line);
        }
    }
}

#[test]
fn a_path_of_a_websocket_is_one_a_url_can_have() {
    assert_eq!("ws:h:80".parse::<DialLine>().unwrap().to_string(), "ws:h:80/");
    let long = format!("ws:h:80/{}", "x".repeat(1100));
    for bad in [
        "ws:h:80/a b",
        "ws:h:80/#x",
        "ws:h:80/\r\nHost: x",
        "ws:h:80/\u{e9}",
        long.as_str(),
        "ws:/x",
        "ws:h:0/",
    ] {
        assert!(bad.parse::<DialLine>().is_err(), "{bad:?}");
    }
}
