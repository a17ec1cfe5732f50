//! `openras rasdial`, and the program called as `rasdial`: Windows' command line.

mod connections;
mod dial;
mod hide;
mod words;

use std::ffi::OsString;
use std::path::Path;

use anyhow::Result;
use openras_api::Problem;
use openras_engine::{RasError, escape};
use openras_phonebook::BookError;

use crate::{cli, in_runtime, logging, out, private, render};
use words::{Password, Wanted};

/// The words for rasdial, behind those that call it, where this program was called so.
pub(crate) fn asked() -> Option<(Vec<OsString>, Vec<OsString>)> {
    let mut name: Vec<OsString> = std::env::args_os().collect();
    let called =
        name.first().is_some_and(|first| Path::new(first).file_name().is_some_and(|file| file == "rasdial"));
    let words = match (called, name.get(1), name.get(2)) {
        (true, _, _) => name.split_off(1),
        (false, Some(word), after) if word == "rasdial" => {
            if after.is_some_and(|word| word == "--help" || word == "-h") {
                return None;
            }
            name.split_off(2)
        }
        _ => return None,
    };
    Some((name, words))
}

/// Does what the words say. `name` is what stands before them. Gives the exit code.
pub(crate) fn main(name: &[OsString], words: &[OsString]) -> u8 {
    let mut wanted = match words::read(words) {
        Ok(wanted) => wanted,
        Err(why) => {
            out::note(format_args!("rasdial: {why}"));
            out::note(cli::RASDIAL_HELP.split("\n\n").next().unwrap_or_default());
            return status(RasError::INVALID_PARAMETER);
        }
    };
    let handed_over = match take_password(&mut wanted, name, words) {
        Ok(password) => password,
        Err(error) => return failed(&error),
    };
    private::leave_no_core();
    logging::start(0);
    let done = match wanted {
        Wanted::Help => {
            out::line(cli::RASDIAL_HELP);
            Ok(0)
        }
        Wanted::List => in_runtime(connections::list()),
        Wanted::Disconnect(entry, book) => in_runtime(connections::hang_up(entry, book)),
        Wanted::Dial(wanted) => in_runtime(dial::run(wanted, handed_over)),
    };
    done.unwrap_or_else(|error| failed(&error))
}

/// A password on the command line does not stay there: this comes back without one, in another life of the process.
fn take_password(
    wanted: &mut Wanted,
    name: &[OsString],
    words: &[OsString],
) -> Result<Option<openras_ppp::Secret>> {
    let Wanted::Dial(dial) = wanted else { return Ok(None) };
    match &dial.password {
        Password::Word(at, password) => {
            out::note(
                "rasdial: a password on the command line can be seen by others while a program starts. Write * to be \
                 asked, or save it: openras phonebook set ENTRY --password-file FILE.",
            );
            Err(hide::start_anew(name, words, *at, password))
        }
        Password::Descriptor(number) => hide::handed_over(*number).map(Some),
        Password::Saved | Password::Asked => Ok(None),
    }
}

/// The exit code for a number: what 8 bits hold of it, and never that of success.
fn status(error: RasError) -> u8 {
    let [low, ..] = error.0.to_le_bytes();
    if low == 0 && error.0 != 0 { u8::MAX } else { low }
}

/// Says why nothing was dialled. Gives the exit code.
fn failed(error: &anyhow::Error) -> u8 {
    if let Some(book) = error.downcast_ref::<BookError>() {
        return refused(&crate::entry::told(book));
    }
    if error.is::<crate::signals::Interrupted>() {
        return refused(&Problem::from(RasError::USER_DISCONNECTION));
    }
    out::note(format_args!("rasdial: {}", escape::line(&format!("{error:#}"))));
    status(RasError::INVALID_PARAMETER)
}

/// The number and its sentence as scripts read them, and what to try. Gives the exit code.
fn refused(problem: &Problem) -> u8 {
    out::line(format_args!("Remote Access error {} - {}", problem.error, render::safe(&problem.message)));
    if !problem.remedy.is_empty() {
        out::note(format_args!("  try:  {}", render::safe(&problem.remedy)));
    }
    status(problem.number())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_never_the_exit_code_of_success() {
        for (number, code) in [(0, 0), (691, 179), (623, 111), (711, 199), (87, 87), (768, 255), (600, 88)] {
            assert_eq!(status(RasError(number)), code, "{number}");
        }
        assert!((1..=2000).all(|number| status(RasError(number)) != 0));
    }
}
