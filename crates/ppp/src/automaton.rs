//! The option negotiation automaton, RFC 1661 §4.1, as one pure function.
//!
//! The same table stands as text in `tests/tables/rfc1661.txt`; a test compares all 160 cells.

use Action::{Irc, Sca, Scj, Scn, Scr, Ser, Sta, Str, Tld, Tlf, Tls, Tlu, Zrc};
use Event as E;
use State as S;

/// The states of RFC 1661 §4.2, by their numbers there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum State {
    /// The lower layer is down, no Open has come.
    Initial = 0,
    /// The lower layer is down, an Open has come.
    Starting = 1,
    /// The lower layer is up, no Open has come.
    Closed = 2,
    /// Waiting for the peer after a Terminate-Ack or a run-out counter.
    Stopped = 3,
    /// Our Terminate-Request is out because of a Close.
    Closing = 4,
    /// The peer terminated, or our Terminate-Request is out though nobody closed.
    Stopping = 5,
    /// Configure-Request sent, nothing acknowledged.
    ReqSent = 6,
    /// Our Configure-Request was acknowledged.
    AckRcvd = 7,
    /// We acknowledged the peer's Configure-Request.
    AckSent = 8,
    /// Both were acknowledged.
    Opened = 9,
}

impl State {
    /// All states, in the order of the table's columns.
    pub const ALL: [Self; 10] = [
        S::Initial,
        S::Starting,
        S::Closed,
        S::Stopped,
        S::Closing,
        S::Stopping,
        S::ReqSent,
        S::AckRcvd,
        S::AckSent,
        S::Opened,
    ];

    /// Whether the restart timer runs in this state (RFC 1661 §4.1).
    pub const fn has_timer(self) -> bool {
        matches!(self, S::Closing | S::Stopping | S::ReqSent | S::AckRcvd | S::AckSent)
    }
}

/// The events of RFC 1661 §4.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The lower layer is up.
    Up,
    /// The lower layer is down.
    Down,
    /// Administrative Open.
    Open,
    /// Administrative Close.
    Close,
    /// TO+: the timer ran out, the counter did not.
    TimeoutMore,
    /// TO−: timer and counter ran out.
    TimeoutLast,
    /// RCR+: an acceptable Configure-Request.
    RequestGood,
    /// RCR−: an unacceptable Configure-Request.
    RequestBad,
    /// RCA: a valid Configure-Ack.
    Ack,
    /// RCN: a valid Configure-Nak or Configure-Reject.
    Nak,
    /// RTR: a Terminate-Request.
    TerminateRequest,
    /// RTA: a Terminate-Ack.
    TerminateAck,
    /// RUC: a code we do not know.
    UnknownCode,
    /// RXJ+: something we can do without was rejected.
    RejectMinor,
    /// RXJ−: something we cannot do without was rejected.
    RejectFatal,
    /// RXR: Echo-Request, Echo-Reply, Discard-Request and their like.
    Extra,
}

impl Event {
    /// All events, in the order of the table's rows.
    pub const ALL: [Self; 16] = [
        E::Up,
        E::Down,
        E::Open,
        E::Close,
        E::TimeoutMore,
        E::TimeoutLast,
        E::RequestGood,
        E::RequestBad,
        E::Ack,
        E::Nak,
        E::TerminateRequest,
        E::TerminateAck,
        E::UnknownCode,
        E::RejectMinor,
        E::RejectFatal,
        E::Extra,
    ];
}

/// The actions of RFC 1661 §4.4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// This layer is up.
    Tlu,
    /// This layer is down.
    Tld,
    /// This layer has started: the lower layer is needed.
    Tls,
    /// This layer has finished: the lower layer is no longer needed.
    Tlf,
    /// Initialise the restart counter and the timeout.
    Irc,
    /// Zero the restart counter, one timeout of grace.
    Zrc,
    /// Send a Configure-Request.
    Scr,
    /// Send a Configure-Ack.
    Sca,
    /// Send a Configure-Nak or Configure-Reject.
    Scn,
    /// Send a Terminate-Request.
    Str,
    /// Send a Terminate-Ack.
    Sta,
    /// Send a Code-Reject.
    Scj,
    /// Send an Echo-Reply.
    Ser,
}

type Cell = Option<(State, &'static [Action])>;

/// What follows from `event` in `state`; `None` is a cell the RFC leaves empty.
pub const fn step(state: State, event: Event) -> Cell {
    match event {
        E::Up => up(state),
        E::Down => down(state),
        E::Open => open(state),
        E::Close => close(state),
        E::TimeoutMore => timeout_more(state),
        E::TimeoutLast => timeout_last(state),
        _ => match state {
            // nothing can be received over a lower layer that is down
            S::Initial | S::Starting => None,
            _ => received(state, event),
        },
    }
}

const fn received(state: State, event: Event) -> Cell {
    match event {
        E::RequestGood => request_good(state),
        E::RequestBad => request_bad(state),
        E::Ack => ack(state),
        E::Nak => nak(state),
        E::TerminateRequest => terminate_request(state),
        E::TerminateAck => terminate_ack(state),
        E::UnknownCode => to(state, &[Scj]),
        E::RejectMinor => reject_minor(state),
        E::RejectFatal => reject_fatal(state),
        E::Extra => match state {
            S::Opened => to(S::Opened, &[Ser]),
            _ => to(state, &[]),
        },
        E::Up | E::Down | E::Open | E::Close | E::TimeoutMore | E::TimeoutLast => None,
    }
}

const fn to(state: State, actions: &'static [Action]) -> Cell {
    Some((state, actions))
}

const fn up(state: State) -> Cell {
    match state {
        S::Initial => to(S::Closed, &[]),
        S::Starting => to(S::ReqSent, &[Irc, Scr]),
        _ => None,
    }
}

const fn down(state: State) -> Cell {
    match state {
        S::Initial | S::Starting => None,
        S::Closed | S::Closing => to(S::Initial, &[]),
        S::Stopped => to(S::Starting, &[Tls]),
        S::Stopping | S::ReqSent | S::AckRcvd | S::AckSent => to(S::Starting, &[]),
        S::Opened => to(S::Starting, &[Tld]),
    }
}

const fn open(state: State) -> Cell {
    match state {
        S::Initial => to(S::Starting, &[Tls]),
        S::Closed => to(S::ReqSent, &[Irc, Scr]),
        S::Closing => to(S::Stopping, &[]),
        // with the restart option Down and Up would follow here; this end never reopens a link
        _ => to(state, &[]),
    }
}

const fn close(state: State) -> Cell {
    match state {
        S::Initial => to(S::Initial, &[]),
        S::Starting => to(S::Initial, &[Tlf]),
        S::Closed | S::Stopped => to(S::Closed, &[]),
        S::Closing | S::Stopping => to(S::Closing, &[]),
        S::ReqSent | S::AckRcvd | S::AckSent => to(S::Closing, &[Irc, Str]),
        S::Opened => to(S::Closing, &[Tld, Irc, Str]),
    }
}

const fn timeout_more(state: State) -> Cell {
    match state {
        S::Closing | S::Stopping => to(state, &[Str]),
        S::ReqSent | S::AckRcvd => to(S::ReqSent, &[Scr]),
        S::AckSent => to(S::AckSent, &[Scr]),
        _ => None,
    }
}

const fn timeout_last(state: State) -> Cell {
    match state {
        S::Closing => to(S::Closed, &[Tlf]),
        S::Stopping | S::ReqSent | S::AckRcvd | S::AckSent => to(S::Stopped, &[Tlf]),
        _ => None,
    }
}

const fn request_good(state: State) -> Cell {
    match state {
        S::Closed => to(S::Closed, &[Sta]),
        S::Stopped => to(S::AckSent, &[Irc, Scr, Sca]),
        S::ReqSent | S::AckSent => to(S::AckSent, &[Sca]),
        S::AckRcvd => to(S::Opened, &[Sca, Tlu]),
        S::Opened => to(S::AckSent, &[Tld, Scr, Sca]),
        _ => to(state, &[]),
    }
}

const fn request_bad(state: State) -> Cell {
    match state {
        S::Closed => to(S::Closed, &[Sta]),
        S::Stopped => to(S::ReqSent, &[Irc, Scr, Scn]),
        S::ReqSent | S::AckSent => to(S::ReqSent, &[Scn]),
        S::AckRcvd => to(S::AckRcvd, &[Scn]),
        S::Opened => to(S::ReqSent, &[Tld, Scr, Scn]),
        _ => to(state, &[]),
    }
}

const fn ack(state: State) -> Cell {
    match state {
        S::Closed | S::Stopped => to(state, &[Sta]),
        S::ReqSent => to(S::AckRcvd, &[Irc]),
        S::AckRcvd => to(S::ReqSent, &[Scr]),
        S::AckSent => to(S::Opened, &[Irc, Tlu]),
        S::Opened => to(S::ReqSent, &[Tld, Scr]),
        _ => to(state, &[]),
    }
}

const fn nak(state: State) -> Cell {
    match state {
        S::Closed | S::Stopped => to(state, &[Sta]),
        S::ReqSent => to(S::ReqSent, &[Irc, Scr]),
        S::AckRcvd => to(S::ReqSent, &[Scr]),
        S::AckSent => to(S::AckSent, &[Irc, Scr]),
        S::Opened => to(S::ReqSent, &[Tld, Scr]),
        _ => to(state, &[]),
    }
}

const fn terminate_request(state: State) -> Cell {
    match state {
        S::AckRcvd | S::AckSent => to(S::ReqSent, &[Sta]),
        S::Opened => to(S::Stopping, &[Tld, Zrc, Sta]),
        _ => to(state, &[Sta]),
    }
}

const fn terminate_ack(state: State) -> Cell {
    match state {
        S::Closing => to(S::Closed, &[Tlf]),
        S::Stopping => to(S::Stopped, &[Tlf]),
        S::AckRcvd => to(S::ReqSent, &[]),
        S::Opened => to(S::ReqSent, &[Tld, Scr]),
        _ => to(state, &[]),
    }
}

const fn reject_minor(state: State) -> Cell {
    match state {
        S::AckRcvd => to(S::ReqSent, &[]),
        _ => to(state, &[]),
    }
}

const fn reject_fatal(state: State) -> Cell {
    match state {
        S::Closed | S::Closing => to(S::Closed, &[Tlf]),
        S::Opened => to(S::Stopping, &[Tld, Irc, Str]),
        _ => to(S::Stopped, &[Tlf]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One cell as the grid writes it: actions, a slash, the new state; a dash for an empty one.
    fn cell(state: State, event: Event) -> String {
        let Some((next, actions)) = step(state, event) else { return "-".to_owned() };
        let words: Vec<_> = actions.iter().map(|action| format!("{action:?}").to_lowercase()).collect();
        let slash = if words.is_empty() { "" } else { "/" };
        format!("{}{slash}{}", words.join(","), next as u8)
    }

    #[test]
    fn all_160_cells_are_those_of_rfc_1661() {
        let grid = include_str!("../tests/tables/rfc1661.txt");
        let rows: Vec<_> = grid.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect();
        assert_eq!(rows.len(), Event::ALL.len());
        let mut compared = 0;
        for (row, event) in rows.into_iter().zip(Event::ALL) {
            let mut cells = row.split_whitespace();
            let name = cells.next();
            for state in State::ALL {
                assert_eq!(Some(&*cell(state, event)), cells.next(), "{name:?} in {state:?}");
                compared += 1;
            }
            assert_eq!(cells.next(), None, "{name:?} has too many cells");
        }
        assert_eq!(compared, 160);
    }

    #[test]
    fn sending_starts_the_timer_only_where_a_timer_runs() {
        for state in State::ALL {
            for event in Event::ALL {
                let Some((next, actions)) = step(state, event) else { continue };
                if actions.iter().any(|action| matches!(action, Scr | Str | Zrc)) {
                    assert!(next.has_timer(), "{event:?} in {state:?}");
                }
            }
        }
    }
}
