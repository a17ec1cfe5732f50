//! MS-CHAP's own formats inside CHAP: values, failure and success texts, password changes (RFC 2433, 2759).

pub(super) mod change;
mod text;
mod value;

pub(super) use text::{Failure, Success};
pub(super) use value::{ResponseV1, ResponseV2};
