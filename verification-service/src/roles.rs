//! Which client may call what: one table. A route that is not in it answers nobody.

use axum::http::Method;

/// What a client is, as its row says. Its certificate says the same: kiosks have the SAN URI `urn:poe:kiosk:<uuid>`, all
/// others `urn:poe:client:<uuid>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Kiosk,
    /// A filing system, which confirms who files.
    OnlineFiling,
    /// A case system, which lets representatives open their clients' cases.
    RepresentativeAccess,
}

impl Role {
    pub const ALL: [Self; 3] = [Self::Kiosk, Self::OnlineFiling, Self::RepresentativeAccess];

    /// As stored.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kiosk => "kiosk",
            Self::OnlineFiling => "online_filing",
            Self::RepresentativeAccess => "representative_access",
        }
    }

    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// What stands before the UUID in the SAN URI of its certificate.
    #[must_use]
    pub const fn urn(self) -> &'static str {
        match self {
            Self::Kiosk => "urn:poe:kiosk:",
            Self::OnlineFiling | Self::RepresentativeAccess => "urn:poe:client:",
        }
    }
}

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    pub roles: &'static [Role],
    /// Also while the client is quarantined.
    pub quarantined: bool,
}

const KIOSKS: &[Role] = &[Role::Kiosk];
const EVERYONE: &[Role] = &Role::ALL;

/// Every route of the mutual-TLS port: method, path as the router has it, who.
pub const ROUTES: &[(Method, &str, Rule)] = &[
    (Method::PUT, "/kiosk/v1/inspections/{id}", only(KIOSKS)),
    (Method::PUT, "/kiosk/v1/verifications/{id}", only(EVERYONE)),
    (Method::GET, "/kiosk/v1/verifications/{id}", only(EVERYONE)),
    (Method::PUT, "/kiosk/v1/referrals/{visit}", only(KIOSKS)),
    (Method::PUT, "/kiosk/v1/referrals/{visit}/closed", only(KIOSKS)),
    (Method::GET, "/kiosk/v1/referrals/by-reference/{reference}", only(KIOSKS)),
    (Method::POST, "/kiosk/v1/officers/sign-in", always(KIOSKS)),
    (Method::DELETE, "/kiosk/v1/officers/session", only(KIOSKS)),
    (Method::PUT, "/kiosk/v1/overrides/{id}", only(KIOSKS)),
    (Method::POST, "/kiosk/v1/heartbeats", always(KIOSKS)),
    (Method::POST, "/kiosk/v1/assistance", only(KIOSKS)),
    (Method::GET, "/kiosk/v1/health", always(EVERYONE)),
    (Method::GET, "/kiosk/v1/policy", always(EVERYONE)),
    (Method::POST, "/kiosk/v1/certificate", only(EVERYONE)),
    (Method::GET, "/log/v1/checkpoint", always(KIOSKS)),
    (Method::GET, "/log/v1/tile/{level}/{*index}", always(KIOSKS)),
];

/// The rule of a route; none for one that is not in the table.
#[must_use]
pub fn rule(method: &Method, path: &str) -> Option<Rule> {
    ROUTES.iter().find(|(m, p, _)| m == method && *p == path).map(|(_, _, rule)| *rule)
}

/// The methods of a path, in the table's order; none of one that is not in it.
pub fn methods(path: &str) -> impl Iterator<Item = &'static Method> {
    ROUTES.iter().filter(move |(_, p, _)| *p == path).map(|(method, _, _)| method)
}

const fn only(roles: &'static [Role]) -> Rule {
    Rule { roles, quarantined: false }
}

const fn always(roles: &'static [Role]) -> Rule {
    Rule { roles, quarantined: true }
}

#[cfg(test)]
mod tests {
    use super::{ROUTES, Role, rule};
    use axum::http::Method;

    #[test]
    fn what_is_not_in_the_table_is_nobodys() {
        assert_eq!(rule(&Method::DELETE, "/kiosk/v1/overrides/{id}"), None);
        assert_eq!(rule(&Method::GET, "/kiosk/v1/anything"), None);
    }

    #[test]
    fn no_route_stands_twice_and_only_codes_are_for_others_than_kiosks() {
        for (at, (method, path, rule)) in ROUTES.iter().enumerate() {
            assert!(!ROUTES[..at].iter().any(|(m, p, _)| m == method && p == path), "{method} {path}");
            let others = rule.roles.iter().any(|role| *role != Role::Kiosk);
            let shared = ["verifications", "health", "policy", "certificate"].iter().any(|part| path.contains(part));
            assert_eq!(others, shared, "{method} {path}");
        }
    }
}
