//! How calls end at the login prompt, in SLIP and in a service.

use std::time::Duration;

use super::{End, shown};
use crate::RasError;
use crate::terminal::Header;

pub(in crate::server) fn ppp_before_login(header: Header) -> End {
    if header == Header::SevenBit {
        return seven_bits();
    }
    End::new(
        RasError::INTERACTIVE_MODE,
        "PPP began at the login prompt, and nobody is let in here but by name and password (login = \"prompt\").",
        "The caller must open a terminal window or run a script that logs in; login = \"auto\" takes PPP too.",
    )
}

pub(in crate::server) fn slip_before_login() -> End {
    End::new(
        RasError::INTERACTIVE_MODE,
        "SLIP began before anybody had logged in; SLIP itself can prove nothing.",
        "The caller must log in at the prompt first, with a terminal window or a script.",
    )
}

pub(in crate::server) fn seven_bits() -> End {
    End::new(
        RasError::INTERACTIVE_MODE,
        "The line passes 7 bits: neither PPP nor SLIP can work over it.",
        "Set the caller's line to 8 bits, no parity, one stop bit (8N1).",
    )
}

pub(in crate::server) fn login_echo() -> End {
    End::new(
        RasError::PPP_LOOPBACK_DETECTED,
        "The login prompt comes back: the other end sends back what it is sent.",
        "Look at the other end: a modem in command mode with echo (ATE0), a getty, or a looped cable.",
    )
}

pub(in crate::server) fn typed_too_much(most: usize) -> End {
    End::new(
        RasError::RECV_BUF_FULL,
        format!("The caller sent more than {most} octets at the login prompt."),
        "Look at what the caller sends; a person types less.",
    )
}

pub(in crate::server) fn no_sense() -> End {
    End::new(
        RasError::INTERACTIVE_MODE,
        "The caller gave too many answers at the prompt that were none.",
        "Look at what the caller's script sends.",
    )
}

pub(in crate::server) fn login_refused(name: &str, error: RasError) -> End {
    let sentence = error.sentence();
    End::new(
        error,
        format!("\"{}\" was refused at the login prompt: {sentence}", shown(name)),
        error.remedy(),
    )
}

pub(in crate::server) fn no_choice(limit: Duration) -> End {
    End::new(
        RasError::REQUEST_TIMEOUT,
        format!("The caller chose no service within {} s.", limit.as_secs()),
        "Choose one from the menu; its name or its number is enough.",
    )
}

pub(in crate::server) fn left_menu() -> End {
    End::new(None, "The caller left the menu.", "Nothing.")
}

pub(in crate::server) fn not_a_service(name: &str, service: &str) -> End {
    End::new(
        RasError::NO_DIALIN_PERMISSION,
        format!("\"{}\" began {service}, which is none of this user's services.", shown(name)),
        "Add it with openras user set --service, or let the caller choose another.",
    )
}

pub(in crate::server) fn no_address(name: &str) -> End {
    End::new(
        RasError::PPP_NO_ADDRESS_ASSIGNED,
        format!("There was no address left for \"{}\".", shown(name)),
        "Look at pool of the port.",
    )
}

pub(in crate::server) fn service_not_opened(service: &str, error: RasError) -> End {
    End::new(
        error,
        format!("The service \"{}\" could not be opened: {}", shown(service), error.sentence()),
        "Look in the log and at its [service] table.",
    )
}

pub(in crate::server) fn service_ended(service: &str) -> End {
    End::new(None, format!("The service \"{}\" ended.", shown(service)), "Nothing.")
}

pub(in crate::server) fn hung_up(service: &str) -> End {
    End::new(None, format!("The caller hung up in {}.", shown(service)), "Nothing.")
}

pub(in crate::server) fn idle(service: &str, limit: Duration) -> End {
    End::new(
        RasError::IDLE_TIMEOUT,
        format!("Nothing went over {} for {} s (idle_limit).", shown(service), limit.as_secs()),
        "Dial again, or raise idle_limit of the port, or --idle of the user.",
    )
}

pub(in crate::server) fn session_over(service: &str) -> End {
    End::new(
        RasError::SERVER_POLICY,
        format!("The time of a call was over in {} (session_limit).", shown(service)),
        "Dial again, or raise session_limit of the port, or --session of the user.",
    )
}
