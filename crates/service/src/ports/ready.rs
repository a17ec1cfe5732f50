//! A line that waits for its call already: who is told that a port answers may call at once.

use std::future::poll_fn;
use std::task::{Context, Poll};
use std::time::Duration;

use openras_engine::{LineEvent, LineOp, RasError};
use openras_io::Line;
use tokio::io::ReadBuf;

/// How long giving a line back may take.
const CLOSE: Duration = Duration::from_secs(5);

/// A line that was opened before there is a machine to open it. What happens on it until then waits in it.
pub(crate) struct Ready {
    line: Box<dyn Line>,
    /// The machine that opens it next only hears that it is open.
    open: bool,
    /// That has to be said.
    tell: bool,
    /// What happened on it first, to be said next.
    first: Option<LineEvent<'static>>,
}

impl Ready {
    /// One that its machine opens.
    pub(super) fn later(line: impl Line + 'static) -> Self {
        Self { line: Box::new(line), open: false, tell: false, first: None }
    }

    /// Asks for the line; [`Self::opened`] tells what became of that.
    pub(super) fn opening(line: impl Line + 'static) -> Self {
        let mut ready = Self::later(line);
        ready.line.op(LineOp::Open);
        ready
    }

    /// Waits until the line is open.
    ///
    /// # Errors
    /// The number of its failure.
    pub(super) async fn opened(&mut self) -> Result<(), RasError> {
        let failed = poll_fn(|cx| self.line.poll_event(cx, &mut ReadBuf::new(&mut [])).map(failure)).await;
        self.open = failed.is_none();
        failed.map_or(Ok(()), Err)
    }

    /// Waits, without a machine, until something happens on the line, which is opened first where that is still to be done: its
    /// machine hears of that when it is there. A port that is idle costs no more than its line.
    ///
    /// # Errors
    /// The number of its failure to open.
    pub(super) async fn waits(&mut self) -> Result<(), RasError> {
        if !self.open {
            self.line.op(LineOp::Open);
            self.opened().await?;
        }
        while self.first.is_none() {
            self.first =
                poll_fn(|cx| self.line.poll_event(cx, &mut ReadBuf::new(&mut [])).map(without_bytes)).await;
        }
        Ok(())
    }

    /// Gives the line back, so that another one may have what it held.
    pub(super) async fn close(mut self) {
        self.line.op(LineOp::Close);
        let closed = async {
            let mut is_closed = false;
            while !is_closed {
                is_closed = poll_fn(|cx| {
                    let mut none = ReadBuf::new(&mut []);
                    self.line.poll_event(cx, &mut none).map(|event| event == LineEvent::Closed)
                })
                .await;
            }
        };
        // a line that takes longer is given back all the same when it is dropped
        drop(tokio::time::timeout(CLOSE, closed).await);
    }
}

/// An event of a line without a call; there are no bytes then, and no room for any.
fn without_bytes(event: LineEvent<'_>) -> Option<LineEvent<'static>> {
    Some(match event {
        LineEvent::Opened => LineEvent::Opened,
        LineEvent::Ring { caller } => LineEvent::Ring { caller },
        LineEvent::Connected { text } => LineEvent::Connected { text },
        LineEvent::Disconnected => LineEvent::Disconnected,
        LineEvent::Failed(number) => LineEvent::Failed(number),
        LineEvent::Closed => LineEvent::Closed,
        LineEvent::Bytes(_) => return None,
    })
}

fn failure(event: LineEvent<'_>) -> Option<RasError> {
    match event {
        LineEvent::Failed(number) => Some(number),
        _ => None,
    }
}

impl Line for Ready {
    fn op(&mut self, op: LineOp) {
        if op == LineOp::Open && std::mem::take(&mut self.open) {
            self.tell = true;
        } else {
            self.line.op(op);
        }
    }

    fn poll_event<'a>(&mut self, cx: &mut Context<'_>, buf: &'a mut ReadBuf<'_>) -> Poll<LineEvent<'a>> {
        if std::mem::take(&mut self.tell) {
            return Poll::Ready(LineEvent::Opened);
        }
        if let Some(first) = self.first.take() {
            return Poll::Ready(first);
        }
        self.line.poll_event(cx, buf)
    }

    fn unsent(&self) -> usize {
        self.line.unsent()
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::Waker;

    use super::*;
    use crate::config::{PortConfig, PortLine};
    use crate::{Config, Service};

    /// Nothing is awaited between the start and the call: whoever answers has had no turn since.
    #[tokio::test]
    async fn who_calls_as_soon_as_the_service_has_started_is_answered() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("tty");
        let pool = |range: &str| range.parse().unwrap();
        let config = Config {
            state: folder.path().join("state"),
            ports: vec![
                PortConfig { calls: 3, ..PortConfig::new("line1", PortLine::Exchange("100".into())) },
                PortConfig {
                    pool: pool("10.66.0.0/24"),
                    ..PortConfig::new("line2", PortLine::Pty(link.clone()))
                },
                PortConfig {
                    pool: pool("10.67.0.0/24"),
                    ..PortConfig::new("line3", "listen:tcp:127.0.0.1:0".parse().unwrap())
                },
            ],
            ..Config::default()
        };
        let service = Service::start(config).await.unwrap();
        assert!(link.symlink_metadata().is_ok(), "a program can open it");
        assert_eq!(service.addresses().len(), 1);
        let mut callers: Vec<_> = (0..4).map(|_| service.shared().exchange.phone(None)).collect();
        for caller in &mut callers {
            caller.op(LineOp::Open);
            caller.op(LineOp::Dial("100".into()));
        }
        let mut heard = Vec::new();
        for caller in &mut callers {
            let mut memory = [0; 64];
            loop {
                let event = poll_fn(|cx| {
                    let mut buf = ReadBuf::new(&mut memory);
                    caller.poll_event(cx, &mut buf).map(|event| match event {
                        LineEvent::Connected { .. } => Some(Ok(())),
                        LineEvent::Failed(number) => Some(Err(number.0)),
                        _ => None,
                    })
                });
                if let Some(event) = event.await {
                    heard.push(event);
                    break;
                }
            }
        }
        assert_eq!(heard, [Ok(()), Ok(()), Ok(()), Err(676)], "three calls at a time");
    }

    #[tokio::test]
    async fn a_machine_hears_that_the_line_is_open_before_all_that_came_meanwhile() {
        let exchange = openras_io::line::ExchangeHandle::start(Default::default());
        let mut line = Ready::opening(exchange.phone(Some("100")));
        line.opened().await.unwrap();
        let mut caller = exchange.phone(None);
        caller.op(LineOp::Open);
        caller.op(LineOp::Dial("100".into()));
        let mut memory = [0; 64];
        {
            let mut buf = ReadBuf::new(&mut memory);
            let ring = pin!(poll_fn(|cx| caller.poll_event(cx, &mut buf).map(|_| ())));
            ring.await;
        }
        tokio::task::yield_now().await;
        line.op(LineOp::Open);
        let mut cx = Context::from_waker(Waker::noop());
        let mut buf = ReadBuf::new(&mut memory);
        assert!(matches!(line.poll_event(&mut cx, &mut buf), Poll::Ready(LineEvent::Opened)));
        let ring = poll_fn(|cx| {
            let mut buf = ReadBuf::new(&mut memory);
            line.poll_event(cx, &mut buf).map(|event| matches!(event, LineEvent::Ring { .. }))
        });
        assert!(ring.await);
    }
}
