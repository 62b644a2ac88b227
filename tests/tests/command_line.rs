//! What the kiosk's commands print: a contract for scripts.

use kiosk_tests::harness::people::PEOPLE;
use kiosk_tests::harness::pictures::sealed;
use kiosk_tests::harness::process::{Said, run};
use kiosk_tests::harness::programs::program;
use kiosk_tests::harness::{OrTrouble, Outcome, ensure};
use kiosk_tests::sim::{Act, Card, Model, Protocol, Simulator};
use kiosk_tests::specimen::Kind;
use std::path::Path;
use std::process::Command;

fn kiosk(words: &[&str], input: &str) -> Outcome<Said> {
    run(Command::new(program("kiosk-app")?).args(words), input)
}

#[test]
fn parse_reads_documents_parted_by_blank_lines() -> Outcome {
    let zones: Vec<String> =
        PEOPLE.iter().filter_map(|person| person.zone().ok()).map(|rows| rows.join("\n")).collect();
    let said = kiosk(&["parse", "--json"], &zones.join("\n\n"))?.success()?;
    let lines: Vec<serde_json::Value> =
        said.stdout.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    ensure(lines.len() == PEOPLE.len(), || said.stdout.clone())?;
    for (person, line) in PEOPLE.iter().zip(&lines) {
        let document = &line["document"];
        let right = line["status"] == "valid"
            && document["type"] == person.document
            && document["primary_identifier"] == "SPECIMEN"
            && document["secondary_identifier"] == person.given
            && document["birth_date"] == person.birth_date
            && document["expiry_date"] == person.expiry_date;
        ensure(right, || format!("{} is read as {line}", person.given))?;
    }
    Ok(())
}

#[test]
fn parse_says_when_a_check_digit_disagrees_and_when_it_is_no_zone() -> Outcome {
    let worn = kiosk(&["parse", "--json"], &PEOPLE[0].worn_zone()?.join("\n"))?;
    ensure(worn.status == Some(1) && worn.json()?["status"] == "check_digit_disagrees", || worn.stdout.clone())?;
    let none = kiosk(&["parse", "--json"], "no zone at all")?;
    ensure(none.status == Some(1) && none.json()?["status"] == "malformed", || none.stdout.clone())
}

#[test]
fn devices_watches_what_readers_do_and_shows_nothing_of_a_document() -> Outcome {
    let folder = tempfile::tempdir().or_trouble(|| "no folder")?;
    let link = folder.path().join("scanner");
    let simulator =
        Simulator::start(Protocol::Honeywell, &link, Model::default()).or_trouble(|| "no simulated scanner")?;
    simulator.act(Act::Insert(Card::Rows(PEOPLE[0].zone()?)));
    let file = folder.path().join("kiosk.toml");
    let text = format!(
        "[service]\nurl = \"https://localhost:1\"\nroot = \"r\"\nchain = \"c\"\nkey = \"k\"\n\n\
         [readers.scanner]\nprotocol = \"honeywell\"\npath = {:?}\n",
        link.display().to_string()
    );
    std::fs::write(&file, text).or_trouble(|| "kiosk.toml not written")?;
    let file = file.display().to_string();
    let said = kiosk(&["devices", "--watch", "4", "--config", &file], "")?.success()?;
    for wanted in ["scanner", "honeywell", "document 1: sensed", "document 1: read, zone TD1, check digits agree"] {
        ensure(said.stdout.contains(wanted), || format!("no “{wanted}” in {}", said.stdout))?;
    }
    ensure(!said.stdout.contains("SPECIMEN") && !said.stdout.contains(PEOPLE[0].given), || said.stdout.clone())
}

/// A visa with the seal of `vds.jsonl` that was made for it; the same seal on another holder's visa; and an emergency
/// travel document, whose seal holds its whole zone.
const VISA: [&str; 2] = ["V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<", "L898902C<3UTO6908061F9406236ZE184226"];
const ANOTHER_VISA: [&str; 2] = ["V<UTOERIKSSON<<LENA<MARIA<<<<<<<<<<<", "L898902C<3UTO6908061F9406236ZE184226"];
const EMERGENCY: [&str; 2] = ["PUUTOSPECIMEN<<TEST<<<<<<<<<<<<<<<<<", "X1234567<7UTO8001014F2710316<<<<<<<6"];
const ANOTHER_EMERGENCY: [&str; 2] = ["PUUTOSPECIMEN<<TOBY<<<<<<<<<<<<<<<<<", "X1234567<7UTO8001014F2710316<<<<<<<6"];

/// The public key that `vds.jsonl` gives for Utopia's signer, as a file of a trust folder (SubjectPublicKeyInfo of P-256,
/// RFC 5480).
fn utopias_key() -> Outcome<String> {
    const HEAD: &str = "3059301306072a8648ce3d020106082a8648ce3d030107034200";
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../card-reader/testdata/seals/vds.jsonl");
    let vectors = std::fs::read_to_string(&file).or_trouble(|| format!("{} not read", file.display()))?;
    let line = vectors.lines().find(|line| line.contains("\"utopia-etd-td2-v4\"")).or_trouble(|| "no such vector")?;
    let vector: serde_json::Value = serde_json::from_str(line).or_trouble(|| "no vector")?;
    let hex = format!("{HEAD}{}", vector["key"].as_str().unwrap_or_default());
    let bytes: Vec<u8> =
        (0..hex.len() / 2).filter_map(|n| u8::from_str_radix(&hex[2 * n..2 * n + 2], 16).ok()).collect();
    let text = base64(&bytes);
    Ok(format!("-----BEGIN PUBLIC KEY-----\n{}\n{}\n-----END PUBLIC KEY-----\n", &text[..64], &text[64..]))
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let letters = bytes.chunks(3).flat_map(|three| {
        let word = (0..3).fold(0_usize, |word, n| word << 8 | usize::from(three.get(n).copied().unwrap_or(0)));
        let padded = 3 - three.len();
        [18, 12, 6, 0]
            .into_iter()
            .enumerate()
            .map(move |(n, shift)| if n + padded > 3 { '=' } else { char::from(LETTERS[word >> shift & 63]) })
    });
    letters.collect()
}

#[test]
fn a_document_s_own_seal_is_checked_and_held_against_its_zone() -> Outcome {
    let folder = tempfile::tempdir().or_trouble(|| "no folder")?;
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (trusted, another) = (path("trusted"), path("another"));
    for trust in [&trusted, &another] {
        std::fs::create_dir(trust).or_trouble(|| "no folder")?;
    }
    std::fs::write(format!("{trusted}/UTTS0001.pem"), utopias_key()?).or_trouble(|| "no key")?;
    let certificate = Path::new(env!("CARGO_MANIFEST_DIR")).join("../card-reader/testdata/seals/sealgen_UTTS5B.crt");
    std::fs::copy(certificate, format!("{another}/UTTS5B.crt")).or_trouble(|| "no certificate")?;
    for (kind, rows, symbol, format, trust, seal, agrees) in [
        (Kind::VisaB, VISA, "seal_datamatrix", "MRV-B", &trusted, "VALID", Some(true)),
        (Kind::VisaB, ANOTHER_VISA, "seal_datamatrix", "MRV-B", &trusted, "SEAL_VISA_MISMATCH", Some(false)),
        (Kind::LargeCard, EMERGENCY, "etd_seal_datamatrix", "TD2", &trusted, "VALID", Some(true)),
        (
            Kind::LargeCard,
            ANOTHER_EMERGENCY,
            "etd_seal_datamatrix",
            "TD2",
            &trusted,
            "SEAL_DOCUMENT_MISMATCH",
            Some(false),
        ),
        (Kind::LargeCard, EMERGENCY, "etd_seal_datamatrix", "TD2", &another, "UNKNOWN_CERTIFICATE", Some(false)),
    ] {
        let picture = path("page.png");
        sealed(kind, &rows, symbol)?.save(&picture).or_trouble(|| "the page is not saved")?;
        let said = kiosk(&["read", "--json", "--trust", trust, &picture], "")?.success()?;
        let line = said.json()?;
        let right = line["mrz"]["format"] == format
            && line["mrz"]["lines"] == serde_json::json!(rows)
            && line["barcodes"][0]["kind"] == "vds"
            && line["others"]["seals"] == serde_json::json!([seal])
            && line["others"]["agrees"] == serde_json::json!(agrees);
        ensure(right, || format!("{symbol} on {}: {line}", rows[0]))?;
        // The words of ICAO 9303-13 Appendix D, for people as well.
        let said = kiosk(&["read", "--trust", trust, &picture], "")?.success()?;
        ensure(said.stdout.contains(&format!("  seal                  {seal}\n")), || said.stdout.clone())?;
    }
    // Without a folder to trust: present, and still held against the zone.
    let picture = path("page.png");
    let said = kiosk(&["read", &picture], "")?.success()?;
    ensure(said.stdout.contains("NOT_CHECKED"), || said.stdout.clone())?;
    let said = kiosk(&["read", "--json", &picture], "")?.success()?;
    ensure(said.json()?.get("others").is_none(), || format!("the contract's line is as it was: {}", said.stdout))
}
