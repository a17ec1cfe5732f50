//! The ports: each line of the configuration answers here, as many calls at a time as it may. They can be listed,
//! their calls ended, and their settings changed while calls run.

mod callback;
mod device;
mod door;
mod listen;
mod one;
mod ready;
pub(crate) mod reception;
mod slots;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use openras_api::types::port::Port;
use openras_api::types::problem::Problem;
use openras_engine::RasError;
use openras_ppp::Stats;

use crate::config::PortConfig;
use crate::service::{Shared, StartError};
use crate::tenure::Tenant;

pub(crate) use device::LONGEST_PAUSE as LONGEST_DEVICE_PAUSE;
use door::Door;
pub(crate) use listen::not_opened;
pub use one::Arrived;
pub(crate) use slots::Busy;

/// The number for a port that has no call.
const NO_CONNECTION: RasError = RasError(668);
/// The number for a port that is not there.
const INVALID_HANDLE: RasError = RasError(6);

/// All ports: those of the configuration in its order, then those that are leaving.
#[derive(Default)]
pub(crate) struct Doors(Mutex<Vec<Arc<Door>>>);

/// How many ports there are, by what an administrator sees of them.
pub(crate) struct Census {
    /// Each port's condition.
    pub(crate) conditions: Vec<String>,
    /// Ports with a call.
    pub(crate) in_use: u32,
    /// What is wrong, by the port's name.
    pub(crate) problems: Vec<(String, Problem)>,
}

impl Doors {
    /// Opens the line of a port and lets it answer.
    ///
    /// # Errors
    /// Its line cannot be had.
    pub(crate) async fn open(&self, shared: &Arc<Shared>, port: PortConfig) -> Result<(), StartError> {
        let door = Arc::new(Door::new(port));
        door.open(shared).await?;
        self.doors().push(door);
        Ok(())
    }

    /// As [`Self::open`]; a line that cannot be had is tried again until it can.
    pub(crate) async fn open_sometime(&self, shared: &Arc<Shared>, port: PortConfig) -> Option<Problem> {
        let door = Arc::new(Door::new(port));
        let problem = door.open_sometime(shared).await;
        self.doors().push(door);
        problem
    }

    /// The port of this name that belongs to the configuration.
    pub(crate) fn named(&self, name: &str) -> Option<Arc<Door>> {
        self.doors().iter().find(|door| door.name == name && !door.tenure().is_leaving()).cloned()
    }

    /// The names of those that belong to the configuration.
    pub(crate) fn names(&self) -> Vec<String> {
        self.doors().iter().filter(|door| !door.tenure().is_leaving()).map(|door| door.name.clone()).collect()
    }

    /// Ports in the order of the configuration, then those that are leaving; gone ones are forgotten.
    pub(crate) fn arrange(&self, order: &[String]) {
        let mut doors = self.doors();
        doors.retain(|door| !door.is_gone());
        doors.sort_by_key(|door| {
            let place = order.iter().position(|name| *name == door.name && !door.tenure().is_leaving());
            place.unwrap_or(usize::MAX)
        });
    }

    /// The addresses of those that listen on TCP.
    pub(crate) fn addresses(&self) -> Vec<(String, SocketAddr)> {
        let address = |door: &Arc<Door>| Some((door.name.clone(), door.tenure().address()?));
        self.doors().iter().filter(|door| !door.tenure().is_leaving()).filter_map(address).collect()
    }

    /// Whether nothing listens.
    pub(crate) fn is_empty(&self) -> bool {
        self.doors().iter().all(|door| door.tenure().is_leaving())
    }

    /// Every port.
    pub(crate) fn list(&self) -> Vec<Port> {
        let doors = self.doors().clone();
        doors.iter().flat_map(|door| door.ports()).collect()
    }

    /// Every port, counted.
    pub(crate) fn census(&self) -> Census {
        let ports = self.list();
        let problems = ports.iter().filter_map(|port| Some((port.name.clone(), port.problem.clone()?)));
        Census {
            problems: problems.collect(),
            in_use: u32::try_from(ports.iter().filter(|port| port.call.is_some()).count())
                .unwrap_or(u32::MAX),
            conditions: ports.into_iter().map(|port| port.condition).collect(),
        }
    }

    /// The counters of the calls that run.
    pub(crate) fn running(&self) -> Vec<Stats> {
        let doors = self.doors().clone();
        let slots = doors.iter().flat_map(|door| door.slots.all()).filter_map(|(_, busy)| busy);
        let running = slots.filter(|busy| busy.story().is_some_and(|story| story.info().over.is_none()));
        running.map(|busy| busy.gauge.read().stats).collect()
    }

    /// The calls that run, with what the port is now.
    pub(crate) fn callers(&self) -> Vec<(Arc<PortConfig>, Arc<Busy>)> {
        let doors = self.doors().clone();
        let of = |door: &Arc<Door>| {
            let config = door.config();
            let busy = door.slots.all().into_iter().filter_map(|(_, busy)| busy);
            busy.map(move |busy| (config.clone(), busy)).collect::<Vec<_>>()
        };
        let all = doors.iter().flat_map(of);
        all.filter(|(_, busy)| busy.story().is_some_and(|story| !story.is_over())).collect()
    }

    /// Ends the call of a port.
    pub(crate) fn disconnect(&self, port: &str) -> Result<(), Problem> {
        let busy = self.busy(port)?.filter(|busy| busy.story().is_some());
        let none = || Problem::new(NO_CONNECTION, format!("the port {port} has no call"));
        busy.ok_or_else(none)?.disconnect();
        Ok(())
    }

    /// Begins the counters of a port's call at 0.
    pub(crate) fn clear_statistics(&self, port: &str) -> Result<(), Problem> {
        if let Some(story) = self.busy(port)?.and_then(|busy| busy.story()) {
            story.clear_statistics();
        }
        Ok(())
    }

    /// What the port of this name is busy with; that of the configuration before one that is leaving.
    fn busy(&self, port: &str) -> Result<Option<Arc<Busy>>, Problem> {
        let unknown = || {
            Problem::new(
                INVALID_HANDLE,
                format!("there is no port {:?}", openras_engine::escape::short(port, 80)),
            )
            .remedy("`openras ports` lists them")
        };
        let (name, number) = port.rsplit_once('/').ok_or_else(unknown)?;
        let number = number.parse().map_err(|_| unknown())?;
        let doors = self.doors();
        let found: Vec<_> = doors.iter().filter(|door| door.name == name && door.has(number)).collect();
        if found.is_empty() {
            return Err(unknown());
        }
        Ok(found.iter().find_map(|door| door.busy(number)))
    }

    fn doors(&self) -> MutexGuard<'_, Vec<Arc<Door>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
