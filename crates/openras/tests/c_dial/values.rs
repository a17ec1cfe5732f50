//! What a program reads of a connection is what the service says of it.

use serde_json::Value;

use crate::scene::{How, Scene, Talk, own};

/// The interface identifier of a link-local address, in hexadecimal digits.
fn identifier(address: &Value) -> String {
    let address: std::net::Ipv6Addr = address.as_str().unwrap().parse().unwrap();
    address.octets()[8..].iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn projection_and_statistics_are_the_services() {
    let scene = Scene::new();
    for how in How::checked() {
        let program = scene.build(&own("values.c"), how);
        let Some(mut command) = scene.command("values", &program, how, &["Office"]) else { continue };
        let mut talk = Talk::with(&scene.live, &mut command);
        talk.expect("stats ").expect("\n");
        let calls = scene.live.ask(&["calls", "--json"]);
        let call = calls.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let call =
            call.into_iter().find(|call| call["direction"] == "dialled" && call["over"].is_null()).unwrap();
        let id = format!("c{}", call["id"]);
        let story: Value = serde_json::from_str(&scene.live.ask(&["status", &id, "--json"])).unwrap();
        talk.say("");
        let said = talk.end("values", 0);
        let (agreed, counted) = (&story["projection"], &story["statistics"]);
        let word = |value: &Value| value.as_str().unwrap().to_owned();
        let ip = format!("ip {} {}", word(&agreed["ipv4"]["local"]), word(&agreed["ipv4"]["remote"]));
        let (ours, theirs) = (identifier(&agreed["ipv6"]["local"]), identifier(&agreed["ipv6"]["remote"]));
        let ipv6 = format!("ipv6 {ours} {theirs}");
        let stats = format!(
            "stats {} {} {} {}",
            counted["bytes_sent"],
            counted["bytes_received"],
            counted["frames_sent"],
            counted["frames_received"]
        );
        // MS-CHAPv2, as the port asks
        assert_eq!(said.lines().collect::<Vec<_>>(), [&*ip, &ipv6, "lcp c223 81", &stats], "{story:#}");
    }
}
