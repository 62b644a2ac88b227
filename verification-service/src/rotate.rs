//! A newer pepper, without a stop: it is added to the file, every instance reads it before it is used, and what is stored
//! moves to it in batches.

use crate::app::App;
use crate::audit::{self, Event};
use crate::batches::{batches, rest};
use crate::codes::BoundTo;
use crate::secrets::Tag;
use crate::store::statements::reseal::{SEALED, Sealed, SealedRow, TAGGED, Tagged, TaggedRow};
use crate::store::{Answer, StoreError};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Values that are moved in one transaction: few, so that requests hardly wait.
const BATCH: usize = 50;
/// Values that are read in one go, outside of any transaction; more than anybody has of one kind.
const PAGE: i64 = 500;

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

/// Moves everything to the pepper that is used now; how many values moved. A run that was cut off is simply begun again.
///
/// # Errors
/// Of the store; a value that does not open stops it, with the name of its column.
pub async fn reseal(app: &Arc<App>) -> Answer<i64> {
    let mut moved = 0;
    for place in SEALED {
        moved += sealed(app, place).await?;
    }
    for place in TAGGED {
        moved += tagged(app, place).await?;
    }
    let detail = json!({ "pepper": app.keys.current(), "moved": moved });
    audit::tell(app, "reseal", Event::Resealed, "secrets", detail).await?;
    Ok(moved)
}

/// Moves a sealed column, page by page.
async fn sealed(app: &Arc<App>, place: &'static Sealed) -> Answer<i64> {
    let (mut first, mut second, mut moved) = (String::new(), String::new(), 0);
    loop {
        let mut tx = app.store.read().await?;
        let mut page = tx.sealed_elsewhere(place, app.keys.current(), (&first, &second), PAGE).await?;
        drop(tx);
        if i64::try_from(page.len()) == Ok(PAGE) {
            whole_owners(&mut page, |row: &SealedRow| (row.first, row.second));
        }
        let Some(last) = page.last() else { return Ok(moved) };
        first = last.first.hyphenated().to_string();
        second = last.second.map(|id| id.hyphenated().to_string()).unwrap_or_default();
        let resealed = page.into_iter().map(|row| Ok((newly_sealed(app, place, &row)?, row)));
        for batch in batches(resealed.collect::<Answer<Vec<_>>>()?, BATCH) {
            let done = app.store.write("reseal", move |tx| {
                Box::pin(async move {
                    let mut moved = 0;
                    for (new, row) in batch {
                        // Another by now: it was written under the newest pepper meanwhile.
                        moved += i64::from(tx.set_sealed(place, &row, new).await?);
                    }
                    Ok(moved)
                })
            });
            moved += done.await?;
            rest().await;
        }
    }
}

/// Moves a column of tags, page by page.
async fn tagged(app: &Arc<App>, place: &'static Tagged) -> Answer<i64> {
    let (mut after, mut moved) = (String::new(), 0);
    loop {
        let page = app.store.read().await?.tagged_elsewhere(place, app.keys.current(), &after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(moved) };
        after = last.id.hyphenated().to_string();
        let retagged = page.into_iter().map(|row| Ok((newly_tagged(app, place, &row)?, row)));
        for batch in batches(retagged.collect::<Answer<Vec<_>>>()?, BATCH) {
            let done = app.store.write("reseal", move |tx| {
                Box::pin(async move {
                    let mut moved = 0;
                    for (new, row) in batch {
                        moved += i64::from(tx.set_tag(place, &row, new).await?);
                    }
                    Ok(moved)
                })
            });
            moved += done.await?;
            rest().await;
        }
    }
}

/// Leaves the last owner's rows to the next page, which goes on behind those of an owner.
fn whole_owners<T, K: PartialEq>(page: &mut Vec<T>, owner: impl Fn(&T) -> K) {
    let Some(last) = page.last().map(&owner) else { return };
    if let Some(at) = page.iter().rposition(|row| owner(row) != last) {
        page.truncate(at + 1);
    }
}

fn newly_sealed(app: &App, place: &Sealed, row: &SealedRow) -> Answer<Vec<u8>> {
    let SealedRow { first, second, sealed } = row;
    let mut bound_to: Vec<&[u8]> = vec![first.as_bytes()];
    bound_to.extend(second.as_ref().map(|id| &id.as_bytes()[..]));
    bound_to.push(place.label.as_bytes());
    let plain = app.keys.open(&bound_to, sealed).map_err(|_| StoreError::NotUnderstood(place.name))?;
    Ok(app.keys.seal(&*app.random, &bound_to, &plain)?)
}

fn newly_tagged(app: &App, place: &Tagged, row: &TaggedRow) -> Answer<Tag> {
    let TaggedRow { id, account, alg, tag } = row;
    let new = match place.label {
        Some(label) => app.keys.retag(&*app.random, &[id.as_bytes(), label.as_bytes()], tag),
        None => app.keys.retag(&*app.random, &BoundTo { account: *account, code: *id, alg }.parts(), tag),
    };
    new.map_err(|_| StoreError::NotUnderstood(place.name))
}

#[cfg(test)]
mod tests {
    use super::whole_owners;

    #[test]
    fn a_page_ends_with_all_rows_of_an_owner() {
        for (page, kept) in [(vec![1, 1, 2, 3, 3], vec![1, 1, 2]), (vec![1, 2], vec![1]), (vec![4, 4], vec![4, 4])] {
            let mut page = page;
            whole_owners(&mut page, |owner| *owner);
            assert_eq!(page, kept);
        }
    }
}
