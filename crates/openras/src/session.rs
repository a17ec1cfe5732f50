//! One dial from its first state to its end: notices out, answers and Ctrl-C in, traffic in between.

use std::time::{Duration, Instant};

use anyhow::Result;
use openras_engine::ConnState;
use openras_engine::client::dial::{Command, DialEvent, DialParams, Notice};
use openras_service::connections::Connection;
use tokio::time::timeout;

use crate::exit;
pub(crate) use crate::front::Front;
use crate::front::Said;
use crate::traffic::{self, Report};
pub(crate) use crate::traffic::Traffic;

/// How long an ending may take before it is cut short.
const POLITE: Duration = Duration::from_secs(10);

/// One dial and who watches it.
pub(crate) struct Session {
    connection: Connection,
    params: DialParams,
    front: Front,
    traffic: Traffic,
    begun: Instant,
    server: Option<std::net::Ipv4Addr>,
    traffic_failed: bool,
    hang_ups: u32,
}

impl Session {
    pub(crate) fn new(
        connection: Connection,
        params: DialParams,
        front: Front,
        traffic: Traffic,
        begun: Instant,
    ) -> Self {
        Self { connection, params, front, traffic, begun, server: None, traffic_failed: false, hang_ups: 0 }
    }

    /// Stays with the dial until it is over. Gives the exit code.
    pub(crate) async fn run(mut self) -> Result<u8> {
        let mut reports = None;
        loop {
            tokio::select! {
                notice = self.connection.notice() => {
                    let Some(notice) = notice else { return Ok(exit::LINE) };
                    if let Some(code) = self.notice(&notice).await {
                        return Ok(code);
                    }
                    if matches!(notice, Notice::State { state: ConnState::CONNECTED, .. }) {
                        reports = Some(traffic::start(&self.traffic, self.connection.stack(), self.server));
                    }
                }
                said = self.front.said(&self.params) => self.said(said).await,
                report = next(&mut reports) => self.report(report).await,
                _ = tokio::signal::ctrl_c() => self.hang_up().await,
            }
        }
    }

    async fn notice(&mut self, notice: &Notice) -> Option<u8> {
        if let Notice::Event(DialEvent::Projection(agreed)) = notice {
            self.server = agreed.ipv4.map(|ip| ip.remote);
        }
        self.front.show(self.begun.elapsed(), notice);
        match notice {
            Notice::State { seq, .. } => {
                self.connection.command(Command::Seen(*seq)).await;
                None
            }
            Notice::Ended(end) => Some(match end.error {
                Some(error) if !(self.hang_ups > 0 && end.was_connected) => exit::of(error, end.was_connected),
                _ if !end.was_connected => exit::HUNG_UP,
                _ if self.traffic_failed => exit::TRAFFIC,
                _ => exit::OK,
            }),
            Notice::Terminal(_) | Notice::Event(_) | Notice::Reply(_) => None,
        }
    }

    async fn said(&mut self, said: Said) {
        match said {
            Said::Resume(params) => {
                self.params = params.clone();
                self.connection.command(Command::Resume { notifier: 0, params }).await;
            }
            Said::Terminal(bytes) => self.connection.command(Command::Terminal(bytes)).await,
            Said::HangUp => self.hang_up().await,
        }
    }

    async fn report(&mut self, report: Report) {
        let now = self.begun.elapsed();
        match report {
            Report::Line(line) => {
                self.traffic_failed |= line.failed();
                self.front.traffic(now, &line);
            }
            Report::Done => self.hang_up().await,
        }
    }

    /// Politely at first, at once when asked again; the service's own limit ends what still hangs.
    async fn hang_up(&mut self) {
        self.hang_ups += 1;
        // a dial that is over by now has nothing left to hang up
        let _ = timeout(POLITE, self.connection.command(Command::HangUp)).await;
    }
}

async fn next(reports: &mut Option<tokio::sync::mpsc::Receiver<Report>>) -> Report {
    match reports {
        Some(receiver) => match receiver.recv().await {
            Some(report) => report,
            None => std::future::pending().await,
        },
        None => std::future::pending().await,
    }
}
