//! The options of the Link Control Protocol, RFC 1661 §6. One file per option.

pub(crate) mod accm;
pub(crate) mod acfc;
pub(crate) mod auth;
pub(crate) mod callback;
pub(crate) mod magic;
pub(crate) mod mru;
pub(crate) mod pfc;
#[cfg(test)]
mod tests;

use rand_chacha::ChaCha12Rng;

use crate::config::{AuthMethod, Config, Role};
use crate::event::DownReason;
use crate::negotiator::{ControlProtocol, Verdict};
use crate::wire::{Protocol, RawOption};

use accm::Accm;
use auth::{AuthProtocol, method_text};
use magic::{LoopDetector, Magic};
use mru::Mru;

/// The values one end's Configure-Request names, defaults where it names none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LinkValues {
    pub(crate) mru: Mru,
    pub(crate) accm: Accm,
    /// How its sender wants to authenticate the other end.
    pub(crate) auth: Option<AuthMethod>,
    pub(crate) magic: Magic,
    pub(crate) pfc: bool,
    pub(crate) acfc: bool,
    pub(crate) callback: bool,
}

impl LinkValues {
    pub(crate) const DEFAULT: Self = Self {
        mru: Mru::DEFAULT,
        accm: Accm::DEFAULT,
        auth: None,
        magic: Magic::NONE,
        pfc: false,
        acfc: false,
        callback: false,
    };
}

/// LCP's half of the negotiation.
pub(crate) struct Lcp {
    /// What we ask for now.
    pub(crate) ours: LinkValues,
    /// What the peer's last judged request asks for.
    pub(crate) theirs: LinkValues,
    /// Our own packets that come back.
    pub(crate) looped: LoopDetector,
    /// The negotiation cannot succeed; the link ends with this.
    pub(crate) hopeless: Option<Box<DownReason>>,
    /// The method the peer last wanted of us and we refused.
    pub(crate) refused: Option<String>,
    /// The peer has rejected Magic-Number.
    magic_rejected: bool,
    /// Most we can receive, and the map we need at least.
    most: Mru,
    needed: Accm,
    /// Methods for authenticating the peer that it has not turned down.
    methods: Vec<AuthMethod>,
    /// Methods we let the peer use, most preferred first; empty without credentials.
    allowed: Vec<AuthMethod>,
    /// How many of `allowed` we have suggested.
    suggested: usize,
    callback_welcome: bool,
}

impl Lcp {
    pub(crate) fn new(config: &Config) -> Self {
        let lcp = &config.lcp;
        let ours = LinkValues {
            mru: Mru(lcp.mru),
            accm: Accm(lcp.accm),
            auth: config.authenticate_peer.first().copied(),
            magic: Magic::NONE,
            pfc: lcp.pfc,
            acfc: lcp.acfc,
            callback: config.callback.enabled && config.role == Role::Caller,
        };
        let allowed = match config.credentials {
            Some(_) => config.authenticate_us.clone(),
            None => Vec::new(),
        };
        Self {
            ours,
            theirs: LinkValues::DEFAULT,
            looped: LoopDetector::default(),
            hopeless: None,
            refused: None,
            magic_rejected: false,
            most: ours.mru,
            needed: ours.accm,
            methods: config.authenticate_peer.clone(),
            allowed,
            suggested: 0,
            callback_welcome: config.callback.enabled,
        }
    }

    /// LCP has opened. What the peer got is the least it gets from now on: if it negotiates anew after a failure, no
    /// weaker method is tried (defence rule 4).
    pub(crate) fn opened(&mut self) {
        self.refused = None;
        let agreed =
            self.theirs.auth.and_then(|agreed| self.allowed.iter().position(|method| *method == agreed));
        if let Some(agreed) = agreed {
            self.allowed.truncate(agreed + 1);
        }
    }

    /// CBCP follows if either direction has agreed on it.
    pub(crate) fn callback_agreed(&self) -> bool {
        self.ours.callback || self.theirs.callback
    }

    fn judge_auth(&mut self, option: RawOption<'_>, nak: &mut Vec<u8>) -> Verdict {
        let wanted = AuthProtocol::parse(option.data);
        let method = wanted.ok().and_then(AuthProtocol::method);
        if let Some(method) = method.filter(|method| self.allowed.contains(method)) {
            self.theirs.auth = Some(method);
            self.refused = None;
            return Verdict::Ack;
        }
        self.refused = Some(wanted.map_or_else(|_| "nothing readable".to_owned(), AuthProtocol::text));
        let next = self.suggested.checked_rem(self.allowed.len()).and_then(|next| self.allowed.get(next));
        match next {
            Some(method) => {
                self.suggested += 1;
                AuthProtocol::emit(*method, nak);
                Verdict::Nak
            }
            None => Verdict::Reject,
        }
    }

    fn judge_magic(&mut self, option: RawOption<'_>, rng: &mut ChaCha12Rng, nak: &mut Vec<u8>) -> Verdict {
        let theirs = Magic::parse(option.data).unwrap_or(Magic::NONE);
        if let Some(other) = self.looped.request(theirs, self.ours.magic, rng) {
            other.emit(nak);
            if self.looped.is_loop() {
                self.hopeless = Some(Box::new(DownReason::Loopback));
            }
            return if theirs == Magic::NONE { Verdict::Nak } else { Verdict::Insist };
        }
        self.theirs.magic = theirs;
        Verdict::Ack
    }

    fn judge_mru(&mut self, option: RawOption<'_>, nak: &mut Vec<u8>) -> Verdict {
        match Mru::parse(option.data) {
            Ok(mru) if mru >= Mru::FLOOR => {
                self.theirs.mru = mru;
                Verdict::Ack
            }
            Ok(_) => {
                Mru::FLOOR.emit(nak);
                Verdict::Nak
            }
            Err(_) => {
                Mru::DEFAULT.emit(nak);
                Verdict::Nak
            }
        }
    }

    fn judge_accm(&mut self, option: RawOption<'_>, nak: &mut Vec<u8>) -> Verdict {
        match Accm::parse(option.data) {
            Ok(accm) => {
                self.theirs.accm = accm;
                Verdict::Ack
            }
            Err(_) => {
                self.needed.emit(nak);
                Verdict::Nak
            }
        }
    }

    fn judge_callback(&mut self, option: RawOption<'_>, nak: &mut Vec<u8>) -> Verdict {
        if !self.callback_welcome {
            return Verdict::Reject;
        }
        if callback::wants_cbcp(option.data) {
            self.theirs.callback = true;
            return Verdict::Ack;
        }
        callback::emit(nak);
        Verdict::Nak
    }

    /// The peer will not be authenticated by what we asked for: its suggestion if that is allowed, else the
    /// next of ours, never anything outside the list (defence rule 4).
    fn auth_naked(&mut self, option: RawOption<'_>) {
        let Some(refused) = self.ours.auth else { return };
        self.methods.retain(|method| *method != refused);
        let wanted = AuthProtocol::parse(option.data);
        let suggestion = wanted.ok().and_then(AuthProtocol::method);
        let next = suggestion.filter(|method| self.methods.contains(method));
        match next.or(self.methods.first().copied()) {
            Some(method) => self.ours.auth = Some(method),
            None => {
                let text = wanted.map_or_else(|_| "nothing readable".to_owned(), AuthProtocol::text);
                self.hopeless = Some(Box::new(DownReason::AuthMethodRefused(text)));
            }
        }
    }
}

impl ControlProtocol for Lcp {
    const PROTOCOL: Protocol = Protocol::LCP;

    fn request(&mut self, rng: &mut ChaCha12Rng, out: &mut Vec<u8>) {
        let ours = &mut self.ours;
        if ours.mru != Mru::DEFAULT {
            ours.mru.emit(out);
        }
        if ours.accm != Accm::DEFAULT {
            ours.accm.emit(out);
        }
        if let Some(method) = ours.auth {
            AuthProtocol::emit(method, out);
        }
        if !self.magic_rejected {
            if ours.magic == Magic::NONE {
                ours.magic = Magic::random(rng, Magic::NONE);
            }
            ours.magic.emit(out);
        }
        if ours.pfc {
            pfc::emit(out);
        }
        if ours.acfc {
            acfc::emit(out);
        }
        if ours.callback {
            callback::emit(out);
        }
    }

    fn begin(&mut self) {
        self.theirs = LinkValues::DEFAULT;
    }

    fn judge(&mut self, option: RawOption<'_>, rng: &mut ChaCha12Rng, nak: &mut Vec<u8>) -> Verdict {
        match option.kind {
            Mru::KIND => self.judge_mru(option, nak),
            Accm::KIND => self.judge_accm(option, nak),
            AuthProtocol::KIND => self.judge_auth(option, nak),
            Magic::KIND => self.judge_magic(option, rng, nak),
            pfc::KIND if option.data.is_empty() => {
                self.theirs.pfc = true;
                Verdict::Ack
            }
            acfc::KIND if option.data.is_empty() => {
                self.theirs.acfc = true;
                Verdict::Ack
            }
            callback::KIND => self.judge_callback(option, nak),
            _ => Verdict::Reject,
        }
    }

    fn naked(&mut self, option: RawOption<'_>, rng: &mut ChaCha12Rng) {
        match option.kind {
            Mru::KIND => {
                if let Ok(mru) = Mru::parse(option.data) {
                    self.ours.mru = mru.clamp(Mru::FLOOR.min(self.most), self.most);
                }
            }
            Accm::KIND => {
                if let Ok(accm) = Accm::parse(option.data) {
                    self.ours.accm = Accm(accm.0 | self.needed.0);
                }
            }
            AuthProtocol::KIND => self.auth_naked(option),
            // a peer that has rejected ours gets none, whatever it asks for now
            Magic::KIND if self.magic_rejected => {}
            Magic::KIND => {
                self.looped.nak(Magic::parse(option.data).unwrap_or(Magic::NONE));
                self.ours.magic = Magic::random(rng, self.ours.magic);
            }
            // booleans and an operation we do not know: do without
            pfc::KIND => self.ours.pfc = false,
            acfc::KIND => self.ours.acfc = false,
            callback::KIND => self.ours.callback = false,
            _ => {}
        }
    }

    fn rejected(&mut self, option: RawOption<'_>) {
        match option.kind {
            Mru::KIND => self.ours.mru = Mru::DEFAULT,
            Accm::KIND => self.ours.accm = Accm::DEFAULT,
            // our own Reject come back from a looped line, which the magic number will show (§6.4)
            AuthProtocol::KIND if self.looped.suspects() => {}
            AuthProtocol::KIND => {
                let wanted = self.ours.auth.map_or("", method_text);
                self.hopeless = Some(Box::new(DownReason::AuthMethodRefused(wanted.to_owned())));
            }
            Magic::KIND => {
                self.magic_rejected = true;
                self.ours.magic = Magic::NONE;
            }
            pfc::KIND => self.ours.pfc = false,
            acfc::KIND => self.ours.acfc = false,
            callback::KIND => self.ours.callback = false,
            _ => {}
        }
    }
}
