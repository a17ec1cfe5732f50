//! client
/// c
pub struct Client;
