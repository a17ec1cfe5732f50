//! `callback_line`: what a port dials when it calls back.

use std::sync::Arc;

use openras_io::Line;
use openras_io::line::WithCallback;

use crate::config::{CallbackLine, PortConfig};
use crate::service::Shared;
use crate::virtual_modem;

/// The line of a call of this kind, which can also call back as its port is told. Without more it dials itself: a modem
/// the number, a wire its one other end.
pub(super) fn line(
    shared: &Arc<Shared>,
    config: &PortConfig,
    kind: &str,
    line: impl Line + 'static,
) -> Box<dyn Line> {
    match config.callback_line {
        Some(CallbackLine::Exchange) if kind != "exchange" => {
            Box::new(WithCallback::new(line, shared.exchange.phone(None)))
        }
        Some(CallbackLine::Directory) => {
            Box::new(WithCallback::new(line, virtual_modem::directory(shared, &config.name)))
        }
        _ => Box::new(line),
    }
}
