use super::*;

const EXAMPLE: &str = r#"
state = "/var/lib/openras"
[[port]]
name = "line1"
line = "listen:tcp:127.0.0.1:7001"
calls = 16
auth = ["mschapv2", "pap"]
modules = ["totp"]
ip = "loopback"
address = "10.64.0.1"
pool = "10.64.0.2-10.64.0.254"
dns = ["10.64.0.1"]
callback_line = "exchange"
[module.totp]
kind = "totp"
"#;

fn problems(text: &str) -> String {
    Config::parse(text, "openras.toml").unwrap_err().to_string()
}

#[test]
fn the_example_of_the_documentation_reads_as_meant() {
    let config = Config::parse(EXAMPLE, "openras.toml").unwrap();
    let [port] = config.ports.as_slice() else { panic!("one port") };
    assert_eq!(config.state, Path::new("/var/lib/openras"));
    assert_eq!(config.key_path(), Path::new("/var/lib/openras/key"));
    assert_eq!(port.calls, 16);
    assert_eq!(port.auth, [AuthMethod::MsChapV2, AuthMethod::Pap]);
    assert_eq!(port.modules, ["totp"]);
    assert_eq!(port.callback_line, Some(CallbackLine::Exchange));
    assert_eq!(port.limits, Limits::default());
    assert!(config.modules.contains_key("totp"));
    assert_eq!(config.check(), Ok(()));
}

#[test]
fn the_guide_has_this_example_and_every_key() {
    let guide = include_str!("../../../../docs/configuration.md");
    let (_, rest) = guide.split_once("```toml\n").unwrap();
    let (example, _) = rest.split_once("```").unwrap();
    Config::parse(example, "the guide").unwrap();
    // an unknown key makes the reader say all it knows
    let said = problems("zzzzzzzz = 1\n[[port]]\nzzzzzzzz = 1\n[group.g]\nzzzzzzzz = 1\n");
    let lists: Vec<&str> =
        said.lines().filter_map(|line| line.split_once("The keys here are ")).map(|l| l.1).collect();
    let keys: Vec<&str> = lists.iter().flat_map(|list| list.split(", ")).collect();
    let said = problems("[[grant]]\nuid = 1\nlines = [\"exchange:*\"]\nzzzzzzzz = 1\n");
    let (_, of_grants) = said.split_once("The keys here are ").unwrap();
    let keys: Vec<&str> = keys.into_iter().chain(of_grants.trim().split(", ")).collect();
    assert!(keys.len() >= 74, "{}", keys.len());
    // prompts and modems have pages of their own, which the guide names
    let pages = [include_str!("../../../../docs/login.md"), include_str!("../../../../docs/modems.md")];
    let guide = [guide, pages[0], pages[1]].concat();
    for key in keys.iter().filter(|key| !guide.contains(&format!("[{key}"))) {
        assert!(guide.contains(&format!("`{key}`")), "{key} is in no page of the guide");
    }
}

#[test]
fn a_port_of_two_lines_has_the_defaults_of_one_built_in_code() {
    let text = "[[port]]\nname = \"a\"\nline = \"exchange:100\"\n";
    let config = Config::parse(text, "f").unwrap();
    assert_eq!(config.ports, [PortConfig::new("a", "exchange:100".parse().unwrap())]);
}

/// Nearly every key, nearly all of them wrong.
const WRONG: &str = r#"state = "var"
key_fil = "/etc/key"
colour = "blue"

[[port]]
name = "line 1"
line = "listen:tcp:0.0.0.0"
calls = "many"
auth = ["mschapv2", "psp", 7]
modules = ["totp", "ghost", "totp", "other"]
name_check = "maybe"
ip = "slirp"
address = "10.64.0.256"
pool = "10.64.0.9-10.64.0.2"
dns = ["10.0.0.1", "10.0.0.2", "10.0.0.3"]
callback_line = "line2"
insecure = "yes"
dialog_limit = "5 min"
echo_interval = "1s"

[[port]]
line = "exchange:100"
auth = ["none", "pap"]

[[port]]
name = "net"
line = "listen:tcp:[::]:7001"
auth = ["mschapv2", "pap", "chap"]
calls = 3
pool = "10.1.0.1-10.1.0.2"
address = "10.1.0.1"

[[port]]
name = "net"
line = "listen:tcp:[::]:7001"
auth = ["none"]
pool = "10.1.0.2-10.1.0.9"

[module.totp]
kind = "totp"

[module.other]
kind = "magic"
"#;

#[test]
fn all_problems_are_reported_at_once_with_their_lines() {
    insta::assert_snapshot!(problems(WRONG), @r#"
openras.toml:1:9: state = "var" is not a full path. Write it from / on
openras.toml:2:1: "key_fil" is no key of the file. Did you mean key_file?
openras.toml:3:1: "colour" is no key of the file. The keys here are state, key_file, password_min, audit_full, audit_syslog, grant, port, virtual_modem, group, directory, modem, pool, service, module
openras.toml:6:8: name = "line 1" is no name of a port. Write 1 to 32 of the characters A-Z a-z 0-9 . _ -
openras.toml:7:8: line = "listen:tcp:0.0.0.0" names no port. Write listen:tcp:HOST:PORT, such as listen:tcp:127.0.0.1:7001 or listen:tcp:[::1]:7001
openras.toml:8:9: calls = "many" is not a number this may be. Write a whole number from 1 to 1024
openras.toml:9:21: auth = "psp" is not a word known here. Write "mschapv2" or "mschap" or "chap" or "pap" or "none"
openras.toml:9:28: auth = 7 is not a word known here. Write "mschapv2" or "mschap" or "chap" or "pap" or "none"
openras.toml:10:20: the module "ghost" is not defined. Add a table [module.ghost]
openras.toml:10:29: the module "totp" is named twice. Name each module once
openras.toml:11:14: name_check = "maybe" is not a word known here. Write "require" or "warn" or "off"
openras.toml:12:6: ip = "slirp" is not a word known here. Write "nat" or "loopback" or "tun"
openras.toml:13:11: address = "10.64.0.256" is not an IPv4 address. Write one such as "10.64.0.1"
openras.toml:14:8: pool = "10.64.0.9-10.64.0.2" cannot be used: the last address 10.64.0.2 comes before the first 10.64.0.9. Write first and last, such as "10.64.0.2-10.64.0.254"
openras.toml:15:32: dns names 3 servers. IPCP carries two: leave out the others
openras.toml:16:17: callback_line = "line2" is not a word known here. Write "exchange" or "modem" or "directory" or "same"
openras.toml:17:12: insecure = "yes" is neither true nor false. Write true or false
openras.toml:18:16: dialog_limit = "5 min" is not a time this may be. Write one such as "30s" or "1m30s", from 10s to 1h
openras.toml:19:17: echo_interval = "1s" is not a time this may be. Write one such as "30s" or "1m30s", from 5s to 1h, or "off"
openras.toml:21:1: [[port]] has no name. Write name = "line1"
openras.toml:23:8: auth has "none" beside methods, which no caller would then use. Write "none" alone, or leave it out
openras.toml:28:8: auth allows pap and chap on listen:tcp:[::]:7001, which others on the network can listen to. Leave it out, answer on a loopback address, or write insecure = true
openras.toml:30:8: pool = "10.1.0.1-10.1.0.2" holds the port's own address 10.1.0.1. Leave that address out of the pool
openras.toml:30:8: pool = "10.1.0.1-10.1.0.2" has 2 addresses for 3 calls. Write a larger pool or fewer calls
openras.toml:34:8: name = "net" is taken by an earlier port. Write another name
openras.toml:35:8: line = "listen:tcp:[::]:7001" is answered by port "net" already. Write another line, or raise `calls` there
openras.toml:36:8: auth allows none on listen:tcp:[::]:7001, which others on the network can listen to. Leave it out, answer on a loopback address, or write insecure = true
openras.toml:37:8: pool = "10.1.0.2-10.1.0.9" overlaps that of port "net". Write "10.1.0.1-10.1.0.2" to share it, or other addresses
openras.toml:43:8: [module.other]: unknown variant `magic`, expected one of `totp`, `program`, `library`. See docs/configuration.md for the keys of each kind
"#);
}

#[test]
fn text_that_is_not_toml_says_where() {
    insta::assert_snapshot!(problems("state = \n[[port]\nname = 'x\n"), @r#"
openras.toml:1:9: string values must be quoted, expected literal string. This is not TOML; see docs/configuration.md
openras.toml:2:8: unclosed array table, expected `]`. This is not TOML; see docs/configuration.md
"#);
}

#[test]
fn a_hostile_value_is_escaped_and_cut() {
    let said = problems(&format!(
        "state = \"/x\"\n\"\\u001b[2J\\u202e\" = 1\nkey_file = \"\\u0007{}\"\n",
        "x".repeat(500)
    ));
    assert!(said.chars().all(|c| c == '\n' || !c.is_control()), "{said:?}");
    assert!(!said.contains('\u{202e}') && said.len() < 500, "{said:?}");
}

#[test]
fn clear_text_over_a_network_needs_its_word() {
    let port = |auth: &str, line: &str, more: &str| {
        Config::parse(&format!("[[port]]\nname='a'\nline='{line}'\nauth={auth}\n{more}"), "f").map(drop)
    };
    let (net, near) = ("listen:tcp:192.0.2.1:1", "listen:tcp:127.0.0.1:1");
    for weak in ["['none']", "['pap']", "['chap']", "['mschapv2','chap']"] {
        assert!(port(weak, net, "").is_err(), "{weak}");
        assert_eq!(port(weak, net, "insecure = true"), Ok(()));
        assert_eq!(port(weak, near, ""), Ok(()));
    }
    assert_eq!(port("['mschapv2','mschap']", net, ""), Ok(()));
}

#[test]
fn ports_may_share_a_pool_only_whole_and_only_if_it_is_large_enough() {
    let two = |calls: u32, second: &str| {
        let text = format!(
            "[[port]]\nname='a'\nline='exchange:1'\ncalls={calls}\npool='10.1.0.2-10.1.0.9'\n\
             [[port]]\nname='b'\nline='exchange:2'\ncalls=4\npool='{second}'\n"
        );
        Config::parse(&text, "f").map(drop)
    };
    assert_eq!(two(4, "10.1.0.2-10.1.0.9"), Ok(()));
    assert!(two(5, "10.1.0.2-10.1.0.9").is_err());
    assert!(two(4, "10.1.0.8-10.1.0.20").is_err());
    assert_eq!(two(4, "10.1.1.2-10.1.1.9"), Ok(()));
}

#[test]
fn a_configuration_built_in_code_is_held_to_the_same_rules() {
    let mut port = PortConfig::new("a", "listen:tcp:0.0.0.0:1".parse().unwrap());
    port.auth = vec![AuthMethod::Pap];
    port.modules = vec!["ghost".into()];
    let config = Config { ports: vec![port], ..Config::default() };
    let places: Vec<_> = config.check().unwrap_err().into_iter().map(|f| f.place).collect();
    assert_eq!(places, [Place::Element(0, "modules", 0), Place::Port(0, "auth")]);
}

#[test]
fn the_engine_is_told_what_the_file_says() {
    let config = Config::parse(EXAMPLE, "f").unwrap();
    let told = config.ports[0].engine(3);
    assert_eq!(told.name, "line1/3");
    assert!(told.callback);
    assert_eq!(told.ppp.authenticate_peer, [AuthMethod::MsChapV2, AuthMethod::Pap]);
    let ipcp = told.ppp.ipcp.unwrap();
    assert_eq!(
        (ipcp.local, ipcp.assign, ipcp.dns),
        (Some(Ipv4Addr::new(10, 64, 0, 1)), true, vec![Ipv4Addr::new(10, 64, 0, 1)])
    );
}

/// It names programs that the service runs.
#[test]
fn a_file_that_every_user_may_write_to_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("openras.toml");
    std::fs::write(&file, EXAMPLE).unwrap();
    for (mode, taken) in [(0o666, false), (0o602, false), (0o664, true), (0o600, true)] {
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        let read = Config::load(&file);
        assert_eq!(read.is_ok(), taken, "{mode:o}");
        assert!(read.err().is_none_or(|wrong| wrong.to_string().contains("chmod o-w")), "{mode:o}");
    }
}

#[test]
fn a_file_that_is_missing_too_large_or_not_text_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("c.toml");
    assert!(Config::load(&file).unwrap_err().to_string().contains("cannot be read"));
    std::fs::write(&file, vec![b'#'; 1 << 21]).unwrap();
    assert!(Config::load(&file).unwrap_err().to_string().contains("larger than 1 MiB"));
    std::fs::write(&file, [0xff]).unwrap();
    assert!(Config::load(&file).unwrap_err().to_string().contains("UTF-8"));
}

#[test]
fn grants_name_one_holder_and_lines_that_can_be_meant() {
    let read = |text: &str| Config::parse(text, "f").map(|config| config.grants);
    let text = "[[grant]]\nuid = 1000\nlines = ['exchange:*', 'tcp:192.0.2.7:*']\n\
                [[grant]]\ngroup = 'dialout'\nlines = ['pty:/dev/ttyS0']\n";
    let grants = read(text).unwrap();
    assert_eq!(grants[0].to, GrantTo::Uid(1000));
    assert_eq!(grants[1].to, GrantTo::Group("dialout".into()));
    assert!(grants[0].covers(&"exchange:100".parse().unwrap()));
    assert!(!grants[1].covers(&"exchange:100".parse().unwrap()));
    for (bad, said) in [
        ("[[grant]]\nlines = ['exchange:*']\n", "names nobody"),
        ("[[grant]]\nuid = 1\ngroup = 'x'\nlines = ['exchange:*']\n", "more than one"),
        ("[[grant]]\nuid = -1\nlines = ['exchange:*']\n", "is not a number"),
        ("[[grant]]\nuid = 1\n", "has no lines"),
        ("[[grant]]\nuid = 1\nlines = ['*']\n", "does not begin with"),
        ("[[grant]]\nuid = 1\nlines = ['pty:/dev/../x']\n", "without . and .."),
    ] {
        let error = read(bad).unwrap_err().to_string();
        assert!(error.contains(said), "{bad}: {error}");
    }
}

#[test]
fn unauthenticated_callers_are_at_most_half_unless_it_is_written() {
    let port = |text: &str| {
        let text = format!("[[port]]\nname = 'a'\nline = 'exchange:1'\n{text}");
        Config::parse(&text, "f").map(|config| config.ports[0].unauthenticated())
    };
    for (calls, half) in [(1, 1), (2, 1), (3, 2), (16, 8)] {
        assert_eq!(port(&format!("calls = {calls}")), Ok(half));
    }
    assert_eq!(port("calls = 16\nunauthenticated = 16"), Ok(16));
    let error = port("calls = 2\nunauthenticated = 3").unwrap_err().to_string();
    assert!(error.contains("more than the port's calls"), "{error}");
}

#[test]
fn the_file_a_configuration_came_from_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("c.toml");
    std::fs::write(&file, "audit_full = \"go-on\"\naudit_syslog = true\n").unwrap();
    let config = Config::load(&file).unwrap();
    assert_eq!((config.file.as_deref(), config.audit_full), (Some(file.as_path()), AuditFull::GoOn));
    assert!(config.audit_syslog && !config.private);
}

proptest::proptest! {
    #[test]
    fn no_text_upsets_the_reader(text in "([a-z_]{1,5}( = |\\.)?|\\[\\[?|\\]\\]?|port|module|\"|'|[0-9]{1,3}|\n|,|\\{|\\}|auth|line|[^a-z]){0,40}") {
        let _ = Config::parse(&text, "f");
    }
}
