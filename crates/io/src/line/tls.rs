//! TLS on a stream: the certificates of both ends, read once.

use std::fs;
use std::io::{self, Read};
use std::net::IpAddr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use openras_engine::RasError;
use openras_ppp::Secret;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{CertificateError, ClientConfig, RootCertStore, ServerConfig};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::{TlsAcceptor, TlsConnector, client, server};

use super::failure::{NO_ANSWER, ras_error};

/// The largest file of certificates that is read, in bytes.
const LARGEST: u64 = 1024 * 1024;
/// ERROR_VALIDATING_SERVER_CERT.
const NOT_VERIFIED: RasError = RasError(801);
/// ERROR_INVALID_SERVER_CERT: it does not match the name that was called.
const OTHER_NAME: RasError = RasError(835);
/// ERROR_EAP_USER_CERT_INVALID: of the end that calls.
const CLIENT_CERTIFICATE: RasError = RasError(853);

/// Certificates that cannot be used: which file, why, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsError {
    /// What is wrong, naming the file.
    pub what: String,
    /// What to do about it.
    pub remedy: &'static str,
}

impl std::fmt::Display for TlsError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}; {}", self.what, self.remedy)
    }
}

impl std::error::Error for TlsError {}

/// The end that is called.
#[derive(Clone)]
pub struct TlsServer(TlsAcceptor);

impl TlsServer {
    /// Reads a certificate with those above it, its key and, where callers need a certificate of their own, whose
    /// signatures count. A key file that others can read is refused (defence rule 13).
    ///
    /// # Errors
    /// The first file that cannot be used.
    pub fn load(certificate: &Path, key: &Path, clients: Option<&Path>) -> Result<Self, TlsError> {
        let chain = certificates(&read(certificate)?, &certificate.display().to_string())?;
        let private = private_key(read_private(key)?.expose(), &key.display().to_string())?;
        let config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| unusable(certificate, &error))?;
        let config = match clients {
            None => config.with_no_client_auth(),
            Some(file) => {
                let roots = roots(&read(file)?, &file.display().to_string())?;
                let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider());
                config.with_client_cert_verifier(verifier.build().map_err(|error| unusable(file, &error))?)
            }
        };
        let config =
            config.with_single_cert(chain, private).map_err(|error| unusable(certificate, &error))?;
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }

    /// The same from PEM text, as a program hands it over: a certificate with those above it, and its key. Anybody may call.
    ///
    /// # Errors
    /// The first text that cannot be used.
    pub fn new(certificate: &str, key: &Secret) -> Result<Self, TlsError> {
        let name = Path::new("our certificate");
        let chain = certificates(certificate.as_bytes(), "our certificate")?;
        let private = private_key(key.expose(), "the key of our certificate")?;
        let config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| unusable(name, &error))?
            .with_no_client_auth()
            .with_single_cert(chain, private)
            .map_err(|error| unusable(name, &error))?;
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }

    /// Shakes hands with whoever called.
    pub(crate) async fn accept<S>(&self, stream: S) -> io::Result<server::TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        self.0.accept(stream).await
    }
}

/// What the end that calls knows, as PEM text: a program that asks a service to dial reads the files itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsClientFiles {
    /// Whose signatures count, instead of those the system trusts.
    pub ca: Option<String>,
    /// Our own certificate with those above it, and its key.
    pub own: Option<(String, Secret)>,
}

impl TlsClientFiles {
    /// Reads the files: whose signatures count, and our own certificate with its key. A key file that others can read is
    /// refused (defence rule 13).
    ///
    /// # Errors
    /// The first file that cannot be used.
    pub fn read(ca: Option<&Path>, own: Option<(&Path, &Path)>) -> Result<Self, TlsError> {
        let text = |file: &Path| {
            String::from_utf8(read(file)?).map_err(|_| TlsError {
                what: format!("{} is no text", file.display()),
                remedy: "name a file of certificates in PEM",
            })
        };
        let ca = ca.map(text).transpose()?;
        let own = own.map(|(certificate, key)| Ok((text(certificate)?, read_private(key)?))).transpose()?;
        Ok(Self { ca, own })
    }
}

/// The end that calls.
#[derive(Clone)]
pub struct TlsClient(TlsConnector);

impl TlsClient {
    /// What is checked and shown at each call.
    ///
    /// # Errors
    /// The first text that cannot be used.
    pub fn new(files: &TlsClientFiles) -> Result<Self, TlsError> {
        let roots = match &files.ca {
            Some(pem) => roots(pem.as_bytes(), "the CA")?,
            None => system_roots()?,
        };
        let config = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| unusable(Path::new("TLS"), &error))?
            .with_root_certificates(roots);
        let config = match &files.own {
            None => config.with_no_client_auth(),
            Some((chain, key)) => {
                let chain = certificates(chain.as_bytes(), "our certificate")?;
                let key = private_key(key.expose(), "the key of our certificate")?;
                config
                    .with_client_auth_cert(chain, key)
                    .map_err(|error| unusable(Path::new("our certificate"), &error))?
            }
        };
        Ok(Self(TlsConnector::from(Arc::new(config))))
    }

    /// Shakes hands with `host`, whose certificate must be for that name or address.
    pub(crate) async fn connect<S>(&self, stream: S, host: &str) -> Result<client::TlsStream<S>, RasError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let name = match bare.parse::<IpAddr>() {
            Ok(ip) => ServerName::from(ip),
            Err(_) => ServerName::try_from(bare.to_owned()).map_err(|_| OTHER_NAME)?,
        };
        self.0.connect(name, stream).await.map_err(|error| {
            tracing::info!(host, %error, "no TLS");
            refused(&error)
        })
    }
}

/// A stream in TLS whose end is answered: with the other end's close_notify ours is due (RFC 8446 §6.1), and whoever reads the end
/// lets go of the stream. One that ends without is cut off: reading it fails, and is never taken for its end.
pub(super) struct Notified<S> {
    stream: S,
}

impl<S> Notified<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Notified<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let (before, room) = (buf.filled().len(), buf.remaining());
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        if room > 0 && buf.filled().len() == before {
            // now or never
            let _ = Pin::new(&mut self.stream).poll_shutdown(cx);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Notified<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// The number of a handshake that failed.
fn refused(error: &io::Error) -> RasError {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match tls {
        Some(rustls::Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        )) => OTHER_NAME,
        Some(rustls::Error::InvalidCertificate(_)) => NOT_VERIFIED,
        // nothing but our certificate makes a server say these
        Some(rustls::Error::AlertReceived(
            rustls::AlertDescription::CertificateRequired
            | rustls::AlertDescription::BadCertificate
            | rustls::AlertDescription::UnknownCA,
        )) => CLIENT_CERTIFICATE,
        Some(_) => NO_ANSWER,
        None => ras_error(error),
    }
}

fn unusable(what: &Path, error: &dyn std::fmt::Display) -> TlsError {
    TlsError {
        what: format!("{} cannot be used: {error}", what.display()),
        remedy: "name the certificate with those above it, and the key that belongs to it, as PEM",
    }
}

fn read(file: &Path) -> Result<Vec<u8>, TlsError> {
    bytes(file, fs::File::open(file))
}

/// A file that only its owner can read; what was read is wiped.
fn read_private(file: &Path) -> Result<Secret, TlsError> {
    let opened = fs::File::open(file);
    if let Ok(about) = opened.as_ref().map_or_else(|_| fs::metadata(file), fs::File::metadata)
        && about.mode() & 0o077 != 0
    {
        return Err(TlsError {
            what: format!("{} can be read by others (mode {:03o})", file.display(), about.mode() & 0o777),
            remedy: "take that from them: chmod 600",
        });
    }
    bytes(file, opened).map(Secret::new)
}

fn bytes(file: &Path, opened: io::Result<fs::File>) -> Result<Vec<u8>, TlsError> {
    let mut bytes = Vec::new();
    let read = opened.and_then(|opened| opened.take(LARGEST + 1).read_to_end(&mut bytes));
    match read {
        Ok(_) if bytes.len() as u64 <= LARGEST => Ok(bytes),
        Ok(_) => Err(TlsError {
            what: format!("{} is larger than 1 MiB", file.display()),
            remedy: "name a file of certificates in PEM",
        }),
        Err(error) => Err(TlsError {
            what: format!("{} cannot be read: {error}", file.display()),
            remedy: "name a file this user can read",
        }),
    }
}

fn certificates(pem: &[u8], name: &str) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let none = |why: String| TlsError {
        what: format!("{name} has no certificate{why}"),
        remedy: "it is PEM, and begins with -----BEGIN CERTIFICATE-----",
    };
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let found = found.map_err(|error| none(format!(" that can be read: {error}")))?;
    if found.is_empty() { Err(none(String::new())) } else { Ok(found) }
}

fn private_key(pem: &[u8], name: &str) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_slice(pem).map_err(|_| TlsError {
        what: format!("{name} has no private key"),
        remedy: "it is PEM without a password, and begins with -----BEGIN PRIVATE KEY-----",
    })
}

fn roots(pem: &[u8], name: &str) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(pem, name)? {
        roots.add(certificate).map_err(|error| unusable(&PathBuf::from(name), &error))?;
    }
    Ok(roots)
}

/// Those this system trusts.
fn system_roots() -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        return Err(TlsError {
            what: "this system trusts no certificates".into(),
            remedy: "install its ca-certificates, or name the CA of the other end",
        });
    }
    Ok(roots)
}

impl std::fmt::Debug for TlsServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TlsServer")
    }
}

impl std::fmt::Debug for TlsClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TlsClient")
    }
}
