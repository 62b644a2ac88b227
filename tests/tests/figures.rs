//! How fast the kiosk starts, and how little it needs. Debug builds draw slower: their bounds are wider.

use kiosk_tests::harness::post::{Options, Post, SOON, Site};
use kiosk_tests::harness::{Outcome, ensure, wait};
use std::time::Duration;

const RELEASE: bool = !cfg!(debug_assertions);

#[test]
fn the_first_frame_is_on_the_screen_within_a_second() -> Outcome {
    let site = Site::make(&Options::default())?;
    let screen = site.screen.as_ref().map(|screen| &screen.name).cloned();
    let start = wait::now();
    let mut kiosk = site.start()?;
    let shown = site.screen.as_ref().map(|screen| {
        wait::until("a first frame", SOON, || {
            screen.picture().ok().filter(kiosk_tests::display::Picture::shows_something)
        })
    });
    let took = wait::now().duration_since(start);
    ensure(screen.is_some() && matches!(shown, Some(Ok(_))), || "nothing was drawn")?;
    println!("first frame after {} ms", took.as_millis());
    let bound = Duration::from_millis(if RELEASE { 1000 } else { 3000 });
    ensure(took <= bound, || format!("the first frame took {} ms", took.as_millis()))?;
    kiosk.attract(SOON).map(|_| ())
}

#[test]
fn at_rest_it_needs_next_to_no_processor_and_little_memory() -> Outcome {
    let post = Post::open(&Options::default())?;
    // Devices and the service are up, the first heartbeat is sent.
    wait::pause(Duration::from_secs(3));
    let (before, start) = (post.kiosk.processor_time()?, wait::now());
    wait::pause(Duration::from_secs(12));
    let used = post.kiosk.processor_time()?.saturating_sub(before);
    let share = used.as_secs_f64() / wait::now().duration_since(start).as_secs_f64();
    let resident = post.kiosk.resident()? / 1_000_000;
    println!("idle {:.2} % of a core, {resident} MB resident", share * 100.0);
    ensure(resident <= 150, || format!("{resident} MB are resident"))?;
    ensure(share <= if RELEASE { 0.01 } else { 0.03 }, || format!("{:.2} % of a core while idle", share * 100.0))
}
