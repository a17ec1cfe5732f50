//! A C program dials through a modem: an entry that `openras phonebook add --modem` wrote, our driver at this end of a line, the
//! modem we play at the other.

use crate::scene::{How, Scene, Talk, own};
use crate::service::until;
use crate::stage::{Compiler, Lang};

/// A modem at a pseudo-terminal, one at a TCP port, what has the number 200, and a telephone that nobody
/// answers.
const MODEMS: &str = "[directory]\n200 = \"port:dialin\"\n300 = \"modem:quiet\"\n\
    [[virtual_modem]]\nname = \"quiet\"\nline = \"pty:FOLDER/quiet\"\nnumber = \"300\"\n\
    [[virtual_modem]]\nname = \"near\"\nline = \"pty:FOLDER/near\"\n\
    [[virtual_modem]]\nname = \"far\"\nline = \"listen:tcp:127.0.0.1:0\"\ndials = 600\n\
    [[port]]\nname = \"dialin\"\nline = \"exchange:200\"\ncalls = 4\nip = \"loopback\"\npool = \"10.67.0.2-10.67.0.30\"\n\
    address = \"10.67.0.1\"\n";

/// Adds an entry with a modem at this line, as a person does.
fn add(scene: &Scene, name: &str, line: &str) {
    let add = ["phonebook", "add", name, "--line", line, "--modem", "generic", "--number", "200"];
    scene.live.ask(&[&add[..], &["--user", "alice"]].concat());
}

/// No modem of the service has a call.
fn at_rest(scene: &Scene) {
    until("the modems are at rest", || {
        let modems = scene.live.ask(&["modems", "--json"]);
        (!modems.contains("connected") && !modems.contains("dialling")).then_some(())
    });
}

/// A service with both modems, and an entry for each.
fn scene() -> Scene {
    let scene = Scene::with(MODEMS, |_| {});
    add(&scene, "Serial", &format!("serial:{}", scene.live.path("near").display()));
    add(&scene, "Network", &scene.live.line("far"));
    let book = std::fs::read_to_string(scene.live.book()).unwrap();
    assert!(book.contains("OpenRASModem=generic"), "{book}");
    scene
}

#[test]
fn a_c_program_dials_by_the_modem_of_its_entry() {
    let scene = scene();
    for (entry, how) in [("Serial", How::Sanitized), ("Network", How::Valgrind)] {
        scene.says(&own("modem.c"), how, &[entry], "", 0);
        at_rest(&scene);
    }
}

/// The number rings, and RasHangUp ends that at the modem too: the line is free for the next dial.
#[test]
fn a_c_program_hangs_up_while_its_modem_dials() {
    let scene = scene();
    let how = How::Plain(Compiler::Gcc, Lang::C);
    let program = scene.build(&own("modem.c"), how);
    for entry in ["Serial", "Network"] {
        let mut command = scene.command("modem", &program, how, &[entry, "300"]).unwrap();
        let mut talk = Talk::with(&scene.live, &mut command);
        talk.expect("it dials\n");
        until("it rings", || scene.live.ask(&["modems", "--json"]).contains("dialling").then_some(()));
        talk.say("hang up").expect("it has hung up\n");
        at_rest(&scene);
        talk.say("again");
        talk.end(entry, 0);
    }
}
