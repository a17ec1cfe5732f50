//! `openras generate`: man pages and completions, made from the definitions of the commands, so that they cannot
//! differ from `--help`.

use std::fs::File;
use std::path::Path;

use anyhow::{Context as _, Result};
use clap::{Command, CommandFactory};
use clap_complete::Shell;

use crate::cli::{Cli, Generate};
use crate::exit;

/// What a page says at its end.
const SEE_ALSO: &str = "\
.SH \"SEE ALSO\"
The manual in the folder of the documentation: operation.md, configuration.md, dial.md, phonebook.md,
security.md.
";

/// Writes what was asked for into a folder, which is made if it is not there.
pub(crate) fn run(what: &Generate) -> Result<u8> {
    let (Generate::Man { folder } | Generate::Completions { folder }) = what;
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let mut command = Cli::command();
    command.build();
    match what {
        Generate::Man { .. } => pages(&command, command.get_name(), folder)?,
        Generate::Completions { .. } => {
            for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
                clap_complete::generate_to(shell, &mut command, "openras", folder)
                    .with_context(|| format!("cannot write to {}", folder.display()))?;
            }
        }
    }
    Ok(exit::OK)
}

/// The page of a command, and of all under it: `openras-user-add.1`.
fn pages(command: &Command, name: &str, folder: &Path) -> Result<()> {
    let path = folder.join(format!("{name}.1"));
    let wrong = || format!("cannot write {}", path.display());
    let mut file = File::create(&path).with_context(wrong)?;
    let page = clap_mangen::Man::new(command.clone().disable_help_subcommand(true))
        .title(name)
        .date("")
        .source(concat!("OpenRAS ", env!("CARGO_PKG_VERSION")))
        .manual("OpenRAS");
    page.render(&mut file).with_context(wrong)?;
    std::io::Write::write_all(&mut file, SEE_ALSO.as_bytes()).with_context(wrong)?;
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set() && sub.get_name() != "help") {
        pages(sub, &format!("{name}-{}", sub.get_name()), folder)?;
    }
    Ok(())
}
