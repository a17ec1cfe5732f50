//! The service's socket, by raw bytes over real sockets: what clients may do, what they cannot break, and that calls
//! outlive them.

mod bad_input;
mod descriptors;
mod dial;
mod lab;
mod pauses;
mod place;
mod watching;
