//! `docs/api.md` is true: its commands are run as they stand, and it speaks of every call and every type of problem.

use crate::operations::ask;
use crate::support::Site;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use verification_api::wire::ProblemType;
use verification_service::roles::ROUTES;

const GUIDE: &str = include_str!("../../../docs/api.md");
const OPERATIONS: &str = include_str!("../../../docs/operations.md");
const UNIT: &str = include_str!("../../../config/service/verification-service@.service");

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

/// The installation of `docs/operations.md`, but for what only root may do and for its places, which a test has of its own: it
/// ends with a service that is ready, with every file where the unit looks for it and lets it write.
#[tokio::test]
async fn the_installation_ends_with_a_service_that_is_ready() {
    let folder = tempfile::tempdir().unwrap();
    let (etc, var) = (folder.path().join("etc"), folder.path().join("var"));
    let ports = [free_port(), free_port(), free_port()];
    let block = OPERATIONS.split("```sh\n").nth(1).unwrap().split("```").next().unwrap();
    let lines = block.lines().filter(|line| !line.starts_with("adduser") && !line.starts_with("as()"));
    let listen = format!("--kiosk-listen 127.0.0.1:{} --portal-listen 127.0.0.1:{}", ports[0], ports[1]);
    let script = lines
        .map(|line| line.replace("as verification-service", "verification-service"))
        .map(|line| line.replace("-o verification-service -g verification-service ", ""))
        .map(|line| line.replace("--server-name records.example.gov", &format!("--server-name localhost {listen}")))
        .map(|line| line.replace("verification-service audit", "verification-service --config $ETC/1.toml audit"))
        .map(|line| line.replace("/etc/verification-service", "$ETC").replace("/var/lib/verification-service", "$VAR"))
        .map(|line| if line.contains("-e 's|sqlite:") { line.replace('\'', "\"") } else { line })
        .collect::<Vec<_>>()
        .join("\n");
    let program = Path::new(env!("CARGO_BIN_EXE_verification-service")).parent().unwrap();
    let output = Command::new("bash")
        .args(["-c", &format!("set -euo pipefail\n{script}")])
        .env("PATH", format!("{}:{}", program.display(), std::env::var("PATH").unwrap()))
        .env("ETC", &etc)
        .env("VAR", &var)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script}\n{err}");

    let config = etc.join("1.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text.replace("127.0.0.1:9464", &format!("127.0.0.1:{}", ports[2]))).unwrap();
    let mut serving = Command::new(env!("CARGO_BIN_EXE_verification-service"))
        .arg("--config")
        .arg(&config)
        .arg("serve")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut said = String::new();
    BufReader::new(serving.stdout.as_mut().unwrap()).read_line(&mut said).unwrap();
    let ready = ask(ports[2], "/ready").await;
    serving.kill().unwrap();
    serving.wait().unwrap();
    assert!(said.starts_with("ready kiosk=127.0.0.1:"), "{said}");
    assert_eq!(ready.0, 200, "{}", ready.1);
    assert!(var.join("service.db").is_file() && !etc.join("tls/service.toml").exists());

    // What the unit names is what the page makes.
    for line in [
        "ExecStart=/usr/bin/verification-service --json --config /etc/verification-service/%i.toml serve",
        "ReadWritePaths=/etc/verification-service/tls",
        "StateDirectory=verification-service",
        "User=verification-service",
    ] {
        assert!(UNIT.lines().any(|of_unit| of_unit == line), "{line}");
    }
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
