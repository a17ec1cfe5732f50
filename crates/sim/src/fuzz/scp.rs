//! Windows' scripts, and sections of SWITCH.INF: any text is a script or a line with a mistake; any script ends or waits.

use std::time::Instant;

use openras_phonebook::script::{Kind, Script};

use super::scripts::{perform, taken};

/// Runs the body: a script up to the first octet 0, behind it what the other end says.
pub fn run(data: &[u8]) {
    let (text, story) = taken(data);
    let begin = Instant::now();
    match Script::parse(Kind::Scp, text) {
        Ok(script) => perform(&script, story, begin),
        Err(error) => super::scripts::helps(text, &error),
    }
    match Script::parse_switch(text, "a") {
        Ok(script) => perform(&script, story, begin),
        Err(error) => super::scripts::helps(text, &error),
    }
}
