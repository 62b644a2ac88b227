//! A kiosk comes to its certificate, and to the next one, without anybody copying files.

use kiosk_app::clock::Clock;
use kiosk_app::config::Config;
use kiosk_app::verifier::Verifier;
use kiosk_tests::harness::process::{Said, run};
use kiosk_tests::harness::programs::program;
use kiosk_tests::harness::records::{Records, temporary, text};
use kiosk_tests::harness::service::Service;
use kiosk_tests::harness::{OrTrouble, Outcome, ensure};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

const DAY_MS: u64 = 86_400_000;

fn enroll(service: &Service, root: &str, dir: &Path, code: &str) -> Outcome<Said> {
    enroll_with(service, root, dir, code, &[])
}

fn enroll_with(service: &Service, root: &str, dir: &Path, code: &str, more: &[&str]) -> Outcome<Said> {
    let url = format!("https://localhost:{}", service.portal.port());
    let mut command = Command::new(program("kiosk-app")?);
    command.args(["enroll", &url, "--root-sha256", root, "--dir"]).arg(dir).args(more);
    run(&mut command, &format!("{code}\n"))
}

/// The service's folder with `[kiosks] url`, because its port is only known once it serves.
fn serve() -> Outcome<(tempfile::TempDir, Records, Service)> {
    let folder = temporary()?;
    let records = Records::init(&folder.path().join("service"))?;
    let service = Service::serve(&records)?;
    Ok((folder, records, service))
}

#[test]
fn a_kiosk_enrols_itself_with_a_code_that_only_the_right_service_sees() -> Outcome {
    let (folder, records, service) = serve()?;
    let invited = records.ask(&["kiosk", "invite", "--number", "K08", "--lane", "8"], "")?;
    let (code, root) = (text(&invited, "code")?, text(&invited, "root_sha256")?);

    // Another root than the service's: the code is not sent, and stays good.
    let dir = folder.path().join("kiosk");
    let wrong = enroll(&service, &"ab".repeat(32), &dir, &code)?;
    ensure(wrong.success().is_err_and(|why| why.0.contains("the code was not sent")), || "another root was trusted")?;
    ensure(!dir.join("key.pem").exists(), || "a key without a certificate was left")?;

    let enrolled = enroll(&service, &root, &dir, &code)?.success()?;
    ensure(enrolled.stdout.contains("enrolled as K08 (lane 8)"), || enrolled.stdout.clone())?;
    for (file, mode) in [("key.pem", 0o600), ("technician_pepper", 0o600), ("chain.pem", 0o644), ("root.pem", 0o644)] {
        let found = std::fs::metadata(dir.join(file)).or_trouble(|| file)?.permissions().mode() & 0o777;
        ensure(found == mode, || format!("{file} has mode {found:o}"))?;
    }
    let mut check = Command::new(program("kiosk-app")?);
    let checked = run(check.args(["config", "check"]).arg(dir.join("kiosk.toml")), "")?;
    ensure(!checked.stdout.contains("certificate") && !checked.stderr.contains("certificate"), || {
        checked.stderr.clone()
    })?;
    let again = enroll(&service, &root, &dir, &code)?;
    ensure(again.success().is_err_and(|why| why.0.contains("nothing is overwritten")), || "files were overwritten")?;
    let used = enroll(&service, &root, &folder.path().join("other"), &code)?;
    ensure(used.success().is_err_and(|why| why.0.contains("wrong, used or older")), || "a code was taken twice")?;
    let listed = records.ask(&["kiosk", "list"], "")?;
    ensure(listed["kiosks"][0]["number"] == "K08", || listed.to_string())
}

/// As of a kiosk that was off for longer than its certificate, or was revoked: under its number, with its configuration.
#[test]
fn a_kiosk_enrols_again_and_keeps_what_it_has() -> Outcome {
    let (folder, records, service) = serve()?;
    let dir = folder.path().join("kiosk");
    let invite = || records.ask(&["kiosk", "invite", "--number", "K08", "--lane", "8"], "");
    let first = invite()?;
    let root = text(&first, "root_sha256")?;
    let early = enroll_with(&service, &root, &dir, &text(&first, "code")?, &["--again"])?;
    ensure(early.success().is_err_and(|why| why.0.contains("leave --again out")), || "enrolled again before")?;
    enroll(&service, &root, &dir, &text(&first, "code")?)?.success()?;
    let listed = records.ask(&["kiosk", "list"], "")?;
    let id = text(&listed["kiosks"][0], "kiosk")?;
    let config = dir.join("kiosk.toml");
    let own = std::fs::read_to_string(&config).or_trouble(|| "kiosk.toml")? + "\n# ours\n";
    std::fs::write(&config, &own).or_trouble(|| "kiosk.toml")?;
    let key = std::fs::read(dir.join("key.pem")).or_trouble(|| "key")?;

    records.ask(&["kiosk", "revoke", &id], "")?;
    let again = enroll_with(&service, &root, &dir, &text(&invite()?, "code")?, &["--again"])?.success()?;
    ensure(again.stdout.contains(&format!("kiosk {id}")), || again.stdout.clone())?;
    ensure(std::fs::read_to_string(&config).or_trouble(|| "kiosk.toml")? == own, || "kiosk.toml was changed")?;
    ensure(std::fs::read(dir.join("key.pem")).or_trouble(|| "key")? != key, || "the key is the old one")?;
    for left in ["key.new.pem", "chain.pem.next"] {
        ensure(!dir.join(left).exists(), || format!("{left} was left"))?;
    }

    // The service takes the new certificate.
    let line = own.lines().find(|line| line.starts_with("url = ")).or_trouble(|| "no url")?;
    let url = format!("url = \"https://localhost:{}\"", service.kiosk.port());
    std::fs::write(&config, own.replace(line, &url)).or_trouble(|| "kiosk.toml")?;
    let config = Config::load(&config).or_trouble(|| "configuration")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().or_trouble(|| "runtime")?;
    runtime.block_on(async {
        let state = temporary()?;
        let verifier = Verifier::new(&config.service, "8", state.path(), Clock::start(0)).or_trouble(|| "verifier")?;
        verifier.policy().await.map_err(|failure| kiosk_tests::harness::Trouble(failure.sentence().to_owned()))
    })?;
    Ok(())
}

/// At two thirds of its life the certificate is renewed; requests go on with the new key, also after a start between the
/// two renames.
#[test]
fn a_certificate_is_renewed_at_two_thirds_of_its_life() -> Outcome {
    let (_folder, records, service) = serve()?;
    let made = records.ask(&["kiosk", "add", "--number", "K07", "--lane", "7", "--days", "1"], "")?;
    let file = text(&made, "config")?;
    let toml = std::fs::read_to_string(&file).or_trouble(|| "kiosk.toml")?;
    let line = toml.lines().find(|line| line.starts_with("url = ")).or_trouble(|| "no url")?.to_owned();
    let url = format!("url = \"https://localhost:{}\"", service.kiosk.port());
    std::fs::write(&file, toml.replace(&line, &url)).or_trouble(|| "kiosk.toml")?;
    let config = Config::load(Path::new(&file)).or_trouble(|| "configuration")?;

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().or_trouble(|| "runtime")?;
    runtime.block_on(async {
        let state = temporary()?;
        let verifier =
            |clock: Clock| Verifier::new(&config.service, "7", state.path(), clock).or_trouble(|| "verifier");
        let now = Clock::start(0).unix_ms();
        let early = verifier(Clock::start(now + DAY_MS / 2))?;
        ensure(!early.renew_if_due().await.or_trouble(|| "renewal")?, || "renewed at half its life")?;

        let key = std::fs::read(&config.service.key).or_trouble(|| "key")?;
        let due = verifier(Clock::start(now + DAY_MS / 3 * 2 + 600_000))?;
        due.policy().await.map_err(|failure| kiosk_tests::harness::Trouble(failure.sentence().to_owned()))?;
        ensure(due.renew_if_due().await.or_trouble(|| "renewal")?, || "not renewed")?;
        ensure(std::fs::read(&config.service.key).or_trouble(|| "key")? != key, || "the key is the old one")?;
        // The running kiosk goes on with the new key at once; the old one is then good for nothing.
        due.policy().await.map_err(|failure| kiosk_tests::harness::Trouble(failure.sentence().to_owned()))?;
        ensure(!due.renew_if_due().await.or_trouble(|| "renewal")?, || "renewed again")?;

        // As a power cut between the two renames leaves it: the key is in place, the chain waits.
        let waiting = config.service.chain.with_file_name("chain.pem.next");
        std::fs::copy(&config.service.chain, &waiting).or_trouble(|| "copy")?;
        std::fs::write(&config.service.chain, b"the old chain").or_trouble(|| "chain")?;
        let started = verifier(Clock::start(0))?;
        started.policy().await.map_err(|failure| kiosk_tests::harness::Trouble(failure.sentence().to_owned()))?;
        ensure(!waiting.exists(), || "the new chain is still waiting")
    })
}
