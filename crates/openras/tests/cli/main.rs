//! The real program: `serve` in one process, `dial` in another, `user` between them.

mod bad_input;
mod demo;
mod help;
mod lab;
mod lines;
mod methods;
mod pauses;
mod person;
mod rules;
mod secrets;
mod users;
