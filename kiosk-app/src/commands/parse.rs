//! `kiosk-app parse`: machine-readable zones as text on standard input, one object each.

use super::{DONE, NOT_ALL, today};
use crate::clock::Clock;
use card_reader::contract::{ParseObject, wire_document};
use card_reader::mrz::{self, Mrz, Verdict};
use card_reader::profiles;
use std::io::{self, Read, Write};
use zeroize::Zeroizing;

/// Reads machine-readable zones from standard input: lines as printed, a blank line between documents.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// One JSON object a document, instead of text for people
    #[arg(long)]
    pub json: bool,
}

/// More text than this on standard input is not a list of documents.
const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// Parses all of `input`.
///
/// # Errors
/// `output` or `input` failed.
pub fn run(arguments: &Arguments, clock: &Clock, input: impl Read, mut output: impl Write) -> io::Result<u8> {
    let mut bytes = Zeroizing::new(Vec::new());
    input.take(MOST_BYTES).read_to_end(&mut bytes)?;
    let text = Zeroizing::new(String::from_utf8_lossy(&bytes).into_owned());
    let mut status = DONE;
    for document in documents(&text) {
        let parsed = mrz::parse(&document, today(clock));
        if !parsed.as_ref().is_ok_and(Mrz::all_agree) {
            status = NOT_ALL;
        }
        if arguments.json {
            let object = ParseObject::of(parsed.as_ref(), profiles::builtin());
            serde_json::to_writer(&mut output, &object)?;
            writeln!(output)?;
        } else {
            for_people(&parsed, &mut output)?;
        }
    }
    output.flush()?;
    Ok(status)
}

/// Blocks between blank lines. Where every line of a block is a joined zone by its length, each is a document. Without
/// any text there is one document, which is then malformed: nothing was given, and nothing is valid.
fn documents(text: &str) -> Vec<Zeroizing<String>> {
    let mut documents: Vec<Zeroizing<String>> = Vec::new();
    let mut block: Vec<&str> = Vec::new();
    let rows = text.trim_start_matches('\u{feff}').split('\n').flat_map(|row| row.trim_end_matches('\r').split('\r'));
    for row in rows.chain([""]) {
        if !row.trim().is_empty() {
            block.push(row);
            continue;
        }
        if !block.is_empty() && block.iter().all(|row| matches!(row.trim().len(), 72 | 88 | 90)) {
            documents.extend(block.iter().map(|row| Zeroizing::new((*row).to_owned())));
        } else if !block.is_empty() {
            documents.push(Zeroizing::new(block.join("\n")));
        }
        block.clear();
    }
    if documents.is_empty() {
        documents.push(Zeroizing::default());
    }
    documents
}

fn for_people(parsed: &Result<Mrz, mrz::Malformed>, output: &mut impl Write) -> io::Result<()> {
    let mrz = match parsed {
        Ok(mrz) => mrz,
        Err(malformed) => return writeln!(output, "malformed: {malformed}\n"),
    };
    let verdict = if mrz.all_agree() { "every check digit agrees" } else { "check digits DISAGREE" };
    writeln!(output, "{}: {verdict}", mrz.format.name())?;
    for check in &mrz.checks {
        write!(output, "  {:<21} {}", check.field.name(), check.verdict.name())?;
        if check.verdict == Verdict::Disagrees {
            write!(output, " (printed {}, computed {})", check.printed, check.computed)?;
        }
        writeln!(output)?;
    }
    for deviation in profiles::builtin().deviations(mrz) {
        writeln!(output, "  deviation             {}", deviation.name)?;
    }
    // The members of the contract, in its order.
    let document = serde_json::to_value(wire_document(&mrz.document(profiles::builtin())))?;
    for (name, value) in document.as_object().into_iter().flatten() {
        if let Some(text) = value.as_str() {
            writeln!(output, "  {name:<21} {text}")?;
        }
    }
    writeln!(output)
}

#[cfg(test)]
mod tests {
    use super::{Arguments, run};
    use crate::clock::Clock;
    use crate::commands::{DONE, NOT_ALL};

    const GOOD: &str =
        "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<\n";
    const VISA: &str = "VNUSATRAVELER<<HAPPY<<<<<<<<<<<<<<<<<<<<<<<<\n1234567897CAN6612120M1407282B3XLC000FD142955\n";

    fn parse(text: &str) -> (u8, Vec<serde_json::Value>) {
        let mut output = Vec::new();
        let status = run(&Arguments { json: true }, &Clock::start(0), text.as_bytes(), &mut output).unwrap();
        let lines = String::from_utf8(output).unwrap();
        (status, lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
    }

    #[test]
    fn documents_are_parted_by_blank_lines() {
        let (status, objects) = parse(&format!("\n{GOOD}\n \n\n{VISA}"));
        assert_eq!(status, DONE);
        assert_eq!(objects.len(), 2);
        assert_eq!((objects[0]["format"].as_str(), objects[1]["format"].as_str()), (Some("TD1"), Some("MRV-A")));
        assert_eq!(objects[1]["checks"].as_array().unwrap().len(), 3);
    }

    #[test]
    fn rows_may_end_in_any_way_and_be_joined() {
        for text in [GOOD.replace('\n', "\r\n"), GOOD.replace('\n', "\r"), GOOD.replace('\n', "") + "\n"] {
            let (status, objects) = parse(&text);
            assert_eq!((status, objects[0]["status"].as_str()), (DONE, Some("valid")), "{text:?}");
        }
        let (_, two) = parse(&format!("{}\n{}\n", GOOD.replace('\n', ""), VISA.replace('\n', "")));
        assert_eq!(two.len(), 2);
    }

    #[test]
    fn one_bad_document_is_told_and_the_others_are_parsed() {
        let (status, objects) = parse(&format!("P<UTO\n\n{GOOD}\n{}", GOOD.replace("7408122", "7408132")));
        assert_eq!(status, NOT_ALL);
        let statuses: Vec<_> = objects.iter().map(|o| o["status"].as_str().unwrap()).collect();
        assert_eq!(statuses, ["malformed", "valid", "check_digit_disagrees"]);
        assert!(objects[0]["error"].as_str().unwrap().contains("one line of 5 characters"));
    }

    #[test]
    fn nothing_and_garbage_are_malformed() {
        for text in ["", "\n\n", "\u{0}\u{1}", "ünïcode"] {
            let (status, objects) = parse(text);
            assert_eq!((status, objects[0]["status"].as_str()), (NOT_ALL, Some("malformed")), "{text:?}");
        }
    }

    #[test]
    fn people_get_text() {
        let mut output = Vec::new();
        run(&Arguments { json: false }, &Clock::start(0), GOOD.as_bytes(), &mut output).unwrap();
        let text = String::from_utf8(output).unwrap();
        assert!(text.starts_with("TD1: every check digit agrees\n") && text.contains("ERIKSSON"), "{text}");
    }
}
