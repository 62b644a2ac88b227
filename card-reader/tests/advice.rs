//! What is advised when one thing, and only that, is wrong with a picture: drawn at every strength, counted in a table
//! of what was wrong against what was said. `PICTURES` of each; `--nocapture` prints the table.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod drawn;

use card_reader::ocr::{LumaImage, NotRead, Point, Reason, read};
use drawn::{Camera, Fonts, Kind, Page, Pose, Random, rows};
use std::collections::BTreeMap;

const DEFECTS: [(&str, &str, &str); 9] = [
    ("good", "read", ""),
    ("too far", "too_small", "closer"),
    ("too near", "too_close", "farther"),
    ("out of focus", "blurred", "hold_still"),
    ("moved", "moving", "hold_still"),
    ("glare", "glare", "tilt"),
    ("dark", "too_dark", "more_light"),
    ("cut", "cut_off", "whole_card"),
    ("other side", "wrong_side", "turn_over"),
];

/// A picture with a defect of a strength from 0 to 1, and where its glare is.
fn picture(defect: &str, strength: f32, seed: u64, fonts: &Fonts) -> (LumaImage, Option<Point>) {
    let mut r = Random(seed);
    let kind = Kind::ALL[r.below(3)];
    let text = rows(kind, &mut r);
    let page = Page::print(kind, (defect != "other side").then_some(&text[..]), fonts, seed, 8.0);
    let mut pose = Pose { width: 960, height: 720, fill: r.between(0.66, 0.8), ..Pose::usual(&mut r) };
    let mut camera = Camera::good(&mut r);
    let from = |low: f32, high: f32| low + (high - low) * strength;
    let pitch = |pose: &Pose| pose.zone(&page).1;
    let mut place = None;
    match defect {
        "too far" => {
            pose.fill = from(4.6, 2.6) * kind.size().0 / 2.54 / 960.0;
        }
        "too near" => {
            pose.fill = from(1.35, 2.2);
            pose.turn = r.between(-3.0, 3.0);
            pose.shift = (0.0, 0.0);
            let (zone, _) = pose.zone(&page);
            pose.shift = (480.0 - zone.x, 400.0 - zone.y);
            camera.blur = from(0.5, 3.0);
        }
        "out of focus" => camera.blur = from(0.24, 0.6) * pitch(&pose),
        "moved" => camera.motion = (from(0.7, 1.6) * pitch(&pose), r.between(0.0, 180.0)),
        "glare" => {
            let (mut middle, pitch) = pose.zone(&page);
            middle.x += r.between(-12.0, 12.0) * pitch;
            camera.glare = Some((middle, from(2.5, 6.0) * pitch, 400.0));
            place = Some(middle);
        }
        "dark" => {
            camera.gain = from(0.2, 0.05);
            camera.noise = 1.5;
        }
        "cut" => {
            let side = if r.below(2) == 0 { -1.0 } else { 1.0 };
            let out = (960.0 - pose.fill * 960.0) / 2.0 + from(0.16, 0.45) * pose.fill * 960.0;
            pose.shift.0 = side * out;
        }
        _ => {}
    }
    (camera.take(&pose.see(&page), pose.width, &mut r), place)
}

#[test]
fn the_right_thing_is_advised_and_nothing_to_good_pictures() {
    let fonts = Fonts::load();
    let number = std::env::var("PICTURES").map_or(6, |n| n.parse().unwrap());
    let mut table: BTreeMap<&str, BTreeMap<&'static str, usize>> = BTreeMap::new();
    let (mut spots, mut placed) = (0, 0);
    for (name, reason, advice) in DEFECTS {
        for i in 0..number {
            let strength = (i as f32 + 0.5) / number as f32;
            let (picture, place) = picture(name, strength, 500 + i as u64 * 17, &fonts);
            let said = match read(&picture) {
                Ok(_) => "read",
                Err(NotRead { reason: said, advice: told, at, .. }) => {
                    assert_eq!(at.is_some(), said == Reason::Glare, "only glare has a place");
                    if said.name() == reason {
                        assert_eq!(told.map(card_reader::ocr::Advice::name), Some(advice));
                    }
                    if let (Some(at), Some(place)) = (at, place) {
                        spots += 1;
                        placed += usize::from((at.x - place.x).hypot(at.y - place.y) < 0.12 * 960.0);
                    }
                    said.name()
                }
            };
            if std::env::var_os("TALK").is_some() && said != reason {
                println!("{name} {strength:.2} seed {}: {said}", 500 + i as u64 * 17);
            }
            *table.entry(name).or_default().entry(said).or_default() += 1;
        }
    }
    let (mut right, mut all) = (0, 0);
    for (name, reason, _) in DEFECTS {
        let said = &table[name];
        println!("{name:<14} {said:?}");
        // A picture that is read in spite of its defect needs no advice.
        let read = if name == "other side" { 0 } else { said.get("read").copied().unwrap_or(0) };
        right += read + if reason == "read" { 0 } else { said.get(reason).copied().unwrap_or(0) };
        all += said.values().sum::<usize>();
    }
    println!("{right} of {all} right; {placed} of {spots} spots of glare placed within an eighth of the frame");
    assert_eq!(table["good"].get("read"), Some(&number), "a good picture was not read");
    assert!(right * 100 >= all * 85 && placed * 10 >= spots * 8);
}

/// Processor time of this thread so far, milliseconds (Linux's scheduler statistics): others run beside this test.
fn spent() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|n| n.parse::<f64>().ok()).unwrap_or(0.0) / 1e6
}

#[test]
fn an_empty_desk_is_cheap_and_nothing_is_advised() {
    let mut r = Random(5);
    let mut times: Vec<f64> = (0..12)
        .map(|_| {
            let camera = Camera { noise: r.between(1.0, 6.0), ..Camera::good(&mut r) };
            // Light falls off towards a corner.
            let (grey, slope) = (r.between(115.0, 170.0), r.between(0.0, 0.02));
            let light: Vec<f32> = (0..1280 * 960).map(|i| grey - slope * (i % 1280 + i / 1280) as f32).collect();
            let desk = camera.take(&light, 1280, &mut r);
            let before = spent();
            let NotRead { reason, advice, .. } = read(&desk).err().unwrap();
            let took = spent() - before;
            assert_eq!((reason, advice), (Reason::NoZone, None));
            took
        })
        .collect();
    times.sort_by(f64::total_cmp);
    println!("an empty desk of 1280×960: {:.1} ms median, {:.1} ms at most", times[6], times[11]);
    // A release build takes half of a test build.
    assert!(times[6] < 16.0, "{times:?}");
}
