//! CSLIP behind a login, with any octets on the line and any packets for it: nothing but whole IP gets through.

/// Runs the body.
pub fn run(data: &[u8]) {
    super::login::run_slip(data);
}
