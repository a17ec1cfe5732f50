//! Why a call went as it did: a call's story as a transcript, read by `openras_engine::why`.

use openras_api::types::call::CallDirection;
use openras_api::types::event::{Direction, Ended, Event, Packet};
use openras_api::types::problem::Problem;
use openras_api::types::why as told;
use openras_engine::RasError;
use openras_engine::client::dial::DialEvent;
use openras_engine::server::port::PortEvent;
use openras_engine::why::{self, Explanation, Role, Step, Transcript};

use crate::calls::{Calls, Story, Turned};
use crate::connections::told::dial_event;
use crate::events::describe;

/// The words of the API for what was found.
pub fn explained(transcript: &Transcript) -> told::Why {
    let Explanation { diagnosis, happened, decided, change, asked, notes } = why::explain(transcript);
    told::Why {
        call: None,
        port: None,
        line: transcript.line.clone(),
        source: None,
        name: None,
        begun: 0,
        error: transcript.error.map(Problem::from),
        diagnosis: diagnosis.to_owned(),
        happened,
        decided,
        change,
        asked: asked.iter().map(one).collect(),
        notes,
    }
}

fn one(asked: &why::Asked) -> told::Asked {
    told::Asked {
        who: match asked.who {
            why::Who::We => told::Asker::Here,
            why::Who::They => told::Asker::There,
        },
        protocol: asked.protocol.to_string(),
        option: asked.option.clone(),
        fate: asked.fate.to_string(),
    }
}

/// Of one call.
pub(crate) fn of(story: &Story) -> told::Why {
    let (info, transcript) = (story.info(), transcript(story));
    told::Why {
        call: Some(info.id),
        port: info.port,
        source: info.source,
        name: info.name,
        begun: info.begun,
        ..explained(&transcript)
    }
}

/// Of the last call that failed, or caller that was turned away, among those that are `theirs` to know of.
pub(crate) fn of_last(calls: &Calls, theirs: impl Fn(Option<u32>) -> bool) -> Option<told::Why> {
    let failed = |story: &&std::sync::Arc<Story>| {
        theirs(story.uid()) && story.info().ended.is_some_and(|end| end.error.is_some())
    };
    let list = calls.list();
    let story = list.iter().filter(failed).max_by_key(|story| (story.info().over, story.id()));
    let turned = calls.turned_away().filter(|_| theirs(None));
    match (story, turned) {
        (Some(story), Some(turned)) if story.info().over.is_some_and(|over| over > turned.at) => {
            Some(of(story))
        }
        (_, Some(turned)) => Some(of_turned(&turned)),
        (Some(story), None) => Some(of(story)),
        // none failed: one that stands, or ended well, and wants something
        (None, None) => {
            let theirs = list.iter().rev().filter(|story| theirs(story.uid()));
            theirs.map(|story| of(story)).find(|why| !why.change.is_empty())
        }
    }
}

fn of_turned(turned: &Turned) -> told::Why {
    let times = match turned.times {
        1 => String::new(),
        times => format!(", {times} times so"),
    };
    let transcript = Transcript {
        role: Role::Answered,
        line: turned.port.clone(),
        over: true,
        why: format!("A caller was turned away by the port {}{times}: {}.", turned.port, turned.why),
        steps: vec![Step { kind: "turned_away".into(), text: turned.why.clone() }],
        ..Transcript::default()
    };
    told::Why {
        port: Some(turned.port.clone()),
        source: Some(turned.source.clone()).filter(|source| !source.is_empty()),
        begun: turned.at,
        ..explained(&transcript)
    }
}

/// A port's event as a step.
pub fn port_step(event: &PortEvent) -> Step {
    let (kind, text, _) = describe(event);
    Step { kind: kind.to_owned(), text }
}

/// A dial's event as a step; `None` where it says nothing a diagnosis reads.
pub fn dial_step(event: &DialEvent) -> Option<Step> {
    step(&dial_event(event))
}

/// What is kept of a call, as its end of the transcript.
fn transcript(story: &Story) -> Transcript {
    let info = story.info();
    let (packets, events, reason) = story.kept();
    let ended: Option<&Ended> = info.ended.as_ref();
    let mut steps: Vec<Step> = events.iter().filter_map(step).collect();
    steps.extend(reason.map(|text| Step { kind: "reason".into(), text }));
    Transcript {
        role: match info.direction {
            CallDirection::Dialled => Role::Dialled,
            CallDirection::Answered => Role::Answered,
        },
        line: info.line.clone(),
        connected: info.connected.is_some(),
        over: info.over.is_some(),
        error: ended.and_then(|end| end.error.as_ref()).map(|problem| RasError(problem.error)),
        why: ended.map(|end| end.why.clone()).unwrap_or_default(),
        remedy: ended.map(|end| end.remedy.clone()).unwrap_or_default(),
        decided: ended.and_then(|end| end.packet.as_ref()).map(packet),
        packets,
        steps,
        counters: story.counters(),
    }
}

/// A packet as the engine shows it.
fn packet(packet: &Packet) -> String {
    let way = match packet.direction {
        Direction::Sent => "sent",
        Direction::Received => "received",
    };
    format!("{way}: {}", packet.text)
}

fn step(event: &Event) -> Option<Step> {
    let (kind, text) = match event {
        Event::Port { kind, text, .. } => (kind.as_str(), text.clone()),
        Event::Banner { text } => ("banner", text.clone()),
        Event::Message { text } => ("message", text.clone()),
        Event::Identification { text } => ("identification", text.clone()),
        Event::NoAuthentication => ("no_authentication", String::new()),
        Event::State(state) => ("state", state.name.clone()),
        _ => return None,
    };
    Some(Step { kind: kind.to_owned(), text })
}
