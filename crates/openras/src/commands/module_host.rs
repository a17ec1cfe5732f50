//! `openras module-host`: becomes the process of a security library, as the service runs them.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

use anyhow::{Context as _, Result};
use openras_modules::process::HostParts;

use crate::cli::ModuleHost;

/// Becomes `openras-module-host`; comes back only where that cannot be.
pub(crate) fn run(args: &ModuleHost) -> Result<u8> {
    let parts = HostParts { program: args.host.clone(), library: args.libopenras.clone() };
    let (program, library) = parts.found()?;
    let module = std::path::absolute(&args.module).unwrap_or_else(|_| args.module.clone());
    let mut command = Command::new(&program);
    command.args(args.check.then_some("--check")).arg(library).arg(module);
    Err(command.exec()).with_context(|| format!("{} cannot be run", program.display()))
}
