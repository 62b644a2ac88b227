//! `docs/api.md` is true: its commands are run as they stand, and it speaks of every call and every type of problem.

use crate::support::Site;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use verification_api::wire::ProblemType;
use verification_service::roles::ROUTES;

const GUIDE: &str = include_str!("../../../docs/api.md");

/// The commands of the page; with ports of our own, and after `serve` a wait until it answers.
fn script(kiosk: u16, portal: u16) -> String {
    let blocks = GUIDE.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    let listen = format!("--kiosk-listen 127.0.0.1:{kiosk} --portal-listen 127.0.0.1:{portal}");
    let text = blocks.collect::<String>().replace("8443", &kiosk.to_string()).replace("8444", &portal.to_string());
    let text = text.replace("--server-name localhost", &format!("--server-name localhost {listen}"));
    let wait = format!("timeout 60 bash -c 'until (: </dev/tcp/127.0.0.1/{portal}) 2>/dev/null; do :; done'");
    let lines: Vec<String> = text
        .lines()
        .map(|line| if line.starts_with("$S serve &") { format!("{line}\n{wait}") } else { line.to_owned() })
        .collect();
    format!("set -euo pipefail\ntrap 'kill %1 2>/dev/null || true' EXIT\n{}\n", lines.join("\n"))
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn the_commands_of_the_guide_do_what_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_verification-service")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let output = Command::new("bash")
        .args(["-c", &script(free_port(), free_port())])
        .current_dir(folder.path())
        .env("PATH", path)
        .stdin(Stdio::null())
        .process_group(0)
        .output()
        .unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    for told in [
        r#""result":"verified","record_status":"clear""#,
        r#""record":"found","document_status":"valid","mismatch":[]"#,
        r#""reason":"code_not_verified""#,
        r#""flagged":false"#,
        r#""status":"ok""#,
        r#""revoked_technicians":[]"#,
        r#""number":"K08""#,
    ] {
        assert!(out.contains(told), "without {told}:\n{out}\n{err}");
    }
    assert_eq!(std::fs::metadata(folder.path().join("tile")).unwrap().len(), 32, "one hash");
}

#[test]
fn whoever_reads_only_the_beginning_of_an_answer_makes_no_fault() {
    let site = Site::new();
    // A pipe that nobody reads any more.
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = Command::new(env!("CARGO_BIN_EXE_verification-service"));
    command.arg("--config").arg(site.config()).args(["kiosk", "list"]).stdin(Stdio::null()).stdout(writer);
    let output = command.stderr(Stdio::piped()).spawn().unwrap().wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn the_guide_speaks_of_every_call_and_every_type_of_problem() {
    for (method, path, _) in ROUTES {
        let path = path.replace("{*", "{");
        assert!(GUIDE.contains(&format!("`{method} {path}`")), "{method} {path} is not in docs/api.md");
    }
    for problem in ProblemType::ALL {
        let word = problem.urn().rsplit(':').next().unwrap_or_default();
        let row = format!("| `{word}` | {} |", problem.status());
        assert!(GUIDE.contains(&row), "{row} is not in docs/api.md");
    }
}
