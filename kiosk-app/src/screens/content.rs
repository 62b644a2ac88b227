//! What a screen says and offers, before it is drawn. The view, the speech, the focus order and the tests read the
//! same value, so none can say something that the others do not.

use crate::event::Intent;
use crate::i18n::{Line, Msg};
use card_reader::ocr::Quad;
use std::ops::Range;
use verification_api::personal::PersonalText;

/// Everything on one screen, in reading order.
pub struct ScreenContent {
    pub place: Place,
    pub title: Line,
    pub help: Option<Line>,
    /// Two lines of a staff header: whose screen, and the clock.
    pub header: Option<(Line, Line)>,
    pub items: Vec<Item>,
    pub actions: Vec<Action>,
}

/// Which frame a screen stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The whole window, touched anywhere.
    Attract,
    /// A traveler's step, 1 to 4; `done` ticks it off.
    Step {
        step: u8,
        done: bool,
    },
    OutOfService,
    /// A sheet over the traveler's screen.
    Sheet,
    Officer,
    Technician,
}

/// Something a person can do here.
#[derive(Clone)]
pub struct Action {
    /// Unique on the screen; the id of its widget.
    pub id: String,
    pub label: Label,
    pub intent: Intent,
    pub enabled: bool,
    pub role: Role,
    /// The choice that is in force.
    pub chosen: bool,
}

/// The face of an action.
#[derive(Clone)]
pub enum Label {
    Line(Line),
    /// What is the same in every language: a key, a language's own name.
    Text(String),
}

/// Where an action stands and how loud it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The one way forward, at the end of the footer.
    Forward,
    /// Beside it, quieter.
    Secondary,
    /// Beside it, with a consequence.
    Grave,
    /// The way out, at the start of the footer.
    WayOut,
    /// In the header.
    Header,
    /// The corner that staff hold down; it looks like nothing.
    Corner,
    /// Inside the body, placed by [`Item::Choices`] or by the item that names it.
    Choice,
    /// A key, placed by [`Item::Keypad`].
    Key,
}

impl Action {
    #[must_use]
    pub fn new(role: Role, message: Msg, intent: Intent) -> Self {
        Self {
            id: message.id().to_owned(),
            label: Label::Line(message.into()),
            intent,
            enabled: true,
            role,
            chosen: false,
        }
    }

    /// A key of the keypad.
    #[must_use]
    pub fn key(c: char, intent: Intent) -> Self {
        Self {
            id: format!("key-{c}"),
            label: Label::Text(c.to_string()),
            intent,
            enabled: true,
            role: Role::Key,
            chosen: false,
        }
    }

    #[must_use]
    pub fn enabled(mut self, enabled: bool) -> Self {
        self.enabled = enabled;
        self
    }

    #[must_use]
    pub fn chosen(mut self, chosen: bool) -> Self {
        self.chosen = chosen;
        self
    }

    #[must_use]
    pub fn labelled(mut self, text: impl Into<String>) -> Self {
        self.label = Label::Text(text.into());
        self
    }

    #[must_use]
    pub fn worded(mut self, words: impl Into<Line>) -> Self {
        self.label = Label::Line(words.into());
        self
    }

    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = id.into();
        self
    }
}

/// How loud a fact or notice is; always together with words or a sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Plain,
    Good,
    Care,
    Bad,
}

/// A step of what the kiosk is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepState {
    Done,
    Now,
    Later,
}

/// The drawn pictures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Picture {
    /// The card and the reader; `travel` 0 (above the slot) to 1 (in it).
    CardIntoReader {
        travel: f32,
    },
    CardToCamera,
    /// A card in the reader, being read.
    CardRead,
    /// The record service is being asked: `asked` 0 to 1.
    Asking {
        asked: f32,
    },
    WhereANumber,
    WhereReceipt,
    /// The way to the officer.
    ToOfficer,
    /// Wait where you are.
    WaitHere,
    /// Somebody may have left.
    StillThere,
    /// This kiosk rests.
    Closed,
    /// A code that did not pass.
    TryAgain,
    /// The holder's picture on a card.
    Portrait,
    /// The printed lines of a card, hidden.
    HiddenRows,
    /// A shield: what is kept and what is not.
    Privacy,
}

/// One group of a code as the traveler sees it.
#[derive(Clone)]
pub struct Group {
    /// Characters to show; empty for a masked or untouched group.
    pub shown: PersonalText,
    pub state: GroupState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupState {
    /// Right, shown as dots.
    Right,
    Open,
    Wrong,
    Later,
}

/// A character of a zone as an officer sees it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    Certain,
    Doubtful,
    /// Part of a field whose check digit disagrees.
    Wrong,
    /// Not typed yet.
    Missing,
}

/// A labelled value.
#[derive(Clone)]
pub struct Fact {
    pub label: Label,
    pub value: Value,
    pub tone: Tone,
}

#[derive(Clone)]
pub enum Value {
    Line(Line),
    Text(String),
    Personal(PersonalText),
}

/// One part of a screen's body.
#[derive(Clone)]
pub enum Item {
    Text(Line),
    Small(Line),
    /// The site's own words: where to walk.
    Directions(String),
    /// A caption over what follows.
    Caption(Line),
    Notice {
        tone: Tone,
        title: Line,
        help: Option<Line>,
    },
    /// One line with a sign, without a box.
    Status {
        tone: Tone,
        line: Line,
    },
    Steps {
        steps: Vec<(Line, StepState)>,
        progress: Option<f32>,
    },
    /// Fills what room there is.
    Picture(Picture),
    /// The camera's picture with the zone found, outlined.
    Preview {
        quad: Option<Quad>,
    },
    /// The document as far as a traveler's screen may show it.
    MaskedCard(Vec<Fact>),
    /// What is promised about a traveler's data, and the action that says more.
    Promise {
        line: Line,
        action: usize,
    },
    /// A large sign over a centred title: the end of a visit.
    Sign(Tone),
    /// The number being typed, in the groups of the card.
    Entry {
        groups: Vec<PersonalText>,
        /// Characters of each group when whole.
        lengths: Vec<usize>,
        tone: Tone,
    },
    Code(Vec<Group>),
    /// Actions in a grid.
    Choices {
        columns: usize,
        actions: Range<usize>,
        style: ChoiceStyle,
    },
    /// Rows of keys, each a range of the actions.
    Keypad {
        rows: Vec<Range<usize>>,
        size: KeySize,
    },
    /// Without a reference while the service has not stored it.
    Reference {
        reference: Option<String>,
        help: Line,
    },
    Countdown {
        seconds: u64,
        of: u64,
    },
    /// Rows of a zone, character by character.
    Zone {
        caption: Line,
        verdict: Option<(Line, Tone)>,
        rows: Vec<Vec<(char, Mark)>>,
        /// The row that is being typed, and the actions that choose one.
        row: Option<(usize, Range<usize>)>,
    },
    Facts(Vec<Fact>),
    /// A typed field of a staff page; its action moves the keys to it.
    Field {
        label: Line,
        text: PersonalText,
        masked: bool,
        active: bool,
        action: Option<usize>,
    },
    Device {
        name: Label,
        facts: Vec<Label>,
        tone: Tone,
        who: Line,
        test: Option<usize>,
    },
    /// The last reading's stages; the pictures are the shell's.
    Stages(Vec<(String, u32)>),
    Fill,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChoiceStyle {
    /// Tall: the one question of the screen.
    Large,
    /// One of a few in force.
    Segment,
    /// An ordinary button in the body.
    Button,
    /// A smaller one, for staff.
    Quick,
    /// One of a list, its words where reading starts.
    Listed,
    /// Words only.
    Link,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeySize {
    /// Digits only.
    Large,
    Normal,
    /// A keyboard of letters on a staff page.
    Compact,
}

impl ScreenContent {
    #[must_use]
    pub fn new(place: Place, title: impl Into<Line>) -> Self {
        Self { place, title: title.into(), help: None, header: None, items: Vec::new(), actions: Vec::new() }
    }

    #[must_use]
    pub fn help(mut self, line: impl Into<Line>) -> Self {
        self.help = Some(line.into());
        self
    }

    #[must_use]
    pub fn header(mut self, first: impl Into<Line>, second: impl Into<Line>) -> Self {
        self.header = Some((first.into(), second.into()));
        self
    }

    #[must_use]
    pub fn item(mut self, item: Item) -> Self {
        self.items.push(item);
        self
    }

    #[must_use]
    pub fn maybe(self, item: Option<Item>) -> Self {
        match item {
            Some(item) => self.item(item),
            None => self,
        }
    }

    #[must_use]
    pub fn action(mut self, action: Action) -> Self {
        self.actions.push(action);
        self
    }

    /// Actions in a grid of the body.
    #[must_use]
    pub fn choices(mut self, style: ChoiceStyle, columns: usize, actions: Vec<Action>) -> Self {
        let range = self.place(actions);
        self.item(Item::Choices { columns, actions: range, style })
    }

    /// A keypad of rows of characters, with wide keys under it.
    #[must_use]
    pub fn keypad(mut self, size: KeySize, rows: &[&str], key: impl Fn(char) -> Intent, wide: Vec<Action>) -> Self {
        let mut ranges: Vec<Range<usize>> =
            rows.iter().map(|row| self.place(row.chars().map(|c| Action::key(c, key(c))).collect())).collect();
        if !wide.is_empty() {
            ranges.push(self.place(wide));
        }
        self.item(Item::Keypad { rows: ranges, size })
    }

    /// Adds actions that an item places, and says where they are in the list.
    pub fn place(&mut self, actions: Vec<Action>) -> Range<usize> {
        let start = self.actions.len();
        self.actions.extend(actions);
        start..self.actions.len()
    }

    /// The actions of a role, in order.
    pub fn role(&self, role: Role) -> impl DoubleEndedIterator<Item = &Action> {
        self.actions.iter().filter(move |action| action.role == role)
    }
}

impl From<Msg> for Label {
    fn from(message: Msg) -> Self {
        Self::Line(message.into())
    }
}

impl From<Line> for Label {
    fn from(line: Line) -> Self {
        Self::Line(line)
    }
}
