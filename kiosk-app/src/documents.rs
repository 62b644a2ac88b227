//! `[documents]` of `kiosk.toml`: the table that says what documents are, and whose seals are believed. Both are put
//! into use once, at start.

use crate::config::{Config, Documents};
use card_reader::profiles::{self, Profiles, SigningKey};
use card_reader::seal::{self, TrustStore};
use std::path::Path;

/// A table larger than this is none.
const MAX_BYTES: u64 = 1024 * 1024;

/// What `[documents]` names, read and checked.
pub struct Loaded {
    /// `None`: the table that the program carries.
    pub profiles: Option<Profiles>,
    /// Nobody vouches for the table; the screen says so.
    pub unsigned: bool,
    pub trust: Option<TrustStore>,
}

/// Reads what the configuration names. A table must be signed, unless `unsigned_profiles` is set.
///
/// # Errors
/// A sentence that says which file is wrong and what to do.
pub fn load(config: &Config) -> Result<Loaded, String> {
    let Documents { profiles, profiles_key, unsigned_profiles, trust } = &config.documents;
    let trust = trust.as_deref().map(TrustStore::load).transpose().map_err(|e| format!("[documents] trust: {e}"))?;
    let Some(path) = profiles else { return Ok(Loaded { profiles: None, unsigned: false, trust }) };
    let table = contents(path)?;
    let said = |error| format!("[documents] profiles {}: {error}", path.display());
    if *unsigned_profiles {
        let profiles = Profiles::unsigned(&table).map_err(said)?;
        return Ok(Loaded { profiles: Some(profiles), unsigned: true, trust });
    }
    let Some(key) = profiles_key else {
        return Err(format!(
            "[documents] profiles {} needs profiles_key, the public key that it is signed with",
            path.display()
        ));
    };
    let key = SigningKey::from_pem(&contents(key)?)
        .map_err(|error| format!("[documents] profiles_key {}: {error}", key.display()))?;
    let mut signature = path.clone().into_os_string();
    signature.push(".sig");
    let signature = contents(Path::new(&signature))?;
    let profiles = Profiles::signed(&table, &signature, &key).map_err(said)?;
    Ok(Loaded { profiles: Some(profiles), unsigned: false, trust })
}

/// Puts into use what was loaded; whether the table is unsigned.
pub fn put_in_use(loaded: Loaded) -> bool {
    if let Some(profiles) = loaded.profiles {
        tracing::info!(
            version = profiles.version(),
            unsigned = loaded.unsigned,
            "documents are told by a table of the site's"
        );
        profiles::use_configured(profiles);
    }
    if let Some(trust) = loaded.trust {
        tracing::info!(signers = trust.len(), "seals are checked");
        seal::use_trust(trust);
    }
    loaded.unsigned
}

fn contents(path: &Path) -> Result<Vec<u8>, String> {
    let wrong = |why: String| format!("[documents] {} {why}", path.display());
    let size = std::fs::metadata(path).map_err(|e| wrong(format!("cannot be read: {e}")))?.len();
    if size > MAX_BYTES {
        return Err(wrong("is larger than 1 MiB and so is not what it should be".to_owned()));
    }
    std::fs::read(path).map_err(|e| wrong(format!("cannot be read: {e}")))
}

#[cfg(test)]
mod tests {
    use super::load;
    use crate::config::Config;
    use std::path::Path;

    const TABLE: &[u8] = include_bytes!("../../card-reader/testdata/profiles/small.toml");
    const SIGNATURE: &[u8] = include_bytes!("../../card-reader/testdata/profiles/small.toml.sig");
    const KEY: &[u8] = include_bytes!("../../card-reader/testdata/profiles/key.pub");

    fn config(folder: &Path, documents: &str) -> Config {
        let text = format!(
            "[service]\nurl = \"https://records.example:8443\"\nroot = \"r\"\nchain = \"c\"\nkey = \"k\"\n[documents]\n{documents}"
        );
        Config::parse(&text, &folder.join("kiosk.toml")).expect("valid")
    }

    #[test]
    fn a_table_is_taken_signed_or_by_a_flag_and_never_otherwise() {
        let folder = tempfile::tempdir().expect("a folder");
        let put = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).expect("written");
        put("documents.toml", TABLE);
        put("documents.toml.sig", SIGNATURE);
        put("key.pub", KEY);
        let signed = "profiles = \"documents.toml\"\nprofiles_key = \"key.pub\"\n";
        let loaded = |documents: &str| load(&config(folder.path(), documents));
        let table = loaded(signed).expect("signed");
        assert!(!table.unsigned && table.profiles.is_some_and(|p| p.version() == 7));
        let none = loaded("").expect("the carried table");
        assert!(none.profiles.is_none() && none.trust.is_none() && !none.unsigned);

        put("documents.toml", &[TABLE, b"\n"].concat());
        let refused = loaded(signed).err().expect("changed");
        assert!(refused.contains("documents.toml") && refused.contains("not signed by its key"), "{refused}");
        let flagged = loaded("profiles = \"documents.toml\"\nunsigned_profiles = true\n").expect("by the flag");
        assert!(flagged.unsigned && flagged.profiles.is_some());
        let keyless = loaded("profiles = \"documents.toml\"\n").err().expect("no key");
        assert!(keyless.contains("profiles_key"), "{keyless}");
        std::fs::remove_file(folder.path().join("documents.toml.sig")).expect("removed");
        let bare = loaded(signed).err().expect("no signature");
        assert!(bare.contains("documents.toml.sig"), "{bare}");
        let trust = loaded("trust = \"nowhere\"\n").err().expect("no folder");
        assert!(trust.contains("nowhere"), "{trust}");
    }
}
