//! Address-and-Control-Field-Compression, RFC 1661 §6.6. A boolean: present or not, never Nak'd.

use crate::wire::emit_option;

/// Its type.
pub(crate) const KIND: u8 = 8;

pub(crate) fn emit(out: &mut Vec<u8>) {
    emit_option(KIND, &[], out);
}
