//! Passwords: what is kept of one, and the Argon2id hash for PAP.

use argon2::{Algorithm, Argon2, Params, Version};
use openras_ppp::Secret;
use openras_ppp::auth::verify::nt_hash;
use zeroize::Zeroizing;

use super::vault::{Kind, Vault, random};
use super::{Keep, StoreError};

const SALT: usize = 16;
const HASH: usize = 32;
/// Most memory a stored hash may ask for, in KiB: a damaged record must not take the machine's.
const MOST_MEMORY: u32 = 1 << 20;

/// What the store keeps of one password; kinds that are not kept are `None`.
pub(super) struct Kept {
    pub(super) argon: Option<Vec<u8>>,
    pub(super) nt: Option<Vec<u8>>,
    pub(super) clear: Option<Vec<u8>>,
}

impl Kept {
    /// Hashes and seals a password for a user. Takes some 20 ms where the Argon2id hash is kept.
    pub(super) fn of(vault: &Vault, user: i64, password: &Secret, keep: Keep) -> Result<Self, StoreError> {
        let seal = |kind, secret: &Secret| vault.seal(user, kind, secret);
        Ok(Self {
            argon: if keep.argon { Some(argon(password)?) } else { None },
            nt: if keep.nt { Some(seal(Kind::Nt, &nt_secret(password))?) } else { None },
            clear: if keep.clear { Some(seal(Kind::Clear, password)?) } else { None },
        })
    }
}

fn nt_secret(password: &Secret) -> Secret {
    Secret::new(Zeroizing::new(nt_hash(password)).as_slice())
}

/// Says why a password cannot be one: too short for the policy, or too long for the protocols.
///
/// PAP counts its octets in one octet; MS-CHAP's change packet has room for 256 UTF-16 units.
pub(super) fn acceptable(password: &Secret, least: u32) -> Result<(), String> {
    let text =
        std::str::from_utf8(password.expose()).map_err(|_| "the password is not UTF-8 text".to_owned())?;
    let characters = text.chars().count();
    if characters < least.max(1) as usize {
        return Err(format!("the password is too short: at least {least} characters"));
    }
    if text.len() > 255 || text.encode_utf16().count() > 256 {
        return Err("the password is too long: at most 255 bytes".into());
    }
    if text.contains(['\0', '\r', '\n']) {
        return Err("the password holds a line end or a NUL".into());
    }
    Ok(())
}

/// Algorithm version, memory in KiB, passes, lanes, salt, hash.
fn argon(password: &Secret) -> Result<Vec<u8>, StoreError> {
    let params = Params::default();
    let salt = random::<SALT>()?;
    let hash = hash(&params, password.expose(), &salt)?;
    let mut stored = vec![1];
    for number in [params.m_cost(), params.t_cost(), params.p_cost()] {
        stored.extend(number.to_be_bytes());
    }
    stored.extend(salt);
    stored.extend(hash.as_slice());
    Ok(stored)
}

/// Whether the password is the one that was hashed. `None` does the work of a real check and is false.
pub(super) fn argon_is(stored: Option<&[u8]>, password: &Secret) -> Result<bool, StoreError> {
    let Some(stored) = stored else {
        hash(&Params::default(), password.expose(), &[0; SALT])?;
        return Ok(false);
    };
    let damaged = || StoreError::Corrupt("a stored password hash is damaged".into());
    let (params, salt, expected) = split(stored).ok_or_else(damaged)?;
    let found = hash(&params, password.expose(), salt)?;
    Ok(Secret::new(found.as_slice()) == Secret::new(expected))
}

fn split(stored: &[u8]) -> Option<(Params, &[u8; SALT], &[u8; HASH])> {
    let rest = stored.strip_prefix(&[1])?;
    let (memory, rest) = rest.split_first_chunk()?;
    let (passes, rest) = rest.split_first_chunk()?;
    let (lanes, rest) = rest.split_first_chunk()?;
    let (salt, hash) = rest.split_first_chunk()?;
    let memory = Some(u32::from_be_bytes(*memory)).filter(|m| *m <= MOST_MEMORY)?;
    let (passes, lanes) = (u32::from_be_bytes(*passes), u32::from_be_bytes(*lanes));
    if passes > 64 || lanes > 64 {
        return None;
    }
    Some((Params::new(memory, passes, lanes, None).ok()?, salt, hash.try_into().ok()?))
}

fn hash(params: &Params, password: &[u8], salt: &[u8; SALT]) -> Result<Zeroizing<[u8; HASH]>, StoreError> {
    fill(&Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone()), password, salt)
}

/// The hash of a recovery code. It depends on the store's key, so that the database alone tells nothing about the
/// codes, which are shorter than good passwords.
pub(super) fn recovery_hash(
    vault: &Vault,
    code: &Secret,
    salt: &[u8; SALT],
) -> Result<Zeroizing<[u8; HASH]>, StoreError> {
    let argon =
        Argon2::new_with_secret(vault.pepper(), Algorithm::Argon2id, Version::V0x13, Params::default());
    let argon = argon.map_err(|e| StoreError::Corrupt(format!("Argon2 takes no key ({e})")))?;
    fill(&argon, code.expose(), salt)
}

fn fill(argon: &Argon2<'_>, text: &[u8], salt: &[u8; SALT]) -> Result<Zeroizing<[u8; HASH]>, StoreError> {
    let mut out = Zeroizing::new([0; HASH]);
    let done = argon.hash_password_into(text, salt, out.as_mut_slice());
    done.map_err(|e| StoreError::Corrupt(format!("Argon2 failed ({e})")))?;
    Ok(out)
}
