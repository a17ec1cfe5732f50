//! The questions a dial may ask, each with what answers it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use openras_api::Problem;
use openras_api::client::Stream;
use openras_api::types::connection::Resume;
use openras_api::types::event::State;
use openras_engine::ConnState;
use openras_ppp::Secret;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};

use crate::Error;
use crate::dialling::{Dialling, Step};

/// How long the service may take to have the last typed bytes before PPP begins all the same.
const LAST_BYTES: Duration = Duration::from_secs(2);

/// A dial stands still and asks. Dropped unanswered, the call is hung up; unanswered for ten minutes, it ends with 638.
#[must_use = "a pause that is dropped unanswered hangs up"]
#[derive(Debug)]
pub enum Pause<'a> {
    /// RASCS_Interactive: the other end talks, or the dial was told to wait here.
    Interactive(Terminal<'a>),
    /// RASCS_RetryAuthentication: refused, and another try is allowed.
    RetryAuthentication(Retry<'a>),
    /// RASCS_CallbackSetByCaller: the server offers to call back at a number.
    CallbackSetByCaller(Callback<'a>),
    /// RASCS_PasswordExpired: the password must be changed.
    PasswordExpired(Expired<'a>),
}

impl<'a> Pause<'a> {
    /// The pause of this state that asks for something.
    pub(crate) fn question(state: State, dialling: &'a mut Dialling) -> Step<'a> {
        let conn = state.conn_state();
        let known =
            [ConnState::RETRY_AUTHENTICATION, ConnState::CALLBACK_SET_BY_CALLER, ConnState::PASSWORD_EXPIRED];
        if !known.contains(&conn) {
            return Step::State(state);
        }
        let question = Question { dialling, state, answered: false };
        Step::Paused(match conn {
            ConnState::RETRY_AUTHENTICATION => Self::RetryAuthentication(Retry { question }),
            ConnState::CALLBACK_SET_BY_CALLER => Self::CallbackSetByCaller(Callback { question }),
            _ => Self::PasswordExpired(Expired { question }),
        })
    }

    /// The Interactive pause with its line.
    pub(crate) fn terminal(state: State, stream: Stream, dialling: &'a mut Dialling) -> Step<'a> {
        let question = Question { dialling, state, answered: false };
        Step::Paused(Self::Interactive(Terminal { stream, before: Vec::new(), question }))
    }

    /// The state as it was told, with its error.
    pub fn state(&self) -> &State {
        match self {
            Self::Interactive(terminal) => &terminal.question.state,
            Self::RetryAuthentication(retry) => &retry.question.state,
            Self::CallbackSetByCaller(callback) => &callback.question.state,
            Self::PasswordExpired(expired) => &expired.question.state,
        }
    }
}

/// Other credentials are asked for.
#[must_use = "a pause that is dropped unanswered hangs up"]
#[derive(Debug)]
pub struct Retry<'a> {
    question: Question<'a>,
}

impl Retry<'_> {
    /// Why the last ones were refused, such as 691.
    pub fn error(&self) -> Option<&Problem> {
        self.question.state.error.as_ref()
    }

    /// Tries again with these.
    ///
    /// # Errors
    /// 6 or 756: the dial is over or has gone on; else what the service refuses, and the pause stays.
    pub async fn resume(
        &mut self,
        user: impl Into<String>,
        password: impl Into<Secret>,
    ) -> Result<(), Error> {
        let password = password.into().into();
        let resume = Resume { user: Some(user.into()), password: Some(password), ..Resume::default() };
        self.question.resume(resume).await
    }
}

/// A new password is asked for.
#[must_use = "a pause that is dropped unanswered hangs up"]
#[derive(Debug)]
pub struct Expired<'a> {
    question: Question<'a>,
}

impl Expired<'_> {
    /// Why, usually 648.
    pub fn error(&self) -> Option<&Problem> {
        self.question.state.error.as_ref()
    }

    /// Changes the password to this one.
    ///
    /// # Errors
    /// As [`Retry::resume`].
    pub async fn resume(&mut self, password: impl Into<Secret>) -> Result<(), Error> {
        let password = password.into().into();
        self.question.resume(Resume { password: Some(password), ..Resume::default() }).await
    }
}

/// A number to be called back at is asked for.
#[must_use = "a pause that is dropped unanswered hangs up"]
#[derive(Debug)]
pub struct Callback<'a> {
    question: Question<'a>,
}

impl Callback<'_> {
    /// Is called back at this number; an empty one is no callback.
    ///
    /// # Errors
    /// 704: it is no number; else as [`Retry::resume`].
    pub async fn resume(&mut self, number: impl Into<String>) -> Result<(), Error> {
        let number = number.into();
        self.question.resume(Resume { callback_number: Some(number), ..Resume::default() }).await
    }
}

/// The line of an Interactive pause as raw bytes. It ends (reads 0 bytes) when the pause is over, also by PPP frames
/// of the other end; what was written is on the line before PPP begins.
#[must_use = "a pause that is dropped unanswered hangs up"]
#[derive(Debug)]
pub struct Terminal<'a> {
    stream: Stream,
    /// What the other end said before the line was ours, and was not read yet.
    before: Vec<u8>,
    question: Question<'a>,
}

impl Terminal<'_> {
    /// Goes on with PPP, behind all that was written.
    ///
    /// # Errors
    /// As [`Retry::resume`].
    pub async fn go_on(&mut self) -> Result<(), Error> {
        // the service has all that was written when it closes its side too; a stream that broke has nothing more
        let _ = self.stream.shutdown().await;
        let _ = tokio::time::timeout(LAST_BYTES, self.stream.read_to_end(&mut Vec::new())).await;
        self.question.resume(Resume::default()).await
    }

    /// Takes what came as events into `before`. Ready when some is there.
    fn poll_before(&mut self, context: &mut Context<'_>) -> Poll<()> {
        while self.before.is_empty() {
            match ready!(self.question.dialling.poll_terminal_event(context)) {
                Some(data) => self.before = STANDARD.decode(data).unwrap_or_default(),
                None => return Poll::Pending,
            }
        }
        Poll::Ready(())
    }
}

impl AsyncRead for Terminal<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.poll_before(context).is_ready() {
            let n = self.before.len().min(buffer.remaining());
            buffer.put_slice(&self.before.drain(..n).collect::<Vec<_>>());
            return Poll::Ready(Ok(()));
        }
        let (before, room) = (buffer.filled().len(), buffer.remaining());
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        if room > 0 && buffer.filled().len() == before {
            // the pause is over by itself
            self.question.answered = true;
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Terminal<'_> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// What every pause has in common: a dial that must be answered.
#[derive(Debug)]
struct Question<'a> {
    dialling: &'a mut Dialling,
    state: State,
    answered: bool,
}

impl Question<'_> {
    async fn resume(&mut self, resume: Resume) -> Result<(), Error> {
        // the answer shows that the question was seen
        self.dialling.seen().await;
        let dialled = &self.dialling.dialled;
        let resume = Resume { notifier: dialled.notifier.clone(), ..resume };
        self.dialling.client.resume(dialled.id, &resume).await?;
        self.answered = true;
        Ok(())
    }
}

impl Drop for Question<'_> {
    fn drop(&mut self) {
        // outside a runtime nobody can ask; the service's own limit ends the pause then
        if let (false, Ok(runtime)) = (self.answered, tokio::runtime::Handle::try_current()) {
            let (client, id) = (self.dialling.client.clone(), self.dialling.dialled.id);
            runtime.spawn(async move { client.hangup(id).await });
        }
    }
}
