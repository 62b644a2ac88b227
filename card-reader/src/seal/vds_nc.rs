//! Visible digital seals for non-constrained environments (ICAO VDS-NC): JSON with a signature. Of little use to a
//! traveler at a kiosk and no identity document: what it is gets told, its signature is not checked.

use serde_json::Value;

/// What a VDS-NC says of itself; about nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VdsNc {
    /// `icao.test`, `icao.vacc`.
    pub kind: String,
    pub version: u64,
    /// Issuing country, three letters.
    pub issuer: String,
    /// `ES256`, `ES384`, `ES512`.
    pub algorithm: String,
}

impl VdsNc {
    /// `None` if `payload` is none.
    #[must_use]
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let whole: Value = serde_json::from_slice(payload).ok()?;
        let (header, signature) = (whole.get("data")?.get("hdr")?, whole.get("sig")?);
        let text = |object: &Value, member: &str, most: usize| -> Option<String> {
            object.get(member)?.as_str().filter(|t| t.len() <= most && t.is_ascii()).map(str::to_owned)
        };
        whole.get("data")?.get("msg")?.as_object()?;
        let algorithm = text(signature, "alg", 5)?;
        let signed = ["ES256", "ES384", "ES512"].contains(&algorithm.as_str())
            && text(signature, "sigvl", 400).is_some_and(|value| !value.is_empty());
        signed.then_some(Self {
            kind: text(header, "t", 32)?,
            version: header.get("v")?.as_u64()?,
            issuer: text(header, "is", 3)?,
            algorithm,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::VdsNc;

    #[test]
    fn a_vds_nc_tells_what_it_is_and_anything_else_is_none() {
        let payload = br#"{"data":{"hdr":{"t":"icao.test","v":1,"is":"UTO"},"msg":{"utci":"U32870"}},"sig":{"alg":"ES256","cer":"MIIB","sigvl":"Ss3g"}}"#;
        let seal = VdsNc::parse(payload).unwrap();
        assert_eq!((seal.kind.as_str(), seal.version, seal.issuer.as_str()), ("icao.test", 1, "UTO"));
        for wrong in [
            &br#"{"data":{"hdr":{"t":"icao.test","v":1,"is":"UTO"},"msg":{}}}"#[..],
            br#"{"data":{"hdr":{"t":"icao.test","v":1,"is":"UTO"},"msg":{}},"sig":{"alg":"none","sigvl":"x"}}"#,
            br#"{"data":{"hdr":{"t":"icao.test","v":"1","is":"UTO"},"msg":{}},"sig":{"alg":"ES256","sigvl":"x"}}"#,
            br#"{"data":[],"sig":{}}"#,
            b"{",
            b"\xff",
        ] {
            assert!(VdsNc::parse(wrong).is_none());
        }
    }
}
