//! The eight ways of not being verified are one: the same bytes, the same time.

use crate::population::{Holder, populate};
use crate::support::{Client, Site, id, other_than, verification};
use crate::{numbers, times};
use reqwest::Method;
use std::time::Instant;

/// |t| of Welch's test above which two means differ.
const THRESHOLD: f64 = 4.5;

/// An identifier and a code, for each kind.
struct Kind {
    name: &'static str,
    a_number: String,
    code: String,
}

async fn kinds(site: &Site) -> Vec<Kind> {
    let h = populate(site, 0, 7).await;
    let kind =
        |name, holder: &Holder, code: &str| Kind { name, a_number: holder.a_number.clone(), code: code.to_owned() };
    let nobody = Holder { a_number: "A099999999".to_owned(), code: h[0].code.clone() };
    let of = |nth: usize, change: &str| {
        format!(
            "UPDATE code SET {change} WHERE state = 'active' AND made_at = (SELECT made_at FROM (SELECT made_at FROM code ORDER BY made_at, id LIMIT 1 OFFSET {nth}) AS c)"
        )
    };
    for (nth, change) in
        [(1, "state = 'used'"), (2, "state = 'revoked'"), (3, "expires_at = 1"), (4, "state = 'disabled'")]
    {
        assert_eq!(site.sql(&of(nth, change)).await, 1, "{change}");
    }
    vec![
        kind("unknown", &nobody, &h[0].code),
        kind("wrong", &h[0], other_than(&h[0].code)),
        kind("used", &h[1], &h[1].code),
        kind("revoked", &h[2], &h[2].code),
        kind("expired", &h[3], &h[3].code),
        kind("disabled", &h[4], &h[4].code),
        kind("locked", &h[5], &h[5].code),
        kind("someone else's", &h[6], &h[0].code),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn not_verified_tells_nothing_by_its_bytes_nor_by_its_time() {
    nothing_is_told(false).await;
}

/// Who is known stands under the older key, who is not is counted under the newer: both are looked for in two places.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nor_does_it_while_the_index_key_is_changed() {
    nothing_is_told(true).await;
}

async fn nothing_is_told(two_keys: bool) {
    let mut numbers = numbers("sameness");
    let each = times(150, 100_000);
    let site = Site::on(false);
    site.raise_limits().set("lock_after", "1000000000");
    let kiosk = site.add_kiosk("K07");
    let kinds = kinds(&site).await;
    if two_keys {
        site.cli(&["secrets", "rotate-index-key", "--after", "0"]);
    }
    let serving = site.serve();
    let client = serving.client(&kiosk);
    // One wrong try makes the throttle's row, which is then locked.
    let locked = &kinds[6];
    let wrong = Kind { name: "wrong", a_number: locked.a_number.clone(), code: other_than(&locked.code).to_owned() };
    ask(&client, &wrong).await;
    let now = "2000000000000";
    assert_eq!(site.sql(&format!("UPDATE throttle SET locked_until = {now} WHERE n = 1")).await, 1);

    let mut order: Vec<usize> = (0..kinds.len()).collect();
    let mut first: Option<Vec<u8>> = None;
    let mut spent: Vec<Moments> = kinds.iter().map(|_| Moments::default()).collect();
    for round in 1..=each {
        for at in (1..order.len()).rev() {
            order.swap(at, usize::try_from(numbers.below(at as u64 + 1)).unwrap());
        }
        for &nth in &order {
            let (bytes, micros) = ask(&client, &kinds[nth]).await;
            let masked = masked(&bytes);
            let first = first.get_or_insert_with(|| masked.clone());
            assert!(*first == masked, "{} differs", kinds[nth].name);
            spent[nth].add(micros);
        }
        // The long form takes an hour: who waits sees how it goes, and who fails which kinds stand apart.
        if round % each.div_ceil(10) == 0 || round == each {
            let (t, a, b) = farthest(&kinds, &spent);
            println!("sameness: after {round} rounds the greatest |t| is {t:.2}, of {a} and {b}");
            for (kind, moments) in kinds.iter().zip(&spent) {
                println!("  {:>14}: mean {:.1} us, deviation {:.1} us", kind.name, moments.mean, moments.deviation());
            }
        }
    }
    let (worst, a, b) = farthest(&kinds, &spent);
    assert!(worst < THRESHOLD, "{a} and {b} take different times: t = {worst:.2}");
    let mean = spent.iter().map(|moments| moments.mean).sum::<f64>() / 8.0;
    let keys = if two_keys { "two index keys, " } else { "" };
    println!("sameness: {keys}8 kinds, {each} each: same bytes, mean {mean:.0} us, greatest |t| {worst:.2}");
}

/// The two kinds whose means differ the most for their deviations, and Welch's |t| of them.
fn farthest<'a>(kinds: &'a [Kind], spent: &[Moments]) -> (f64, &'a str, &'a str) {
    let mut worst = (0_f64, "", "");
    for a in 0..kinds.len() {
        for b in 0..a {
            let t = spent[a].welch(&spent[b]).abs();
            if t > worst.0 {
                worst = (t, kinds[a].name, kinds[b].name);
            }
        }
    }
    worst
}

#[expect(clippy::disallowed_methods, reason = "the time that passes is what is measured")]
async fn ask(client: &Client, kind: &Kind) -> (Vec<u8>, f64) {
    let path = format!("/kiosk/v1/verifications/{}", id());
    let body = verification(("a_number", &kind.a_number), &kind.code).to_string().into_bytes();
    let begun = Instant::now();
    let answer = client.try_call(Method::PUT, &path, &[], body).await.unwrap();
    let micros = begun.elapsed().as_secs_f64() * 1e6;
    assert_eq!(answer.status.as_u16(), 200);
    let json = answer.json();
    assert_eq!(json["result"], "not_verified", "{}", kind.name);
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
}

impl Moments {
    fn add(&mut self, value: f64) {
        self.count += 1.0;
        let from = value - self.mean;
        self.mean += from / self.count;
        self.squares += from * (value - self.mean);
    }

    fn deviation(&self) -> f64 {
        (self.squares / (self.count - 1.0)).sqrt()
    }

    fn welch(&self, other: &Self) -> f64 {
        let share = |moments: &Self| moments.squares / (moments.count - 1.0) / moments.count;
        (self.mean - other.mean) / (share(self) + share(other)).sqrt()
    }
}
