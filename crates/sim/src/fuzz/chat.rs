//! Expect/send scripts: any text is a script or a line with a mistake; any script ends or waits.

use std::time::Instant;

use openras_phonebook::script::{Kind, Script};

use super::scripts::{helps, perform, taken};

/// Runs the body: a script up to the first octet 0, behind it what the other end says.
pub fn run(data: &[u8]) {
    let (text, story) = taken(data);
    match Script::parse(Kind::Chat, text) {
        Ok(script) => perform(&script, story, Instant::now()),
        Err(error) => helps(text, &error),
    }
}
