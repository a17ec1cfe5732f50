//! The table of diagnoses: a word and a test each, the more certain before the more general.

use super::facts::Facts;
use super::{Found, callback, line, link, login, network, proof, security};

/// Says what decided and what to change, where it is this.
pub(super) type Test = fn(&Facts<'_>) -> Option<Found>;

/// All of them, in the order they are tried.
pub(super) const TABLE: &[(&str, Test)] = &[
    // callers there was no room for
    ("audit-full", security::audit_full),
    ("unauthenticated-limit", security::unauthenticated),
    ("per-source-limit", security::per_source),
    ("all-calls-taken", security::calls_taken),
    ("handshake", security::handshake),
    // before PPP: the line
    ("seven-bit-line", line::seven_bit),
    ("no-call", line::no_call),
    ("login-echo", login::echo),
    ("loop", line::looped),
    // before PPP: the dialog
    ("caller-has-no-terminal", security::no_terminal),
    ("login-first", login::first),
    ("clock", security::clock),
    ("module-refused", security::refused),
    ("module-not-begun", security::not_begun),
    ("module-failed", security::failed),
    ("names-differ", security::names_differ),
    ("no-name", security::no_name),
    ("dialog-too-long", security::too_long),
    ("nobody-answered", security::pause),
    ("script", security::script),
    ("login-refused", login::refused),
    ("service", login::service),
    ("limit", login::limits),
    // who they are
    ("method", proof::method),
    ("no-authentication", proof::missing),
    ("locked", proof::locked),
    ("no-secret", proof::no_secret),
    ("unknown-user", proof::unknown),
    ("store", proof::store),
    ("password", proof::password),
    ("account", proof::account),
    ("server-not-proven", proof::not_proven),
    ("authentication-too-late", proof::too_late),
    // callback
    ("callback-directory", callback::directory),
    ("callback-refused", callback::refused),
    ("callback-required", proof::callback_required),
    ("callback", proof::callback),
    // networks
    ("no-address-left", network::pool),
    ("ip-rejected", network::rejected),
    ("ip-address", network::address),
    ("ip-silent", network::silent),
    ("no-network", network::none),
    // LCP, and ends that say little
    ("text-instead-of-ppp", line::text),
    ("silence", line::silence),
    ("damaged", line::damaged),
    ("not-converging", link::not_converging),
    ("begun-anew", link::anew),
    ("ended-by-other", link::terminated),
    ("gone-silent", link::gone),
    ("carrier-lost", line::lost),
    // calls that stand, or ended well
    ("closed-by-reach", login::closed),
    ("own-address", network::own_address),
    ("no-dns", network::no_dns),
];
