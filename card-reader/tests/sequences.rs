//! Sequences of frames of which none can be read alone.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod drawn;

use card_reader::ocr::{LumaImage, NotRead, Tracker, read};
use drawn::{Camera, Fonts, Kind, Page, Pose, Random, rows};

/// What a sequence suffers from. Small frames: a character has 9 to 14 pixels, as in a camera picture.
fn frames(fonts: &Fonts, seed: u64, n: usize) -> (Vec<String>, Vec<LumaImage>) {
    let mut r = Random(seed);
    let kind = Kind::ALL[r.below(3)];
    let text = rows(kind, &mut r);
    let page = Page::print(kind, Some(&text), fonts, seed, 7.0);
    let pitch = r.between(8.0, 13.0);
    let (mm, _) = kind.size();
    let width = (mm / 2.54 * pitch * 1.12) as usize;
    let pose = Pose {
        width,
        height: width * 2 / 5,
        turn: r.between(-6.0, 6.0),
        lean: (r.between(-0.05, 0.05), r.between(-0.05, 0.05)),
        fill: 1.0 / 1.12,
        // Only the lower part of the document, where the zone is: the rest costs time and shows nothing.
        shift: (r.between(-2.0, 2.0), -0.2 * width as f32 + r.between(-2.0, 2.0)),
        desk: r.between(30.0, 110.0),
    };
    let poses: Vec<Vec<f32>> = (0..3)
        .map(|_| {
            let shift = (pose.shift.0 + r.between(-1.5, 1.5), pose.shift.1 + r.between(-1.5, 1.5));
            Pose { shift, turn: pose.turn + r.between(-0.3, 0.3), ..pose }.see(&page)
        })
        .collect();
    let (zone, pitch) = pose.zone(&page);
    let defect = defect_of(seed);
    let usual = Camera { contrast: r.between(0.5, 1.0), ..Camera::good(&mut r) };
    let (noise, blur, low) = (r.between(15.0, 45.0), r.between(0.10, 0.24) * pitch, r.between(0.15, 0.4));
    let taken = (0..n)
        .map(|i| {
            let light = &poses[if r.below(2) == 0 { 0 } else { i % 3 }];
            let camera = match defect {
                // The light's image wanders over the zone.
                0 => {
                    let mut middle = zone;
                    middle.x += r.between(-0.4, 0.4) * width as f32;
                    middle.y += r.between(-2.0, 2.0) * pitch;
                    Camera { glare: Some((middle, r.between(2.0, 4.5) * pitch, 400.0)), ..usual.clone() }
                }
                1 => Camera { noise, ..usual.clone() },
                2 => Camera { blur: blur * r.between(0.85, 1.15), noise: noise / 3.0, ..usual.clone() },
                _ => Camera { contrast: low, noise: noise / 3.0, blur: 0.1 * pitch, ..usual.clone() },
            };
            camera.take(light, width, &mut r)
        })
        .collect();
    (text, taken)
}

#[derive(Default, Debug)]
struct Tally {
    sequences: usize,
    /// Read by a single frame; by several together; not at all; with a wrong character.
    single: usize,
    together: usize,
    unread: usize,
    wrong: Vec<String>,
    single_wrong: usize,
}

fn play(fonts: &Fonts, seeds: std::ops::Range<u64>) -> [Tally; 4] {
    let mut tallies: [Tally; 4] = Default::default();
    for seed in seeds {
        let (text, frames) = frames(fonts, seed, 8);
        let tally = &mut tallies[defect_of(seed)];
        tally.sequences += 1;
        let mut tracker = Tracker::default();
        let mut outcome = None;
        for frame in &frames {
            let result = read(frame);
            let alone = result.is_ok();
            if let Ok(reading) = &result {
                let same = reading.lines.iter().zip(&text).all(|(l, t)| l.expose(|l| l == t));
                tally.single_wrong += usize::from(!same);
            }
            let answer: Result<_, NotRead> = tracker.take(result);
            if std::env::var_os("TALK").is_some() {
                match &answer {
                    Ok(_) => println!("{seed} read, alone {alone}"),
                    Err(n) => {
                        let doubts =
                            n.guess.as_ref().map(|g| g.characters.iter().flatten().filter(|p| **p < 0.85).count());
                        println!("{seed} {} doubts {doubts:?}, {} frames", n.reason.name(), tracker.frames());
                    }
                }
            }
            if let Ok(reading) = answer {
                outcome = Some((alone, reading));
                break;
            }
        }
        match outcome {
            None => tally.unread += 1,
            Some((alone, reading)) => {
                let got: Vec<String> = reading.lines.iter().map(|l| l.expose(str::to_owned)).collect();
                if got != text {
                    tally.wrong.push(format!("{seed} (alone: {alone})\n{}\n{}", got.join("\n"), text.join("\n")));
                }
                if alone {
                    tally.single += 1;
                } else {
                    tally.together += 1;
                }
            }
        }
    }
    tallies
}

/// The defect that [`frames`] draws for a seed.
fn defect_of(seed: u64) -> usize {
    (seed % 4) as usize
}

fn report(tallies: &[Tally; 4]) -> usize {
    for (name, t) in ["wandering glare", "noise", "blur", "low contrast"].iter().zip(tallies) {
        println!(
            "{name:<16} {:>5} sequences: {:>5} by one frame ({} wrong), {:>5} by several, {:>5} unread, {} wrong",
            t.sequences,
            t.single,
            t.single_wrong,
            t.together,
            t.unread,
            t.wrong.len()
        );
    }
    tallies.iter().map(|t| t.wrong.len()).sum()
}

#[test]
fn frames_that_cannot_be_read_alone_are_read_together_and_never_wrongly() {
    let tallies = play(&Fonts::load(), 0..48);
    let wrong = report(&tallies);
    assert_eq!(wrong, 0, "{:#?}", tallies.map(|t| t.wrong));
    assert!(tallies.iter().map(|t| t.together).sum::<usize>() >= 5);
}

/// `SEQUENCES` and `FIRST` say which.
#[test]
#[ignore = "minutes: make sequences"]
fn thousands_of_degraded_sequences_are_never_accepted_wrong() {
    let number = |name: &str, default: u64| {
        std::env::var(name).map_or(default, |n| n.parse().unwrap_or_else(|_| panic!("{name} is a number")))
    };
    let first = number("FIRST", 10_000);
    let tallies = play(&Fonts::load(), first..first + number("SEQUENCES", 2000));
    let wrong = report(&tallies);
    assert_eq!(wrong, 0, "{:#?}", tallies.map(|t| t.wrong));
}
