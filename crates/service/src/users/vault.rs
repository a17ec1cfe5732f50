//! The key of the store, and sealing with it: XChaCha20-Poly1305, bound to the user and the kind of secret.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use openras_ppp::Secret;
use zeroize::Zeroizing;

use super::StoreError;
use super::files::{Folder, open_private};

const NONCE: usize = 24;

/// What is sealed. A secret of one kind or user never opens as another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// NT hash: as good as the password for MS-CHAP.
    Nt,
    /// The password itself, for CHAP-MD5.
    Clear,
    /// TOTP seed and how codes are made of it.
    Totp,
    /// A known text by which a foreign key is noticed.
    Check,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Nt => "nt-hash",
            Self::Clear => "password",
            Self::Totp => "totp",
            Self::Check => "check",
        }
    }
}

/// Holder of the key. `Debug` shows nothing of it.
pub(super) struct Vault {
    key: Zeroizing<[u8; 32]>,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault(***)")
    }
}

impl Vault {
    /// Reads the key; makes one where there is none and `may_make` (a store without users needs none yet).
    pub(super) fn open(folder: &Folder, path: &Path, may_make: bool) -> Result<Self, StoreError> {
        match read(path) {
            Err(StoreError::File { error, .. }) if error.kind() == ErrorKind::NotFound => {
                if !may_make {
                    return Err(StoreError::Key(format!(
                        "the key file {} is missing, and the users in the store are encrypted with it; put it back from \
                         your copy, or name it by key_file",
                        path.display()
                    )));
                }
                make(folder, path)?;
                read(path)
            }
            other => other,
        }
    }

    /// Seals a secret: nonce, then the encrypted bytes.
    pub(super) fn seal(&self, user: i64, kind: Kind, secret: &Secret) -> Result<Vec<u8>, StoreError> {
        let nonce: [u8; NONCE] = random()?;
        let aad = associated(user, kind);
        let payload = Payload { msg: secret.expose(), aad: &aad };
        let sealed = self.cipher().encrypt(&XNonce::from(nonce), payload);
        let sealed = sealed.map_err(|_| StoreError::Corrupt("a secret could not be encrypted".into()))?;
        Ok([nonce.as_slice(), sealed.as_slice()].concat())
    }

    /// Opens what [`Self::seal`] made for the same user and kind.
    pub(super) fn open_sealed(&self, user: i64, kind: Kind, sealed: &[u8]) -> Result<Secret, StoreError> {
        let wrong =
            || StoreError::Corrupt(format!("the {} of user {user} does not open with this key", kind.word()));
        let (nonce, msg) = sealed.split_first_chunk::<NONCE>().ok_or_else(wrong)?;
        let aad = associated(user, kind);
        let opened = self.cipher().decrypt(&XNonce::from(*nonce), Payload { msg, aad: &aad });
        opened.map(Secret::new).map_err(|_| wrong())
    }

    /// The key itself, as Argon2's secret for recovery codes.
    pub(super) fn pepper(&self) -> &[u8] {
        self.key.as_slice()
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&Key::from(*self.key))
    }
}

fn associated(user: i64, kind: Kind) -> Vec<u8> {
    format!("openras:{user}:{}", kind.word()).into_bytes()
}

/// Bytes from the system's generator.
pub(super) fn random<const N: usize>() -> Result<[u8; N], StoreError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|e| StoreError::Corrupt(format!("the system gives no random bytes ({e})")))?;
    Ok(bytes)
}

/// 64 hexadecimal digits and a line end: short enough to keep a copy on paper.
fn read(path: &Path) -> Result<Vault, StoreError> {
    let mut text = Zeroizing::new(Vec::new());
    let file = open_private(path, OpenOptions::new().read(true))?;
    file.take(1024).read_to_end(&mut text).map_err(|e| StoreError::file("the key file", path, e))?;
    let digits = text.trim_ascii_end();
    let mut key = Zeroizing::new([0; 32]);
    let (pairs, rest) = digits.as_chunks::<2>();
    let nibble = |c: u8| char::from(c).to_digit(16).and_then(|n| u8::try_from(n).ok());
    let mut good = rest.is_empty() && pairs.len() == key.len();
    for (byte, [high, low]) in key.iter_mut().zip(pairs) {
        match (nibble(*high), nibble(*low)) {
            (Some(high), Some(low)) => *byte = high << 4 | low,
            _ => good = false,
        }
    }
    if good {
        return Ok(Vault { key });
    }
    Err(StoreError::Key(format!("{} is no key file: it does not hold 64 hexadecimal digits", path.display())))
}

/// Makes a key under another name first: a second process sees the whole key or none, and never replaces one.
fn make(folder: &Folder, path: &Path) -> Result<(), StoreError> {
    let fail = |e| StoreError::file("the key file", path, e);
    let key = Zeroizing::new(random::<32>()?);
    let mut text = Zeroizing::new(String::with_capacity(65));
    for byte in key.iter() {
        for nibble in [byte >> 4, byte & 15] {
            text.push(char::from_digit(nibble.into(), 16).unwrap_or('0'));
        }
    }
    text.push('\n');
    let draft = path.with_extension(format!("{:016x}.new", u64::from_ne_bytes(random()?)));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft).map_err(fail)?;
    let written = folder
        .give_to_owner(&file)
        .and_then(|()| file.write_all(text.as_bytes()))
        .and_then(|()| file.sync_all())
        .and_then(|()| match std::fs::hard_link(&draft, path) {
            Err(e) if e.kind() != ErrorKind::AlreadyExists => Err(e),
            _ => Ok(()),
        });
    let removed = std::fs::remove_file(&draft);
    written.and(removed).map_err(fail)
}
