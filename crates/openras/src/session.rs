//! One dial from its first state to its end: notices out, answers and Ctrl-C in, traffic in between.

use std::collections::VecDeque;
use std::time::Instant;

use anyhow::Result;
use openras_engine::ConnState;
use openras_engine::client::dial::{Command, DialEvent, DialParams, Notice};
use openras_service::connections::Connection;

use crate::exit;
pub(crate) use crate::front::Front;
use crate::front::Said;
use crate::out;
use crate::signals::Signals;
pub(crate) use crate::traffic::Traffic;
use crate::traffic::{self, Report};

/// Commands that may wait for the dial before the watcher is not listened to any more.
const WAITING: usize = 16;

/// One dial and who watches it.
pub(crate) struct Session {
    connection: Connection,
    params: DialParams,
    front: Front,
    traffic: Traffic,
    signals: Signals,
    /// Commands the dial had no room for yet; its notices are taken meanwhile, or both would wait for each other.
    commands: VecDeque<Command>,
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
        signals: Signals,
        begun: Instant,
    ) -> Self {
        Self {
            connection,
            params,
            front,
            traffic,
            signals,
            commands: VecDeque::new(),
            begun,
            server: None,
            traffic_failed: false,
            hang_ups: 0,
        }
    }

    /// Stays with the dial until it is over. Gives the exit code.
    pub(crate) async fn run(mut self) -> Result<u8> {
        let mut reports = None;
        loop {
            tokio::select! {
                notice = self.connection.notice_while_giving(&mut self.commands) => {
                    let Some(notice) = notice else { return Ok(exit::LINE) };
                    if let Some(code) = self.notice(&notice) {
                        return Ok(code);
                    }
                    if out::is_gone() && self.hang_ups == 0 {
                        self.hang_up();
                    }
                    if matches!(notice, Notice::State { state: ConnState::CONNECTED, .. }) {
                        reports = Some(traffic::start(&self.traffic, self.connection.stack(), self.server));
                    }
                }
                said = self.front.said(&self.params), if self.commands.len() < WAITING => self.said(said),
                report = next(&mut reports) => self.report(report),
                () = self.signals.next() => self.hang_up(),
            }
        }
    }

    fn notice(&mut self, notice: &Notice) -> Option<u8> {
        if let Notice::Event(DialEvent::Projection(agreed)) = notice {
            self.server = agreed.ipv4.map(|ip| ip.remote);
        }
        self.front.show(self.begun.elapsed(), notice);
        match notice {
            Notice::Ended(end) => Some(match end.error {
                Some(error) if !(self.hang_ups > 0 && end.was_connected) => {
                    exit::of(error, end.was_connected)
                }
                _ if !end.was_connected => exit::HUNG_UP,
                _ if self.traffic_failed => exit::TRAFFIC,
                _ => exit::OK,
            }),
            Notice::State { .. } | Notice::Terminal(_) | Notice::Event(_) | Notice::Reply(_) => None,
        }
    }

    fn said(&mut self, said: Said) {
        match said {
            Said::Resume(params) => {
                self.params = params.clone();
                self.commands.push_back(Command::Resume { notifier: 0, params });
            }
            Said::Terminal(bytes) => self.commands.push_back(Command::Terminal(bytes)),
            Said::HangUp => self.hang_up(),
        }
    }

    fn report(&mut self, report: Report) {
        let now = self.begun.elapsed();
        match report {
            Report::Line(line) => {
                self.traffic_failed |= line.failed();
                self.front.traffic(now, &line);
            }
            Report::Done => self.hang_up(),
        }
    }

    /// Politely at first, at once when asked again; the dial's own limits end what still hangs.
    fn hang_up(&mut self) {
        self.hang_ups += 1;
        // what was typed before is of no use any more
        self.commands.retain(|command| matches!(command, Command::HangUp));
        self.commands.push_back(Command::HangUp);
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
