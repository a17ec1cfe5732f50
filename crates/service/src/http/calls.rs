//! `/v1/calls`: every call, dialled and answered, also a while after its end.

use super::answer::{self, Answer};
use super::ask::{Ask, gone};
use super::users::audited;

/// Those the client may know of.
pub(super) fn list(ask: &Ask) -> Answer {
    let calls = ask.api.service.shared().calls.list();
    let own = calls.iter().filter(|story| ask.peer().owns(story.uid()));
    answer::json(&own.map(|story| story.info()).collect::<Vec<_>>())
}

/// One call's story.
pub(super) fn one(ask: &Ask) -> Answer {
    answer::json(&ask.story()?.story())
}

/// Why one call, or the last that failed, went as it did.
pub(super) fn why(ask: &Ask) -> Answer {
    let calls = &ask.api.service.shared().calls;
    let peer = ask.peer();
    let why = match ask.number("call")? {
        0 => crate::why::of_last(calls, |uid| peer.owns(uid)),
        id => calls.get(id).filter(|story| peer.owns(story.uid())).map(|story| crate::why::of(&story)),
    };
    answer::json(&why.ok_or_else(gone)?)
}

/// Ends a call. One that is not the asker's own is an administrator's act.
pub(super) async fn end(ask: Ask) -> Answer {
    let story = ask.story()?;
    if story.is_over() {
        return Err(gone());
    }
    story.hang_up();
    let uid = ask.peer().uid;
    if story.uid() != Some(uid) {
        audited(&ask.api, uid, "call hangup", &story.id().to_string(), "", "").await;
    }
    answer::nothing()
}
