//! Words: the Fluent catalogues of `assets/locales`, as plain values passed to the screens.

use crate::session::state::Language;
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;
use verification_api::personal::PersonalText;

include!(concat!(env!("OUT_DIR"), "/messages.rs"));

/// A message with its arguments: what a screen says, before the language is chosen.
#[derive(Clone)]
pub struct Line {
    pub message: Msg,
    pub args: Vec<(&'static str, Arg)>,
}

/// An argument of a message.
#[derive(Clone)]
pub enum Arg {
    Text(String),
    Number(u64),
    /// About a person: masked by whoever makes the line, if it is for a traveler's screen.
    Personal(PersonalText),
    /// A word from the catalogue itself.
    Message(Msg),
}

impl Line {
    #[must_use]
    pub fn with(mut self, name: &'static str, arg: impl Into<Arg>) -> Self {
        self.args.push((name, arg.into()));
        self
    }
}

impl From<Msg> for Line {
    fn from(message: Msg) -> Self {
        Self { message, args: Vec::new() }
    }
}

impl Msg {
    /// This message with one argument.
    #[must_use]
    pub fn with(self, name: &'static str, arg: impl Into<Arg>) -> Line {
        Line::from(self).with(name, arg)
    }
}

impl From<&str> for Arg {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Arg {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<u64> for Arg {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<PersonalText> for Arg {
    fn from(text: PersonalText) -> Self {
        Self::Personal(text)
    }
}

impl From<Msg> for Arg {
    fn from(message: Msg) -> Self {
        Self::Message(message)
    }
}

/// The words of one language.
pub struct Catalog {
    pub language: Language,
    bundle: FluentBundle<FluentResource>,
}

/// Why a catalogue cannot be used: a mistake in a Fluent file.
#[derive(Debug, thiserror::Error)]
#[error("assets/locales/{language}.ftl: {problem}")]
pub struct BadCatalog {
    pub language: &'static str,
    pub problem: String,
}

impl Catalog {
    /// # Errors
    /// The embedded Fluent file does not parse or names a message twice.
    pub fn load(language: Language) -> Result<Self, BadCatalog> {
        let bad = |problem: String| BadCatalog { language: language.tag(), problem };
        let resource = FluentResource::try_new(source(language).to_owned())
            .map_err(|(_, errors)| bad(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")))?;
        let tag: LanguageIdentifier = language.tag().parse().map_err(|why| bad(format!("{why}")))?;
        let mut bundle = FluentBundle::new_concurrent(vec![tag]);
        // Isolation marks order mixed directions; in a left-to-right language they would only be invisible letters.
        bundle.set_use_isolating(language.right_to_left());
        bundle
            .add_resource(resource)
            .map_err(|errors| bad(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")))?;
        Ok(Self { language, bundle })
    }

    /// The words of `line`. A message that is missing shows as its id, which a test catches.
    #[must_use]
    pub fn line(&self, line: &Line) -> String {
        let Some(pattern) = self.bundle.get_message(line.message.id()).and_then(|message| message.value()) else {
            return line.message.id().to_owned();
        };
        let mut args = FluentArgs::with_capacity(line.args.len());
        for (name, arg) in &line.args {
            args.set(*name, self.value(arg));
        }
        let mut problems = Vec::new();
        self.bundle.format_pattern(pattern, Some(&args), &mut problems).into_owned()
    }

    /// The words of a message without arguments.
    #[must_use]
    pub fn text(&self, message: Msg) -> String {
        self.line(&message.into())
    }

    fn value(&self, arg: &Arg) -> FluentValue<'static> {
        match arg {
            Arg::Text(text) => FluentValue::from(text.clone()),
            Arg::Number(number) => FluentValue::from(*number),
            Arg::Personal(text) => FluentValue::from(text.expose(ToOwned::to_owned)),
            Arg::Message(message) => FluentValue::from(self.text(*message)),
        }
    }
}

/// Every language's words.
pub struct Catalogs(Vec<Catalog>);

impl Catalogs {
    /// # Errors
    /// The first catalogue that does not parse.
    pub fn load() -> Result<Self, BadCatalog> {
        Language::ALL.into_iter().map(Catalog::load).collect::<Result<_, _>>().map(Self)
    }

    /// The words of `language`.
    #[must_use]
    pub fn get(&self, language: Language) -> &Catalog {
        self.0.iter().find(|catalog| catalog.language == language).unwrap_or(&self.0[0])
    }
}

const fn source(language: Language) -> &'static str {
    match language {
        Language::English => include_str!("../../assets/locales/en.ftl"),
        Language::Spanish => include_str!("../../assets/locales/es.ftl"),
    }
}
