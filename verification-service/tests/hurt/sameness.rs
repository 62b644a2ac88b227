//! The eight ways of not being verified are one: the same bytes, the same time.

use crate::numbers::Numbers;
use crate::population::{Holder, populate};
use crate::support::{Client, Site, id, other_than, verification};
use crate::{numbers, times};
use reqwest::Method;
use std::time::Instant;

/// |t| of Welch's test above which two means differ.
const THRESHOLD: f64 = 4.5;

const NAMES: [&str; 8] = ["unknown", "wrong", "used", "revoked", "expired", "disabled", "locked", "someone else's"];

/// An identifier and the code that is tried with it.
struct Asked {
    a_number: String,
    code: String,
}

/// Of each kind many identifiers: where the rows of one lie in the database's trees makes it slower or faster than another,
/// whatever its kind.
async fn kinds(site: &Site, each: usize) -> [Vec<Asked>; 8] {
    let known = populate(site, 0, 7 * each).await;
    let of: Vec<&[Holder]> = known.chunks(each).collect();
    for (at, change) in
        [(1, "state = 'used'"), (2, "state = 'revoked'"), (3, "expires_at = 1"), (4, "state = 'disabled'")]
    {
        assert_eq!(site.sql(&format!("UPDATE code SET {change} WHERE id IN ({})", ids(of[at]))).await, each as u64);
    }
    // Locked since their one wrong try.
    let locked = format!(
        "INSERT INTO throttle (identifier, n, locked_until, last_at) SELECT identifier, 1, 2000000000000, 1 FROM code WHERE id IN ({})",
        ids(of[5])
    );
    assert_eq!(site.sql(&locked).await, each as u64);
    let unknown =
        (0..each).map(|nth| Asked { a_number: format!("A{:09}", 900_000_000 + nth), code: of[0][nth].code.clone() });
    let own = |holder: &Holder| Asked { a_number: holder.a_number.clone(), code: holder.code.clone() };
    let wrong =
        |holder: &Holder| Asked { a_number: holder.a_number.clone(), code: other_than(&holder.code).to_owned() };
    let others = of[6].iter().zip(of[0]).map(|(holder, other)| Asked { code: other.code.clone(), ..own(holder) });
    let all = |of: &[Holder]| of.iter().map(own).collect();
    let wrong = of[0].iter().map(wrong).collect();
    [unknown.collect(), wrong, all(of[1]), all(of[2]), all(of[3]), all(of[4]), all(of[5]), others.collect()]
}

fn ids(of: &[Holder]) -> String {
    of.iter().map(|holder| format!("'{}'", holder.code_id)).collect::<Vec<_>>().join(", ")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 16)]
async fn not_verified_tells_nothing_by_its_bytes_nor_by_its_time() {
    nothing_is_told(false).await;
}

/// Who is known stands under the older key, who is not is counted under the newer: both are looked for in two places.
#[tokio::test(flavor = "multi_thread", worker_threads = 16)]
async fn nor_does_it_while_the_index_key_is_changed() {
    nothing_is_told(true).await;
}

/// Asks one request after the other. The long form has as many services as cores, but for one, each with one request after
/// the other, so that it takes an hour on two cores and minutes on many.
async fn nothing_is_told(two_keys: bool) {
    let mut numbers = numbers("sameness");
    let services =
        std::thread::available_parallelism().map_or(1, |cores| times(1, cores.get().saturating_sub(1)).max(1));
    let (identifiers, rounds) = (times(10, 125), times(15, 800usize.div_ceil(services)));
    let each = identifiers * rounds * services;
    let asking = (0..services).map(|_| {
        let seed = numbers.below(u64::MAX);
        tokio::spawn(one_service(two_keys, identifiers, rounds, seed))
    });
    let mut spent: Vec<Moments> = NAMES.iter().map(|_| Moments::default()).collect();
    let mut first: Option<Vec<u8>> = None;
    for asked in futures::future::join_all(asking.collect::<Vec<_>>()).await {
        let (bytes, of_one) = asked.unwrap();
        assert!(*first.get_or_insert_with(|| bytes.clone()) == bytes, "the services differ");
        for (all, one) in spent.iter_mut().zip(&of_one) {
            all.merge(one);
        }
    }
    for (name, moments) in NAMES.iter().zip(&spent) {
        println!("  {name:>14}: {}", moments.shown());
    }
    let (worst, a, b) = farthest(&spent);
    assert!(worst < THRESHOLD, "{a} and {b} take different times: t = {worst:.2}");
    let mean = spent.iter().map(|moments| moments.mean).sum::<f64>() / 8.0;
    let keys = if two_keys { "two index keys, " } else { "" };
    println!(
        "sameness: {keys}8 kinds, {each} each, {services} services: same bytes, mean {mean:.0} us, greatest |t| {worst:.2}"
    );
}

/// What all replies of one service are, and how long they took, for each kind.
async fn one_service(two_keys: bool, identifiers: usize, rounds: usize, seed: u64) -> (Vec<u8>, Vec<Moments>) {
    let mut numbers = Numbers::new(seed);
    let site = Site::on(false);
    // A connection that has come of age says `Connection: close`, whoever is asked for.
    site.raise_limits().set("lock_after", "1000000000").set("connection_seconds", "1000000");
    let kiosk = site.add_kiosk("K07");
    let kinds = kinds(&site, identifiers).await;
    if two_keys {
        site.cli(&["secrets", "rotate-index-key", "--after", "0"]);
    }
    let serving = site.serve();
    let client = serving.client(&kiosk);

    let mut order: Vec<(usize, usize)> = (0..kinds.len()).flat_map(|k| (0..identifiers).map(move |i| (k, i))).collect();
    let mut first: Option<Vec<u8>> = None;
    let mut spent: Vec<Moments> = kinds.iter().map(|_| Moments::default()).collect();
    for round in 1..=rounds {
        for at in (1..order.len()).rev() {
            order.swap(at, usize::try_from(numbers.below(at as u64 + 1)).unwrap());
        }
        for &(nth, identifier) in &order {
            let (bytes, micros) = ask(&client, &kinds[nth][identifier]).await;
            let masked = masked(&bytes);
            let first = first.get_or_insert_with(|| masked.clone());
            assert!(*first == masked, "{} differs", NAMES[nth]);
            spent[nth].add(micros);
        }
        // Who waits sees how it goes.
        if round % rounds.div_ceil(10) == 0 {
            let (t, a, b) = farthest(&spent);
            println!("sameness: after {} of each the greatest |t| is {t:.2}, of {a} and {b}", round * identifiers);
            for (name, moments) in NAMES.iter().zip(&spent) {
                println!("  {name:>14}: {}", moments.shown());
            }
        }
    }
    (first.unwrap(), spent)
}

/// The two kinds whose means differ the most for their deviations, and Welch's |t| of them.
fn farthest(spent: &[Moments]) -> (f64, &'static str, &'static str) {
    let mut worst = (0_f64, "", "");
    for a in 0..spent.len() {
        for b in 0..a {
            let t = spent[a].welch(&spent[b]).abs();
            if t > worst.0 {
                worst = (t, NAMES[a], NAMES[b]);
            }
        }
    }
    worst
}

#[expect(clippy::disallowed_methods, reason = "the time that passes is what is measured")]
async fn ask(client: &Client, asked: &Asked) -> (Vec<u8>, f64) {
    let path = format!("/kiosk/v1/verifications/{}", id());
    let body = verification(("a_number", &asked.a_number), &asked.code).to_string().into_bytes();
    let begun = Instant::now();
    let answer = client.try_call(Method::PUT, &path, &[], body).await.unwrap();
    let micros = begun.elapsed().as_secs_f64() * 1e6;
    assert_eq!(answer.status.as_u16(), 200);
    let json = answer.json();
    assert_eq!(json["result"], "not_verified");
    let mut all = format!("{:?}\n", answer.headers).into_bytes();
    all.extend_from_slice(&answer.bytes);
    (all, micros)
}

/// Without what may differ between any two replies: the values of `server_time` and `checkpoint`, and the padding.
fn masked(reply: &[u8]) -> Vec<u8> {
    let mut text = String::from_utf8(reply.to_vec()).unwrap();
    for member in ["\"server_time\":\"", "\"checkpoint\":\""] {
        let from = text.find(member).unwrap() + member.len();
        let to = from + text[from..].find("\"").unwrap();
        text.replace_range(from..to, "");
    }
    text.trim_end().as_bytes().to_vec()
}

/// Mean and variance, as they come (Welford).
#[derive(Default)]
struct Moments {
    count: f64,
    mean: f64,
    squares: f64,
    all: Vec<f64>,
}

impl Moments {
    fn add(&mut self, value: f64) {
        self.all.push(value);
        self.count += 1.0;
        let from = value - self.mean;
        self.mean += from / self.count;
        self.squares += from * (value - self.mean);
    }

    /// Takes the values of another in (Chan).
    fn merge(&mut self, other: &Self) {
        let (count, between) = (self.count + other.count, other.mean - self.mean);
        self.squares += other.squares + between * between * self.count * other.count / count;
        self.mean += between * other.count / count;
        self.count = count;
        self.all.extend_from_slice(&other.all);
    }

    /// The median too: a handful of slow writes to the disk move a mean, and not it.
    fn shown(&self) -> String {
        let deviation = (self.squares / (self.count - 1.0)).sqrt();
        let mut sorted = self.all.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        let median = sorted.get(sorted.len() / 2).copied().unwrap_or_default();
        format!("mean {:.1} us, deviation {deviation:.1} us, median {median:.1} us", self.mean)
    }

    fn welch(&self, other: &Self) -> f64 {
        let share = |moments: &Self| moments.squares / (moments.count - 1.0) / moments.count;
        (self.mean - other.mean) / (share(self) + share(other)).sqrt()
    }
}
