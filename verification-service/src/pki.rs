//! The service's own certificates: a root, a kiosk CA below it, the server's certificate, the kiosks', the CRL, and the
//! key that signs technicians' credentials. All P-256 but that last one, which is Ed25519.

use crate::clock::{DAY, HOUR, plus_millis};
use crate::random::{self, NoRandom, Random};
use crate::roles::Role;
use crate::store::rows::KioskKey;
use rcgen::string::Ia5String;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertificateSigningRequestParams,
    DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, PublicKey, PublicKeyData, RevocationReason, RevokedCertParams, SanType, SerialNumber,
    SigningKey,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{
    CertificateDer, CertificateRevocationListDer, CertificateSigningRequestDer, PrivatePkcs8KeyDer,
};
use std::collections::BTreeSet;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use uuid::Uuid;
use verification_api::log::{SigningKey as LogKey, VerifierKey};
use verification_api::wire::Timestamp;
use x509_parser::prelude::{CertificateRevocationList, FromDer, GeneralName, X509Certificate};
use zeroize::Zeroizing;

/// A kiosk's certificate lives 7 days.
pub const KIOSK_DAYS: u32 = 7;
/// The server's certificate lives 90 days; `pki server` makes a new one.
const SERVER_DAYS: u32 = 90;
const ROOT_DAYS: u32 = 3650;
/// The CRL lives 7 days and is signed anew at half that.
const CRL_LIFE: i64 = 7 * DAY;

/// What cannot be made or read; each names the file and what to do.
#[derive(Debug, thiserror::Error)]
pub enum PkiError {
    #[error("{} is there already: choose an empty folder, nothing is overwritten", .0.display())]
    Exists(PathBuf),
    #[error("cannot write {}: {cause}", path.display())]
    NotWritten { path: PathBuf, cause: std::io::Error },
    #[error("cannot read {}: {cause}. `pki init` makes it", path.display())]
    Unreadable { path: PathBuf, cause: std::io::Error },
    #[error("{} is not here: bring the root's key back beside root.pem for this command, and take it off again afterwards", .0.display())]
    RootKeyAway(PathBuf),
    #[error("{} is not what it should be: {cause}", path.display())]
    Wrong { path: PathBuf, cause: String },
    #[error("\"{0}\" cannot be the name of a server: give a host name or an IP address")]
    ServerName(String),
    #[error("a certificate could not be made: {0}")]
    NotMade(#[from] rcgen::Error),
    #[error(transparent)]
    NoRandom(#[from] NoRandom),
}

/// Whom a client certificate names.
pub struct Subject<'a> {
    pub id: Uuid,
    /// A kiosk's number, another client's name.
    pub name: &'a str,
    pub role: Role,
}

/// A new client certificate.
pub struct ClientCertificate {
    /// The client's certificate, then the kiosk CA's.
    pub chain_pem: String,
    /// SHA-256 of the SubjectPublicKeyInfo.
    pub spki: [u8; 32],
    /// Uncompressed point.
    pub public_key: Vec<u8>,
    pub serial: Vec<u8>,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
}

impl ClientCertificate {
    /// As it is pinned.
    #[must_use]
    pub fn key(&self) -> KioskKey {
        KioskKey {
            spki: self.spki,
            public_key: self.public_key.clone(),
            serial: self.serial.clone(),
            not_before: self.not_before.unix_millis(),
            not_after: self.not_after.unix_millis(),
            ended_at: None,
        }
    }
}

/// A certificate request that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    #[error("The certificate request is not PKCS #10 in PEM, signed by its own key")]
    NotARequest,
    #[error("The key of a certificate request must be ECDSA P-256")]
    OtherKey,
}

/// Makes all files of a new folder; their paths.
///
/// # Errors
/// [`PkiError`]; nothing is overwritten.
pub fn init(
    dir: &Path,
    server_names: &[String],
    random: &dyn Random,
    now: Timestamp,
) -> Result<Vec<PathBuf>, PkiError> {
    let files = ["root", "kiosk-ca", "server"].map(|n| [dir.join(format!("{n}.pem")), dir.join(format!("{n}.key"))]);
    let mut files: Vec<PathBuf> = files.into_iter().flatten().collect();
    files.extend(["crl.pem", "technician.key", "technician.pub", "log.key", "log.pub"].map(|n| dir.join(n)));
    if let Some(there) = files.iter().find(|f| f.exists()) {
        return Err(PkiError::Exists(there.clone()));
    }
    let root_key = KeyPair::generate()?;
    let root = authority("Inspection Kiosk root", ROOT_DAYS, 1, random, now)?;
    let root_pem = root.self_signed(&root_key)?.pem();
    let root_issuer = Issuer::from_params(&root, &root_key);
    let kiosk_key = KeyPair::generate()?;
    let kiosk_ca = authority("Inspection Kiosk kiosk CA", ROOT_DAYS / 2, 0, random, now)?;
    let kiosk_pem = kiosk_ca.signed_by(&kiosk_key, &root_issuer)?.pem();
    let (server_pem, server_key) = server(server_names, &root_issuer, &root_pem, random, now)?;
    let crl = crl(&Issuer::from_params(&kiosk_ca, &kiosk_key), &[], now)?;
    let technician = KeyPair::generate_for(&rcgen::PKCS_ED25519)?;

    let secret = |key: &KeyPair| Zeroizing::new(key.serialize_pem());
    write_new(&dir.join("root.pem"), root_pem.as_bytes(), 0o644)?;
    write_new(&dir.join("root.key"), secret(&root_key).as_bytes(), 0o600)?;
    write_new(&dir.join("kiosk-ca.pem"), kiosk_pem.as_bytes(), 0o644)?;
    write_new(&dir.join("kiosk-ca.key"), secret(&kiosk_key).as_bytes(), 0o600)?;
    write_new(&dir.join("server.pem"), server_pem.as_bytes(), 0o644)?;
    write_new(&dir.join("server.key"), server_key.as_bytes(), 0o600)?;
    write_new(&dir.join("crl.pem"), crl.as_bytes(), 0o644)?;
    write_new(&dir.join("technician.key"), secret(&technician).as_bytes(), 0o600)?;
    write_new(&dir.join("technician.pub"), technician.public_key_pem().as_bytes(), 0o644)?;
    make_log_key(dir, server_names.first().map_or("", String::as_str))?;
    Ok(files)
}

/// The log's key to come, while it is being changed.
pub const NEXT_LOG_KEY: &str = "log.next.key";

/// Makes the key that signs the audit log: `log.key`, and `log.pub` in the form of C2SP signed notes, named
/// `SERVER/log/v1`.
///
/// # Errors
/// [`PkiError`]; nothing is overwritten.
pub fn make_log_key(dir: &Path, server_name: &str) -> Result<[PathBuf; 2], PkiError> {
    let paths = ["log.key", "log.pub"].map(|name| dir.join(name));
    if let Some(there) = paths.iter().find(|path| path.exists()) {
        return Err(PkiError::Exists(there.clone()));
    }
    let pair = KeyPair::generate_for(&rcgen::PKCS_ED25519)?;
    let (der, pem) = (Zeroizing::new(pair.serialize_der()), Zeroizing::new(pair.serialize_pem()));
    let key = LogKey::from_pkcs8(&format!("{server_name}/log/v1"), &der);
    let key = key.map_err(|_| PkiError::ServerName(server_name.to_owned()))?;
    write_new(&paths[0], pem.as_bytes(), 0o600)?;
    write_new(&paths[1], format!("{}\n", key.verifier()).as_bytes(), 0o644)?;
    Ok(paths)
}

/// The keys whose signatures of the audit log are believed: the lines of `log.pub`; none if there is no such file.
///
/// # Errors
/// [`PkiError`].
pub fn log_verifiers(dir: &Path) -> Result<Vec<VerifierKey>, PkiError> {
    let path = dir.join("log.pub");
    match std::fs::read_to_string(&path) {
        Ok(text) => VerifierKey::parse_all(&text).map_err(|why| PkiError::Wrong { path, cause: why.to_string() }),
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(cause) => Err(PkiError::Unreadable { path, cause }),
    }
}

/// The key that signs the audit log, if this machine has it and it is one of `trusted`.
///
/// # Errors
/// [`PkiError`].
pub fn log_signer(dir: &Path, trusted: &[VerifierKey]) -> Result<Option<LogKey>, PkiError> {
    log_signer_of(dir.join("log.key"), trusted)
}

/// While the log's key is being changed, the one to come.
///
/// # Errors
/// [`PkiError`].
pub fn next_log_signer(dir: &Path, trusted: &[VerifierKey]) -> Result<Option<LogKey>, PkiError> {
    log_signer_of(dir.join(NEXT_LOG_KEY), trusted)
}

/// Makes the key to come: `log.next.key`, and its line below the others of `log.pub`.
///
/// # Errors
/// [`PkiError`]; if there is one already.
pub fn add_log_key(dir: &Path) -> Result<VerifierKey, PkiError> {
    let (path, public) = (dir.join(NEXT_LOG_KEY), dir.join("log.pub"));
    if path.exists() {
        return Err(PkiError::Exists(path));
    }
    let wrong = |cause: &str| PkiError::Wrong { path: public.clone(), cause: cause.to_owned() };
    let trusted = log_verifiers(dir)?;
    let now = log_signer(dir, &trusted)?.ok_or_else(|| wrong("there is no log.key beside it"))?;
    let pair = KeyPair::generate_for(&rcgen::PKCS_ED25519)?;
    let (der, pem) = (Zeroizing::new(pair.serialize_der()), Zeroizing::new(pair.serialize_pem()));
    let next = LogKey::from_pkcs8(now.verifier().name(), &der).map_err(|why| wrong(&why.to_string()))?;
    // Only the one that signs and the one to come: what was left of a change that was cut off goes.
    replace(&public, format!("{}\n{}\n", now.verifier(), next.verifier()).as_bytes(), 0o644)?;
    write_new(&path, pem.as_bytes(), 0o600)?;
    Ok(next.verifier().clone())
}

/// Puts the key to come in the place of the one that signs, which is lost. `None` if there is nothing to end.
///
/// # Errors
/// [`PkiError`].
pub fn end_log_key(dir: &Path) -> Result<Option<VerifierKey>, PkiError> {
    let (path, next, public) = (dir.join("log.key"), dir.join(NEXT_LOG_KEY), dir.join("log.pub"));
    let trusted = log_verifiers(dir)?;
    if next_log_signer(dir, &trusted)?.is_some() {
        std::fs::rename(&next, &path).map_err(|cause| PkiError::NotWritten { path: path.clone(), cause })?;
    } else if trusted.len() < 2 {
        return Ok(None);
    }
    let Some(key) = log_signer(dir, &trusted)? else { return Ok(None) };
    replace(&public, format!("{}\n", key.verifier()).as_bytes(), 0o644)?;
    Ok(Some(key.verifier().clone()))
}

fn log_signer_of(path: PathBuf, trusted: &[VerifierKey]) -> Result<Option<LogKey>, PkiError> {
    if !path.exists() {
        return Ok(None);
    }
    let wrong = |cause: &str| PkiError::Wrong { path: path.clone(), cause: cause.to_owned() };
    let pem = Zeroizing::new(read(&path)?);
    let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).map_err(|why| wrong(&why.to_string()))?;
    for verifier in trusted {
        let key = LogKey::from_pkcs8(verifier.name(), der.secret_pkcs8_der());
        let key = key.map_err(|_| wrong("it is no Ed25519 key (PKCS#8, PEM)"))?;
        if key.verifier() == verifier {
            return Ok(Some(key));
        }
    }
    Err(wrong("no line of log.pub is the public key of it"))
}

/// Makes the server a new key and certificate, in place of the old ones.
///
/// # Errors
/// [`PkiError`].
pub fn renew_server(
    dir: &Path,
    names: &[String],
    random: &dyn Random,
    now: Timestamp,
) -> Result<Vec<PathBuf>, PkiError> {
    let root_pem = read(&dir.join("root.pem"))?;
    let root_key = dir.join("root.key");
    if !root_key.exists() {
        return Err(PkiError::RootKeyAway(root_key));
    }
    let issuer = issuer(dir, "root")?;
    let (pem, key) = server(names, &issuer, &root_pem, random, now)?;
    let paths = vec![dir.join("server.pem"), dir.join("server.key")];
    replace(&paths[1], key.as_bytes(), 0o600)?;
    replace(&paths[0], pem.as_bytes(), 0o644)?;
    Ok(paths)
}

/// A client's new key, PEM.
///
/// # Errors
/// [`PkiError`].
pub fn new_key() -> Result<(KeyPair, Zeroizing<String>), PkiError> {
    let key = KeyPair::generate()?;
    let pem = Zeroizing::new(key.serialize_pem());
    Ok((key, pem))
}

/// The public key of a certificate request; nothing else of it counts.
///
/// # Errors
/// [`RequestError`].
pub fn requested_key(csr_pem: &str) -> Result<PublicKey, RequestError> {
    let der =
        CertificateSigningRequestDer::from_pem_slice(csr_pem.as_bytes()).map_err(|_| RequestError::NotARequest)?;
    let request = CertificateSigningRequestParams::from_der(&der).map_err(|_| RequestError::NotARequest)?;
    let point = PublicKeyData::der_bytes(&request.public_key);
    // 0x04, then both coordinates.
    if *request.public_key.algorithm() != PKCS_ECDSA_P256_SHA256 || point.len() != 65 {
        return Err(RequestError::OtherKey);
    }
    Ok(request.public_key)
}

/// Certifies a client's key, with a SAN URI that names the client.
///
/// # Errors
/// [`PkiError`].
pub fn certify(
    dir: &Path,
    subject: &Subject<'_>,
    key: &impl PublicKeyData,
    days: u32,
    random: &dyn Random,
    now: Timestamp,
) -> Result<ClientCertificate, PkiError> {
    let issuer = issuer(dir, "kiosk-ca")?;
    let serial = serial(random)?;
    let kind = if subject.role == Role::Kiosk { "kiosk" } else { "client" };
    let mut params = leaf(&format!("{kind} {}", subject.name), days, now, ExtendedKeyUsagePurpose::ClientAuth);
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    let uri = Ia5String::try_from(format!("{}{}", subject.role.urn(), subject.id))?;
    params.subject_alt_names = vec![SanType::URI(uri)];
    let certificate = params.signed_by(key, &issuer)?;
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &key.subject_public_key_info());
    let mut spki = [0; 32];
    spki.copy_from_slice(digest.as_ref());
    let instant = |t: time::OffsetDateTime| Timestamp::new(t).unwrap_or(now);
    Ok(ClientCertificate {
        chain_pem: certificate.pem() + &read(&dir.join("kiosk-ca.pem"))?,
        spki,
        public_key: key.der_bytes().to_vec(),
        serial: serial.to_vec(),
        not_before: instant(params.not_before),
        not_after: instant(params.not_after),
    })
}

/// When the server's certificate expires.
///
/// # Errors
/// [`PkiError`].
pub fn server_expires(dir: &Path) -> Result<Timestamp, PkiError> {
    of_server(dir, "its end is no date", |certificate| {
        let seconds = certificate.validity().not_after.timestamp();
        Timestamp::from_unix_millis(seconds.saturating_mul(1000)).ok()
    })
}

/// The first name in the server's certificate, as it stands in a URL.
///
/// # Errors
/// [`PkiError`].
pub fn server_name(dir: &Path) -> Result<String, PkiError> {
    of_server(dir, "it names no server", |certificate| {
        let names = certificate.subject_alternative_name().ok()??;
        names.value.general_names.iter().find_map(|name| match name {
            GeneralName::DNSName(dns) => Some((*dns).to_owned()),
            GeneralName::IPAddress([a, b, c, d]) => Some(format!("{a}.{b}.{c}.{d}")),
            GeneralName::IPAddress(bytes) => {
                <[u8; 16]>::try_from(*bytes).ok().map(|bytes| format!("[{}]", std::net::Ipv6Addr::from(bytes)))
            }
            _ => None,
        })
    })
}

/// What the server's certificate says; `without` if it does not say it.
fn of_server<T>(
    dir: &Path,
    without: &str,
    said: impl FnOnce(&X509Certificate<'_>) -> Option<T>,
) -> Result<T, PkiError> {
    let path = dir.join("server.pem");
    let pem = read(&path)?;
    let der = CertificateDer::from_pem_slice(pem.as_bytes()).ok();
    let value = der.and_then(|der| said(&X509Certificate::from_der(&der).ok()?.1));
    value.ok_or_else(|| PkiError::Wrong { path, cause: without.to_owned() })
}

/// SHA-256 of the root's DER, as enrolling kiosks check it.
///
/// # Errors
/// [`PkiError`].
pub fn root_sha256(dir: &Path) -> Result<String, PkiError> {
    let path = dir.join("root.pem");
    let der = CertificateDer::from_pem_slice(read(&path)?.as_bytes());
    let der = der.map_err(|why| PkiError::Wrong { path, cause: why.to_string() })?;
    Ok(hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &der)))
}

/// Signs a new CRL with these serial numbers and the times they were revoked (ms), in place of the old one.
///
/// # Errors
/// [`PkiError`].
pub fn renew_crl(dir: &Path, revoked: &[(Vec<u8>, i64)], now: Timestamp) -> Result<(), PkiError> {
    let pem = crl(&issuer(dir, "kiosk-ca")?, revoked, now)?;
    replace(&dir.join("crl.pem"), pem.as_bytes(), 0o644)
}

/// Whether `serve` must sign the CRL anew: it is past half its life, or does not name exactly the certificates that are
/// revoked by the rows, because another instance, with a folder of its own, was told so.
///
/// # Errors
/// [`PkiError`].
pub fn crl_is_due(dir: &Path, revoked: &[(Vec<u8>, i64)], now: Timestamp) -> Result<bool, PkiError> {
    let known = crl_of(dir)?;
    let wanted: BTreeSet<&[u8]> = revoked.iter().map(|(serial, _)| significant(serial)).collect();
    Ok(known.left(now) < CRL_LIFE / 2 || !known.serials.iter().map(Vec::as_slice).eq(wanted))
}

/// Whether the CRL has not expired.
#[must_use]
pub fn crl_holds(dir: &Path, now: Timestamp) -> bool {
    crl_of(dir).is_ok_and(|known| known.left(now) > 0)
}

/// What `crl.pem` says.
struct Crl {
    /// Seconds since 1970.
    next_update: i64,
    serials: BTreeSet<Vec<u8>>,
}

impl Crl {
    /// Milliseconds that it is still good for.
    fn left(&self, now: Timestamp) -> i64 {
        (self.next_update - now.unix_millis() / 1000) * 1000
    }
}

fn crl_of(dir: &Path) -> Result<Crl, PkiError> {
    let path = dir.join("crl.pem");
    let wrong = |cause: String| PkiError::Wrong { path: path.clone(), cause };
    let der = CertificateRevocationListDer::from_pem_slice(read(&path)?.as_bytes());
    let der = der.map_err(|why| wrong(why.to_string()))?;
    let (_, crl) = CertificateRevocationList::from_der(&der).map_err(|why| wrong(why.to_string()))?;
    let serials = crl.iter_revoked_certificates().map(|one| significant(one.raw_serial()).to_vec()).collect();
    Ok(Crl { next_update: crl.next_update().map_or(0, |t| t.timestamp()), serials })
}

/// A serial number without the zeros that only keep it positive.
fn significant(serial: &[u8]) -> &[u8] {
    let zeros = serial.iter().take_while(|byte| **byte == 0).count();
    serial.get(zeros..).unwrap_or_default()
}

/// Signs with the key of technicians' credentials.
///
/// # Errors
/// [`PkiError`].
pub fn technician_signature(dir: &Path, message: &[u8]) -> Result<Vec<u8>, PkiError> {
    Ok(key(&dir.join("technician.key"))?.sign(message)?)
}

/// Writes a file that must not be there yet.
///
/// # Errors
/// [`PkiError::Exists`], [`PkiError::NotWritten`].
pub fn write_new(path: &Path, bytes: &[u8], mode: u32) -> Result<(), PkiError> {
    let not_written = |cause: std::io::Error| match cause.kind() {
        std::io::ErrorKind::AlreadyExists => PkiError::Exists(path.into()),
        _ => PkiError::NotWritten { path: path.into(), cause },
    };
    let mut file =
        std::fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(path).map_err(not_written)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(not_written)
}

/// Replaces a file as a whole: whoever reads sees the old or the new one.
///
/// # Errors
/// [`PkiError::NotWritten`].
pub fn replace(path: &Path, bytes: &[u8], mode: u32) -> Result<(), PkiError> {
    let not_written = |cause| PkiError::NotWritten { path: path.into(), cause };
    let new = path.with_extension(format!("new-{}", std::process::id()));
    let _ = std::fs::remove_file(&new);
    write_new(&new, bytes, mode)?;
    std::fs::rename(&new, path).map_err(not_written)
}

fn authority(
    name: &str,
    days: u32,
    below: u8,
    random: &dyn Random,
    now: Timestamp,
) -> Result<CertificateParams, PkiError> {
    let mut params = CertificateParams::default();
    params.distinguished_name = named(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(below));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.serial_number = Some(SerialNumber::from_slice(&serial(random)?));
    params.use_authority_key_identifier_extension = true;
    lifetime(&mut params, days, now);
    Ok(params)
}

fn leaf(name: &str, days: u32, now: Timestamp, usage: ExtendedKeyUsagePurpose) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = named(name);
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![usage];
    params.use_authority_key_identifier_extension = true;
    lifetime(&mut params, days, now);
    params
}

fn server(
    names: &[String],
    root: &Issuer<'_, impl SigningKey>,
    root_pem: &str,
    random: &dyn Random,
    now: Timestamp,
) -> Result<(String, Zeroizing<String>), PkiError> {
    let first = names.first().ok_or_else(|| PkiError::ServerName(String::new()))?;
    let key = KeyPair::generate()?;
    let mut params = leaf(first, SERVER_DAYS, now, ExtendedKeyUsagePurpose::ServerAuth);
    params.serial_number = Some(SerialNumber::from_slice(&serial(random)?));
    for name in names {
        let host = rustls::pki_types::ServerName::try_from(name.as_str());
        params.subject_alt_names.push(match host {
            Ok(rustls::pki_types::ServerName::IpAddress(ip)) => SanType::IpAddress(std::net::IpAddr::from(ip)),
            Ok(_) => SanType::DnsName(Ia5String::try_from(name.as_str())?),
            Err(_) => return Err(PkiError::ServerName(name.clone())),
        });
    }
    Ok((params.signed_by(&key, root)?.pem() + root_pem, Zeroizing::new(key.serialize_pem())))
}

fn crl(issuer: &Issuer<'_, impl SigningKey>, revoked: &[(Vec<u8>, i64)], now: Timestamp) -> Result<String, PkiError> {
    let instant = |millis: i64| Timestamp::from_unix_millis(millis).unwrap_or(now).instant();
    let params = CertificateRevocationListParams {
        // A kiosk's clock may be a little behind.
        this_update: plus_millis(now, -HOUR).instant(),
        next_update: plus_millis(now, CRL_LIFE).instant(),
        crl_number: SerialNumber::from_slice(&now.unix_millis().to_be_bytes()),
        issuing_distribution_point: None,
        revoked_certs: revoked
            .iter()
            .map(|(serial, at)| RevokedCertParams {
                serial_number: SerialNumber::from_slice(serial),
                revocation_time: instant(*at),
                reason_code: Some(RevocationReason::CessationOfOperation),
                invalidity_date: None,
            })
            .collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    Ok(params.signed_by(issuer)?.pem()?)
}

fn issuer(dir: &Path, name: &str) -> Result<Issuer<'static, KeyPair>, PkiError> {
    let path = dir.join(format!("{name}.pem"));
    let pem = read(&path)?;
    let wrong = |why: rcgen::Error| PkiError::Wrong { path: path.clone(), cause: why.to_string() };
    Issuer::from_ca_cert_pem(&pem, key(&dir.join(format!("{name}.key")))?).map_err(wrong)
}

fn key(path: &Path) -> Result<KeyPair, PkiError> {
    let pem = Zeroizing::new(read(path)?);
    KeyPair::from_pem(&pem).map_err(|why| PkiError::Wrong { path: path.into(), cause: why.to_string() })
}

fn read(path: &Path) -> Result<String, PkiError> {
    std::fs::read_to_string(path).map_err(|cause| PkiError::Unreadable { path: path.into(), cause })
}

fn named(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

fn lifetime(params: &mut CertificateParams, days: u32, now: Timestamp) {
    params.not_before = plus_millis(now, -5 * crate::clock::MINUTE).instant();
    params.not_after = plus_millis(now, i64::from(days) * DAY).instant();
}

/// A positive serial number of 16 bytes.
fn serial(random: &dyn Random) -> Result<[u8; 16], NoRandom> {
    let mut serial = random::bytes::<16>(random)?;
    serial[0] = (serial[0] & 0x7f) | 0x40;
    Ok(serial)
}
