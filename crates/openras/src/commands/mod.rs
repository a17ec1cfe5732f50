//! One file a command.

pub(crate) mod answer;
pub(crate) mod check_config;
pub(crate) mod client;
pub(crate) mod demo;
pub(crate) mod dial;
pub(crate) mod generate;
pub(crate) mod init;
pub(crate) mod line;
pub(crate) mod module_host;
pub(crate) mod phonebook;
pub(crate) mod rasdial;
pub(crate) mod serve;
pub(crate) mod user;
pub(crate) mod why;
