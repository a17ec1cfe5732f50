//! Modems played for computers: each `[[virtual_modem]]` waits on its line for a computer, gives it a modem, and puts its
//! calls through to what the directory says.

mod book;
mod desk;
mod network;
mod one_end;
mod places;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use openras_api::types::modem::Modem;
use openras_api::types::problem::Problem;
use openras_io::Line;
use openras_io::net::nat::Host;

use crate::config::{PortLine, VirtualModem};
use crate::service::{Shared, StartError};
use crate::tenure::Tenant;

use desk::Desk;

/// The directory as a line that dials and never rings: what a port calls back over (`callback_line = "directory"`).
pub(crate) fn directory(shared: &Arc<Shared>, port: &str) -> Box<dyn Line> {
    // callbacks have caps of their own
    let dialler = VirtualModem { dials: u32::MAX, ..VirtualModem::new(port, PortLine::Stdio) };
    Box::new(network::Network::new(shared, Arc::new(dialler), format!("callbacks of {port}")))
}

/// All modems: those of the configuration in its order, then those that are leaving.
#[derive(Default)]
pub(crate) struct Modems {
    desks: Mutex<Vec<Arc<Desk>>>,
    /// What is shared by all that dial.
    pub(super) book: book::Book,
    /// This machine's addresses, which free dialling keeps away from.
    host: OnceLock<Arc<Host>>,
}

impl Modems {
    /// Opens the line of a modem and lets computers come.
    ///
    /// # Errors
    /// Its line cannot be had.
    pub(crate) async fn open(&self, shared: &Arc<Shared>, modem: VirtualModem) -> Result<(), StartError> {
        let desk = Arc::new(Desk::new(modem));
        desk.open(shared).await?;
        self.desks().push(desk);
        Ok(())
    }

    /// Takes another configuration: those that are gone leave first, since another may want their line.
    pub(crate) async fn reload(
        &self,
        shared: &Arc<Shared>,
        new: &[VirtualModem],
        told: &mut openras_api::types::server::Reloaded,
    ) {
        for desk in self.present() {
            if !new.iter().any(|modem| modem.name == desk.name) {
                desk.leave().await;
                told.removed.push(desk.name.clone());
            }
        }
        for modem in new {
            let name = modem.name.clone();
            match self.present().into_iter().find(|desk| desk.name == name) {
                Some(desk) if *desk.config() == *modem => {
                    told.problems.extend(desk.read_again());
                    told.unchanged.push(name);
                }
                Some(desk) => {
                    told.problems.extend(desk.change(shared, modem.clone()).await);
                    told.changed.push(name);
                }
                None => {
                    let desk = Arc::new(Desk::new(modem.clone()));
                    told.problems.extend(desk.open_sometime(shared).await);
                    self.desks().push(desk);
                    told.added.push(name);
                }
            }
        }
        let mut desks = self.desks();
        desks.retain(|desk| !desk.is_gone());
        let order = |desk: &Arc<Desk>| {
            let place = new.iter().position(|modem| modem.name == desk.name && !desk.tenure().is_leaving());
            place.unwrap_or(usize::MAX)
        };
        desks.sort_by_key(order);
    }

    /// Every place a computer may have a modem at.
    pub(crate) fn list(&self) -> Vec<Modem> {
        self.desks().iter().flat_map(|desk| desk.modems()).collect()
    }

    /// What is wrong, by the modem's name.
    pub(crate) fn problems(&self) -> Vec<(String, Problem)> {
        self.present().iter().filter_map(|desk| Some((desk.name.clone(), desk.tenure().problem()?))).collect()
    }

    /// The addresses of those that listen on TCP.
    pub(crate) fn addresses(&self) -> Vec<(String, SocketAddr)> {
        self.present().iter().filter_map(|desk| Some((desk.name.clone(), desk.tenure().address()?))).collect()
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.present().is_empty()
    }

    /// Dials that were not carried out, by the reason.
    pub(crate) fn refused(&self) -> Vec<(&'static str, u64)> {
        self.book.refused()
    }

    /// This machine's addresses, watched from the first time on.
    fn host(&self, shared: &Shared) -> Arc<Host> {
        self.host.get_or_init(|| Host::watch(shared.cancel.clone())).clone()
    }

    fn present(&self) -> Vec<Arc<Desk>> {
        self.desks().iter().filter(|desk| !desk.tenure().is_leaving()).cloned().collect()
    }

    fn desks(&self) -> MutexGuard<'_, Vec<Arc<Desk>>> {
        self.desks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
