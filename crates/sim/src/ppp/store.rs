//! The answering service: users in memory.

use std::net::Ipv4Addr;
use std::time::Duration;

use openras_ppp::ask::CallbackPolicy;
use openras_ppp::auth::verify;
use openras_ppp::{Answer, Ask, Claim, Proof, Secret, Verdict};

use super::AT_ONCE;

/// One user. The clear password is kept because CHAP-MD5 needs it.
#[derive(Clone, Debug)]
pub struct User {
    /// As claimed on the wire.
    pub name: String,
    /// The password that counts now.
    pub password: Secret,
    /// The password must be changed before anything else.
    pub expired: bool,
    /// Callback.
    pub callback: CallbackPolicy,
}

/// Users, one address to give away, and what was asked.
#[derive(Clone, Debug)]
pub struct Store {
    /// Who may come in.
    pub users: Vec<User>,
    /// Callback of a caller that nobody asked for a name.
    pub nameless: CallbackPolicy,
    /// The address a caller gets.
    pub address: Option<Ipv4Addr>,
    /// Number of claims that were checked.
    pub claims: u32,
}

impl Store {
    /// The user of this name.
    pub fn user(&self, name: &str) -> Option<&User> {
        self.users.iter().find(|user| user.name == name)
    }

    pub(super) fn answer(&mut self, ask: Ask) -> Option<(Duration, Answer)> {
        let answer = match ask {
            Ask::Verify(claim) => Answer::Verdict(self.verdict(&claim)),
            Ask::Admit { name, .. } => Answer::Admit(match name.and_then(|name| self.user(&name).cloned()) {
                Some(user) => user.callback,
                None => self.nameless.clone(),
            }),
            Ask::CallbackTo { number } => Answer::CallbackTo(
                Some(number).filter(|number| number.bytes().all(|digit| digit.is_ascii_digit())),
            ),
            Ask::Address { .. } => Answer::Address(self.address),
            Ask::Credentials(_) | Ask::NewPassword(_) | Ask::CallbackNumber(_) => return None,
        };
        Some((AT_ONCE, answer))
    }

    /// The verdict on a claim; a proven change of password is stored before it is accepted.
    pub fn verdict(&mut self, claim: &Claim) -> Verdict {
        self.claims += 1;
        let Some(user) = self.users.iter_mut().find(|user| user.name == claim.name) else {
            return refuse(691);
        };
        let hash = verify::nt_hash(&user.password);
        let proof = &claim.proof;
        let (new, response) = match proof {
            Proof::Pap { password } if *password == user.password => (None, None),
            Proof::ChapMd5 { .. } if verify::verify_chap_md5(&user.password, claim.identifier, proof) => {
                (None, None)
            }
            Proof::MsChapV1 { .. } if verify::verify_mschap_v1(&hash, proof) => (None, None),
            Proof::MsChapV2 { .. } => match verify::verify_mschap_v2(&hash, &claim.raw_name, proof) {
                Some(response) => (None, Some(response)),
                None => return refuse(691),
            },
            Proof::ChangeV1 { .. } => match verify::change_v1(&hash, proof) {
                Ok(new) => (Some(new), None),
                Err(_) => return refuse(709),
            },
            Proof::ChangeV2 { .. } => match verify::change_v2(&hash, &claim.raw_name, proof) {
                Ok((new, response)) => (Some(new), Some(response)),
                Err(_) => return refuse(709),
            },
            _ => return refuse(691),
        };
        if let Some(new) = new {
            user.password = new.clear.clone();
            user.expired = false;
        }
        if user.expired {
            return refuse(648);
        }
        Verdict::Accept { authenticator_response: response, message: "Welcome".to_owned() }
    }
}

fn refuse(error: u32) -> Verdict {
    Verdict::Refuse { error, retry: error == 691, challenge: None, message: String::new() }
}
