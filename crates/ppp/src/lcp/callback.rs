//! Callback, RFC 1570 §2.3, of which only operation 6 is used: the rest is decided later by CBCP.

use crate::wire::emit_option;

/// Its type.
pub(crate) const KIND: u8 = 13;
/// The location is decided by CBCP.
const BY_CBCP: u8 = 6;

pub(crate) fn emit(out: &mut Vec<u8>) {
    emit_option(KIND, &[BY_CBCP], out);
}

/// Whether the option asks for CBCP; a message after the operation is ignored there.
pub(crate) fn wants_cbcp(data: &[u8]) -> bool {
    data.first() == Some(&BY_CBCP)
}
