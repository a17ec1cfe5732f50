//! One method for each route, named by its `id` in [`crate::routes::ROUTES`].
//!
//! Every one fails with a [`Problem`]: that of the service, or 711 (nobody answers), 638 (no answer in time), 13 (not the service), or 5 (not
//! to be trusted) of its own.
#![allow(clippy::missing_errors_doc)]

use std::fs::File;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use hyper::body::Incoming;
use hyper::{Response, StatusCode};
use openras_engine::RasError;
use serde::de::DeserializeOwned;

use super::http::{self, Ask, Sender};
use super::{Client, Events, Lines, Stream, answer, body, descriptor};
use crate::Problem;
use crate::routes::{Gives, by_id};
use crate::types::CallId;
use crate::types::audit::Verified;
use crate::types::call::{Call, CallStory};
use crate::types::connection::{Connection, Dial, Dialled, GiveUp, Ping, Pinged, Resume, Seen, TcpTo};
use crate::types::event::Projection;
use crate::types::forward::{Forward, Forwarding};
use crate::types::modem::Modem;
use crate::types::port::{Port, Statistics};
use crate::types::server::{Reloaded, Server};
use crate::types::user::{NewUser, Password, User, UserRights};
use crate::types::why::Why;

/// What each echo request adds to a ping's limit of time, and the hashing of a long record to that of `verify_audit`.
const PING: Duration = Duration::from_secs(6);
const VERIFY: Duration = Duration::from_secs(600);

/// Dialling, and what is done with a connection.
impl Client {
    /// Begins a dial (RasDial). Read [`Client::connection_events`] with its notifier at once: a dial whose
    /// creator is not there within 5 s ends.
    pub async fn dial(&self, dial: &Dial) -> Result<Dialled, Problem> {
        self.json("dial", "", Some(body::json(dial)?)).await
    }

    /// Lists dialled connections (RasEnumConnections).
    pub async fn connections(&self) -> Result<Vec<Connection>, Problem> {
        self.json("connections", "", None).await
    }

    /// One connection with its state (RasGetConnectStatus).
    pub async fn connection(&self, id: CallId) -> Result<Connection, Problem> {
        self.json("connection", &id.to_string(), None).await
    }

    /// Events of one connection, behind number `after` (0 from the first that is kept). With the creator's `notifier` this reader
    /// holds the dial until Connected.
    pub async fn connection_events(
        &self,
        id: CallId,
        notifier: Option<&str>,
        after: u64,
        packets: bool,
    ) -> Result<Events, Problem> {
        let notifier =
            notifier.map(|notifier| format!("notifier={}&", encoded(notifier))).unwrap_or_default();
        let query = format!("?{notifier}after={after}&packets={packets}");
        Ok(Events::new(self.lines("connection_events", &id.to_string(), &query).await?))
    }

    /// As the creator's [`Client::connection_events`], all of them, without packets; what the other end shows waits for
    /// [`Client::terminal`].
    pub async fn dial_events(&self, id: CallId, notifier: &str) -> Result<Events, Problem> {
        let query = format!("?notifier={}&after=0&keep_terminal=true", encoded(notifier));
        Ok(Events::new(self.lines("connection_events", &id.to_string(), &query).await?))
    }

    /// Goes on from a pause (the second RasDial).
    pub async fn resume(&self, id: CallId, resume: &Resume) -> Result<(), Problem> {
        self.nothing("resume", &id.to_string(), Some(body::json(resume)?)).await
    }

    /// A state was handled: its notifier has returned.
    pub async fn seen(&self, id: CallId, seen: &Seen) -> Result<(), Problem> {
        self.nothing("seen", &id.to_string(), Some(body::json(seen)?)).await
    }

    /// Ends one that is not connected, with a number and sentences of whoever dialled it.
    pub async fn give_up(&self, id: CallId, why: &GiveUp) -> Result<(), Problem> {
        self.nothing("give_up", &id.to_string(), Some(body::json(why)?)).await
    }

    /// Gives back one dial of an entry; the last ends the connection (RasHangUp).
    pub async fn release(&self, id: CallId) -> Result<(), Problem> {
        self.nothing("release", &id.to_string(), None).await
    }

    /// Ends a connection, whoever else uses it.
    pub async fn hangup(&self, id: CallId) -> Result<(), Problem> {
        self.nothing("hangup", &id.to_string(), None).await
    }

    /// The line of an Interactive pause as raw bytes.
    pub async fn terminal(&self, id: CallId) -> Result<Stream, Problem> {
        self.upgrade("terminal", &id.to_string(), None).await
    }

    /// What was agreed (RasGetProjectionInfo).
    pub async fn projection(&self, id: CallId) -> Result<Projection, Problem> {
        self.json("projection", &id.to_string(), None).await
    }

    /// Counters (RasGetConnectionStatistics).
    pub async fn statistics(&self, id: CallId) -> Result<Statistics, Problem> {
        self.json("statistics", &id.to_string(), None).await
    }

    /// Begins the counters at 0 (RasClearConnectionStatistics).
    pub async fn clear_statistics(&self, id: CallId) -> Result<(), Problem> {
        self.nothing("clear_statistics", &id.to_string(), None).await
    }

    /// Pings through the link. The limit of time grows with the count.
    pub async fn ping(&self, id: CallId, ping: &Ping) -> Result<Pinged, Problem> {
        let longer = self.clone().timeout(self.timeout + PING * u32::from(ping.count));
        longer.json("ping", &id.to_string(), Some(body::json(ping)?)).await
    }

    /// A TCP stream through the link, as raw bytes.
    pub async fn tcp(&self, id: CallId, to: &TcpTo) -> Result<Stream, Problem> {
        self.upgrade("tcp", &id.to_string(), Some(body::json(to)?)).await
    }

    /// Opens a port of the service's machine that leads through the link, for processes of this user.
    pub async fn forward(&self, id: CallId, forward: &Forward) -> Result<Forwarding, Problem> {
        self.json("forward", &id.to_string(), Some(body::json(forward)?)).await
    }

    /// Lists the ports that lead through the link.
    pub async fn forwards(&self, id: CallId) -> Result<Vec<Forwarding>, Problem> {
        self.json("forwards", &id.to_string(), None).await
    }

    /// Closes a port that leads through the link; its connections end.
    pub async fn close_forward(&self, id: CallId, listen: SocketAddr) -> Result<(), Problem> {
        let query = format!("?listen={}", encoded(&listen.to_string()));
        self.within(self.timeout, async {
            let (response, sender) = self.ask("close_forward", &id.to_string(), &query, None).await?;
            answer::whole(self.socket(), response).await?;
            self.pool.keep(sender);
            Ok(())
        })
        .await
    }
}

/// Calls, dialled and answered.
impl Client {
    /// Lists calls, dialled and answered, and those that ended lately.
    pub async fn calls(&self) -> Result<Vec<Call>, Problem> {
        self.json("calls", "", None).await
    }

    /// One call with its last events and packets, also after its end.
    pub async fn call(&self, id: CallId) -> Result<CallStory, Problem> {
        self.json("call", &id.to_string(), None).await
    }

    /// Why a call went as it did; `None` asks of the last that failed.
    pub async fn why(&self, id: Option<CallId>) -> Result<Why, Problem> {
        let query = id.map(|id| format!("?call={id}")).unwrap_or_default();
        let text = self
            .within(self.timeout, async {
                let (response, sender) = self.ask("why", "", &query, None).await?;
                let text = answer::whole(self.socket(), response).await?;
                self.pool.keep(sender);
                Ok(text)
            })
            .await?;
        answer::json(self.socket(), &text)
    }

    /// Ends a call, dialled or answered.
    pub async fn end_call(&self, id: CallId) -> Result<(), Problem> {
        self.nothing("end_call", &id.to_string(), None).await
    }

    /// What happens from now on, as far as it is the client's to hear.
    pub async fn events(&self, packets: bool) -> Result<Events, Problem> {
        Ok(Events::new(self.lines("events", "", &format!("?packets={packets}")).await?))
    }

    /// Hands over an open file, as for a capture: its number is to be named in a request within 10 s.
    pub async fn descriptor(&self, file: &File) -> Result<u64, Problem> {
        let stream = self.upgrade("descriptor", "", None).await?;
        self.within(self.timeout, descriptor::hand_over(self.socket(), stream, file)).await
    }
}

/// Ports, users and the service itself: for administrators, but for [`Client::server`] and [`Client::openapi`].
impl Client {
    /// Lists the modems that are played for computers.
    pub async fn modems(&self) -> Result<Vec<Modem>, Problem> {
        self.json("modems", "", None).await
    }

    /// Lists the ports (RasAdminPortEnum).
    pub async fn ports(&self) -> Result<Vec<Port>, Problem> {
        self.json("ports", "", None).await
    }

    /// One port (RasAdminPortGetInfo).
    pub async fn port(&self, name: &str) -> Result<Port, Problem> {
        self.json("port", &named(name)?, None).await
    }

    /// Ends a port's call (RasAdminPortDisconnect).
    pub async fn disconnect(&self, name: &str) -> Result<(), Problem> {
        self.nothing("disconnect", &named(name)?, None).await
    }

    /// Begins a port's counters at 0 (RasAdminPortClearStatistics).
    pub async fn clear_port_statistics(&self, name: &str) -> Result<(), Problem> {
        self.nothing("clear_port_statistics", &named(name)?, None).await
    }

    /// Lists the users.
    pub async fn users(&self) -> Result<Vec<User>, Problem> {
        self.json("users", "", None).await
    }

    /// Adds a user.
    pub async fn add_user(&self, user: &NewUser) -> Result<User, Problem> {
        self.json("add_user", "", Some(body::json(user)?)).await
    }

    /// One user (RasAdminUserGetInfo).
    pub async fn user(&self, name: &str) -> Result<User, Problem> {
        self.json("user", &named(name)?, None).await
    }

    /// Changes what a user may do (RasAdminUserSetInfo).
    pub async fn set_user(&self, name: &str, rights: &UserRights) -> Result<User, Problem> {
        self.json("set_user", &named(name)?, Some(body::json(rights)?)).await
    }

    /// Removes a user.
    pub async fn remove_user(&self, name: &str) -> Result<(), Problem> {
        self.nothing("remove_user", &named(name)?, None).await
    }

    /// Sets a user's password.
    pub async fn set_password(&self, name: &str, password: &Password) -> Result<(), Problem> {
        self.nothing("set_password", &named(name)?, Some(body::json(password)?)).await
    }

    /// Lets a user try again after too many wrong tries.
    pub async fn unlock_user(&self, name: &str) -> Result<(), Problem> {
        self.nothing("unlock_user", &named(name)?, None).await
    }

    /// The service: version, what runs, what an administrator should know.
    pub async fn server(&self) -> Result<Server, Problem> {
        self.json("server", "", None).await
    }

    /// Reads the configuration again, checked whole first.
    pub async fn reload(&self) -> Result<Reloaded, Problem> {
        self.json("reload", "", None).await
    }

    /// The audit record behind record `after`, one JSON object a line; `follow` waits for more.
    pub async fn audit(&self, after: u64, follow: bool) -> Result<Lines, Problem> {
        self.lines("audit", "", &format!("?after={after}&follow={follow}")).await
    }

    /// Whether the record's chain of hashes holds.
    pub async fn verify_audit(&self) -> Result<Verified, Problem> {
        self.clone().timeout(self.timeout.max(VERIFY)).json("verify_audit", "", None).await
    }

    /// Counters for Prometheus.
    pub async fn metrics(&self) -> Result<String, Problem> {
        self.text("metrics").await
    }

    /// This API as an OpenAPI document, as the service has it.
    pub async fn openapi(&self) -> Result<String, Problem> {
        self.text("openapi").await
    }
}

/// The ways of asking.
impl Client {
    /// Sends the request of a route and reads the head of its answer; a refusal is read whole.
    async fn ask(
        &self,
        id: &'static str,
        parameter: &str,
        query: &str,
        body: Option<Bytes>,
    ) -> Result<(Response<Incoming>, Sender), Problem> {
        let route = by_id(id)
            .ok_or_else(|| Problem::new(RasError::INVALID_PARAMETER, format!("No route is called {id}.")))?;
        let upgrade = if let Gives::Upgrade(protocol) = route.gives { Some(protocol) } else { None };
        let ask = Ask { method: route.method, path: route.with(parameter) + query, body, upgrade };
        let (response, sender) = self.pool.send(&ask).await?;
        let status = response.status();
        let good =
            if upgrade.is_some() { status == StatusCode::SWITCHING_PROTOCOLS } else { status.is_success() };
        if good {
            return Ok((response, sender));
        }
        if status.is_informational() {
            return Err(answer::strange(self.socket(), "it speaks of another protocol, unasked"));
        }
        let text = answer::whole(self.socket(), response).await?;
        self.pool.keep(sender);
        Err(answer::refusal(self.socket(), status.as_u16(), &text))
    }

    /// A good answer's whole body.
    async fn body(&self, id: &'static str, parameter: &str, body: Option<Bytes>) -> Result<Vec<u8>, Problem> {
        self.within(self.timeout, async {
            let (response, sender) = self.ask(id, parameter, "", body).await?;
            let text = answer::whole(self.socket(), response).await?;
            self.pool.keep(sender);
            Ok(text)
        })
        .await
    }

    async fn json<T: DeserializeOwned>(
        &self,
        id: &'static str,
        parameter: &str,
        body: Option<Bytes>,
    ) -> Result<T, Problem> {
        answer::json(self.socket(), &self.body(id, parameter, body).await?)
    }

    async fn nothing(&self, id: &'static str, parameter: &str, body: Option<Bytes>) -> Result<(), Problem> {
        self.body(id, parameter, body).await.map(drop)
    }

    async fn text(&self, id: &'static str) -> Result<String, Problem> {
        String::from_utf8(self.body(id, "", None).await?)
            .map_err(|_| answer::strange(self.socket(), "its answer is not UTF-8"))
    }

    /// A stream of lines: the limit of time ends with the head of the answer.
    async fn lines(&self, id: &'static str, parameter: &str, query: &str) -> Result<Lines, Problem> {
        let (response, _) = self.within(self.timeout, self.ask(id, parameter, query, None)).await?;
        Ok(Lines::new(self.socket().to_owned(), response.into_body()))
    }

    async fn upgrade(
        &self,
        id: &'static str,
        parameter: &str,
        body: Option<Bytes>,
    ) -> Result<Stream, Problem> {
        self.within(self.timeout, async {
            let (response, _) = self.ask(id, parameter, "", body).await?;
            let (io, early) = http::upgraded(&self.pool, response).await?;
            Ok(Stream::new(io, early))
        })
        .await
    }
}

/// A name as a segment of a path.
fn named(name: &str) -> Result<String, Problem> {
    if name.is_empty() {
        return Err(Problem::new(RasError::INVALID_PARAMETER, "The name is empty.").remedy("Say which one."));
    }
    Ok(encoded(name))
}

/// Percent-encoded, but for what is safe everywhere in a path or query (RFC 3986 §2.3); a dot is not, as `..` is.
fn encoded(text: &str) -> String {
    use std::fmt::Write;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            // writing to a String cannot fail
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}
