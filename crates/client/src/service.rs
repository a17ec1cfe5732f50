//! The service as a program meets it.

use std::path::Path;

use openras_api::types::CallId;
use openras_api::types::call::{Call, CallStory};
use openras_api::types::server::Server;
use openras_api::{Client, client::Events, start};

use crate::dialling::Dialling;
use crate::{DialOptions, Error};

/// A service that answers. Clones are the same.
#[derive(Clone, Debug)]
pub struct Service {
    client: Client,
}

impl Service {
    /// The service that is found: `OPENRAS_SOCKET`, the system's, or the user's private one.
    ///
    /// # Errors
    /// 711 if none runs, 5 if what answers is not to be trusted.
    pub async fn connect() -> Result<Self, Error> {
        Ok(Self { client: start::connect(None).await? })
    }

    /// The service at this socket.
    ///
    /// # Errors
    /// As [`Self::connect`].
    pub async fn connect_to(socket: impl AsRef<Path>) -> Result<Self, Error> {
        Ok(Self { client: start::connect(Some(socket.as_ref())).await? })
    }

    /// The service that is found; where none runs, a private one is started. It ends by itself a minute after its
    /// last call and client.
    ///
    /// # Errors
    /// As [`Self::connect`]; 711 if none could be started, with the last line of its log.
    pub async fn connect_or_start() -> Result<Self, Error> {
        Ok(Self { client: start::connect_or_start(None).await? })
    }

    /// Begins a dial. It goes on as far as it can, whether it is looked at or not.
    ///
    /// # Errors
    /// What the service refuses: 87 and others for options that cannot be, 5 for a line that is not granted.
    pub async fn dial(&self, options: DialOptions) -> Result<Dialling, Error> {
        let DialOptions { mut dial, capture } = options;
        if let Some(file) = capture {
            dial.capture = Some(self.client.descriptor(&file).await?);
        }
        let dialled = self.client.dial(&dial).await?;
        let events =
            self.client.connection_events(dialled.id, Some(&dialled.notifier), 0, dial.packets).await?;
        Ok(Dialling::new(self.client.clone(), dialled, events, dial.wait_seen))
    }

    /// The calls this program may see, dialled and answered, and those that ended lately.
    ///
    /// # Errors
    /// The service refuses or cannot be reached.
    pub async fn calls(&self) -> Result<Vec<Call>, Error> {
        Ok(self.client.calls().await?)
    }

    /// One call with its last events and packets, also a while after its end.
    ///
    /// # Errors
    /// 6: there is none, or it is somebody else's.
    pub async fn call(&self, id: CallId) -> Result<CallStory, Error> {
        Ok(self.client.call(id).await?)
    }

    /// Ends a call, dialled or answered, whoever began it.
    ///
    /// # Errors
    /// 6: there is none, or it is somebody else's.
    pub async fn hang_up(&self, id: CallId) -> Result<(), Error> {
        Ok(self.client.end_call(id).await?)
    }

    /// What happens from now on in all calls this program may see.
    ///
    /// # Errors
    /// The service refuses or cannot be reached.
    pub async fn events(&self, packets: bool) -> Result<Events, Error> {
        Ok(self.client.events(packets).await?)
    }

    /// The service itself.
    ///
    /// # Errors
    /// The service refuses or cannot be reached.
    pub async fn server(&self) -> Result<Server, Error> {
        Ok(self.client.server().await?)
    }

    /// The whole API, a method a route.
    pub fn api(&self) -> &Client {
        &self.client
    }
}

impl From<Client> for Service {
    fn from(client: Client) -> Self {
        Self { client }
    }
}
