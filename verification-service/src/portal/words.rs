//! The portal's words: the Fluent catalogues of `locales/`, embedded.

use axum::http::HeaderMap;
use axum::http::header::ACCEPT_LANGUAGE;
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;
use verification_api::wire::Timestamp;

const ENGLISH: &str = include_str!("../../locales/en.ftl");
const SPANISH: &str = include_str!("../../locales/es.ftl");

/// A language that every page speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    English,
    Spanish,
}

impl Language {
    pub const ALL: [Self; 2] = [Self::English, Self::Spanish];

    /// As in `lang` and in the cookie.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Spanish => "es",
        }
    }

    /// Its own name for itself.
    #[must_use]
    pub const fn own_name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::Spanish => "Español",
        }
    }

    #[must_use]
    pub fn from_tag(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.tag() == tag)
    }

    /// The language that a browser prefers among ours (RFC 9110 §12.5.4); English where it names none.
    #[must_use]
    pub fn preferred(headers: &HeaderMap) -> Self {
        let header = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let mut best = (0.0, Self::English);
        for range in header.split(',') {
            let mut parts = range.split(';');
            let tag = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
            let weight =
                parts.find_map(|p| p.trim().strip_prefix("q=")).map_or(1.0, |q| q.parse::<f32>().unwrap_or(0.0));
            let primary = tag.split('-').next().unwrap_or_default();
            if let Some(language) = Self::from_tag(primary)
                && weight > best.0
            {
                best = (weight, language);
            }
        }
        best.1
    }
}

/// A mistake in an embedded catalogue.
#[derive(Debug, thiserror::Error)]
#[error("locales/{language}.ftl: {problem}")]
pub struct BadWords {
    language: &'static str,
    problem: String,
}

/// Both catalogues.
pub struct Words {
    english: FluentBundle<FluentResource>,
    spanish: FluentBundle<FluentResource>,
}

impl Words {
    /// # Errors
    /// [`BadWords`]: a catalogue does not parse, or names a message twice.
    pub fn load() -> Result<Self, BadWords> {
        Ok(Self { english: bundle("en", ENGLISH)?, spanish: bundle("es", SPANISH)? })
    }

    /// A message with its arguments. One that is missing shows its id, which a test catches.
    #[must_use]
    pub fn say(&self, language: Language, id: &str, arguments: &[(&str, FluentValue<'_>)]) -> String {
        let bundle = match language {
            Language::English => &self.english,
            Language::Spanish => &self.spanish,
        };
        let Some(pattern) = bundle.get_message(id).and_then(|message| message.value()) else {
            return id.to_owned();
        };
        let arguments: FluentArgs<'_> = arguments.iter().map(|(name, value)| (*name, value.clone())).collect();
        bundle.format_pattern(pattern, Some(&arguments), &mut vec![]).into_owned()
    }

    /// A day and a time of day in UTC, as people write them.
    #[must_use]
    pub fn moment(&self, language: Language, millis: i64) -> String {
        self.date_with(language, millis, "moment")
    }

    /// A day.
    #[must_use]
    pub fn day(&self, language: Language, millis: i64) -> String {
        self.date_with(language, millis, "day")
    }

    fn date_with(&self, language: Language, millis: i64, id: &str) -> String {
        // `2026-11-25T20:04:05.006Z`: always 24 characters.
        let text = Timestamp::from_unix_millis(millis).map(|t| t.to_string()).unwrap_or_default();
        let part = |range: std::ops::Range<usize>| text.get(range).unwrap_or("?").to_owned();
        let month = self.say(language, &format!("month-{}", part(5..7)), &[]);
        let day = part(8..10).trim_start_matches('0').to_owned();
        let values = [
            ("year", FluentValue::from(part(0..4))),
            ("month", FluentValue::from(month)),
            ("day", FluentValue::from(day)),
            ("time", FluentValue::from(part(11..16))),
        ];
        self.say(language, id, &values)
    }
}

fn bundle(tag: &'static str, source: &str) -> Result<FluentBundle<FluentResource>, BadWords> {
    let listed = |errors: Vec<String>| BadWords { language: tag, problem: errors.join("; ") };
    let id: LanguageIdentifier = tag.parse().map_err(|why| listed(vec![format!("{why}")]))?;
    let resource = FluentResource::try_new(source.to_owned())
        .map_err(|(_, errors)| listed(errors.iter().map(ToString::to_string).collect()))?;
    let mut bundle = FluentBundle::new_concurrent(vec![id]);
    // Both languages run left to right: isolation marks would only be invisible letters.
    bundle.set_use_isolating(false);
    bundle.add_resource(resource).map_err(|errors| listed(errors.iter().map(ToString::to_string).collect()))?;
    Ok(bundle)
}

#[cfg(test)]
mod tests {
    use super::{ENGLISH, Language, SPANISH, Words};
    use axum::http::{HeaderMap, HeaderValue};
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::Path;

    /// Message id to the names of its variables.
    fn messages(source: &str) -> BTreeMap<String, BTreeSet<String>> {
        let mut out: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut current = String::new();
        for line in source.lines().filter(|line| !line.starts_with('#')) {
            if let Some((id, _)) = line.split_once(" =").filter(|(id, _)| !id.starts_with([' ', '*', '['])) {
                current = id.to_owned();
                assert!(out.insert(current.clone(), BTreeSet::new()).is_none(), "{current} is there twice");
            }
            for variable in line.split('$').skip(1) {
                let name: String = variable.chars().take_while(|c| c.is_alphanumeric() || *c == '-').collect();
                out.entry(current.clone()).or_default().insert(name);
            }
        }
        out
    }

    #[test]
    fn both_catalogues_have_the_same_messages_with_the_same_variables() {
        let (english, spanish) = (messages(ENGLISH), messages(SPANISH));
        for (id, variables) in &english {
            assert_eq!(Some(variables), spanish.get(id), "{id}");
        }
        for id in spanish.keys() {
            assert!(english.contains_key(id), "{id} is in Spanish only");
        }
        Words::load().unwrap();
    }

    #[test]
    fn every_message_that_a_page_says_exists_and_every_message_is_said() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut text = String::new();
        for folder in ["templates", "src/portal"] {
            for file in std::fs::read_dir(root.join(folder)).unwrap() {
                let path = file.unwrap().path();
                if path.is_file() {
                    text += &std::fs::read_to_string(path).unwrap();
                }
            }
        }
        let english = messages(ENGLISH);
        for call in [".t(\"", ".with(\"", ".count(\""] {
            for rest in text.split(call).skip(1) {
                let id = rest.split('"').next().unwrap();
                let is_id =
                    id.len() > 1 && id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
                assert!(!is_id || english.contains_key(id), "no message {id}");
            }
        }
        // Ids made at run time, by their beginnings.
        let made = ["month-", "activity-", "purpose-", "code-kind-", "session-with-", "password-"];
        for id in english.keys() {
            let said = text.contains(&format!("\"{id}\"")) || made.iter().any(|beginning| id.starts_with(beginning));
            assert!(said || ["moment", "day"].contains(&id.as_str()), "{id} is never said");
        }
    }

    #[test]
    fn a_browser_gets_the_language_it_prefers() {
        let preferred = |header: &'static str| {
            let headers = HeaderMap::from_iter([(super::ACCEPT_LANGUAGE, HeaderValue::from_static(header))]);
            Language::preferred(&headers)
        };
        assert_eq!(preferred("es-MX,es;q=0.9,en;q=0.8"), Language::Spanish);
        assert_eq!(preferred("en-US,en;q=0.9,es;q=0.8"), Language::English);
        assert_eq!(preferred("fr-CH, fr;q=0.9, es;q=0.3, en;q=0.2, *;q=0.1"), Language::Spanish);
        assert_eq!(preferred("de"), Language::English);
        assert_eq!(preferred("es;q=0, en"), Language::English);
        assert_eq!(Language::preferred(&HeaderMap::new()), Language::English);
    }

    #[test]
    fn dates_are_written_as_people_write_them() {
        let words = Words::load().unwrap();
        assert_eq!(words.moment(Language::English, 1_795_637_045_006), "25 November 2026, 20:04 UTC");
        assert_eq!(words.day(Language::Spanish, 1_795_637_045_006), "25 de noviembre de 2026");
    }
}
