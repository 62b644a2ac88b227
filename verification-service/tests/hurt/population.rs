//! Many accounts, each with a code, made without the command line.

use crate::support::Site;
use verification_api::backup_code::Groups;
use verification_api::identifiers::{Identifier, IdentifierType};
use verification_api::wire::RecordStatus;
use verification_service::clock::{Clock, DAY, SystemClock};
use verification_service::config::Config;
use verification_service::random::{SystemRandomness, uuid_v7};
use verification_service::secrets::Keys;
use verification_service::store::rows::{Account, NewIdentifier};
use verification_service::{codes, store, verify};

/// Somebody with a backup code.
#[derive(Clone)]
pub struct Holder {
    pub a_number: String,
    pub code: String,
    /// The row of the code.
    #[allow(dead_code, reason = "shared with the suite, which has no use for it")]
    pub code_id: String,
}

/// Adds holders `from..from + count`.
pub async fn populate(site: &Site, from: usize, count: usize) -> Vec<Holder> {
    let config = Config::load(&site.config()).unwrap();
    let keys = Keys::load(&config.secrets.pepper, &config.secrets.index_key, SystemClock.now()).unwrap();
    let store = store::open(&config.database_at()).await.unwrap();
    let random = SystemRandomness::new();
    let mut holders = Vec::with_capacity(count);
    for nth in from..from + count {
        let now = SystemClock.now();
        let a_number = format!("A{:09}", 100_000_000 + nth);
        let (account, identifier) = account(&keys, &random, &a_number, now);
        let expires_at = now.unix_millis() + DAY;
        let (code, row) =
            codes::make(&keys, &random, Groups::Four, account.id, identifier.blind, (now, expires_at)).unwrap();
        let code_id = row.id.to_string();
        let added = store.write("populate", move |tx| {
            Box::pin(async move {
                assert!(tx.add_account(&account, &[identifier], &[]).await?);
                tx.add_code(&row).await
            })
        });
        added.await.unwrap();
        holders.push(Holder { a_number, code: code.text().expose(str::to_owned), code_id });
    }
    holders
}

/// An account as the command line makes it, and the number that it is found by.
pub fn account(
    keys: &Keys,
    random: &SystemRandomness,
    a_number: &str,
    now: verification_api::wire::Timestamp,
) -> (Account, NewIdentifier) {
    let identifier = Identifier::parse(IdentifierType::ANumber, a_number).unwrap();
    let id = uuid_v7(random, now).unwrap();
    let seal = |what: &[u8], text: &str| keys.seal(random, &[id.as_bytes(), what], text.as_bytes()).unwrap();
    let account = Account {
        id,
        name: seal(b"name", "SPECIMEN<<ANNA"),
        birth_date: seal(b"birth_date", "1974-05-02"),
        record_status: RecordStatus::Clear,
        made_at: now.unix_millis(),
    };
    let (blind, sealed) = (verify::blind_of(keys, &identifier), seal(b"identifier", a_number));
    (account, NewIdentifier { blind, kind: IdentifierType::ANumber.name(), sealed })
}
