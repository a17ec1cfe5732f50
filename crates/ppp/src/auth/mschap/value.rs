//! The 49-octet Response values of MS-CHAPv1 (RFC 2433 §6) and v2 (RFC 2759 §4).

/// Octets of a Response value in both versions.
pub(in crate::auth) const SIZE: usize = 49;

/// MS-CHAPv1 Response value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::auth) struct ResponseV1 {
    /// LAN Manager response; we send zeros.
    pub(in crate::auth) lm_response: [u8; 24],
    /// NT response.
    pub(in crate::auth) nt_response: [u8; 24],
    /// 1 = use the NT response.
    pub(in crate::auth) flags: u8,
}

impl ResponseV1 {
    /// `None` unless there are exactly 49 octets.
    pub(in crate::auth) fn parse(value: &[u8]) -> Option<Self> {
        let (&lm_response, rest) = value.split_first_chunk()?;
        let (&nt_response, rest) = rest.split_first_chunk()?;
        let &[flags] = rest else { return None };
        Some(Self { lm_response, nt_response, flags })
    }

    /// The value as sent.
    pub(in crate::auth) fn emit(&self) -> [u8; SIZE] {
        join(&[&self.lm_response, &self.nt_response, &[self.flags]])
    }
}

/// MS-CHAPv2 Response value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::auth) struct ResponseV2 {
    /// Random octets of the client.
    pub(in crate::auth) peer_challenge: [u8; 16],
    /// NT response.
    pub(in crate::auth) nt_response: [u8; 24],
    /// 0; Windows 98 sends 4.
    pub(in crate::auth) flags: u8,
}

impl ResponseV2 {
    /// `None` unless there are exactly 49 octets; the reserved ones may hold anything.
    pub(in crate::auth) fn parse(value: &[u8]) -> Option<Self> {
        let (&peer_challenge, rest) = value.split_first_chunk()?;
        let (_reserved, rest) = rest.split_first_chunk::<8>()?;
        let (&nt_response, rest) = rest.split_first_chunk()?;
        let &[flags] = rest else { return None };
        Some(Self { peer_challenge, nt_response, flags })
    }

    /// The value as sent.
    pub(in crate::auth) fn emit(&self) -> [u8; SIZE] {
        join(&[&self.peer_challenge, &[0; 8], &self.nt_response, &[self.flags]])
    }
}

/// The parts one behind the other; they have the sizes of the value's fields.
fn join(parts: &[&[u8]]) -> [u8; SIZE] {
    let mut value = [0; SIZE];
    for (to, from) in value.iter_mut().zip(parts.iter().copied().flatten()) {
        *to = *from;
    }
    value
}
