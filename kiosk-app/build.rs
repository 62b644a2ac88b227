//! Makes the enum of message ids from the English catalogue, so that a screen cannot name a message that is not there.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let source = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../assets/locales/en.ftl");
    println!("cargo::rerun-if-changed={}", source.display());
    let english = fs::read_to_string(&source)
        .map_err(|why| format!("{}: {why}; it holds the screens' words", source.display()))?;
    let ids: Vec<&str> = english.lines().filter_map(message_id).collect();

    let mut code = String::from(
        "/// One message of the catalogues in `assets/locales`.\n#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]\npub enum Msg {\n",
    );
    for id in &ids {
        writeln!(code, "    {},", variant(id))?;
    }
    writeln!(code, "}}\n\nimpl Msg {{\n    pub const ALL: [Self; {}] = [", ids.len())?;
    for id in &ids {
        writeln!(code, "        Self::{},", variant(id))?;
    }
    code.push_str("    ];\n\n    /// Its id in the Fluent files.\n    #[must_use]\n    pub const fn id(self) -> &'static str {\n        match self {\n");
    for id in &ids {
        writeln!(code, "            Self::{} => {id:?},", variant(id))?;
    }
    code.push_str("        }\n    }\n}\n");

    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("messages.rs"), code)?;
    Ok(())
}

/// `some-id` of a line `some-id = Words`; `None` for comments, attributes and continuation lines.
fn message_id(line: &str) -> Option<&str> {
    let (id, _) = line.split_once('=')?;
    let id = id.trim_end();
    let starts = line.starts_with(|c: char| c.is_ascii_lowercase());
    (starts && id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')).then_some(id)
}

/// `some-id` to `SomeId`.
fn variant(id: &str) -> String {
    id.split('-')
        .map(|word| {
            let mut letters = word.chars();
            letters.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
        })
        .collect()
}
