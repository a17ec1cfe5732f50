//! Stories out of bytes: one octet for each small choice, so that a changed octet changes one thing.

use std::time::Duration;

use arbitrary::{Arbitrary, Unstructured};
use openras_ppp::AuthMethod;
use openras_ppp::wire::Protocol;

/// The acts of a story until its bytes are used up.
pub(super) fn acts<'a, A: Arbitrary<'a>>(mut story: Unstructured<'a>) -> impl Iterator<Item = A> {
    std::iter::from_fn(move || if story.is_empty() { None } else { story.arbitrary().ok() })
}

/// Whether the story itself says the password: then a test for it in a text would prove nothing.
pub(super) fn tells(story: &[u8], password: &str) -> bool {
    story.windows(password.len()).any(|part| part == password.as_bytes())
}

/// One octet; 0 where there is none.
pub(super) fn octet(story: &mut Unstructured<'_>) -> u8 {
    story.arbitrary().unwrap_or(0)
}

/// Some octets behind their length, at most 255.
pub(super) fn octets(story: &mut Unstructured<'_>) -> Vec<u8> {
    let length = usize::from(octet(story)).min(story.len());
    story.bytes(length).unwrap_or_default().to_vec()
}

/// A bit of an octet.
pub(super) fn bit(octet: u8, bit: u8) -> bool {
    octet >> bit & 1 == 1
}

/// Small times and long ones: up to 4 s in steps of 16 ms, or up to about 10 minutes.
pub(super) fn time(octet: u8) -> Duration {
    match octet {
        0..=199 => Duration::from_millis(u64::from(octet) * 20),
        _ => Duration::from_secs(u64::from(octet - 199) * 11),
    }
}

/// The methods whose bits are set, strongest first.
pub(super) fn methods(bits: u8) -> Vec<AuthMethod> {
    let all = [AuthMethod::MsChapV2, AuthMethod::MsChapV1, AuthMethod::ChapMd5, AuthMethod::Pap];
    all.into_iter().zip(0..).filter(|(_, place)| bit(bits, *place)).map(|(method, _)| method).collect()
}

/// A protocol that means something here, or one that does not.
pub(super) fn protocol(octet: u8) -> Protocol {
    const ALL: [u16; 12] =
        [0xc021, 0xc223, 0xc023, 0xc029, 0x8021, 0x8057, 0x0021, 0x0057, 0x80fd, 0xc227, 0x002d, 0x4321];
    Protocol(ALL.get(usize::from(octet) % ALL.len()).copied().unwrap_or(0xc021))
}
