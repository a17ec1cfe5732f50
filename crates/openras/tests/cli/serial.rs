//! What the command line says of a serial port, on one end of a pty.

use std::time::Instant;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{ControlModes, InputModes, tcgetattr};

use crate::lab::{Lab, PATIENCE};

#[test]
fn stop_bits_and_flow_control_are_those_of_the_command_line() {
    let lab = Lab::new();
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let line = format!("serial:{},9600", ptsname(&master, Vec::new()).unwrap().to_str().unwrap());
    lab.secret("pw", "secret");
    let _program = lab.program(&line, "alice", "pw", &["--stop", "2", "--flow", "xonxoff"]);
    let begun = Instant::now();
    loop {
        let found = tcgetattr(&master).unwrap();
        if found.control_modes.contains(ControlModes::CSTOPB) {
            assert!(found.input_modes.contains(InputModes::IXON | InputModes::IXOFF), "{found:?}");
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "{found:?}");
        std::thread::yield_now();
    }
}

#[test]
fn a_line_that_is_no_serial_port_has_no_parity() {
    let lab = Lab::new();
    lab.secret("pw", "secret");
    let done = lab.dial("tcp:127.0.0.1:9", &["--parity", "even"]);
    assert!(done.out.contains("are for a serial port"), "{} {}{}", done.code, done.out, done.err);
    assert_eq!(done.code, 4);
}
