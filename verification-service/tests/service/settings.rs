//! `config/service/service.toml`: what `init` writes, with every key, its default, and a comment.

use std::path::Path;
use verification_service::config::{Code, Config, Kiosks, Limits, LogTable, Portal, Retention, template};

const TEMPLATE: &str = include_str!("../../../config/service/service.toml");

#[test]
fn the_template_is_what_init_writes_and_has_the_defaults() {
    let written = template("127.0.0.1:8443".parse().unwrap(), "127.0.0.1:8444".parse().unwrap(), None);
    assert_eq!(written, TEMPLATE);
    let config = Config::parse(TEMPLATE, Path::new("service.toml")).unwrap();
    assert_eq!(config.limits.lock_after, 5);
    assert_eq!(config.tls.reload_seconds, 30);
    let [set, default] = [
        format!("{:?}", (config.code, config.portal, config.limits, config.retention, config.log, config.kiosks)),
        format!(
            "{:?}",
            (
                Code::default(),
                Portal::default(),
                Limits::default(),
                Retention::default(),
                LogTable::default(),
                Kiosks::default()
            )
        ),
    ];
    assert_eq!(set, default);
    // What is commented out is taken, too, once it is not.
    let whole = TEMPLATE.lines().map(|line| match line.strip_prefix("# ") {
        Some(key) if key.contains(" = ") || key.starts_with('[') => format!("{key}\n"),
        _ => format!("{line}\n"),
    });
    let config = Config::parse(&whole.collect::<String>(), Path::new("service.toml")).unwrap();
    assert_eq!(config.timers.map(|timers| timers.warn_s), Some(60));
    assert!(config.listen.metrics.is_some() && config.kiosks.url.is_some() && config.log.export.is_some());
}

/// The parser names all keys of a table when it meets one that it does not know.
#[test]
fn every_key_is_in_the_template_with_a_comment() {
    let tables =
        ["listen", "tls", "database", "secrets", "code", "portal", "limits", "retention", "log", "kiosks", "timers"];
    let mut keys = 0;
    for table in tables {
        let why = toml::from_str::<Config>(&format!("[{table}]\nno_such_key = 1\n")).unwrap_err().message().to_owned();
        let known: Vec<&str> = why.split('`').skip(3).step_by(2).collect();
        let rest = TEMPLATE.split_once(&format!("[{table}]\n")).unwrap_or_else(|| panic!("no [{table}]")).1;
        let lines: Vec<&str> = rest.lines().take_while(|line| !line.starts_with('[')).collect();
        for key in &known {
            let start = format!("{key} = ");
            let line = lines.iter().map(|line| line.trim_start_matches("# ")).find(|line| line.starts_with(&start));
            let line = line.unwrap_or_else(|| panic!("[{table}] {key} is not in the template"));
            assert!(line.split_once(" # ").is_some_and(|(_, comment)| comment.len() > 5), "no comment: {line}");
        }
        keys += known.len();
    }
    // A table of its own in the parser would be missed above.
    let why = toml::from_str::<Config>("no_such_table = 1\n").unwrap_err().message().to_owned();
    assert_eq!(why.split('`').skip(3).step_by(2).count(), tables.len(), "{why}");
    assert!(keys > 35, "{keys}");
}

#[test]
fn what_init_was_given_stands_in_its_file() {
    let url = "postgres://service@%2Frun%2Fpostgresql/records";
    let text = template("0.0.0.0:443".parse().unwrap(), "[::1]:0".parse().unwrap(), Some(url));
    let config = Config::parse(&text, Path::new("service.toml")).unwrap();
    assert_eq!(
        (config.listen.kiosk.to_string(), config.listen.portal.to_string()),
        ("0.0.0.0:443".into(), "[::1]:0".into())
    );
    assert_eq!(config.database.url, url);
    assert!(text.lines().any(|line| line.starts_with("kiosk = \"0.0.0.0:443\"  ") && line.contains("# kiosks")));
}
