//! Certificates as the service is given them: their text, read by whoever asks (defence rule 10).

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use openras_api::types::connection::DialTls;
use openras_ppp::Secret;
use openras_service::config::TlsTrust;

use crate::cli::Tls;
use crate::secret_file;

/// The longest file that is read, in bytes: what a request has room for.
const LONGEST: u64 = 20 * 1024;

/// What the files hold; `None` where none is named.
///
/// # Errors
/// A file that cannot be read or is too long, and a key that others can read (defence rule 13).
pub(crate) fn read(args: &Tls) -> Result<Option<DialTls>> {
    let text = |path: &Path| -> Result<String> {
        let length = std::fs::metadata(path).map_or(0, |about| about.len());
        if length > LONGEST {
            bail!("{} is longer than {LONGEST} bytes: name the certificates that are needed", path.display());
        }
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
    };
    let ca = args.tls_ca.as_deref().map(text).transpose()?;
    let certificate = args.tls_certificate.as_deref().map(text).transpose()?;
    let key = args.tls_key.as_deref().map(|path| secret_file::whole(path, LONGEST)).transpose()?;
    if ca.is_none() && certificate.is_none() {
        return Ok(None);
    }
    let key = key.unwrap_or_else(Secret::default).into();
    Ok(Some(DialTls { ca: ca.unwrap_or_default(), certificate: certificate.unwrap_or_default(), key }))
}

/// The files themselves, for a line that this process has; `None` where none is named.
///
/// # Errors
/// A key that others can read (defence rule 13).
pub(crate) fn trust(args: &Tls) -> Result<Option<TlsTrust>> {
    if let Some(key) = &args.tls_key {
        secret_file::whole(key, LONGEST)?;
    }
    let own = args.tls_certificate.clone().zip(args.tls_key.clone());
    let trust = TlsTrust { ca: args.tls_ca.clone(), own };
    Ok((trust != TlsTrust::default()).then_some(trust))
}
