//! Whether everything that was answered and everything that is stored can be true together, request by request.

use crate::history::{Asked, What};
use crate::support::{Kiosk, Site};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;
use verification_api::identifiers::{Identifier, IdentifierType};
use verification_service::clock::{Clock, SystemClock};
use verification_service::config::Config;
use verification_service::secrets::Keys;
use verification_service::verify::blind_of;

/// What cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// It was never answered.
    Unanswered,
    /// Two tries of one request had different answers.
    AnswersDiffer,
    /// One code, or one holder, verified more than once.
    VerifiedTwice,
    /// It has no row of its own, or not the reply that a later try would get.
    Lost,
    /// Its row, or its stored reply, is not what was asked and answered.
    Differs,
    /// Its audit row is missing, is there twice, or tells something else.
    Unaudited,
    /// A row of something that nobody asked for.
    Stray,
    /// A code that is used up without a `verified`, or the other way round.
    CodeState,
}

/// A fault, and where.
pub type Found = (Fault, String);

/// Checks every row; how many codes verified.
pub async fn check(site: &Site, kiosks: &[Kiosk], asked: &[Asked]) -> usize {
    let found = faults(&Stored::read(site).await, kiosks, asked);
    assert!(found.is_empty(), "{} faults, of which the first: {:#?}", found.len(), &found[..found.len().min(10)]);
    site.cli(&["audit", "verify"]);
    asked.iter().filter(|one| verified(one)).count()
}

/// Everything that cannot be true.
pub fn faults(stored: &Stored, kiosks: &[Kiosk], asked: &[Asked]) -> Vec<Found> {
    let mut found = vec![];
    let mut told = Told::default();
    for one in asked {
        let kiosk = kiosks[one.kiosk].id;
        let mut note = |fault, what: &str| found.push((fault, format!("{} of {kiosk}: {what}", one.id)));
        match one.answers.len() {
            0 => note(Fault::Unanswered, "no answer"),
            1 => {}
            more => note(Fault::AnswersDiffer, &format!("{more} different answers")),
        }
        stored.judge_put(kiosk, one, &mut told, &mut note);
        stored.judge_row(kiosk, one, &mut told, &mut note);
    }
    let mut note = |fault, what: String| found.push((fault, what));
    stored.judge_strays(&told, &mut note);
    stored.judge_codes(&mut note);
    let mut by_holder: BTreeMap<&str, usize> = BTreeMap::new();
    for one in asked.iter().filter(|one| verified(one)) {
        if let What::Verification { a_number } = &one.what {
            *by_holder.entry(a_number).or_default() += 1;
        }
    }
    for (a_number, times) in by_holder.into_iter().filter(|(_, times)| *times > 1) {
        note(Fault::VerifiedTwice, format!("{a_number}: answered {times} times"));
    }
    found
}

fn verified(one: &Asked) -> bool {
    // Any answer counts: a second one that differs is a fault of its own.
    one.answers
        .iter()
        .any(|bytes| serde_json::from_slice::<Value>(bytes).is_ok_and(|answer| answer["result"] == "verified"))
}

/// A row: its columns as text, binary ones in hex.
type Row = Vec<Option<String>>;

/// Number, actor, detail.
type AuditRow = (String, String, Value);

/// What the database holds of requests.
pub struct Stored {
    keys: Keys,
    /// By (kiosk, scope, id): kind, state, MAC of the body, status, sealed reply.
    puts: BTreeMap<(String, String, String), Row>,
    /// By table, then (kiosk, id): the audit row's number, the visit, then the table's own columns.
    rows: BTreeMap<&'static str, BTreeMap<(String, String), Row>>,
    /// By (event, subject).
    audit: BTreeMap<(String, String), Vec<AuditRow>>,
    /// By id: identifier, state.
    codes: BTreeMap<String, Row>,
}

/// What the requests account for.
#[derive(Default)]
struct Told {
    puts: BTreeSet<(String, String, String)>,
    rows: BTreeSet<(&'static str, String, String)>,
    audit: BTreeSet<(String, String)>,
}

/// The tables of what was decided, with the event that their audit rows have.
const TABLES: [(&str, &str); 4] = [
    ("verification", "verification"),
    ("inspection", "inspection"),
    ("override", "override"),
    ("referral", "referral_stored"),
];

impl Stored {
    pub async fn read(site: &Site) -> Self {
        let config = Config::load(&site.config()).unwrap();
        let keys = Keys::load(&config.secrets.pepper, &config.secrets.index_key, SystemClock.now()).unwrap();
        let hex = |column: &str| match site.database {
            None => format!("lower(hex({column}))"),
            Some(_) => format!("encode({column}, 'hex')"),
        };
        let columns =
            format!("kiosk, scope, id, kind, state, {}, CAST(status AS TEXT), {}", hex("body_mac"), hex("reply"));
        let puts = site.rows(&format!("SELECT {columns} FROM put"), 8).await;
        let puts = puts.into_iter().map(|mut row| {
            let rest = row.split_off(3);
            let key: Vec<String> = row.into_iter().flatten().collect();
            ((key[0].clone(), key[1].clone(), key[2].clone()), rest)
        });
        let mut rows = BTreeMap::new();
        for (table, _) in TABLES {
            let seq = "CAST(audit_seq AS TEXT)".to_owned();
            let own: Vec<String> = match table {
                "verification" => {
                    vec!["id".into(), seq, "visit".into(), hex("identifier"), "code, result, purpose".into()]
                }
                "inspection" => vec!["id".into(), seq, "visit, record, document_status, mismatch".into()],
                "override" => vec!["id".into(), seq, "visit".into(), hex("sealed"), "signature, flags".into()],
                _ => vec!["visit, NULL, visit, reference".into(), hex("sealed")],
            };
            let width = match table {
                "verification" => 8,
                "inspection" | "override" => 7,
                _ => 6,
            };
            let all = site.rows(&format!("SELECT kiosk, {} FROM {table}", own.join(", ")), width).await;
            let by_place = all.into_iter().map(|mut row| {
                let rest = row.split_off(2);
                let key: Vec<String> = row.into_iter().flatten().collect();
                ((key[0].clone(), key[1].clone()), rest)
            });
            rows.insert(table, by_place.collect());
        }
        let mut audit: BTreeMap<(String, String), Vec<_>> = BTreeMap::new();
        for row in site.rows("SELECT event, subject, CAST(seq AS TEXT), actor, detail FROM audit", 5).await {
            let row: [Option<String>; 5] = row.try_into().unwrap();
            let [event, subject, seq, actor, detail] = row.map(Option::unwrap_or_default);
            let detail = serde_json::from_str(&detail).unwrap_or_default();
            audit.entry((event, subject)).or_default().push((seq, actor, detail));
        }
        let codes = site.rows(&format!("SELECT id, {}, state FROM code", hex("identifier")), 3).await;
        let codes = codes.into_iter().map(|mut row| (row.remove(0).unwrap_or_default(), row)).collect();
        Self { keys, puts: puts.collect(), rows, audit, codes }
    }

    /// The request's PUT: done, of these bytes, with the reply that was given.
    fn judge_put(&self, kiosk: Uuid, one: &Asked, told: &mut Told, note: &mut impl FnMut(Fault, &str)) {
        let (scope, kind) = one.what.stored_as();
        let key = (kiosk.to_string(), scope.to_owned(), one.id.to_string());
        let row = self.puts.get(&key);
        told.puts.insert(key);
        let Some([Some(of), Some(state), Some(mac), status, reply]) = row.map(Vec::as_slice) else {
            return note(Fault::Lost, "no row in put");
        };
        if of != kind || *mac != hex::encode(self.keys.body_mac(&one.body)) {
            note(Fault::Differs, "its row in put is of another request");
        }
        if state != "done" || status.as_deref() != Some("200") {
            return note(Fault::Lost, &format!("in put it is {state} with {status:?}"));
        }
        let bound_to: [&[u8]; 4] = [b"reply", kiosk.as_bytes(), scope.as_bytes(), one.id.as_bytes()];
        let sealed = hex::decode(reply.as_deref().unwrap_or_default()).unwrap_or_default();
        match self.keys.open(&bound_to, &sealed) {
            Err(_) => note(Fault::Differs, "its stored reply does not open"),
            Ok(reply) if one.answers.iter().any(|answer| *answer != *reply) => {
                note(Fault::Differs, "its stored reply is not what was answered");
            }
            Ok(_) => {}
        }
    }

    /// The request's own row and its audit row.
    fn judge_row(&self, kiosk: Uuid, one: &Asked, told: &mut Told, note: &mut impl FnMut(Fault, &str)) {
        let (kiosk_text, id) = (kiosk.to_string(), one.id.to_string());
        let (table, event, subject) = match &one.what {
            What::Verification { .. } => ("verification", "verification", format!("{kiosk}/{id}")),
            What::Inspection => ("inspection", "inspection", format!("{kiosk}/{id}")),
            What::Override { .. } => ("override", "override", format!("{kiosk}/{id}")),
            What::Referral { .. } => ("referral", "referral_stored", id.clone()),
        };
        told.rows.insert((table, kiosk_text.clone(), id.clone()));
        told.audit.insert((event.to_owned(), subject.clone()));
        let row = self.rows[table].get(&(kiosk_text, id.clone()));
        let Some([audit_seq, visit, own @ ..]) = row.map(Vec::as_slice) else {
            return note(Fault::Lost, &format!("no row in {table}"));
        };
        let audited = self.audit.get(&(event.to_owned(), subject)).map(Vec::as_slice);
        let Some([(seq, actor, detail)]) = audited else {
            return note(Fault::Unaudited, &format!("{} audit rows", audited.map_or(0, <[_]>::len)));
        };
        if *actor != format!("kiosk:{kiosk}") || audit_seq.as_ref().is_some_and(|of_row| of_row != seq) {
            note(Fault::Unaudited, "its audit row is another's");
        }
        let asked: Value = serde_json::from_slice(&one.body).unwrap_or_default();
        let wanted = if table == "referral" { &Value::from(id) } else { &asked["visit"] };
        if visit.as_deref() != wanted.as_str() {
            note(Fault::Differs, "its row has another visit");
        }
        if table != "referral" && detail["visit"] != *wanted {
            note(Fault::Unaudited, "its audit row has another visit");
        }
        self.judge_columns((kiosk, one), own, detail, note);
    }

    /// What only this kind of row has, against what was asked, answered and audited.
    fn judge_columns(
        &self,
        (kiosk, one): (Uuid, &Asked),
        own: &[Option<String>],
        detail: &Value,
        note: &mut impl FnMut(Fault, &str),
    ) {
        let text = |nth: usize| own[nth].clone().unwrap_or_default();
        let json = |nth: usize| serde_json::from_str::<Value>(&text(nth)).ok();
        // (in the row, as asked or answered, in the audit row)
        let mut same = |what: &str, stored: Option<Value>, told: Option<Value>, audited: Option<&Value>| {
            if one.is_answered() && stored != told {
                note(Fault::Differs, &format!("{what} is stored as {stored:?}, not as {told:?}"));
            }
            if audited.is_some_and(|audited| Some(audited) != stored.as_ref()) {
                note(Fault::Unaudited, &format!("{what} is stored as {stored:?}, audited as {audited:?}"));
            }
        };
        let opened = |bound_to: &[&[u8]], sealed: &str| {
            let opened = self.keys.open(bound_to, &hex::decode(sealed).unwrap_or_default());
            opened.ok().map(|plain| Value::from(hex::encode(&*plain)))
        };
        let body = Some(Value::from(hex::encode(&one.body)));
        match &one.what {
            What::Verification { a_number } => {
                let identifier = Identifier::parse(IdentifierType::ANumber, a_number).unwrap();
                let blind = blind_of(&self.keys, &identifier).hex();
                same("the identifier", Some(text(0).into()), Some(blind.into()), Some(&detail["identifier"]));
                same("the result", Some(text(2).into()), one.told("result"), Some(&detail["result"]));
                same("the purpose", Some(text(3).into()), Some("inspection".into()), Some(&detail["purpose"]));
                let used = Value::from(own[1].clone());
                let has_code = Some(Value::from(own[1].is_some()));
                same("whether a code was used", has_code, Some(verified(one).into()), None);
                same("the code", Some(used.clone()), Some(used), Some(&detail["code"]));
                let state = own[1].as_ref().map(|code| self.codes.get(code).cloned().unwrap_or_default());
                if let Some(state) = state {
                    let wanted = vec![own[0].clone(), Some("used".to_owned())];
                    same("its code", Some(format!("{state:?}").into()), Some(format!("{wanted:?}").into()), None);
                }
            }
            What::Inspection => {
                for (nth, member) in ["record", "document_status", "mismatch"].into_iter().enumerate() {
                    same(member, json(nth), one.told(member), Some(&detail[member]));
                }
            }
            What::Referral { reference } => {
                let wanted = Some(Value::from(reference.clone()));
                same("the reference", Some(text(0).into()), wanted, Some(&detail["reference"]));
                same("what was told", opened(&[one.id.as_bytes(), b"referral"], &text(1)), body, None);
            }
            What::Override { signature } => {
                let bound_to: [&[u8]; 3] = [kiosk.as_bytes(), one.id.as_bytes(), b"override"];
                same("what was decided", opened(&bound_to, &text(0)), body, None);
                same("the signature", Some(text(1).into()), Some(signature.clone().into()), Some(&detail["signature"]));
                let flagged = json(2).as_ref().and_then(Value::as_array).map(|flags| Value::from(!flags.is_empty()));
                same("whether it is flagged", flagged, one.told("flagged"), None);
            }
        }
    }

    /// Rows that no request accounts for.
    fn judge_strays(&self, told: &Told, note: &mut impl FnMut(Fault, String)) {
        for key in self.puts.keys().filter(|key| !told.puts.contains(key)) {
            note(Fault::Stray, format!("put: {key:?}"));
        }
        for (table, rows) in &self.rows {
            for (kiosk, id) in rows.keys().filter(|(k, id)| !told.rows.contains(&(*table, k.clone(), id.clone()))) {
                note(Fault::Stray, format!("{table}: {id} of {kiosk}"));
            }
        }
        let events = TABLES.map(|(_, event)| event);
        for key in self.audit.keys().filter(|key| events.contains(&key.0.as_str()) && !told.audit.contains(key)) {
            note(Fault::Stray, format!("audit: {key:?}"));
        }
    }

    /// Every code that is used up has exactly one `verified`, and every `verified` its code.
    fn judge_codes(&self, note: &mut impl FnMut(Fault, String)) {
        let mut verified: BTreeMap<&str, usize> = BTreeMap::new();
        for row in self.rows["verification"].values() {
            if let [_, _, _, Some(code), ..] = row.as_slice() {
                *verified.entry(code).or_default() += 1;
            }
        }
        for (code, row) in &self.codes {
            let used = row[1].as_deref() == Some("used");
            match verified.get(code.as_str()).copied().unwrap_or_default() {
                0 | 1 if used == verified.contains_key(code.as_str()) => {}
                0 | 1 => note(Fault::CodeState, format!("code {code} is {:?}", row[1])),
                times => note(Fault::VerifiedTwice, format!("code {code}: {times} rows")),
            }
        }
    }
}
