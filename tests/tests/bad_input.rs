//! Whatever is wrong from outside: one clear sentence, a status that is not 0, and never a panic.

use kiosk_tests::harness::post::{Options, Site};
use kiosk_tests::harness::process::{Said, run};
use kiosk_tests::harness::programs::program;
use kiosk_tests::harness::{OrTrouble, Outcome, ensure};
use std::path::Path;
use std::process::Command;

fn bare() -> Outcome<Site> {
    Site::make(&Options { scanner: false, virtual_display: false, ..Options::default() })
}

/// Refused with status `status`, in one sentence that holds every word of `words`, and without a trace of the program's
/// insides.
fn refused(said: &Said, status: i32, words: &[&str]) -> Outcome {
    let text = said.stderr.trim();
    ensure(said.status == Some(status), || format!("status {:?}: {text}", said.status))?;
    for word in words {
        ensure(text.contains(word), || format!("does not say “{word}”: {text}"))?;
    }
    for inside in ["panicked", "RUST_BACKTRACE", "Err(", "Error {", "unwrap"] {
        ensure(!text.contains(inside), || format!("shows its insides: {text}"))?;
    }
    ensure(text.lines().count() <= 2, || format!("more than a sentence: {text}"))
}

/// A display that is named and not there: what is wrong before a window opens is said all the same.
const NO_SUCH_DISPLAY: &str = ":98765";

fn kiosk(words: &[&str], input: &str) -> Outcome<Said> {
    let mut command = Command::new(program("kiosk-app")?);
    run(command.args(words).env("DISPLAY", NO_SUCH_DISPLAY).env_remove("WAYLAND_DISPLAY"), input)
}

fn kiosk_with(site: &Site, words: &[&str]) -> Outcome<Said> {
    run(site.setup.command(words)?.env("DISPLAY", NO_SUCH_DISPLAY).env_remove("WAYLAND_DISPLAY"), "")
}

#[test]
fn an_unknown_key_is_named_with_its_line_and_the_nearest_key() -> Outcome {
    let mut site = bare()?;
    site.setup.session = "warn_aftr = 30".to_owned();
    site.setup.write()?;
    for words in [&["run"][..], &["config", "check"]] {
        refused(&kiosk_with(&site, words)?, 1, &["kiosk.toml", "line ", "warn_aftr", "warn_after"])?;
    }
    Ok(())
}

#[test]
fn a_configuration_that_is_not_there_is_named() -> Outcome {
    refused(&kiosk(&["run", "--config", "/no/such/kiosk.toml"], "")?, 1, &["/no/such/kiosk.toml"])
}

#[test]
fn without_a_display_it_says_so() -> Outcome {
    let site = bare()?;
    site.setup.write()?;
    let mut command = site.setup.command(&["run"])?;
    refused(&run(command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY"), "")?, 1, &["there is no display"])
}

#[test]
fn a_display_that_cannot_be_used_is_named() -> Outcome {
    let site = bare()?;
    site.setup.write()?;
    let said = kiosk_with(&site, &["run"])?;
    ensure(said.status == Some(1) && said.stderr.contains(NO_SUCH_DISPLAY), || said.stderr.clone())?;
    ensure(!said.stderr.contains("panicked"), || said.stderr.clone())
}

#[test]
fn a_missing_font_is_named_with_its_package() -> Outcome {
    let mut site = bare()?;
    site.setup.more = "[fonts]\nfiles = [\"/no/such/NotoSans-Regular.ttf\"]\n".to_owned();
    site.setup.write()?;
    refused(&kiosk_with(&site, &["run"])?, 1, &["/no/such/NotoSans-Regular.ttf", "fonts-noto"])
}

#[test]
fn a_missing_certificate_is_named() -> Outcome {
    let site = bare()?;
    site.setup.write()?;
    let chain = site.setup.identity.join("chain.pem");
    std::fs::remove_file(&chain).or_trouble(|| "not removed")?;
    refused(&kiosk_with(&site, &["config", "check"])?, 1, &["chain.pem"])
}

#[test]
fn files_that_are_no_pictures_are_said_one_by_one() -> Outcome {
    let folder = tempfile::tempdir().or_trouble(|| "no folder")?;
    let put = |name: &str, bytes: &[u8]| -> Outcome<String> {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).or_trouble(|| "not written")?;
        Ok(path.display().to_string())
    };
    let text = put("text.png", b"this is not a picture")?;
    let whole = folder.path().join("white.png");
    image::GrayImage::from_pixel(400, 300, image::Luma([250])).save(&whole).or_trouble(|| "not written")?;
    let bytes = std::fs::read(&whole).or_trouble(|| "not read")?;
    let cut = put("cut.png", &bytes[..bytes.len() / 2])?;
    let huge = put("huge.pgm", b"P5 100000 100000 255\n")?;
    let said = kiosk(&["read", "--json", &text, &cut, &huge, &whole.display().to_string(), "/no/such/a.jpg"], "")?;
    ensure(said.status == Some(1), || format!("status {:?}: {}", said.status, said.stderr))?;
    let lines: Vec<serde_json::Value> =
        said.stdout.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let statuses: Vec<&str> = lines.iter().filter_map(|line| line["status"].as_str()).collect();
    ensure(statuses == ["error", "error", "error", "not_read", "error"], || said.stdout.clone())?;
    ensure(lines[3]["reason"] == "no_zone", || said.stdout.clone())?;
    ensure(!said.stderr.contains("panicked"), || said.stderr.clone())
}

#[test]
fn a_port_that_is_taken_is_named_with_what_to_do() -> Outcome {
    let site = bare()?;
    let config = site.records.config();
    let text = std::fs::read_to_string(&config).or_trouble(|| "no service.toml")?;
    let taken = site.service.kiosk.to_string();
    std::fs::write(&config, text.replacen("127.0.0.1:0", &taken, 1)).or_trouble(|| "not written")?;
    refused(&run(&mut site.records.command(&["serve"]), "")?, 1, &[&taken])
}

#[test]
fn a_database_that_cannot_be_written_is_named() -> Outcome {
    let site = bare()?;
    let config = site.records.config();
    let text = std::fs::read_to_string(&config).or_trouble(|| "no service.toml")?;
    std::fs::write(&config, text.replace("service.db", "no/such/folder/service.db")).or_trouble(|| "not written")?;
    refused(&run(&mut site.records.command(&["serve"]), "")?, 1, &["service.db"])
}

#[test]
fn the_service_needs_its_configuration() -> Outcome {
    let mut command = Command::new(program("verification-service")?);
    refused(&run(command.args(["serve", "--config", "/no/such/service.toml"]), "")?, 1, &["/no/such/service.toml"])
}

#[test]
fn init_does_not_touch_a_folder_that_is_in_use() -> Outcome {
    let site = bare()?;
    let before = listing(&site.records.folder)?;
    let mut command = Command::new(program("verification-service")?);
    command.args(["init", "--server-name", "localhost", "--dir"]).arg(&site.records.folder);
    refused(&run(&mut command, "")?, 1, &["empty"])?;
    ensure(listing(&site.records.folder)? == before, || "the folder changed")
}

#[test]
fn words_that_are_no_command_are_a_usage_error() -> Outcome {
    for name in ["kiosk-app", "verification-service"] {
        let said = run(Command::new(program(name)?).arg("dance"), "")?;
        ensure(said.status == Some(2) && said.stderr.contains("dance"), || format!("{name}: {}", said.stderr))?;
    }
    Ok(())
}

fn listing(folder: &Path) -> Outcome<Vec<String>> {
    let entries = std::fs::read_dir(folder).or_trouble(|| "not listed")?;
    let mut names: Vec<String> =
        entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    Ok(names)
}

#[test]
fn a_service_of_another_root_is_not_trusted_and_says_whose_certificate_is_wrong() -> Outcome {
    let site = bare()?;
    site.setup.write()?;
    let other = site.folder().join("other");
    kiosk_tests::harness::records::Records::init(&other)?;
    std::fs::copy(other.join("root.pem"), site.setup.identity.join("root.pem")).or_trouble(|| "not copied")?;
    let said = kiosk_with(&site, &["selftest", "--json"])?;
    ensure(said.status == Some(1), || format!("status {:?}: {}", said.status, said.stdout))?;
    let report = said.json()?;
    let row =
        |name: &str| report["rows"].as_array().and_then(|rows| rows.iter().find(|row| row["name"] == name).cloned());
    let service = row("service").or_trouble(|| format!("no row of the service: {report}"))?;
    let facts = service["facts"].as_str().unwrap_or_default();
    ensure(service["ok"] == false && service["must_act"] != "nobody", || service.to_string())?;
    ensure(facts.contains("certificate"), || format!("does not name the certificate: {facts}"))
}
