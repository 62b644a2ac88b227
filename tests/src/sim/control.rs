//! The control socket of a simulated reader: one command a line, one answer a line (`ok`, or `error: …`).
//!
//! [`COMMANDS`] lists them.

use super::line::{Fault, Faults};
use super::{Act, Card, Control};
use card_reader::barcode::Symbology;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::time::Duration;

/// Every command, for the help text.
pub const COMMANDS: &str = "\
  insert FILE | insert ROW|ROW|ROW  put a document in, by the rows of its zone
  barcode KIND TEXT | KIND @FILE    put a barcode in: pdf417 qr aztec datamatrix code128 code39
  insert-unreadable                 put in what can be seen and not read
  insert-invisible                  put in what is not even noticed
  remove                            take it out (a motorised reader must hold it out)
  jam | unjam                       a card is stuck in the motor, or free again
  bin full | bin empty              of the motorised reader
  unplug [TIME] | replug [SERIAL]   pull the plug (for 3s, 500ms); plug it in, perhaps another unit
  hang | wake                       take no notice of anything, and take notice again
  ignore N | refuse N               the next N commands are not answered, or refused
  garbage [HEX]                     send bytes that mean nothing
  die-mid-frame N                   the next read ends behind N bytes, and the device with it
  faults SEED RATE [KIND]           something happens to this part (0 to 1) of all frames: split merge delay double
                                    damage garbage tear drip lose refuse hang vanish stale elsewhere another-unit
  faults off                        and no longer
  lamp                              answers what its light shows: dark busy good bad ignored no-verdict
  cross-ping                        the next zone crosses a reply (elyctis)
  quit";

/// Serves `socket` until `quit` is asked for. An old socket file is replaced.
///
/// # Errors
/// If the socket cannot be made.
pub fn serve(socket: &Path, control: &Control) -> io::Result<()> {
    let _ = std::fs::remove_file(socket);
    let listener = UnixListener::bind(socket)?;
    let (quit, quitting) = std::sync::mpsc::channel();
    let here = socket.to_owned();
    let control = control.clone();
    std::thread::Builder::new().name("control".to_owned()).spawn(move || {
        for line in listener.incoming() {
            let Ok(line) = line else { continue };
            let (control, quit) = (control.clone(), quit.clone());
            let _ = std::thread::Builder::new().name("control line".to_owned()).spawn(move || {
                if converse(line, &control).unwrap_or(false) {
                    let _ = quit.send(());
                }
            });
        }
    })?;
    let _ = quitting.recv();
    let _ = std::fs::remove_file(here);
    Ok(())
}

/// Whether `quit` was said.
fn converse(line: UnixStream, control: &Control) -> io::Result<bool> {
    let mut answers = line.try_clone()?;
    for command in BufReader::new(line).lines() {
        let command = command?;
        if command.trim() == "lamp" {
            answers.write_all(format!("ok {}\n", control.lamp().name()).as_bytes())?;
            continue;
        }
        let possible = |act: Act| match control.protocol().cannot(&act) {
            Some(why) => Err(format!("this is a simulated {}: {why}", control.protocol().name())),
            None => Ok(act),
        };
        match parse(&command).and_then(possible) {
            Ok(act) => {
                let quit = act == Act::Quit;
                control.act(act);
                answers.write_all(b"ok\n")?;
                if quit {
                    return Ok(true);
                }
            }
            Err(what) => answers.write_all(format!("error: {what}\n").as_bytes())?,
        }
    }
    Ok(false)
}

/// Sends one command to a running simulator and waits for its answer: what it says behind `ok`.
///
/// # Errors
/// If nobody serves `socket`, or the simulator refuses the command.
pub fn ask(socket: &Path, command: &str) -> io::Result<String> {
    let mut line = UnixStream::connect(socket)?;
    line.write_all(format!("{command}\n").as_bytes())?;
    let mut answer = String::new();
    BufReader::new(line).read_line(&mut answer)?;
    match answer.trim_end().strip_prefix("ok") {
        Some(said) => Ok(said.trim().to_owned()),
        None => Err(io::Error::other(answer.trim_end().to_owned())),
    }
}

fn parse(command: &str) -> Result<Act, String> {
    let (word, rest) = command.trim().split_once(' ').unwrap_or((command.trim(), ""));
    let rest = rest.trim();
    let number = || rest.parse::<u32>().map_err(|_| format!("{word} needs a number, not “{rest}”"));
    Ok(match word {
        "insert" => Act::Insert(Card::Rows(rows(rest)?)),
        "insert-unreadable" => Act::Insert(Card::Unreadable),
        "insert-invisible" => Act::Insert(Card::Invisible),
        "remove" => Act::Remove,
        "barcode" => {
            let (kind, text) = rest.split_once(' ').unwrap_or((rest, ""));
            let payload = match text.strip_prefix('@') {
                Some(file) => std::fs::read(file).map_err(|error| format!("{file} cannot be read: {error}"))?,
                None => text.as_bytes().to_vec(),
            };
            Act::Insert(Card::Barcode(symbology(kind)?, payload))
        }
        "jam" => Act::Jam,
        "unjam" => Act::Unjam,
        "bin" => Act::Bin { full: rest == "full" },
        "unplug" if rest.is_empty() => Act::Unplug,
        "unplug" => Act::UnplugFor(time(rest).ok_or_else(|| format!("“{rest}” is no time; write 3s or 500ms"))?),
        "replug" => Act::Replug((!rest.is_empty()).then(|| rest.to_owned())),
        "garbage" if rest.is_empty() => Act::Garbage(b"\xff\x00\x7fgarbage\xfe\x01".to_vec()),
        "garbage" => Act::Garbage(hex(rest).ok_or_else(|| format!("“{rest}” is not a row of hex bytes"))?),
        "hang" => Act::Hang,
        "wake" => Act::Wake,
        "ignore" => Act::Ignore(number()?),
        "refuse" => Act::Refuse(number()?),
        "faults" if rest == "off" => Act::Faults(None),
        "faults" => Act::Faults(Some(
            faults(rest).ok_or_else(|| format!("“{rest}” is not SEED RATE [KIND], like 7 0.1 or 7 0.1 hang"))?,
        )),
        "die-mid-frame" => Act::DieMidFrame(number()? as usize),
        "cross-ping" => Act::CrossPing,
        "quit" => Act::Quit,
        other => return Err(format!("there is no command “{other}”")),
    })
}

/// Rows given in place (`ROW|ROW|ROW`), or the lines of a file.
fn rows(text: &str) -> Result<Vec<String>, String> {
    if text.contains('|') {
        return Ok(text.split('|').map(|row| row.trim().to_owned()).collect());
    }
    let file = std::fs::read_to_string(text).map_err(|error| format!("{text} cannot be read: {error}"))?;
    Ok(file.lines().map(str::trim).filter(|row| !row.is_empty()).map(str::to_owned).collect())
}

/// `7 0.1` or `7:0.1`, and perhaps the name of the one fault that happens.
#[must_use]
pub fn faults(text: &str) -> Option<Faults> {
    let mut parts = text.split([' ', ':']).filter(|part| !part.is_empty());
    let (seed, rate) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    let only = match parts.next() {
        Some(name) => Some(Fault::ALL.into_iter().find(|fault| fault.name() == name)?),
        None => None,
    };
    (parts.next().is_none() && (0.0..=1.0).contains(&rate)).then_some(Faults { seed, rate, only })
}

fn symbology(name: &str) -> Result<Symbology, String> {
    let all = [
        Symbology::Pdf417,
        Symbology::Qr,
        Symbology::Aztec,
        Symbology::DataMatrix,
        Symbology::Code128,
        Symbology::Code39,
    ];
    all.into_iter().find(|symbology| symbology.name().eq_ignore_ascii_case(name)).ok_or_else(|| {
        format!("“{name}” is no kind of barcode; write pdf417, qr, aztec, datamatrix, code128 or code39")
    })
}

/// `3s`, `500ms`.
fn time(text: &str) -> Option<Duration> {
    if let Some(millis) = text.strip_suffix("ms") {
        return millis.parse().ok().map(Duration::from_millis);
    }
    text.strip_suffix('s')?.parse().ok().map(Duration::from_secs)
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::{Act, Card, Fault, Faults, parse};
    use card_reader::barcode::Symbology;
    use std::time::Duration;

    #[test]
    fn commands_are_words() {
        assert_eq!(
            parse("insert I<UTO|740812| END "),
            Ok(Act::Insert(Card::Rows(vec!["I<UTO".to_owned(), "740812".to_owned(), "END".to_owned()])))
        );
        assert_eq!(parse("garbage 00 ff"), Ok(Act::Garbage(vec![0, 255])));
        assert_eq!(parse("replug S-9"), Ok(Act::Replug(Some("S-9".to_owned()))));
        assert_eq!(parse("ignore 2"), Ok(Act::Ignore(2)));
        assert_eq!(parse("unplug 3s"), Ok(Act::UnplugFor(Duration::from_secs(3))));
        assert_eq!(parse("faults 7 0.5"), Ok(Act::Faults(Some(Faults::any(7, 0.5)))));
        let hang = Faults { seed: 7, rate: 0.5, only: Some(Fault::Hang) };
        assert_eq!(parse("faults 7:0.5:hang"), Ok(Act::Faults(Some(hang))));
        assert!(parse("faults 7 0.5 dance").is_err() && parse("faults 7 2").is_err());
        assert_eq!(parse("barcode qr BC1:A B"), Ok(Act::Insert(Card::Barcode(Symbology::Qr, b"BC1:A B".to_vec()))));
        assert!(parse("barcode ean 4").is_err_and(|what| what.contains("pdf417")));
        assert!(parse("ignore two").is_err_and(|what| what.contains("number")));
        assert!(parse("dance").is_err_and(|what| what.contains("dance")));
        assert!(parse("insert /no/such/file").is_err_and(|what| what.contains("/no/such/file")));
    }
}
