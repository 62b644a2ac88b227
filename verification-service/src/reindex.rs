//! A newer index key, without a stop: every instance reads it before it is used; then what stands at blind indexes moves to
//! it in small transactions, while the service runs. Each is whole by itself, so that a run that was cut off is simply
//! begun again.

use crate::app::App;
use crate::audit::{self, Actor, Event};
use crate::batches::{batches, rest};
use crate::inspect::{StoredParts, blind_document};
use crate::officers;
use crate::portal;
use crate::secrets::{Blind, Keys, SecretError};
use crate::store::statements::reindex::Standing;
use crate::store::{Answer, Locked, StoreError, Tx};
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use verification_api::personal::PersonalText;
use verification_api::wire::DocumentType;
use zeroize::Zeroizing;

/// Identifiers that are moved in one transaction: few, so that requests hardly wait.
const BATCH: usize = 25;
/// Rows that are read in one go.
const PAGE: i64 = 500;

/// What a run did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Moved {
    pub identifiers: u64,
    pub documents: u64,
    pub logins: u64,
    pub officers: u64,
    /// Whose tries or verifications alone stood under the older key.
    pub histories: u64,
    /// Rows whose place could not be made anew: they stay under the older key.
    pub left: u64,
}

/// Why index keys are not taken.
#[derive(Debug, thiserror::Error)]
pub enum IndexFault {
    #[error(transparent)]
    Secret(#[from] SecretError),
    #[error(
        "numbers or user names stand under index key {0}, which is not in the file of [secrets] index_key: put its line back, or copy the file from the machine on which it was changed"
    )]
    Lacking(i64),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Whether every index key is known under which somebody could be looked up.
///
/// # Errors
/// [`IndexFault`].
pub async fn check(tx: &mut Tx, known: &[u8]) -> Result<(), IndexFault> {
    let Some((low, high)) = tx.index_kids().await? else { return Ok(()) };
    match [low, high].into_iter().find(|kid| !known.iter().any(|known| i64::from(*known) == *kid)) {
        Some(lacking) => Err(IndexFault::Lacking(lacking)),
        None => Ok(()),
    }
}

/// Reads the index keys again. One that is still needed is not given up. Whether anything is different.
///
/// # Errors
/// [`IndexFault`]; what was known stays.
pub async fn reload(app: &App) -> Result<bool, IndexFault> {
    let (new, known) = (Keys::read_index(&app.config.secrets.index_key, app.now())?, app.keys.index());
    if new == *known {
        return Ok(false);
    }
    if known.known().iter().any(|kid| !new.known().contains(kid)) {
        check(&mut app.store.read().await?, &new.known()).await?;
    }
    app.keys.take_index(new);
    Ok(true)
}

/// How many rows of each table stand under each index key.
///
/// # Errors
/// Of the store.
pub async fn status(app: &App) -> Answer<BTreeMap<i64, BTreeMap<&'static str, i64>>> {
    let mut found = app.store.read().await?.count_places().await?;
    for kid in app.keys.index().known() {
        found.entry(i64::from(kid)).or_default();
    }
    Ok(found)
}

/// Moves everything to the index key that is used now.
///
/// # Errors
/// Of the store.
pub async fn reindex(app: &Arc<App>) -> Answer<Moved> {
    let mut moved = Moved::default();
    if app.keys.index().known().len() > 1 {
        identifiers(app, &mut moved).await?;
        documents(app, &mut moved).await?;
        logins(app, &mut moved).await?;
        badges(app, &mut moved).await?;
        kiosks(app).await?;
        histories(app, &mut moved).await?;
    }
    let detail = json!({ "index_key": app.keys.index().used(), "done": moved });
    audit::tell(app, "reindex", Event::Reindexed, "secrets", detail).await?;
    Ok(moved)
}

/// A row's place under both keys.
struct Move {
    place: Blind,
    row: Standing,
}

async fn identifiers(app: &Arc<App>, moved: &mut Moved) -> Answer<()> {
    let (mut after, kid) = (vec![], i64::from(app.keys.index().used()));
    loop {
        let mut tx = app.store.read().await?;
        let page = tx.identifiers_after(&after, Some(kid), PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.at.to_vec();
        let mut moves = vec![];
        for row in page {
            match place_of(&mut tx, &app.keys, &row).await? {
                Some(place) => moves.push(Move { place, row }),
                None => moved.left += 1,
            }
        }
        drop(tx);
        moved.identifiers += in_batches(app, moves).await?;
    }
}

/// What requests under way wrote under the older key, after their identifier had moved.
async fn histories(app: &Arc<App>, moved: &mut Moved) -> Answer<()> {
    let kid = i64::from(app.keys.index().used());
    let counts = status(app).await?;
    let older = counts.iter().filter(|(under, _)| **under != kid);
    if older.flat_map(|(_, tables)| [tables.get("throttle"), tables.get("verification")]).flatten().sum::<i64>() == 0 {
        return Ok(());
    }
    let mut after = vec![];
    loop {
        let mut tx = app.store.read().await?;
        let page = tx.identifiers_after(&after, None, PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.at.to_vec();
        let mut moves = vec![];
        for row in page.into_iter().filter(|row| row.index_kid == kid) {
            if let Some(place) = place_of(&mut tx, &app.keys, &row).await?
                && let Some(other) = place.other()
                && tx.has_history_at(&other).await?
            {
                moves.push(Move { place, row });
            }
        }
        drop(tx);
        moved.histories += moves.len() as u64;
        in_batches(app, moves).await?;
    }
}

/// Moves identifiers with everything that hangs on them; how many stood at their other place.
async fn in_batches(app: &Arc<App>, moves: Vec<Move>) -> Answer<u64> {
    let mut moved = 0;
    for batch in batches(moves, BATCH) {
        let now = app.now();
        let done = app.store.write("reindex", move |tx| {
            Box::pin(async move {
                // One run at a time: nobody else holds several identifiers.
                tx.lock(Locked::Reindex, b"").await?;
                let (mut count, mut told) = (0, serde_json::Map::new());
                for Move { place, .. } in &batch {
                    let Some(from) = place.other() else { continue };
                    tx.lock_place(Locked::Identifier, place).await?;
                    count += u64::from(tx.move_identifier(place, &from).await?);
                    if tx.move_verifications(place, &from).await? > 0 {
                        // So that what earlier audit rows tell of them is still found.
                        told.insert(hex::encode(from), place.hex().into());
                    }
                    if tx.has_throttle_at(&from).await? {
                        let state = tx.throttle(*place).await?;
                        tx.set_throttle(*place, state).await?;
                    }
                }
                if !told.is_empty() {
                    let kid = batch.first().map_or(0, |first| first.place.kid());
                    let detail = json!({ "index_key": kid, "moved": told });
                    audit::append(tx, now, Actor::Operator, Event::Reindexed, "secrets", &detail).await?;
                }
                Ok(count)
            })
        });
        moved += done.await?;
        rest().await;
    }
    Ok(moved)
}

async fn documents(app: &Arc<App>, moved: &mut Moved) -> Answer<()> {
    let (mut after, kid) = (vec![], i64::from(app.keys.index().used()));
    loop {
        let page = app.store.read().await?.documents_after(&after, kid, PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.at.to_vec();
        let mut moves = vec![];
        for row in page {
            match document_place(&app.keys, &row)? {
                Some(place) => moves.push(Move { place, row }),
                None => moved.left += 1,
            }
        }
        moved.documents += rows_of(app, Table::Document, moves).await?;
    }
}

async fn logins(app: &Arc<App>, moved: &mut Moved) -> Answer<()> {
    let (mut after, kid) = (vec![], i64::from(app.keys.index().used()));
    loop {
        let mut tx = app.store.read().await?;
        let page = tx.logins_after(&after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.at.to_vec();
        let (mut moves, mut pins) = (vec![], vec![]);
        for row in page {
            let name = app.keys.open_text(&[row.owner.as_bytes(), b"user name"], &row.sealed)?;
            let place = portal::name_of(&app.keys, &PersonalText::from(name.as_str()));
            if !place.stands_at(&row.at) {
                moved.left += 1;
                continue;
            }
            for subject in portal::tries_of(&app.keys, place, row.owner) {
                if tx.has_pins_elsewhere(&subject).await? {
                    pins.push(subject);
                }
            }
            if row.index_kid != kid {
                moves.push(Move { place, row });
            }
        }
        drop(tx);
        moved.logins += rows_of(app, Table::Login, moves).await?;
        move_pins(app, pins).await?;
    }
}

async fn badges(app: &Arc<App>, moved: &mut Moved) -> Answer<()> {
    let (mut after, kid) = (vec![], i64::from(app.keys.index().used()));
    loop {
        let mut tx = app.store.read().await?;
        let page = tx.badges_after(&after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.at.to_vec();
        let (mut moves, mut pins) = (vec![], vec![]);
        for row in page {
            let badge = app.keys.open_text(&[row.owner.as_bytes(), b"badge"], &row.sealed)?;
            let place = officers::badge_of(&app.keys, &badge);
            if !place.stands_at(&row.at) {
                moved.left += 1;
                continue;
            }
            if tx.has_pins_elsewhere(&place).await? {
                pins.push(place);
            }
            if row.index_kid != kid {
                moves.push(Move { place, row });
            }
        }
        drop(tx);
        moved.officers += rows_of(app, Table::Officer, moves).await?;
        move_pins(app, pins).await?;
    }
}

/// Whose rows stand alone: nothing hangs on their place.
#[derive(Clone, Copy)]
enum Table {
    Document,
    Login,
    Officer,
}

/// Moves rows of one table; how many.
async fn rows_of(app: &Arc<App>, table: Table, moves: Vec<Move>) -> Answer<u64> {
    let mut moved = 0;
    for batch in batches(moves, BATCH) {
        moved += batch.len() as u64;
        let done = app.store.write("reindex", move |tx| {
            Box::pin(async move {
                for Move { place, row } in &batch {
                    match table {
                        Table::Document => tx.move_document(place, &row.at).await?,
                        Table::Login => tx.move_login(row.owner, place).await?,
                        Table::Officer => tx.move_badge(row.owner, place).await?,
                    };
                }
                Ok(())
            })
        });
        done.await?;
        rest().await;
    }
    Ok(moved)
}

/// Wrong PINs that are counted at kiosks.
async fn kiosks(app: &Arc<App>) -> Answer<()> {
    let mut tx = app.store.read().await?;
    let mut pins = vec![];
    for kiosk in tx.kiosks().await? {
        let place = officers::pins_at(&app.keys, kiosk.id);
        if tx.has_pins_elsewhere(&place).await? {
            pins.push(place);
        }
    }
    drop(tx);
    move_pins(app, pins).await
}

async fn move_pins(app: &Arc<App>, subjects: Vec<Blind>) -> Answer<()> {
    // One in a transaction: sign-ins hold two of them, in an order of their own.
    for subject in subjects {
        let done = app.store.write("reindex", move |tx| {
            Box::pin(async move {
                tx.lock_place(Locked::Pin, &subject).await?;
                let state = tx.pin_throttle(subject).await?;
                tx.set_pin_throttle(subject, state).await
            })
        });
        done.await?;
        rest().await;
    }
    Ok(())
}

/// Where an identifier stands under each key; none if that cannot be told from what is kept of it.
async fn place_of(tx: &mut Tx, keys: &Keys, row: &Standing) -> Answer<Option<Blind>> {
    let place = if row.kind == "delegation" {
        match tx.representation_at(&row.at).await? {
            Some(representation) => portal::delegation_place(tx, keys, &representation).await?,
            None => return Ok(None),
        }
    } else {
        let text = keys.open_text(&[row.owner.as_bytes(), b"identifier"], &row.sealed)?;
        keys.blind(&row.kind, &text)
    };
    Ok(Some(place).filter(|place| place.other().is_some() && place.stands_at(&row.at)))
}

/// Where a document stands. Of older ones the issuer is not kept: it is found by trying all that there can be.
fn document_place(keys: &Keys, row: &Standing) -> Answer<Option<Blind>> {
    let plain = keys.open(&[row.owner.as_bytes(), b"document"], &row.sealed)?;
    let parts: StoredParts = serde_json::from_slice(&plain).map_err(|_| StoreError::NotUnderstood("document"))?;
    let Some(kind) = DocumentType::from_name(&row.kind) else { return Ok(None) };
    let place = |issuer: &str| {
        let place = parts.number.expose(|number| blind_document(keys, issuer, kind, number));
        place.stands_at(&row.at).then_some(place)
    };
    Ok(match &parts.issuer {
        Some(issuer) => issuer.expose(place),
        None => issuers().find_map(|issuer| place(&issuer)),
    })
}

/// Codes of issuers: one to three letters (ICAO 9303-3 §5), the likely one first; and none.
fn issuers() -> impl Iterator<Item = Zeroizing<String>> {
    let letters = || (b'A'..=b'Z').map(char::from);
    let one = letters().map(String::from);
    let two = letters().flat_map(move |a| letters().map(move |b| format!("{a}{b}")));
    let three = letters().flat_map(move |a| letters().flat_map(move |b| letters().map(move |c| format!("{a}{b}{c}"))));
    ["USA".to_owned(), String::new()].into_iter().chain(one).chain(two).chain(three).map(Zeroizing::new)
}
