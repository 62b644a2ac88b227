//! The control socket of a simulated reader: one command a line, one answer a line (`ok`, or `error: …`).
//!
//! `insert FILE` · `insert ROW|ROW|ROW` · `insert-unreadable` · `insert-invisible` · `remove` · `unplug` ·
//! `replug [SERIAL]` · `garbage [HEX]` · `hang` · `wake` · `ignore N` · `die-mid-frame N` · `cross-ping` · `quit`

use super::elyctis::{Act, Card, Control};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

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
        match parse(&command?) {
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

/// Sends one command to a running simulator and waits for its answer.
///
/// # Errors
/// If nobody serves `socket`, or the simulator refuses the command.
pub fn ask(socket: &Path, command: &str) -> io::Result<()> {
    let mut line = UnixStream::connect(socket)?;
    line.write_all(format!("{command}\n").as_bytes())?;
    let mut answer = String::new();
    BufReader::new(line).read_line(&mut answer)?;
    if answer.trim_end() == "ok" { Ok(()) } else { Err(io::Error::other(answer.trim_end().to_owned())) }
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
        "unplug" => Act::Unplug,
        "replug" => Act::Replug((!rest.is_empty()).then(|| rest.to_owned())),
        "garbage" if rest.is_empty() => Act::Garbage(b"\xff\x00\x7fgarbage\xfe\x01".to_vec()),
        "garbage" => Act::Garbage(hex(rest).ok_or_else(|| format!("“{rest}” is not a row of hex bytes"))?),
        "hang" => Act::Hang,
        "wake" => Act::Wake,
        "ignore" => Act::Ignore(number()?),
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

fn hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::{Act, Card, parse};

    #[test]
    fn commands_are_words() {
        assert_eq!(
            parse("insert I<UTO|740812| END "),
            Ok(Act::Insert(Card::Rows(vec!["I<UTO".to_owned(), "740812".to_owned(), "END".to_owned()])))
        );
        assert_eq!(parse("garbage 00 ff"), Ok(Act::Garbage(vec![0, 255])));
        assert_eq!(parse("replug S-9"), Ok(Act::Replug(Some("S-9".to_owned()))));
        assert_eq!(parse("ignore 2"), Ok(Act::Ignore(2)));
        assert!(parse("ignore two").is_err_and(|what| what.contains("number")));
        assert!(parse("dance").is_err_and(|what| what.contains("dance")));
        assert!(parse("insert /no/such/file").is_err_and(|what| what.contains("/no/such/file")));
    }
}
