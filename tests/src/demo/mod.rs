//! The demo: a throw-away checkpoint to play with ([`panel`]), or, without a display, four visits that walk through it by
//! themselves ([`visits`]) and leave pictures of every screen.

mod album;
mod monitor;
mod panel;
mod visits;

use crate::harness::Outcome;
use crate::harness::people::{PEOPLE, SURNAME};
use crate::harness::post::{BADGE, Options, PIN, Post, Site, TECHNICIAN_PIN};
use crate::harness::programs::target_folder;
use album::Album;
use std::path::PathBuf;

/// What the command line asks for.
pub struct Wanted {
    /// Four visits on a virtual display, although there is a real one.
    pub headless: bool,
    /// Where the pictures go; `None`: `target/demo`.
    pub pictures: Option<PathBuf>,
}

/// Runs the demo; `true` if everything ended as it should.
///
/// # Errors
/// One sentence that says what to do.
pub fn run(wanted: &Wanted) -> Outcome<bool> {
    let display =
        ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some_and(|v| !v.is_empty()));
    if display && !wanted.headless { play() } else { show(wanted) }
}

/// A window for a person, and a panel on the terminal.
fn play() -> Outcome<bool> {
    let options =
        Options { camera: true, motion: true, virtual_display: false, scale: monitor::scale(), ..Options::default() };
    println!("Making a throw-away checkpoint: keys, records, service, scanner, camera …");
    let site = Site::make(&options)?;
    describe(&site);
    let mut post = site.open()?;
    panel::run(&mut post)?;
    Ok(true)
}

/// Four visits on a virtual display.
fn show(wanted: &Wanted) -> Outcome<bool> {
    let folder = wanted.pictures.clone().map_or_else(|| target_folder().map(|target| target.join("demo")), Ok)?;
    let album = Album::open(&folder)?;
    println!("No display: showing four visits on a virtual one. Pictures go to {}", folder.display());
    let mut post = Post::open(&Options { camera: true, motion: true, ..Options::default() })?;
    let failed = visits::all(&mut post, album, |name, outcome| match outcome {
        Ok(said) => println!("ok      {name}: {said}"),
        Err(trouble) => println!("FAILED  {name}: {trouble}"),
    });
    match failed {
        0 => println!("All four visits ended as they should."),
        failed => println!("{failed} of four visits did not end as they should."),
    }
    Ok(failed == 0)
}

/// Everything that a person needs for playing.
fn describe(site: &Site) {
    println!("\nHolders (made up; each code works once):");
    for person in &PEOPLE {
        println!(
            "  {:<22} {:<25} {}  {}   backup code {}",
            format!("{} {SURNAME}", person.given),
            person.document.replace('_', " "),
            person.a_number,
            person.receipt,
            site.codes.get(person.a_number).map_or("none", String::as_str)
        );
    }
    println!("\nOfficer: hold the upper left corner for two seconds; badge {BADGE}, PIN {PIN}");
    println!("Technician: the same corner, “Technician”, credential by `t` below, PIN {TECHNICIAN_PIN}\n");
}
