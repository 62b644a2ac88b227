//! The hands of whoever plays: letters typed on the terminal put cards in, pull plugs and cut the network.

use crate::harness::line::State;
use crate::harness::people::{PEOPLE, Person};
use crate::harness::pictures::document;
use crate::harness::post::Post;
use crate::harness::{Outcome, wait};
use crate::sim::elyctis::Act;
use std::io::BufRead;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::time::Duration;

const HELP: &str = "\
Type a letter, then Enter:
  1 2 3   put the card of holder 1, 2, 3 into the scanner
  w       put in holder 1's card, worn: it does not read
  r       take the card out
  u       pull the scanner's plug, or put it back
  n       cut the network, or put it back
  d       show holder 1's card to the camera
  b       show holder 1's backup code as a QR to the camera
  t       show the technician's credential to the camera
  c       take away what the camera sees
  ?       this list
  q       end";

/// Serves the panel until `q`, the end of the terminal, or the end of the kiosk.
///
/// # Errors
/// A device cannot be acted on.
pub fn run(post: &mut Post) -> Outcome {
    println!("{HELP}\n");
    let typed = letters();
    let mut plugged = true;
    loop {
        if post.kiosk.process.ended().is_some() {
            println!("The kiosk's window is closed.");
            return Ok(());
        }
        let letter = match typed.try_recv() {
            Ok(letter) => letter,
            Err(TryRecvError::Empty) => {
                wait::pause(Duration::from_millis(50));
                continue;
            }
            Err(TryRecvError::Disconnected) => {
                // No terminal: the window alone is the demo.
                wait::pause(Duration::from_millis(200));
                continue;
            }
        };
        match letter {
            'q' => return Ok(()),
            'u' => plugged = !plugged,
            _ => {}
        }
        match act(post, letter, plugged) {
            Ok(said) => println!("{said}"),
            Err(trouble) => println!("{trouble}"),
        }
    }
}

fn act(post: &Post, letter: char, plugged: bool) -> Outcome<String> {
    let site = &post.site;
    Ok(match letter {
        '1'..='3' => {
            let person = holder(letter);
            post.insert(person.zone()?)?;
            format!("The card of {} is in the scanner.", person.given)
        }
        'w' => {
            post.insert(PEOPLE[0].worn_zone()?)?;
            format!("A worn card of {} is in the scanner.", PEOPLE[0].given)
        }
        'r' => {
            post.remove()?;
            "The scanner is empty.".to_owned()
        }
        'u' => {
            site.scanner()?.act(if plugged { Act::Replug(None) } else { Act::Unplug });
            if plugged { "The scanner is plugged in." } else { "The scanner's plug is pulled." }.to_owned()
        }
        'n' => {
            let cut = site.line.is_up();
            site.line.set(if cut { State::Refusing } else { State::Up });
            if cut { "The network is cut." } else { "The network is back." }.to_owned()
        }
        'd' => {
            site.tray.show(&document(&PEOPLE[0])?)?;
            format!("The camera sees the card of {}.", PEOPLE[0].given)
        }
        'b' => {
            site.tray.show_qr(&format!("BC1:{}", site.code(&PEOPLE[0])?))?;
            format!("The camera sees the backup code of {}.", PEOPLE[0].given)
        }
        't' => {
            site.tray.show_qr(&site.credential)?;
            "The camera sees the technician's credential.".to_owned()
        }
        'c' => {
            site.tray.clear();
            "The camera sees an empty tray.".to_owned()
        }
        _ => HELP.to_owned(),
    })
}

fn holder(letter: char) -> &'static Person {
    match letter {
        '2' => &PEOPLE[1],
        '3' => &PEOPLE[2],
        _ => &PEOPLE[0],
    }
}

fn letters() -> Receiver<char> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if let Some(letter) = line.trim().chars().next()
                && sender.send(letter).is_err()
            {
                return;
            }
        }
    });
    receiver
}
