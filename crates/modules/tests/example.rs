//! The Python module in `examples/modules`, run as the service runs it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use hmac::digest::KeyInit;
use hmac::{Hmac, Mac};
use openras_engine::server::{DialogCommand, DialogOutput, DialogVerdict, Echo};
use openras_modules::{CallInfo, ModuleConfig, Parts, Registry, start};

#[path = "../../sim/src/peers/skip.rs"]
mod skip;

const KEY: &[u8] = b"12345678901234567890";
const KEY_HEX: &str = "3132333435363738393031323334353637383930";
/// RFC 6287 appendix C.1: eight times the digit, and the answer to it.
const PUBLISHED: [&str; 10] =
    ["237653", "243178", "653583", "740991", "608993", "388898", "816933", "224598", "750600", "294470"];

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/modules")
}

/// Foreign programs may be missing on a host that builds; `./check` says which.
fn python() -> bool {
    let there = Command::new("python3").arg("--version").output().is_ok_and(|output| output.status.success());
    if !there {
        skip::skip("the Python example", "python3 does not run; run peers/install as root");
    }
    there
}

fn answer(number: &str) -> String {
    let mut data = b"OCRA-1:HOTP-SHA1-6:QN08\0".to_vec();
    let hex = format!("{:0<256}", format!("{:x}", number.parse::<u32>().unwrap()));
    data.extend((0..128).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap()));
    let mut mac = <Hmac<sha1::Sha1> as KeyInit>::new_from_slice(KEY).unwrap();
    mac.update(&data);
    let mac = mac.finalize().into_bytes();
    let at = usize::from(mac[19] & 15);
    let word = u32::from_be_bytes(mac[at..at + 4].try_into().unwrap()) & 0x7FFF_FFFF;
    format!("{:06}", word % 1_000_000)
}

#[test]
fn the_answers_of_rfc_6287_come_out() {
    for (digit, want) in (0..).zip(PUBLISHED) {
        assert_eq!(answer(&digit.to_string().repeat(8)), want);
    }
    if python() {
        let say = "import challenge; print(*[challenge.answer(b'12345678901234567890', str(d)*8) for d in range(10)])";
        let output =
            Command::new("python3").args(["-B", "-c", say]).current_dir(examples()).output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), PUBLISHED.join(" "));
    }
}

fn module(users: &str) -> Registry {
    let file = examples().join("challenge.py");
    let plain = "[plain]\nkind = \"program\"\ncommand = [\"sh\", \"-c\", \"read -r begin\"]\n";
    let text = format!(
        "{plain}[challenge]\nkind = \"program\"\ncommand = [\"python3\", {file:?}]\n\
         [challenge.limits]\nbegin = 180\nanswer = 180\n{users}"
    );
    let configs: BTreeMap<String, ModuleConfig> = toml::from_str(&text).unwrap();
    let helper = Some(env!("CARGO_BIN_EXE_openras-module-jail").into());
    Registry::build(&configs, &Parts { helper, ..Parts::default() }).unwrap()
}

/// One call of `user`, who answers with the token if `right`; what was seen, and the verdict.
async fn call(user: &str, right: bool) -> (String, DialogVerdict) {
    let registry = module(&format!("[challenge.config.users]\nalice = \"{KEY_HEX}\""));
    let walls: Vec<_> = registry.conditions().map(|(_, condition)| condition.wall).collect();
    assert_eq!(walls[0], walls[1], "its files cost it no wall");
    let mut ends = start(registry.module("challenge").unwrap(), CallInfo::default());
    let mut screen = String::new();
    loop {
        match ends.commands.recv().await.expect("a verdict always comes") {
            DialogCommand::Send(bytes) => screen.push_str(&String::from_utf8(bytes).unwrap()),
            DialogCommand::Ask(ask) => {
                let number: String = ask.prompt.chars().filter(char::is_ascii_digit).collect();
                assert_eq!(ask.echo == Echo::No, !number.is_empty(), "only the answer is hidden");
                let line = match number.as_str() {
                    "" => user.to_owned(),
                    number if right => answer(number),
                    _ => "123".to_owned(),
                };
                screen.push_str(&ask.prompt.replace(&number, ""));
                ends.events.send(DialogOutput::Line(line.as_str().into())).await.unwrap();
            }
            DialogCommand::Complete(verdict) => return (screen, verdict),
            DialogCommand::Receive { .. } | DialogCommand::Extend(_) | DialogCommand::Ppp(_) => {
                panic!("it asks for lines")
            }
        }
    }
}

#[tokio::test]
async fn the_python_module_lets_a_token_in_and_nobody_else() {
    if !python() {
        return;
    }
    let (_, verdict) = call("Alice", true).await;
    assert_eq!(verdict, DialogVerdict::Success { user: "alice".into(), domain: String::new() });
    let (seen_wrong, verdict) = call("alice", false).await;
    assert_eq!(verdict, DialogVerdict::Failure { user: "alice".into(), domain: String::new() });
    let (seen_unknown, verdict) = call("mallory", true).await;
    assert_eq!(verdict, DialogVerdict::Failure { user: "mallory".into(), domain: String::new() });
    assert_eq!(seen_wrong, seen_unknown);
    assert_eq!(seen_wrong.matches("Login incorrect.").count(), 3);
}
