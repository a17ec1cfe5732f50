//! `openras rasdial`: for the help only. Its words are Windows', and `commands/rasdial` reads them.
#![allow(rustdoc::broken_intra_doc_links, reason = "these comments are the text of --help")]

use clap::Args;

pub(crate) const RASDIAL_HELP: &str = "\
Forms:
  rasdial                        list the connections
  rasdial ENTRY [USER [PASSWORD|*]] [SWITCH ...]
                                 dial, and leave the connection up
  rasdial [ENTRY] /DISCONNECT    hang up, or hang up all
Switches, in any case:
  /DOMAIN:D       /PHONE:NUMBER        /CALLBACK:NUMBER
  /PHONEBOOK:FILE /PREFIXSUFFIX (taken, without effect)

`*` asks for the password. One on the command line is taken off it at once,
but others may have seen it: save it with `openras phonebook`, or write `*`.
The program called by the name rasdial takes the same words.

Exit codes:
  0 done; else the low 8 bits of the RAS error number, which the last line
  names: 691 is 179, 623 is 111, 87 is a wrong command line. 768 is 255

Example:
  openras phonebook add Office --line tcp:127.0.0.1:7001 --user alice \\
      --password-file pw
  openras rasdial Office
  openras rasdial Office /disconnect";

/// `openras rasdial`.
#[derive(Debug, Args)]
pub(crate) struct Rasdial {
    /// Windows' words
    #[arg(value_name = "WORD", trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) words: Vec<String>,
}
