//! Every route of the API: the one list from which the server's router, the OpenAPI document and the table in
//! `docs/api.md` are made or checked.

use schemars::{JsonSchema, Schema, SchemaGenerator};

use crate::types::audit::Verified;
use crate::types::call::{Call, CallStory};
use crate::types::connection::{Connection, Dial, Dialled, GiveUp, Ping, Pinged, Resume, Seen, TcpTo};
use crate::types::event::{Projection, Told};
use crate::types::forward::{Forward, Forwarding};
use crate::types::modem::Modem;
use crate::types::port::{Port, Statistics};
use crate::types::server::{Descriptor, Reloaded, Server};
use crate::types::user::{NewUser, Password, User, UserRights};
use crate::types::why::Why;

/// Who may use a route (defence rule 9). Others get 5, or 6 where the existence of a call is not theirs to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// Group `openras` and administrators.
    Dial,
    /// The uid that dialled the call, and administrators.
    Own,
    /// Root, the service's uid, group `openras-admin`.
    Admin,
}

/// What a good answer holds.
#[derive(Clone, Copy)]
pub enum Gives {
    /// Nothing (204).
    Nothing,
    /// JSON (200, or 201 where something was made).
    Json(fn(&mut SchemaGenerator) -> Schema),
    /// One JSON object a line, for as long as there are any.
    Stream(fn(&mut SchemaGenerator) -> Schema),
    /// `101 Switching Protocols` to this protocol; raw bytes from then on.
    Upgrade(&'static str),
    /// Text of this media type.
    Text(&'static str),
}

/// One route.
#[derive(Clone, Copy)]
pub struct Route {
    /// `GET` ….
    pub method: &'static str,
    /// With its parameters in braces.
    pub path: &'static str,
    /// A name for programs, unique.
    pub id: &'static str,
    /// One sentence.
    pub summary: &'static str,
    /// Who may use it.
    pub right: Right,
    /// Query parameters: name and meaning.
    pub query: &'static [(&'static str, &'static str)],
    /// The JSON of the request.
    pub takes: Option<fn(&mut SchemaGenerator) -> Schema>,
    /// The good answer.
    pub gives: Gives,
    /// Numbers it fails with, besides those of [`ANY`].
    pub errors: &'static [u32],
}

fn of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

const fn route(method: &'static str, path: &'static str, id: &'static str, summary: &'static str) -> Route {
    Route {
        method,
        path,
        id,
        summary,
        right: Right::Own,
        query: &[],
        takes: None,
        gives: Gives::Nothing,
        errors: &[6],
    }
}

/// Media type of streams.
pub const NDJSON: &str = "application/x-ndjson";
/// Protocol of raw byte streams after an upgrade: a paused line, a TCP stream through the link.
pub const STREAM: &str = "openras-stream";
/// Protocol in which a client hands over a descriptor: one byte with SCM_RIGHTS, answered by a [`Descriptor`] line.
pub const DESCRIPTOR: &str = "openras-descriptor";

const EVENTS_QUERY: &[(&str, &str)] = &[
    ("notifier", "the creator's: this reader holds the dial"),
    ("after", "begin behind this event number, as far as events are kept"),
    ("packets", "`true`: control packets too"),
    ("keep_terminal", "`true`: the terminal's bytes are not told here; they wait for whoever takes it"),
];

/// Numbers that any route may fail with: no right, no memory, not JSON, not as expected, too long, a fault of the service's own,
/// not running, too many at a time.
pub const ANY: &[u32] = &[5, 8, 13, 87, 632, 635, 711, 1816];

/// All of them.
pub const ROUTES: &[Route] = &[
    Route {
        right: Right::Dial,
        takes: Some(of::<Dial>),
        gives: Gives::Json(of::<Dialled>),
        errors: &[110, 600, 602, 608, 633, 704, 756],
        ..route("POST", "/v1/connections", "dial", "Begins a dial (RasDial)")
    },
    Route {
        right: Right::Dial,
        gives: Gives::Json(of::<Vec<Connection>>),
        errors: &[],
        ..route("GET", "/v1/connections", "connections", "Lists dialled connections (RasEnumConnections)")
    },
    Route {
        gives: Gives::Json(of::<Connection>),
        ..route(
            "GET",
            "/v1/connections/{id}",
            "connection",
            "One connection with its state (RasGetConnectStatus)",
        )
    },
    Route {
        query: EVENTS_QUERY,
        gives: Gives::Stream(of::<Told>),
        ..route(
            "GET",
            "/v1/connections/{id}/events",
            "connection_events",
            "Events of one connection; the creator's reader holds the dial until Connected",
        )
    },
    Route {
        takes: Some(of::<Resume>),
        errors: &[6, 704, 756],
        ..route("POST", "/v1/connections/{id}/resume", "resume", "Goes on from a pause (the second RasDial)")
    },
    Route {
        takes: Some(of::<Seen>),
        errors: &[6],
        ..route("POST", "/v1/connections/{id}/seen", "seen", "A state was handled: its notifier has returned")
    },
    Route {
        takes: Some(of::<GiveUp>),
        errors: &[6, 87],
        ..route(
            "POST",
            "/v1/connections/{id}/give_up",
            "give_up",
            "Ends a connection that is not connected with a number and a sentence of the program that dialled it",
        )
    },
    Route {
        ..route("POST", "/v1/connections/{id}/hangup", "hangup", "Ends a connection, whoever else uses it")
    },
    Route {
        ..route(
            "POST",
            "/v1/connections/{id}/release",
            "release",
            "Gives back one dial of an entry; the last ends the connection (RasHangUp)",
        )
    },
    Route {
        gives: Gives::Upgrade(STREAM),
        errors: &[6, 756],
        ..route(
            "POST",
            "/v1/connections/{id}/terminal",
            "terminal",
            "The line of an Interactive pause as raw bytes",
        )
    },
    Route {
        gives: Gives::Json(of::<Projection>),
        errors: &[6, 730],
        ..route(
            "GET",
            "/v1/connections/{id}/projection",
            "projection",
            "What was agreed (RasGetProjectionInfo)",
        )
    },
    Route {
        gives: Gives::Json(of::<Statistics>),
        ..route(
            "GET",
            "/v1/connections/{id}/statistics",
            "statistics",
            "Counters (RasGetConnectionStatistics)",
        )
    },
    Route {
        ..route(
            "POST",
            "/v1/connections/{id}/statistics/clear",
            "clear_statistics",
            "Begins the counters at 0 (RasClearConnectionStatistics)",
        )
    },
    Route {
        takes: Some(of::<Ping>),
        gives: Gives::Json(of::<Pinged>),
        errors: &[6, 731],
        ..route("POST", "/v1/connections/{id}/ping", "ping", "Pings through the link")
    },
    Route {
        takes: Some(of::<TcpTo>),
        gives: Gives::Upgrade(STREAM),
        errors: &[6, 638, 678, 731, 868],
        ..route("POST", "/v1/connections/{id}/tcp", "tcp", "A TCP stream through the link, as raw bytes")
    },
    Route {
        takes: Some(of::<Forward>),
        gives: Gives::Json(of::<Forwarding>),
        errors: &[6, 602],
        ..route(
            "POST",
            "/v1/connections/{id}/forwards",
            "forward",
            "Opens a port of the service's machine that leads through the link",
        )
    },
    Route {
        gives: Gives::Json(of::<Vec<Forwarding>>),
        ..route(
            "GET",
            "/v1/connections/{id}/forwards",
            "forwards",
            "Lists the ports that lead through the link",
        )
    },
    Route {
        query: &[("listen", "the address of the port, as it is listed")],
        errors: &[2, 6],
        ..route(
            "DELETE",
            "/v1/connections/{id}/forwards",
            "close_forward",
            "Closes a port that leads through the link",
        )
    },
    Route {
        right: Right::Dial,
        gives: Gives::Json(of::<Vec<Call>>),
        errors: &[],
        ..route("GET", "/v1/calls", "calls", "Lists calls, dialled and answered, and those that ended lately")
    },
    Route {
        gives: Gives::Json(of::<CallStory>),
        ..route(
            "GET",
            "/v1/calls/{id}",
            "call",
            "One call with its last events and packets, also after its end",
        )
    },
    Route {
        right: Right::Dial,
        query: &[("call", "its number; left out, the last call that failed")],
        gives: Gives::Json(of::<Why>),
        ..route(
            "GET",
            "/v1/why",
            "why",
            "Why a call went as it did: what each side asked, what decided it, what to change",
        )
    },
    Route { ..route("POST", "/v1/calls/{id}/hangup", "end_call", "Ends a call, dialled or answered") },
    Route {
        right: Right::Dial,
        query: &[("packets", "`true`: control packets too")],
        gives: Gives::Stream(of::<Told>),
        errors: &[],
        ..route(
            "GET",
            "/v1/events",
            "events",
            "What happens from now on, as far as it is the client's to hear",
        )
    },
    Route {
        right: Right::Dial,
        gives: Gives::Upgrade(DESCRIPTOR),
        errors: &[],
        ..route("POST", "/v1/descriptors", "descriptor", "Hands over an open file, as for a capture")
    },
    Route {
        right: Right::Admin,
        gives: Gives::Json(of::<Vec<Modem>>),
        errors: &[],
        ..route("GET", "/v1/modems", "modems", "Lists the modems that are played for computers")
    },
    Route {
        right: Right::Admin,
        gives: Gives::Json(of::<Vec<Port>>),
        errors: &[],
        ..route("GET", "/v1/ports", "ports", "Lists the ports (RasAdminPortEnum)")
    },
    Route {
        right: Right::Admin,
        gives: Gives::Json(of::<Port>),
        ..route(
            "GET",
            "/v1/ports/{name}",
            "port",
            "One port (RasAdminPortGetInfo); a `/` in its name is `%2F`",
        )
    },
    Route {
        right: Right::Admin,
        ..route(
            "POST",
            "/v1/ports/{name}/disconnect",
            "disconnect",
            "Ends a port's call (RasAdminPortDisconnect)",
        )
    },
    Route {
        right: Right::Admin,
        ..route(
            "POST",
            "/v1/ports/{name}/statistics/clear",
            "clear_port_statistics",
            "Begins a port's counters at 0 (RasAdminPortClearStatistics)",
        )
    },
    Route {
        right: Right::Admin,
        gives: Gives::Json(of::<Vec<User>>),
        errors: &[2, 112, 645],
        ..route("GET", "/v1/users", "users", "Lists the users")
    },
    Route {
        right: Right::Admin,
        takes: Some(of::<NewUser>),
        gives: Gives::Json(of::<User>),
        errors: &[2, 112, 183, 645],
        ..route("POST", "/v1/users", "add_user", "Adds a user")
    },
    Route {
        right: Right::Admin,
        gives: Gives::Json(of::<User>),
        errors: &[2, 112, 645],
        ..route("GET", "/v1/users/{name}", "user", "One user (RasAdminUserGetInfo)")
    },
    Route {
        right: Right::Admin,
        takes: Some(of::<UserRights>),
        gives: Gives::Json(of::<User>),
        errors: &[2, 112, 645],
        ..route("PATCH", "/v1/users/{name}", "set_user", "Changes what a user may do (RasAdminUserSetInfo)")
    },
    Route {
        right: Right::Admin,
        errors: &[2, 112, 645],
        ..route("DELETE", "/v1/users/{name}", "remove_user", "Removes a user")
    },
    Route {
        right: Right::Admin,
        takes: Some(of::<Password>),
        errors: &[2, 112, 645],
        ..route("PUT", "/v1/users/{name}/password", "set_password", "Sets a user's password")
    },
    Route {
        right: Right::Admin,
        errors: &[2, 112, 645],
        ..route(
            "POST",
            "/v1/users/{name}/unlock",
            "unlock_user",
            "Lets a user try again after too many wrong tries",
        )
    },
    Route {
        right: Right::Dial,
        gives: Gives::Json(of::<Server>),
        errors: &[],
        ..route(
            "GET",
            "/v1/server",
            "server",
            "The service: version, what runs, what an administrator should know",
        )
    },
    Route {
        right: Right::Admin,
        gives: Gives::Json(of::<Reloaded>),
        errors: &[2, 112, 645],
        ..route("POST", "/v1/server/reload", "reload", "Reads the configuration again, checked whole first")
    },
    Route {
        right: Right::Admin,
        query: &[("after", "begin behind this record"), ("follow", "`true`: wait for more")],
        gives: Gives::Text(NDJSON),
        errors: &[2],
        ..route("GET", "/v1/audit", "audit", "The audit record, one JSON object a line")
    },
    Route {
        right: Right::Admin,
        gives: Gives::Json(of::<Verified>),
        errors: &[2],
        ..route("GET", "/v1/audit/verify", "verify_audit", "Whether the record's chain of hashes holds")
    },
    Route {
        right: Right::Admin,
        gives: Gives::Text("text/plain; version=0.0.4"),
        errors: &[],
        ..route("GET", "/metrics", "metrics", "Counters for Prometheus")
    },
    Route {
        right: Right::Dial,
        gives: Gives::Text("application/json"),
        errors: &[],
        ..route("GET", "/v1/openapi.json", "openapi", "This API as an OpenAPI document")
    },
];

impl Route {
    /// The HTTP status of its good answer.
    pub fn status(&self) -> u16 {
        match self.gives {
            Gives::Nothing => 204,
            Gives::Upgrade(_) => 101,
            // these make something that was not there
            Gives::Json(_) if matches!(self.id, "dial" | "forward" | "add_user") => 201,
            Gives::Json(_) | Gives::Stream(_) | Gives::Text(_) => 200,
        }
    }

    /// The name of its parameter, if it has one.
    pub fn parameter(&self) -> Option<&'static str> {
        Some(self.path.split_once('{')?.1.split_once('}')?.0)
    }

    /// Its path with this text in the place of its parameter, percent-encoded by the caller.
    pub fn with(&self, parameter: &str) -> String {
        match (self.path.split_once('{'), self.path.split_once('}')) {
            (Some((before, _)), Some((_, after))) => format!("{before}{parameter}{after}"),
            _ => self.path.to_owned(),
        }
    }
}

/// The route of this name.
pub fn by_id(id: &str) -> Option<&'static Route> {
    ROUTES.iter().find(|route| route.id == id)
}

/// The type a [`Descriptor`] line has, for the document.
pub(crate) fn descriptor_schema(generator: &mut SchemaGenerator) -> Schema {
    of::<Descriptor>(generator)
}
