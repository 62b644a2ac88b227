//! A newer pepper, without a stop: it is added to the file, every instance reads it before it is used, and what is stored
//! moves to it in batches.

use crate::app::App;
use crate::audit::{self, Event};
use crate::codes::BoundTo;
use crate::store::statements::reseal::{SEALED, Sealed, SealedRow, TAGGED, Tagged, TaggedRow};
use crate::store::{Answer, StoreError, Tx};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Values that are moved in one transaction.
const BATCH: i64 = 200;

/// What is kept where under each pepper that the file has.
///
/// # Errors
/// Of the store.
pub async fn status(app: &Arc<App>) -> Answer<BTreeMap<u8, BTreeMap<&'static str, i64>>> {
    let mut tx = app.store.read().await?;
    let mut found = BTreeMap::new();
    for kid in app.keys.peppers() {
        let mut places = BTreeMap::new();
        for place in SEALED {
            places.insert(place.name, tx.count_sealed(place, kid).await?);
        }
        for place in TAGGED {
            places.insert(place.name, tx.count_tagged(place, kid).await?);
        }
        found.insert(kid, places);
    }
    Ok(found)
}

/// Moves everything to the pepper that is used now; how many values moved.
///
/// # Errors
/// Of the store; a value that does not open stops it, with the name of its column.
pub async fn reseal(app: &Arc<App>) -> Answer<i64> {
    let mut moved = 0;
    for place in SEALED {
        loop {
            let shared = Arc::clone(app);
            let batch = app.store.write("reseal", move |tx| Box::pin(async move { sealed(tx, &shared, place).await }));
            match batch.await? {
                0 => break,
                some => moved += some,
            }
        }
    }
    for place in TAGGED {
        loop {
            let shared = Arc::clone(app);
            let batch = app.store.write("reseal", move |tx| Box::pin(async move { tagged(tx, &shared, place).await }));
            match batch.await? {
                0 => break,
                some => moved += some,
            }
        }
    }
    let detail = json!({ "pepper": app.keys.current(), "moved": moved });
    audit::tell(app, "reseal", Event::Resealed, "secrets", detail).await?;
    Ok(moved)
}

async fn sealed(tx: &mut Tx, app: &App, place: &Sealed) -> Answer<i64> {
    let rows = tx.sealed_elsewhere(place, app.keys.current(), BATCH).await?;
    let mut moved = 0;
    for row in rows {
        let SealedRow { first, second, sealed } = &row;
        let mut bound_to: Vec<&[u8]> = vec![first.as_bytes()];
        bound_to.extend(second.as_ref().map(|id| &id.as_bytes()[..]));
        bound_to.push(place.label.as_bytes());
        let plain = app.keys.open(&bound_to, sealed).map_err(|_| StoreError::NotUnderstood(place.name))?;
        let new = app.keys.seal(&*app.random, &bound_to, &plain)?;
        // Another by now: it was written under the newest pepper meanwhile.
        tx.set_sealed(place, &row, new).await?;
        moved += 1;
    }
    Ok(moved)
}

async fn tagged(tx: &mut Tx, app: &App, place: &Tagged) -> Answer<i64> {
    let rows = tx.tagged_elsewhere(place, app.keys.current(), BATCH).await?;
    let mut moved = 0;
    for row in rows {
        let TaggedRow { id, account, alg, tag } = &row;
        let new = match place.label {
            Some(label) => app.keys.retag(&*app.random, &[id.as_bytes(), label.as_bytes()], tag),
            None => app.keys.retag(&*app.random, &BoundTo { account: *account, code: *id, alg }.parts(), tag),
        };
        tx.set_tag(place, &row, new.map_err(|_| StoreError::NotUnderstood(place.name))?).await?;
        moved += 1;
    }
    Ok(moved)
}
