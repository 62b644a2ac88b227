//! The one type in which personal text (names, numbers, dates, codes) may live.
//!
//! It zeroes itself on drop, opens only through [`PersonalText::expose`], and has neither `Debug`, `Display` nor
//! `Serialize`, so that it cannot be formatted or logged by accident. A wire type that must carry it says so with
//! `#[serde(with = "verification_api::personal::wire")]`.

use zeroize::Zeroize;

/// Text about a person. Zeroed on drop; cannot be formatted, logged or compared with plain text by accident.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct PersonalText(String);

impl PersonalText {
    /// Takes ownership of `text`, so that no copy stays behind.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// Lends the text to `f`. The caller must not keep a copy in a type that is not itself personal.
    pub fn expose<R>(&self, f: impl FnOnce(&str) -> R) -> R {
        f(&self.0)
    }

    /// Lends the text for editing (a keypad's buffer). What is removed is overwritten first.
    pub fn push(&mut self, c: char) {
        if self.0.capacity() < self.0.len() + c.len_utf8() {
            // Growing a String frees the old block without zeroing it: move by hand.
            let mut larger = String::with_capacity((self.0.len() + c.len_utf8()).next_power_of_two().max(32));
            larger.push_str(&self.0);
            self.0.zeroize();
            self.0 = larger;
        }
        self.0.push(c);
    }

    /// Removes the last character, if any.
    pub fn pop(&mut self) {
        if let Some((at, _)) = self.0.char_indices().next_back() {
            let mut shorter = String::with_capacity(self.0.capacity());
            shorter.push_str(&self.0[..at]);
            self.0.zeroize();
            self.0 = shorter;
        }
    }

    /// Number of characters.
    #[must_use]
    pub fn chars(&self) -> usize {
        self.0.chars().count()
    }

    /// Whether there is no text.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The last `n` characters, the rest as dots: what a traveler's screen may show of a number.
    #[must_use]
    pub fn masked(&self, n: usize) -> Self {
        let total = self.chars();
        Self(self.0.chars().enumerate().map(|(i, c)| if i + n >= total { c } else { '•' }).collect())
    }
}

impl From<&str> for PersonalText {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl Drop for PersonalText {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl Zeroize for PersonalText {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

/// Explicit serde for wire types: `#[serde(with = "personal::wire")]`.
pub mod wire {
    use super::PersonalText;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    /// # Errors
    /// Whatever the serializer answers.
    pub fn serialize<S: Serializer>(text: &PersonalText, serializer: S) -> Result<S::Ok, S::Error> {
        text.expose(|t| t.serialize(serializer))
    }

    /// # Errors
    /// Whatever the deserializer answers; not a string is one.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PersonalText, D::Error> {
        String::deserialize(deserializer).map(PersonalText::new)
    }

    /// The same for `Option<PersonalText>`; combine with `#[serde(default)]` where the member may be missing.
    pub mod option {
        use super::{Deserialize, Deserializer, PersonalText, Serialize, Serializer};

        /// # Errors
        /// Whatever the serializer answers.
        pub fn serialize<S: Serializer>(text: &Option<PersonalText>, serializer: S) -> Result<S::Ok, S::Error> {
            match text {
                Some(text) => text.expose(|t| t.serialize(serializer)),
                None => serializer.serialize_none(),
            }
        }

        /// # Errors
        /// Whatever the deserializer answers; neither a string nor null is one.
        pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PersonalText>, D::Error> {
            Ok(Option::<String>::deserialize(deserializer)?.map(PersonalText::new))
        }
    }

    /// The same for `Vec<PersonalText>`.
    pub mod list {
        use super::{Deserialize, Deserializer, PersonalText, Serializer};
        use serde::ser::SerializeSeq;

        /// # Errors
        /// Whatever the serializer answers.
        pub fn serialize<S: Serializer>(texts: &[PersonalText], serializer: S) -> Result<S::Ok, S::Error> {
            let mut seq = serializer.serialize_seq(Some(texts.len()))?;
            for text in texts {
                text.expose(|t| seq.serialize_element(t))?;
            }
            seq.end()
        }

        /// # Errors
        /// Whatever the deserializer answers; not a list of strings is one.
        pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<PersonalText>, D::Error> {
            Ok(Vec::<String>::deserialize(deserializer)?.into_iter().map(PersonalText::new).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::PersonalText;

    #[test]
    fn masking_shows_only_the_last_characters() {
        PersonalText::from("A000000701").masked(4).expose(|t| assert_eq!(t, "••••••0701"));
        PersonalText::from("701").masked(4).expose(|t| assert_eq!(t, "701"));
    }

    #[test]
    fn typing_and_deleting_keeps_the_text() {
        let mut text = PersonalText::default();
        for c in "7KQ25".chars() {
            text.push(c);
        }
        text.pop();
        text.expose(|t| assert_eq!(t, "7KQ2"));
        assert_eq!(text.chars(), 4);
    }
}
