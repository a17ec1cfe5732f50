//! `Port`: any order of inputs while a real dial is at the other end of its line.

use super::call;
use crate::wire::Side;

/// Runs the body.
pub fn run(data: &[u8]) {
    call::run(data, Side::Server);
}
