//! The line of an Interactive pause: what the other end says, what is typed, and going on in the right order.

use std::time::Duration;

use openras_api::types::CallId;
use openras_api::types::connection::Resume;
use openras_api::{Client, Problem};
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::{mpsc, oneshot};

use openras_api::client::Stream;

/// Pieces that may wait for a line that takes none, before the keyboard is not read any more.
const WAITING: usize = 16;
/// How long the service may take to have the last bytes before PPP begins all the same.
const LAST_BYTES: Duration = Duration::from_secs(2);

/// What is to be done with the line, in order.
enum Typed {
    Bytes(Vec<u8>),
    Resume(Box<Resume>),
}

/// The terminal of a pause, while there is one.
#[derive(Default)]
pub(crate) struct Terminal {
    reader: Option<ReadHalf<Stream>>,
    typed: Option<mpsc::Sender<Typed>>,
    /// Tells the writer that the service has closed its side.
    over: Option<oneshot::Sender<()>>,
}

impl Terminal {
    /// Takes the line of a pause.
    ///
    /// # Errors
    /// 756: the pause is over already.
    pub(crate) async fn open(
        client: &Client,
        call: CallId,
        replies: mpsc::Sender<Result<(), Problem>>,
    ) -> Result<Self, Problem> {
        let (reader, writer) = tokio::io::split(client.terminal(call).await?);
        let (typed, receiver) = mpsc::channel(WAITING);
        let (over, ended) = oneshot::channel();
        tokio::spawn(write(writer, receiver, ended, client.clone(), call, replies));
        Ok(Self { reader: Some(reader), typed: Some(typed), over: Some(over) })
    }

    /// Whether there is one, on which something can still be typed.
    pub(crate) fn is_open(&self) -> bool {
        self.typed.is_some()
    }

    /// Whether more can be typed now.
    pub(crate) fn has_room(&self) -> bool {
        self.typed.as_ref().is_none_or(|typed| typed.capacity() > 0)
    }

    /// The next bytes of the other end. Waits for ever where there is no terminal.
    pub(crate) async fn read(&mut self) -> Vec<u8> {
        while let Some(reader) = &mut self.reader {
            let mut bytes = Vec::with_capacity(4096);
            match reader.read_buf(&mut bytes).await {
                Ok(1..) => return bytes,
                Ok(0) | Err(_) => self.close(),
            }
        }
        std::future::pending().await
    }

    /// What the other end said before the pause was over: to be shown before what came after it.
    pub(crate) async fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        if let Some(reader) = &mut self.reader {
            // the service closes its side with the pause
            let _ = tokio::time::timeout(LAST_BYTES, reader.read_to_end(&mut rest)).await;
        }
        self.close();
        rest
    }

    /// Types bytes; what has no room is not taken.
    pub(crate) fn type_bytes(&self, bytes: Vec<u8>) -> bool {
        self.typed.as_ref().is_some_and(|typed| typed.try_send(Typed::Bytes(bytes)).is_ok())
    }

    /// Goes on with PPP, behind all that was typed.
    pub(crate) fn resume(&mut self, resume: Resume) -> bool {
        let typed = self.typed.take();
        typed.is_some_and(|typed| typed.try_send(Typed::Resume(Box::new(resume))).is_ok())
    }

    fn close(&mut self) {
        self.reader = None;
        self.typed = None;
        if let Some(over) = self.over.take() {
            // a writer that has gone waits for nothing
            let _ = over.send(());
        }
    }
}

async fn write(
    mut line: WriteHalf<Stream>,
    mut typed: mpsc::Receiver<Typed>,
    over: oneshot::Receiver<()>,
    client: Client,
    call: CallId,
    replies: mpsc::Sender<Result<(), Problem>>,
) {
    while let Some(next) = typed.recv().await {
        match next {
            // a line that takes nothing more ends the pause, which is told as an event
            Typed::Bytes(bytes) => drop(line.write_all(&bytes).await),
            Typed::Resume(resume) => {
                // the service has all that was typed when it closes its side too
                drop(line.shutdown().await);
                let _ = tokio::time::timeout(LAST_BYTES, over).await;
                let _ = replies.send(client.resume(call, &resume).await).await;
                return;
            }
        }
    }
}
