//! Why a call to the record service has no answer, each cause with its sentence and who must act.

use crate::effect::MustAct;
use crate::session::answers::CallFailure;
use rustls::{AlertDescription, CertificateError};
use std::error::Error;
use std::io::ErrorKind;
use verification_api::wire::ProblemType;

/// Why a call failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The circuit is open: not even tried.
    CircuitOpen,
    /// The kiosk's own certificate or key cannot be used (see [`super::identity`]).
    NoIdentity,
    UnknownHost,
    ConnectionRefused,
    Unreachable,
    /// No connection within two seconds.
    ConnectTimedOut,
    /// Connected, but no answer in time.
    Silent,
    /// Connected, and cut before the answer was whole.
    Reset,
    ServiceWrongCa,
    ServiceExpired,
    ServiceNotYetValid,
    ServiceRevoked,
    ServiceWrongName,
    KioskWrongCa,
    KioskExpired,
    KioskNotYetValid,
    KioskRevoked,
    KioskNotAccepted,
    Tls,
    /// An answer that is not one of ours.
    NotUnderstood,
    Problem(ProblemType),
}

impl Failure {
    /// What the call's error means. The causes are nested differently by each library, so all of them are looked through.
    #[must_use]
    pub fn of(error: &reqwest::Error) -> Self {
        let mut next: Option<&(dyn Error + 'static)> = Some(error);
        let mut io = None;
        while let Some(cause) = next {
            if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
                return Self::of_tls(tls);
            }
            next = cause.source();
            if let Some(found) = cause.downcast_ref::<std::io::Error>() {
                io = Some(found.kind());
                // `source` of an I/O error passes over what it wraps.
                if let Some(inner) = found.get_ref() {
                    next = Some(inner);
                }
            }
        }
        match io {
            _ if error.is_timeout() && error.is_connect() => Self::ConnectTimedOut,
            _ if error.is_timeout() => Self::Silent,
            Some(kind) if error.is_connect() => Self::of_io(kind),
            _ if error.is_connect() && format!("{error:?}").contains("dns error") => Self::UnknownHost,
            _ if error.is_connect() => Self::Unreachable,
            _ => Self::Reset,
        }
    }

    /// A connection that the system could not make.
    #[must_use]
    pub const fn of_io(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::ConnectionRefused => Self::ConnectionRefused,
            ErrorKind::TimedOut | ErrorKind::WouldBlock => Self::ConnectTimedOut,
            ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof | ErrorKind::BrokenPipe => Self::Reset,
            _ => Self::Unreachable,
        }
    }

    #[must_use]
    pub fn of_tls(error: &rustls::Error) -> Self {
        use CertificateError as C;
        match error {
            rustls::Error::InvalidCertificate(certificate) => match certificate {
                C::Expired | C::ExpiredContext { .. } => Self::ServiceExpired,
                C::NotValidYet | C::NotValidYetContext { .. } => Self::ServiceNotYetValid,
                C::Revoked => Self::ServiceRevoked,
                C::NotValidForName | C::NotValidForNameContext { .. } => Self::ServiceWrongName,
                _ => Self::ServiceWrongCa,
            },
            rustls::Error::AlertReceived(alert) => match alert {
                // A signature that does not verify: an authority of the same name, but another.
                AlertDescription::UnknownCA | AlertDescription::DecryptError => Self::KioskWrongCa,
                AlertDescription::CertificateExpired => Self::KioskExpired,
                AlertDescription::CertificateRevoked => Self::KioskRevoked,
                AlertDescription::BadCertificate
                | AlertDescription::UnsupportedCertificate
                | AlertDescription::CertificateUnknown
                | AlertDescription::CertificateRequired
                | AlertDescription::AccessDenied => Self::KioskNotAccepted,
                _ => Self::Tls,
            },
            _ => Self::Tls,
        }
    }

    /// The service cannot have acted on the request: it was never taken in.
    #[must_use]
    pub const fn never_arrived(self) -> bool {
        match self {
            Self::Silent | Self::Reset | Self::Tls | Self::NotUnderstood | Self::Problem(_) => false,
            Self::CircuitOpen
            | Self::NoIdentity
            | Self::UnknownHost
            | Self::ConnectionRefused
            | Self::Unreachable
            | Self::ConnectTimedOut
            | Self::ServiceWrongCa
            | Self::ServiceExpired
            | Self::ServiceNotYetValid
            | Self::ServiceRevoked
            | Self::ServiceWrongName
            | Self::KioskWrongCa
            | Self::KioskExpired
            | Self::KioskNotYetValid
            | Self::KioskRevoked
            | Self::KioskNotAccepted => true,
        }
    }

    /// Asking again, with the same bytes, may help.
    #[must_use]
    pub const fn worth_another_try(self) -> bool {
        matches!(
            self,
            Self::UnknownHost
                | Self::ConnectionRefused
                | Self::Unreachable
                | Self::ConnectTimedOut
                | Self::Silent
                | Self::Reset
                | Self::Problem(ProblemType::Unavailable)
        )
    }

    /// The service answered: it is there, whatever it said.
    #[must_use]
    pub const fn is_answer(self) -> bool {
        matches!(self, Self::Problem(problem) if !matches!(problem, ProblemType::Unavailable))
    }

    /// What the visit is told. `uncertain`: an earlier try of the same request may have arrived.
    #[must_use]
    pub const fn call_failure(self, uncertain: bool) -> CallFailure {
        match self {
            Self::Problem(ProblemType::Unavailable | ProblemType::ReplyExpired) => CallFailure::Unknown,
            _ if uncertain => CallFailure::Unknown,
            Self::Problem(_) => CallFailure::Refused,
            _ if self.never_arrived() => CallFailure::NotSent,
            _ => CallFailure::Unknown,
        }
    }

    /// A word for journal and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CircuitOpen => "circuit_open",
            Self::NoIdentity => "no_identity",
            Self::UnknownHost => "unknown_host",
            Self::ConnectionRefused => "connection_refused",
            Self::Unreachable => "unreachable",
            Self::ConnectTimedOut => "connect_timed_out",
            Self::Silent => "silent",
            Self::Reset => "reset",
            Self::ServiceWrongCa => "service_wrong_ca",
            Self::ServiceExpired => "service_certificate_expired",
            Self::ServiceNotYetValid => "service_certificate_not_yet_valid",
            Self::ServiceRevoked => "service_certificate_revoked",
            Self::ServiceWrongName => "service_wrong_name",
            Self::KioskWrongCa => "kiosk_wrong_ca",
            Self::KioskExpired => "kiosk_certificate_expired",
            Self::KioskNotYetValid => "kiosk_certificate_not_yet_valid",
            Self::KioskRevoked => "kiosk_certificate_revoked",
            Self::KioskNotAccepted => "kiosk_certificate_not_accepted",
            Self::Tls => "tls",
            Self::NotUnderstood => "not_understood",
            Self::Problem(ProblemType::RateLimited) => "rate_limited",
            Self::Problem(ProblemType::Quarantined) => "quarantined",
            Self::Problem(ProblemType::Revoked) => "revoked",
            Self::Problem(ProblemType::Unavailable) => "unavailable",
            Self::Problem(_) => "refused",
        }
    }

    /// What happened and what to do, for a technician.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::CircuitOpen => "The record service failed five times in a row; it is tried again every 10 seconds",
            Self::NoIdentity => "This kiosk's certificate or key cannot be used; run \"kiosk-app config check\"",
            Self::UnknownHost => "The name in [service] url is not known; check it and the name server",
            Self::ConnectionRefused => {
                "The record service's machine refuses the connection; start the service, or check the port in [service] url"
            }
            Self::Unreachable => {
                "The record service's machine cannot be reached; check the network cable and the route"
            }
            Self::ConnectTimedOut => "The record service's machine does not answer; check the network and its firewall",
            Self::Silent => "The record service took the connection but did not answer in time; look at the service",
            Self::Reset => "The connection was cut before the answer was whole; look at the network and the service",
            Self::ServiceWrongCa => {
                "The service's certificate does not come from our root; whoever runs the service must install the right one, or [service] root must name its root"
            }
            Self::ServiceExpired => "The service's certificate has expired; whoever runs the service must renew it",
            Self::ServiceNotYetValid => {
                "The service's certificate is not yet valid; whoever runs the service must check its dates, the technician this machine's clock"
            }
            Self::ServiceRevoked => {
                "The service's certificate has been revoked; whoever runs the service must replace it"
            }
            Self::ServiceWrongName => {
                "The service's certificate is for another name than [service] url; correct the one or the other"
            }
            Self::KioskWrongCa => {
                "The service does not know the authority of this kiosk's certificate; the technician must install the one that \"kiosk add\" of this service made"
            }
            Self::KioskExpired => "This kiosk's certificate has expired; the technician must renew it",
            Self::KioskNotYetValid => {
                "This kiosk's certificate is not yet valid; the technician must check the clock and the certificate"
            }
            Self::KioskRevoked => "This kiosk's certificate has been revoked; the agency must issue a new one",
            Self::KioskNotAccepted => {
                "The service does not accept this kiosk's certificate; the technician must install a new one"
            }
            Self::Tls => "The record service does not speak our protocol (TLS 1.3); check the address in [service] url",
            Self::NotUnderstood => "The answer is not one of a record service; check the address in [service] url",
            Self::Problem(problem) => problem.title(),
        }
    }

    #[must_use]
    pub const fn must_act(self) -> MustAct {
        match self {
            Self::CircuitOpen
            | Self::ConnectTimedOut
            | Self::Silent
            | Self::Reset
            | Self::Problem(ProblemType::Unavailable | ProblemType::RateLimited) => MustAct::Nobody,
            Self::Problem(ProblemType::OfficerSession) => MustAct::Officer,
            Self::ServiceWrongCa
            | Self::ServiceExpired
            | Self::ServiceNotYetValid
            | Self::ServiceRevoked
            | Self::ServiceWrongName
            | Self::Problem(_) => MustAct::Vendor,
            _ => MustAct::Technician,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CallFailure, Failure, ProblemType};
    use rustls::{AlertDescription, CertificateError, Error};

    #[test]
    fn the_four_certificate_faults_are_told_apart_on_both_sides() {
        let ours = |e: CertificateError| Failure::of_tls(&Error::InvalidCertificate(e));
        assert_eq!(ours(CertificateError::Expired), Failure::ServiceExpired);
        assert_eq!(ours(CertificateError::NotValidYet), Failure::ServiceNotYetValid);
        assert_eq!(ours(CertificateError::UnknownIssuer), Failure::ServiceWrongCa);
        assert_eq!(ours(CertificateError::Revoked), Failure::ServiceRevoked);
        let theirs = |a| Failure::of_tls(&Error::AlertReceived(a));
        assert_eq!(theirs(AlertDescription::CertificateExpired), Failure::KioskExpired);
        assert_eq!(theirs(AlertDescription::UnknownCA), Failure::KioskWrongCa);
        assert_eq!(theirs(AlertDescription::CertificateRevoked), Failure::KioskRevoked);
    }

    #[test]
    fn an_outcome_is_known_only_if_no_try_can_have_arrived() {
        assert_eq!(Failure::ConnectionRefused.call_failure(false), CallFailure::NotSent);
        assert_eq!(Failure::ConnectionRefused.call_failure(true), CallFailure::Unknown);
        assert_eq!(Failure::Silent.call_failure(false), CallFailure::Unknown);
        assert_eq!(Failure::Problem(ProblemType::RateLimited).call_failure(false), CallFailure::Refused);
        assert_eq!(Failure::Problem(ProblemType::RateLimited).call_failure(true), CallFailure::Unknown);
        assert_eq!(Failure::Problem(ProblemType::Unavailable).call_failure(false), CallFailure::Unknown);
    }
}
