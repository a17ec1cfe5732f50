//! `/v1/ports`: the lines that answer.

use openras_engine::RasError;

use super::answer::{self, Answer};
use super::ask::Ask;
use super::users::audited;

/// RasAdminPortEnum.
pub(super) fn list(ask: &Ask) -> Answer {
    answer::json(&ask.api.service.ports())
}

/// The modems that are played.
pub(super) fn modems(ask: &Ask) -> Answer {
    answer::json(&ask.api.service.virtual_modems())
}

/// RasAdminPortGetInfo.
pub(super) fn one(ask: &Ask) -> Answer {
    let ports = ask.api.service.ports();
    let port = ports.iter().find(|port| port.name == ask.param("name"));
    answer::json(port.ok_or(RasError::INVALID_HANDLE)?)
}

/// RasAdminPortDisconnect.
pub(super) async fn disconnect(ask: Ask) -> Answer {
    let port = ask.param("name");
    ask.api.service.disconnect(port)?;
    audited(&ask.api, ask.peer().uid, "port disconnect", port, "", "").await;
    answer::nothing()
}

/// RasAdminPortClearStatistics.
pub(super) async fn clear_statistics(ask: Ask) -> Answer {
    let port = ask.param("name");
    ask.api.service.clear_port_statistics(port)?;
    audited(&ask.api, ask.peer().uid, "port statistics clear", port, "", "").await;
    answer::nothing()
}
