//! Pauses inside PPP: a person is asked, and the link stays alive meanwhile.

use std::time::Instant;

use openras_ppp::ask::{CallbackChoice, CallbackOffer};
use openras_ppp::{Answer, Ask, CloseReason, Down, DownReason, Event, Ppp};

use crate::client::closing::{Failure, fail};
use crate::client::context::{Context, later};
use crate::client::dial::DialParams;
use crate::client::linking::{Linking, Todo, ended};
use crate::client::params::CallbackWish;
use crate::client::phases::{Phase, Turn};
use crate::line::LineEvent;
use crate::{ConnState, RasError};

/// Why a dial waits for its client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pause {
    /// The bytes of the line go to a person.
    Interactive,
    /// The server refused the credentials, with this number, and hears others.
    RetryAuthentication(RasError),
    /// The server calls back where the caller says.
    CallbackSetByCaller,
    /// The password has expired and can be changed here.
    PasswordExpired,
}

impl Pause {
    /// The paused state that announces it.
    pub fn state(self) -> ConnState {
        match self {
            Self::Interactive => ConnState::INTERACTIVE,
            Self::RetryAuthentication(_) => ConnState::RETRY_AUTHENTICATION,
            Self::CallbackSetByCaller => ConnState::CALLBACK_SET_BY_CALLER,
            Self::PasswordExpired => ConnState::PASSWORD_EXPIRED,
        }
    }

    /// dwError of that announcement.
    pub fn error(self) -> Option<RasError> {
        match self {
            Self::Interactive | Self::CallbackSetByCaller => None,
            Self::RetryAuthentication(error) => Some(error),
            Self::PasswordExpired => Some(RasError::PASSWD_EXPIRED),
        }
    }
}

/// Waits for the second RasDial; what to resume is held, not remembered by flags.
pub(crate) struct Paused {
    why: Pause,
    /// What callback the server offers.
    offer: Option<CallbackOffer>,
    back: Box<Linking>,
    /// How often LCP had begun when the question was put.
    begun: u32,
    /// The client's input, once it is there.
    resumed: Option<Vec<Todo>>,
    pub(crate) until: Instant,
}

impl Paused {
    pub(crate) fn enter(
        why: Pause,
        offer: Option<CallbackOffer>,
        back: Box<Linking>,
        cx: &mut Context,
    ) -> Phase {
        if !cx.config.pauses {
            // only `*` comes here: refusals without pauses ended before
            return fail(cx, Failure::star_without_pauses(), Some(back.into_ppp()));
        }
        cx.announce_with(why.state(), why.error());
        let until = later(cx.now, cx.config.pause_limit);
        let begun = back.begun();
        Phase::Paused(Box::new(Self { why, offer, back, begun, resumed: None, until }))
    }

    pub(crate) fn ppp(&self) -> &Ppp {
        self.back.ppp()
    }

    pub(crate) fn into_ppp(self) -> Box<Ppp> {
        self.back.into_ppp()
    }

    pub(crate) fn line(&mut self, event: &LineEvent<'_>, cx: &mut Context) {
        self.back.line(event, cx);
    }

    pub(crate) fn tick(&mut self, cx: &mut Context) {
        self.back.tick(cx);
    }

    /// The second RasDial: takes the members that belong to this pause and leaves the others as they were.
    ///
    /// # Errors
    /// 756 if it was resumed already; 704 if the callback number is `*` again, none, or fits nothing offered. The
    /// dial stays paused then.
    pub(crate) fn resume(&mut self, params: DialParams, cx: &mut Context) -> Result<(), RasError> {
        if self.resumed.is_some() {
            return Err(RasError::DIAL_ALREADY_IN_PROGRESS);
        }
        self.resumed = Some(match self.why {
            Pause::PasswordExpired => {
                let answer = Answer::NewPassword(params.password.clone());
                cx.config.params.password = params.password;
                vec![Todo::Announce(ConnState::AUTH_CHANGE_PASSWORD), Todo::Answer(answer)]
            }
            Pause::CallbackSetByCaller => {
                let choice = self.callback(&params.callback_number)?;
                cx.config.params.callback_number = params.callback_number;
                // AuthCallback was announced before the pause and goes on: it is no new state
                cx.state = ConnState::AUTH_CALLBACK;
                vec![Todo::Answer(Answer::Callback(choice))]
            }
            Pause::RetryAuthentication(_) | Pause::Interactive => {
                let now = &mut cx.config.params;
                (now.user, now.domain, now.password) = (params.user, params.domain, params.password);
                vec![
                    Todo::Announce(ConnState::AUTH_RETRY),
                    Todo::Answer(Answer::Credentials(now.credentials())),
                ]
            }
        });
        Ok(())
    }

    fn callback(&self, number: &str) -> Result<CallbackChoice, RasError> {
        let wish = CallbackWish::parse(number)?;
        let offer = self.offer.as_ref().filter(|_| wish != CallbackWish::Ask);
        offer.and_then(|offer| wish.choose(offer)).ok_or(RasError::BAD_CALLBACK_NUMBER)
    }

    pub(crate) fn advance(mut self: Box<Self>, cx: &mut Context) -> Turn {
        let changed = self.back.hold(cx);
        if cx.is_held() {
            return Turn::Stay(Phase::Paused(self));
        }
        while let Some(news) = self.back.take_news() {
            match (news, self.why) {
                (Event::Down(down), _) => return Turn::Next(ended(gave_up(*down), cx)),
                (Event::Ask(Ask::CallbackNumber(offer)), Pause::CallbackSetByCaller) => {
                    self.offer = Some(offer)
                }
                (Event::Ask(Ask::Credentials(_)), Pause::RetryAuthentication(_))
                | (Event::Ask(Ask::NewPassword(_)), Pause::PasswordExpired) => {}
                // the server began anew and asks something else: that is another pause, or none
                (other, _) => {
                    let mut back = self.back;
                    back.first(std::iter::once(Todo::Event(other)));
                    return Turn::Next(Phase::Linking(back));
                }
            }
        }
        if let Some(resumed) = self.resumed.take() {
            let mut back = self.back;
            if back.begun() != self.begun
                && let Some(Todo::Answer(answer)) = resumed.last()
            {
                back.answer_again(answer.clone());
            }
            back.first(resumed.into_iter());
            return Turn::Next(Phase::Linking(back));
        }
        if cx.now >= self.until {
            let failure = too_long(cx).closing(CloseReason::Limit);
            return Turn::Next(fail(cx, failure, Some(self.back.into_ppp())));
        }
        if changed { Turn::Next(Phase::Paused(self)) } else { Turn::Stay(Phase::Paused(self)) }
    }
}

/// A peer that ends the call during a pause has given up, also if it began LCP anew before: 628, politely 629.
fn gave_up(mut down: Down) -> Down {
    down.reason = match down.reason {
        DownReason::LcpTimeout | DownReason::NoResponse | DownReason::AuthTimeout => DownReason::PeerGone,
        DownReason::LcpTerminated => DownReason::TerminatedByPeer,
        reason => reason,
    };
    down
}

/// Nobody answered within the limit of the pause: 638.
pub(crate) fn too_long(cx: &Context) -> Failure {
    let why = format!("The question waited {} s for an answer.", cx.config.pause_limit.as_secs());
    Failure::new(RasError::REQUEST_TIMEOUT, why)
}
