//! A script of any language against any other end.

use std::time::{Duration, Instant};

use openras_phonebook::script::{Input, Login, Output, Run, Script, SyntaxError};
use openras_ppp::{Machine, Secret};

use super::script::tells;

const PASSWORD: &str = "hunter2-xyzzy";

/// The script, and what the other end says: octets, with 0 for a deadline that comes.
pub(super) fn taken(data: &[u8]) -> (&[u8], &[u8]) {
    let end = data.iter().position(|octet| *octet == 0).unwrap_or(data.len());
    let (text, story) = data.split_at_checked(end).unwrap_or((data, b""));
    (text, story.get(1..).unwrap_or_default())
}

/// A mistake has a line of the text, and words that can be shown.
pub(super) fn helps(text: &[u8], error: &SyntaxError) {
    let lines = text.split(|octet| *octet == b'\n').count();
    assert!((1..=lines).contains(&error.line), "{error:?}");
    assert!(!error.what.is_empty() && !error.what.chars().any(char::is_control), "{error:?}");
}

/// Runs a script until its end, or until it has heard all.
pub(super) fn perform(script: &Script, story: &[u8], begin: Instant) {
    let login = Login { user: "alice".into(), password: Secret::from(PASSWORD), number: "1".into() };
    let mut run = Run::new(script, login, begin);
    let mut now = begin;
    let mut shown = drain(&mut run);
    for act in story.split_inclusive(|octet| *octet == 0) {
        run.handle(now, Input::Bytes(act.strip_suffix(&[0]).unwrap_or(act)));
        shown += &drain(&mut run);
        let deadline = run.poll_timeout();
        now = deadline.unwrap_or(now + Duration::from_secs(1)).max(now);
        run.handle(now, Input::Tick);
        shown += &drain(&mut run);
        let moved = run.poll_timeout() != deadline || deadline.is_none();
        // a deadline is moved or cleared, unless what follows it is due at the same time
        assert!(moved || run.poll_timeout().is_some_and(|next| next <= now), "a deadline that came stays");
    }
    shown += &format!("{run:?}");
    assert!(tells(story, PASSWORD) || !shown.contains(PASSWORD), "the password is shown");
    if run.outcome().is_some() {
        assert_eq!(run.poll_timeout(), None);
    } else {
        assert!(run.rest().len() <= 8 << 10, "the window grew");
    }
}

fn drain(run: &mut Run) -> String {
    let mut shown = String::new();
    let mut ended = false;
    while let Some(output) = run.poll_output() {
        assert!(!ended, "something follows the end");
        ended = matches!(output, Output::Done(_));
        // what goes to the line may be the password, and is not shown
        if shown.len() < 4096 {
            shown += &format!("{output:?}");
        }
    }
    shown
}
