//! Ports on a device: a modem that is driven, or a cable. The line is made anew for each call, so that a modem which has died,
//! or a device that was unplugged, is set up again with all its settings.

use std::sync::{Arc, Weak};
use std::time::Duration;

use openras_api::types::problem::Problem;
use openras_engine::modem::Settings;
use openras_io::Line;

use super::door::Door;
use crate::config::device::modem;
use crate::config::{DeviceLine, PortConfig};
use crate::modems;
use crate::service::Shared;

/// The longest pause before a device that could not be had is tried again: one that is plugged in answers soon.
pub(crate) const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The line of a port on a device.
pub(super) fn line(shared: &Shared, door: &Arc<Door>, device: &DeviceLine) -> Box<dyn Line> {
    let config = door.config();
    let at: Weak<Door> = Arc::downgrade(door);
    let wrong = move |wrong: Option<modems::Wrong>| {
        if let Some(door) = at.upgrade() {
            door.set_trouble(wrong.map(|wrong| Problem::new(wrong.number, wrong.sentence)));
        }
    };
    let device = modems::device(device, config.device.frame, || modems::trusts(config.trust.as_ref()));
    modems::line(&door.name, device, settings(shared, &config), wrong)
}

/// How the modem of a port is driven; `None` on a cable. A name that the configuration no longer knows is as generic until a
/// reload gives the port another one.
fn settings(shared: &Shared, config: &PortConfig) -> Option<Settings> {
    let name = config.device.modem()?;
    Some(modem(name, &shared.current().config.modems).unwrap_or_default())
}
