//! What a port tells, as events of its call.

use openras_api::types::event::Event;
use openras_api::types::problem::Problem;
use openras_engine::server::DialogVerdict;
use openras_engine::server::port::PortEvent;
use openras_engine::{RasError, escape};

/// A step of the call on this port as it is told to people and programs. Texts from outside are escaped.
pub(crate) fn told(port: &str, event: &PortEvent) -> Event {
    let (kind, text, error) = describe(event);
    Event::Port { port: port.to_owned(), kind: kind.to_owned(), text, error: error.map(Problem::from) }
}

/// The kind, sentence and number of a port's event.
pub(crate) fn describe(event: &PortEvent) -> (&'static str, String, Option<RasError>) {
    let (kind, text) = match event {
        PortEvent::Ring(None) => ("ring", "it rings".into()),
        PortEvent::Ring(Some(number)) => ("ring", format!("it rings: {}", escape::line(number))),
        PortEvent::Answered(text) if text.is_empty() || text == "CONNECT" => ("answered", "answered".into()),
        PortEvent::Answered(text) => ("answered", format!("answered: {}", escape::line(text))),
        PortEvent::Dialog(module) => ("dialog", format!("the module {module} talks to the caller")),
        PortEvent::DialogEnded(module, verdict) => ("dialog_ended", dialog_ended(module, verdict)),
        PortEvent::LoggedIn(name) => {
            ("logged_in", format!("{} has logged in at the prompt", escape::line(name)))
        }
        PortEvent::Service(service) => ("service", format!("the caller gets {}", escape::line(service))),
        PortEvent::Authenticating { leg: 2 } => {
            ("authenticating", "PPP begins again after the callback".into())
        }
        PortEvent::Authenticating { .. } => ("authenticating", "PPP begins".into()),
        PortEvent::Authenticated(Some(name)) => {
            ("authenticated", format!("the caller is {}", escape::line(name)))
        }
        PortEvent::Authenticated(None) => ("authenticated", "nobody was asked to prove a name".into()),
        PortEvent::Refused(name, error) => {
            return ("refused", format!("{} was refused: {error}", escape::line(name)), Some(*error));
        }
        PortEvent::CallbackPending(number) => ("callback_pending", format!("hanging up to call {number}")),
        PortEvent::CallingBack(number) => ("calling_back", format!("calling {number}")),
        PortEvent::Up(agreed) => ("up", up(agreed)),
        PortEvent::Packet(packet) => ("packet", packet.text()),
        PortEvent::PeerIdentification(text) => {
            ("identification", format!("the caller is {}", escape::line(text)))
        }
        PortEvent::NameDiffers(dialog, ppp) => (
            "name_differs",
            format!("{} talked to the module, {} to PPP", escape::line(dialog), escape::line(ppp)),
        ),
        PortEvent::Down(end) => match end.error {
            Some(error) => return ("down", format!("{error}: {}", end.why), Some(error)),
            None => ("down", "the call ended well".into()),
        },
    };
    (kind, text, None)
}

fn dialog_ended(module: &str, verdict: &DialogVerdict) -> String {
    match verdict {
        DialogVerdict::Success { user, .. } => format!("{module} lets {} through", escape::line(user)),
        DialogVerdict::Failure { user, .. } if user.is_empty() => format!("{module} refuses the caller"),
        DialogVerdict::Failure { user, .. } => format!("{module} refuses {}", escape::line(user)),
        DialogVerdict::Error { code, text } => format!("{module} failed ({code}): {}", escape::line(text)),
    }
}

fn up(agreed: &openras_ppp::Negotiated) -> String {
    match &agreed.ipv4 {
        Some(ip) => format!("IP is up: the caller is {}", ip.remote),
        None => "up without IPv4".into(),
    }
}
