//! The service by its command line, as an operator meets it.

use kiosk_tests::harness::people::ANNA;
use kiosk_tests::harness::records::{Records, temporary};
use kiosk_tests::harness::service::Service;
use kiosk_tests::harness::{Outcome, ensure};

#[test]
fn an_empty_folder_becomes_a_service_that_answers_and_whose_audit_log_is_whole() -> Outcome {
    let folder = temporary()?;
    let records = Records::init(&folder.path().join("service"))?;
    let kiosk = records.add_kiosk("K07", "7")?;
    records.add_account(ANNA.account().holder())?;
    let code = records.new_code("--a-number", ANNA.a_number)?;
    ensure(code.len() == 23 && code.matches('-').count() == 3, || format!("not a code: {code}"))?;
    let service = Service::serve(&records)?;
    ensure(service.kiosk != service.portal, || "one port for two")?;
    for file in ["chain.pem", "key.pem", "root.pem", "kiosk.toml"] {
        ensure(kiosk.folder.join(file).is_file(), || format!("no {file}"))?;
    }
    records.ask(&["audit", "verify"], "").map(|_| ())
}

#[test]
fn secrets_are_for_their_owner_only() -> Outcome {
    use std::os::unix::fs::PermissionsExt;
    let folder = temporary()?;
    let records = Records::init(&folder.path().join("service"))?;
    let kiosk = records.add_kiosk("K07", "7")?;
    let mut secret = vec![kiosk.folder.join("key.pem"), records.folder.join("root.key"), records.technician_keys().1];
    secret.push(records.folder.join("secrets/pepper"));
    for path in secret {
        let mode = std::fs::metadata(&path).map(|found| found.permissions().mode() & 0o777);
        ensure(mode.as_ref().is_ok_and(|mode| *mode == 0o600), || format!("{}: {mode:?}", path.display()))?;
    }
    Ok(())
}
