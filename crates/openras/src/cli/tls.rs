//! What a dial checks and shows on a line in TLS.
#![allow(rustdoc::broken_intra_doc_links, reason = "these comments are the text of --help")]

use std::path::PathBuf;

use clap::Args;

/// Options of lines that begin with `tls:` or `wss:`.
#[derive(Debug, Default, Args)]
pub(crate) struct Tls {
    /// On tls: and wss: lines: believe what these certificates (PEM) have signed, instead of those the system believes
    #[arg(long, value_name = "FILE")]
    pub(crate) tls_ca: Option<PathBuf>,
    /// Our certificate (PEM), for a port that asks callers for one
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_certificate: Option<PathBuf>,
    /// Its private key (PEM), in a file that others cannot read
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    pub(crate) tls_key: Option<PathBuf>,
}
