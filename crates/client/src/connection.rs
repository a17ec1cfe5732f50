//! A call that is connected.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use openras_api::Client;
use openras_api::client::{Events, Stream};
use openras_api::types::CallId;
use openras_api::types::connection::{Ping, TcpTo};
use openras_api::types::event::{Ended, Event, Projection};
use openras_api::types::forward::{Forward, Forwarding};
use openras_api::types::port::Statistics;

use crate::Error;
use crate::dialling::gone;

/// How long an answer of the service may take besides the pings themselves.
const ANSWER: Duration = Duration::from_secs(30);

/// A call that is connected. Dropped, it stays: it is the service's. [`Self::hang_up`] ends it.
#[derive(Debug)]
pub struct Connection {
    client: Client,
    id: CallId,
    events: Events,
}

impl Connection {
    pub(crate) fn new(client: Client, id: CallId, events: Events) -> Self {
        Self { client, id, events }
    }

    /// Its number, as other programs see it.
    pub fn id(&self) -> CallId {
        self.id
    }

    /// What was agreed (RasGetProjectionInfo).
    ///
    /// # Errors
    /// 6: the call is over.
    pub async fn projection(&self) -> Result<Projection, Error> {
        Ok(self.client.projection(self.id).await?)
    }

    /// Counters of the line (RasGetConnectionStatistics).
    ///
    /// # Errors
    /// 6: the call is over.
    pub async fn statistics(&self) -> Result<Statistics, Error> {
        Ok(self.client.statistics(self.id).await?)
    }

    /// Pings through the link: the other end, or another address there. Gives the time until each answer, `None`
    /// where none came.
    ///
    /// # Errors
    /// 6: the call is over. 731: no IP is open. 87: not between 1 and 10000 pings.
    pub async fn ping(&self, address: Option<IpAddr>, count: u16) -> Result<Vec<Option<Duration>>, Error> {
        let client = self.client.clone().timeout(ANSWER + Duration::from_secs(2 * u64::from(count)));
        let pinged = client.ping(self.id, &Ping { address, count }).await?;
        let time = |seconds: f64| Duration::try_from_secs_f64(seconds).unwrap_or_default();
        Ok(pinged.rtts.into_iter().map(|rtt| rtt.map(time)).collect())
    }

    /// A TCP stream through the link to a host that the link's DNS servers know by this name, or to an address as text.
    ///
    /// # Errors
    /// As [`Self::tcp`]; 868: there is no such name.
    pub async fn tcp_to(&self, host: &str, port: u16) -> Result<Stream, Error> {
        Ok(self.client.tcp(self.id, &TcpTo { address: host.to_owned(), port }).await?)
    }

    /// A TCP stream through the link.
    ///
    /// # Errors
    /// 6: the call is over. 731: no IP is open. Else what became of the TCP connection.
    pub async fn tcp(&self, to: SocketAddr) -> Result<Stream, Error> {
        let to = TcpTo { address: to.ip().to_string(), port: to.port() };
        Ok(self.client.tcp(self.id, &to).await?)
    }

    /// Opens a port of this machine that leads through the link: `listen` is a loopback address with a port of 1024 or more, or 0
    /// for any; `to` is `HOST:PORT`, a name by the link's DNS servers. Without `to` each client says it by SOCKS. The port is
    /// for processes of this user, and closed when the call ends.
    ///
    /// # Errors
    /// 6: the call is over. 87: not such an address or place. 602: the port is taken.
    pub async fn forward(&self, listen: SocketAddr, to: Option<&str>) -> Result<Forwarding, Error> {
        let forward = Forward { listen, to: to.map(str::to_owned) };
        Ok(self.client.forward(self.id, &forward).await?)
    }

    /// The ports that lead through the link.
    ///
    /// # Errors
    /// 6: the call is over.
    pub async fn forwards(&self) -> Result<Vec<Forwarding>, Error> {
        Ok(self.client.forwards(self.id).await?)
    }

    /// Closes a port that leads through the link; its connections end.
    ///
    /// # Errors
    /// 6: the call is over. 2: there is no such port.
    pub async fn close_forward(&self, listen: SocketAddr) -> Result<(), Error> {
        Ok(self.client.close_forward(self.id, listen).await?)
    }

    /// The next thing told of the call; `None` behind its end. Nothing is lost if the future is dropped.
    ///
    /// # Errors
    /// The service has gone away, and the call with it.
    pub async fn next_event(&mut self) -> Result<Option<Event>, Error> {
        match self.events.next().await {
            Some(told) => Ok(Some(told?.event)),
            None => Ok(None),
        }
    }

    /// Waits for the end of the call, whoever ends it.
    ///
    /// # Errors
    /// The service has gone away, and the call with it.
    pub async fn wait_ended(mut self) -> Result<Ended, Error> {
        while let Some(event) = self.next_event().await? {
            if let Event::Ended(ended) = event {
                return Ok(ended);
            }
        }
        Err(gone().into())
    }

    /// Ends the call; [`Self::wait_ended`] tells when it is over.
    ///
    /// # Errors
    /// 6: it is over already.
    pub async fn hang_up(&self) -> Result<(), Error> {
        Ok(self.client.hangup(self.id).await?)
    }
}
