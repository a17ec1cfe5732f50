//! Debian's pppd on a real kernel, dialled through RasDial: the guest's serial line is a Unix socket that the service dials.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};

use openras_sim::peers::pppd::{After, Guest, Job, available};

use crate::scene::{How, Scene, Talk, own};
use crate::service::PATIENCE;
use crate::stage::{Compiler, Lang, skip};

/// Carries bytes until one side is done.
fn carry(mut from: UnixStream, mut to: UnixStream) {
    let mut bytes = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        if to.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(std::net::Shutdown::Both);
}

/// The next call at the socket goes to this line.
fn answer(listener: UnixListener, line: UnixStream) {
    std::thread::spawn(move || {
        let Ok((call, _)) = listener.accept() else { return };
        let (there, back) = (line.try_clone().unwrap(), call.try_clone().unwrap());
        std::thread::spawn(move || carry(call, there));
        carry(line, back);
    });
}

#[test]
fn rasdial_calls_pppd() {
    let folder = match available() {
        Ok(folder) => folder,
        Err(reason) => return skip("rasdial_calls_pppd", &reason),
    };
    let scene = Scene::new();
    let socket = scene.live.path("pppd");
    let line = format!("unix:{}", socket.display());
    scene.live.entry("Debian", &line, &[]);
    let plain = How::Plain(Compiler::Gcc, Lang::C);
    let program = scene.build(&own("values_of_pppd.c"), plain);
    let options = "auth require-mschap-v2 lcp-restart 1 10.9.0.1:10.9.0.2 +ipv6";
    for (password, code, expected) in [("pw", 0, "10.9.0.2 10.9.0.1\n"), ("WRONG", 1, "691\n")] {
        let wait = if code == 0 { "ip4 ip6" } else { "" };
        let job = Job { after: After::Hold, wait: wait.into(), ..Job::new(options) };
        let (mut guest, near) = Guest::start(&folder, &job).unwrap();
        let _ = std::fs::remove_file(&socket);
        answer(UnixListener::bind(&socket).unwrap(), near);
        let mut command = scene.command("pppd", &program, plain, &["Debian", password]).unwrap();
        let mut talk = Talk::with(&scene.live, &mut command);
        talk.expect(expected);
        if code == 0 {
            guest.wait_for("@@ up", PATIENCE).unwrap();
            talk.say("");
            assert_eq!(guest.status(PATIENCE).unwrap(), 0, "{}", guest.console());
        }
        talk.end("pppd", code);
    }
}
