//! Every screen in both languages at the normal and the largest text size: nothing is cut off, everything that is
//! offered is there, large enough, and does what it says when a finger touches it.

#![allow(clippy::expect_used, reason = "a test says what it expects")]

mod samples;

use iced::advanced::widget::Id;
use iced::{Point, Rectangle, Settings, Size, touch, window};
use iced_test::Simulator;
use iced_test::selector::Candidate;
use kiosk_app::event::Intent;
use kiosk_app::i18n::{Catalogs, Msg};
use kiosk_app::screens::content::{Action, Item, Place, Role, ScreenContent};
use kiosk_app::screens::{self, Look};
use kiosk_app::session::state::{Contrast, Language, TextSize};
use kiosk_app::theme;
use samples::Sample;
use std::sync::{Mutex, Once, PoisonError};

/// 20 mm at 0.248 mm a pixel, less half a pixel of rounding.
const TARGET: f32 = 20.0 / 0.248 - 0.5;

/// The font system is one for the whole program.
static DRAWING: Mutex<()> = Mutex::new(());
static FONTS: Once = Once::new();

/// Words, their place, and what of it is in sight.
type Text = (String, Rectangle, Option<Rectangle>);

struct Shown {
    texts: Vec<Text>,
    targets: Vec<(String, Rectangle, Option<Rectangle>)>,
}

/// Loads the fonts and calls `look_at` with every sample in every language and text size.
fn each(sizes: &[TextSize], samples: impl Fn() -> Vec<Sample>, mut look_at: impl FnMut(&str, &Sample, &Look)) {
    let _one_at_a_time = DRAWING.lock().unwrap_or_else(PoisonError::into_inner);
    FONTS.call_once(|| theme::load_fonts(&theme::DEBIAN_FONTS).expect("the fonts of fonts-noto-core and -mono"));
    let mut look = samples::look();
    for language in Language::ALL {
        look.default_language = language;
        for size in sizes {
            for mut sample in samples() {
                if let Some(visit) = &mut sample.kiosk.visit {
                    visit.settings.language = language;
                    visit.settings.text_size = *size;
                }
                // Its banner takes room on every screen: what fits with it fits without.
                sample.kiosk.policy.test_mode = true;
                samples::prepare(&mut look, &sample);
                let name = format!("{} {} {size:?}", sample.name, language.tag());
                look_at(&name, &sample, &look);
            }
        }
    }
}

fn simulated<'a>(sample: &'a Sample, look: &'a Look, size: Size) -> Simulator<'a, Intent> {
    let settings = Settings { default_font: theme::SANS, ..Settings::default() };
    Simulator::with_size(settings, size, screens::view(&sample.kiosk, look))
}

fn shown(ui: &mut Simulator<'_, Intent>, content: &ScreenContent) -> Shown {
    let wanted: Vec<(Id, String)> =
        content.actions.iter().map(|action| (Id::from(action.id.clone()), action.id.clone())).collect();
    let mut shown = Shown { texts: Vec::new(), targets: Vec::new() };
    let found = std::sync::Mutex::new(&mut shown);
    let _ = ui.find(|candidate: Candidate<'_>| {
        let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
        match candidate {
            Candidate::Text { content, bounds, visible_bounds, .. } => {
                found.texts.push((content.to_owned(), bounds, visible_bounds));
            }
            Candidate::Container { id: Some(id), bounds, visible_bounds } => {
                if let Some((_, name)) = wanted.iter().find(|(wanted, _)| wanted == id) {
                    found.targets.push((name.clone(), bounds, visible_bounds));
                }
            }
            _ => {}
        }
        None::<()>
    });
    shown
}

/// A press and a lift of one finger at a point.
fn tap(ui: &mut Simulator<'_, Intent>, at: Point) {
    let id = touch::Finger(1);
    ui.point_at(at);
    let _ = ui.simulate([
        iced::Event::Touch(touch::Event::FingerPressed { id, position: at }),
        iced::Event::Touch(touch::Event::FingerLifted { id, position: at }),
    ]);
}

#[test]
fn no_text_is_cut_off_or_squeezed() {
    let mut troubles = Vec::new();
    each(&[TextSize::Normal, TextSize::Largest], samples::all, |name, sample, look| {
        let content = screens::content(&sample.kiosk, look);
        let whole = shown(&mut simulated(sample, look, look.window), &content).texts;
        // The same words with room to spare: whatever grows there was squeezed here.
        let roomy = Size::new(look.window.width, look.window.height * 1.6);
        let spacious = shown(&mut simulated(sample, look, roomy), &content).texts;
        if whole.len() != spacious.len() {
            troubles.push(format!("{name}: shows {} texts, with more room {}", whole.len(), spacious.len()));
        }
        troubles.extend(squeezed(name, &whole, &spacious, look.window));
    });
    assert!(troubles.is_empty(), "{}", troubles.join("\n"));
}

/// What is smaller than with more room, or not wholly in sight.
fn squeezed(name: &str, texts: &[Text], spacious: &[Text], window: Size) -> Vec<String> {
    let window = Rectangle::with_size(window);
    let mut troubles = Vec::new();
    for ((text, bounds, visible), (_, more, _)) in texts.iter().zip(spacious) {
        if text.trim().is_empty() {
            continue;
        }
        if more.height > bounds.height + 1.0 {
            troubles.push(format!("{name}: “{text}” is {} high and needs {}", bounds.height, more.height));
        }
        let inside =
            visible.is_some_and(|visible| visible.width >= bounds.width - 1.0 && visible.height >= bounds.height - 1.0);
        let across = bounds.x + bounds.width <= window.width + 0.5 && bounds.x >= -0.5;
        let down = bounds.y + bounds.height <= window.height + 0.5;
        if !inside || !across || !down {
            troubles.push(format!("{name}: “{text}” is cut off at {bounds:?}"));
        }
    }
    troubles
}

#[test]
fn the_check_for_squeezed_text_sees_it() {
    let _one_at_a_time = DRAWING.lock().unwrap_or_else(PoisonError::into_inner);
    FONTS.call_once(|| theme::load_fonts(&theme::DEBIAN_FONTS).expect("the fonts of fonts-noto-core and -mono"));
    let texts = |height: f32| {
        let lines = iced::widget::column(["one", "two", "three"].map(|line| iced::widget::text(line).size(60).into()));
        let settings = Settings { default_font: theme::SANS, ..Settings::default() };
        let mut ui: Simulator<'_, Intent> = Simulator::with_size(settings, Size::new(300.0, height), lines);
        shown(&mut ui, &ScreenContent::new(Place::Attract, Msg::Help)).texts
    };
    let spacious = texts(600.0);
    assert_eq!(spacious.len(), 3);
    assert!(squeezed("roomy", &texts(300.0), &spacious, Size::new(300.0, 300.0)).is_empty());
    assert!(!squeezed("tight", &texts(200.0), &spacious, Size::new(300.0, 200.0)).is_empty());
}

#[test]
fn no_word_is_wider_than_its_place() {
    use iced::advanced::text::{self, LineHeight, Paragraph as _, Shaping, Wrapping};
    let mut troubles = Vec::new();
    each(&[TextSize::Normal, TextSize::Largest], samples::all, |name, sample, look| {
        let content = screens::content(&sample.kiosk, look);
        for (text, bounds, _) in shown(&mut simulated(sample, look, look.window), &content).texts {
            for word in text.split_whitespace() {
                // The smallest size on any screen: a lower bound of what the word needs.
                let measured = iced::advanced::graphics::text::Paragraph::with_text(text::Text {
                    content: word,
                    bounds: Size::INFINITE,
                    size: iced::Pixels(27.0),
                    line_height: LineHeight::Relative(1.3),
                    font: theme::SANS,
                    align_x: text::Alignment::Default,
                    align_y: iced::alignment::Vertical::Top,
                    shaping: Shaping::Advanced,
                    wrapping: Wrapping::None,
                });
                if measured.min_width() > bounds.width + 1.0 {
                    troubles.push(format!("{name}: “{word}” needs {} and has {}", measured.min_width(), bounds.width));
                }
            }
        }
    });
    assert!(troubles.is_empty(), "{}", troubles.join("\n"));
}

#[test]
fn every_action_is_there_large_enough_and_apart() {
    let mut troubles = Vec::new();
    each(&[TextSize::Normal, TextSize::Largest], samples::all, |name, sample, look| {
        let content = screens::content(&sample.kiosk, look);
        let targets = shown(&mut simulated(sample, look, look.window), &content).targets;
        for action in &content.actions {
            let places: Vec<_> = targets.iter().filter(|(id, ..)| *id == action.id).collect();
            let [(_, bounds, Some(visible))] = places.as_slice() else {
                troubles.push(format!("{name}: {} is there {} times", action.id, places.len()));
                continue;
            };
            if visible.width < bounds.width - 0.5 || visible.height < bounds.height - 0.5 {
                troubles.push(format!("{name}: {} is cut off at {bounds:?}", action.id));
            }
            if bounds.width < TARGET || bounds.height < TARGET {
                troubles.push(format!("{name}: {} is only {}×{}", action.id, bounds.width, bounds.height));
            }
        }
        for (at, (one, first, _)) in targets.iter().enumerate() {
            for (other, second, _) in &targets[at + 1..] {
                let over_all = [one, other].into_iter().any(|id| {
                    matches!(content.place, Place::Attract)
                        && (id == Msg::AttractTitle.id() || id == Msg::StaffCorner.id())
                });
                if !over_all && first.intersection(second).is_some_and(|both| both.width > 0.5 && both.height > 0.5) {
                    troubles.push(format!("{name}: {one} and {other} overlap"));
                }
            }
        }
    });
    assert!(troubles.is_empty(), "{}", troubles.join("\n"));
}

#[test]
fn a_finger_on_an_action_gives_its_intent() {
    let mut troubles = Vec::new();
    each(&[TextSize::Normal], samples::all, |name, sample, look| {
        let content = screens::content(&sample.kiosk, look);
        for action in content.actions.iter().filter(|action| action.role != Role::Corner) {
            let mut ui = simulated(sample, look, look.window);
            let targets = shown(&mut ui, &content).targets;
            let Some((_, bounds, _)) = targets.iter().find(|(id, ..)| *id == action.id) else { continue };
            tap(&mut ui, bounds.center());
            let given: Vec<Intent> = ui.into_messages().collect();
            if !gives(action, &given) {
                troubles.push(format!("{name}: touching {} gives {} intents", action.id, given.len()));
            }
        }
    });
    assert!(troubles.is_empty(), "{}", troubles.join("\n"));
}

/// Exactly the action's intent; nothing if it cannot be touched now.
fn gives(action: &Action, given: &[Intent]) -> bool {
    match given {
        [] => !action.enabled,
        [intent] => action.enabled && *intent == action.intent,
        _ => false,
    }
}

#[test]
fn a_smaller_window_shows_the_same_screen_smaller() {
    each(&[TextSize::Normal], samples::all, |name, sample, look| {
        let content = screens::content(&sample.kiosk, look);
        let targets = shown(&mut simulated(sample, look, look.window), &content).targets;
        let mut small = samples::look();
        small.default_language = look.default_language;
        small.window = Size::new(look.window.width * 0.75, look.window.height * 0.75);
        samples::prepare(&mut small, sample);
        let half = shown(&mut simulated(sample, &small, small.window), &content).targets;
        assert_eq!(targets.len(), half.len(), "{name}");
        for ((id, large, _), (_, less, _)) in targets.iter().zip(&half) {
            let ratio = less.height / large.height;
            assert!((0.70..0.80).contains(&ratio), "{name}: {id} is {ratio} as high in a window of 0.75");
        }
    });
}

#[test]
fn a_sheet_keeps_touches_from_the_screen_under_it() {
    each(&[TextSize::Normal], samples::traveler, |name, sample, look| {
        let Some(visit) = sample.kiosk.visit.as_ref().filter(|visit| visit.overlay.is_some()) else { return };
        assert!(visit.overlay.is_some());
        let mut ui = simulated(sample, look, look.window);
        // The language button of the header, which the sheet leaves in sight.
        tap(&mut ui, Point::new(900.0, 74.0));
        assert_eq!(ui.into_messages().count(), 0, "{name}");
    });
}

#[test]
fn the_corner_opens_the_staff_sign_in_only_when_held() {
    each(&[TextSize::Normal], samples::traveler, |name, sample, look| {
        let content = screens::content(&sample.kiosk, look);
        let Some(corner) = content.role(Role::Corner).next() else { return };
        let mut ui = simulated(sample, look, look.window);
        let targets = shown(&mut ui, &content).targets;
        let (_, bounds, _) = targets.iter().find(|(id, ..)| *id == corner.id).expect("the corner");
        let (id, position) = (touch::Finger(1), bounds.center());
        #[expect(clippy::disallowed_methods, reason = "the window's redraws carry the time")]
        let start = std::time::Instant::now();
        let redraw = |millis| {
            iced::Event::Window(window::Event::RedrawRequested(start + std::time::Duration::from_millis(millis)))
        };
        ui.point_at(position);
        let press = iced::Event::Touch(touch::Event::FingerPressed { id, position });
        let lift = iced::Event::Touch(touch::Event::FingerLifted { id, position });
        let _ = ui.simulate([press.clone(), redraw(0), redraw(1400), lift.clone()]);
        let _ = ui.simulate([press, redraw(2000), redraw(3510), lift]);
        let given: Vec<Intent> = ui.into_messages().collect();
        let held = given.iter().filter(|intent| **intent == corner.intent).count();
        assert_eq!(held, 1, "{name}: only the second press was long enough");
        let begun = given.iter().filter(|intent| matches!(intent, Intent::Begin)).count();
        assert_eq!(begun, usize::from(content.place == Place::Attract), "{name}");
    });
}

#[test]
fn the_way_out_is_on_every_step() {
    each(&[TextSize::Normal], samples::traveler, |name, sample, look| {
        let content = screens::content(&sample.kiosk, look);
        let Place::Step { .. } = content.place else { return };
        let ends = content.actions.iter().any(|action| {
            action.enabled && matches!(action.intent, Intent::StartOver | Intent::EndVisit | Intent::Finish)
        });
        assert!(ends, "{name}");
    });
}

#[test]
fn a_travelers_screen_never_shows_a_reason_an_error_or_a_code() {
    each(&[TextSize::Normal], samples::traveler, |name, sample, look| {
        let content = screens::content(&sample.kiosk, look);
        let texts = shown(&mut simulated(sample, look, look.window), &content).texts;
        let words = texts.into_iter().map(|(text, ..)| text.to_lowercase()).collect::<Vec<_>>().join(" ");
        for never in ["error", "admitted", "admitid", "check_document", "not_found", "7kq25", "m4pxx", "fail"] {
            assert!(!words.contains(never), "{name}: says “{never}”");
        }
        let verified = words.contains("verified") || words.contains("verificad");
        assert!(!verified, "{name}: says “verified”");
        assert!(
            !words.contains("000000701") || content.items.iter().any(|item| matches!(item, Item::Entry { .. })),
            "{name}"
        );
    });
}

#[test]
fn every_contrast_is_readable() {
    // WCAG 2.2 §1.4.3: 4.5 to 1, for what is read; 3 to 1 for what cannot be touched now is not asked for.
    for contrast in [Contrast::Normal, Contrast::High, Contrast::Dark] {
        let p = theme::traveler(contrast);
        for (what, ink, ground) in [
            ("ink", p.ink, p.ground),
            ("ink on a card", p.ink, p.card),
            ("soft ink", p.ink_soft, p.ground),
            ("faint ink", p.ink_faint, p.panel),
            ("the way forward", p.on_action, p.action),
            ("a link", p.link, p.ground),
            ("good", p.good, p.ground),
            ("care", p.care, p.care_ground),
        ] {
            let ratio = ink.relative_contrast(ground);
            assert!(ratio >= 4.5, "{contrast:?}: {what} has only {ratio}");
        }
    }
    for (ink, ground) in [(theme::STAFF.ink_faint, theme::STAFF.card), (theme::STAFF.care, theme::STAFF.card)] {
        assert!(ink.relative_contrast(ground) >= 4.5);
    }
}

#[test]
fn every_language_has_the_same_messages_and_variables() {
    let english = messages(include_str!("../../assets/locales/en.ftl"));
    let spanish = messages(include_str!("../../assets/locales/es.ftl"));
    assert_eq!(english.len(), Msg::ALL.len());
    assert_eq!(english, spanish);
}

/// (id, variables) of each message of a Fluent file, in order of ids.
fn messages(source: &str) -> Vec<(String, Vec<String>)> {
    let mut messages: Vec<(String, Vec<String>)> = Vec::new();
    for line in source.lines().filter(|line| !line.starts_with('#')) {
        if let Some((id, _)) = line.split_once(" = ").filter(|_| line.starts_with(|c: char| c.is_ascii_lowercase())) {
            messages.push((id.to_owned(), Vec::new()));
        }
        let Some((_, variables)) = messages.last_mut() else { continue };
        for part in line.split('$').skip(1) {
            let name: String = part.chars().take_while(char::is_ascii_alphanumeric).collect();
            if !variables.contains(&name) {
                variables.push(name);
            }
        }
        variables.sort();
    }
    messages.sort();
    messages
}

#[test]
fn every_message_is_used_with_its_variables_given() {
    let mut sources = String::new();
    let mut folders = vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("the sources").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                sources.push_str(&std::fs::read_to_string(path).expect("a source file"));
            }
        }
    }
    let used = |message: &Msg| {
        let name = format!("Msg::{message:?}");
        sources
            .match_indices(&name)
            .any(|(at, _)| !sources[at + name.len()..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_'))
    };
    let unused: Vec<&str> = Msg::ALL.iter().filter(|message| !used(message)).map(|message| message.id()).collect();
    assert!(unused.is_empty(), "no screen says {unused:?}");
    // A variable that is not given shows in braces.
    each(&[TextSize::Normal], samples::all, |name, sample, look| {
        let content = screens::content(&sample.kiosk, look);
        for (text, ..) in shown(&mut simulated(sample, look, look.window), &content).texts {
            assert!(!text.contains(['{', '}']), "{name}: “{text}”");
        }
    });
}

#[test]
fn the_fonts_have_every_letter_of_every_message() {
    use iced::advanced::graphics::text::{cosmic_text, font_system};
    let mut troubles = Vec::new();
    each(&[], samples::all, |_, _, _| {});
    let _one_at_a_time = DRAWING.lock().unwrap_or_else(PoisonError::into_inner);
    let catalogs = Catalogs::load().expect("the catalogues parse");
    let mut system = font_system().write().expect("the fonts");
    for language in Language::ALL {
        for message in Msg::ALL {
            let words = catalogs.get(language).text(message);
            for font in [theme::SANS, theme::BOLD] {
                let mut buffer = cosmic_text::Buffer::new(system.raw(), cosmic_text::Metrics::new(30.0, 40.0));
                let attributes = iced::advanced::graphics::text::to_attributes(font);
                buffer.set_text(system.raw(), &words, &attributes, cosmic_text::Shaping::Advanced, None);
                buffer.shape_until_scroll(system.raw(), false);
                let missing = buffer.layout_runs().any(|run| run.glyphs.iter().any(|glyph| glyph.glyph_id == 0));
                if missing {
                    troubles.push(format!("{} {}: “{words}”", language.tag(), message.id()));
                }
            }
        }
    }
    assert!(troubles.is_empty(), "{}", troubles.join("\n"));
}

#[test]
fn a_font_that_is_missing_is_named_with_its_package() {
    let why = theme::load_fonts(&["/nowhere/NotoSansMono-Regular.ttf"]).expect_err("there is no such file");
    let words = why.to_string();
    assert!(words.contains("/nowhere/NotoSansMono-Regular.ttf") && words.contains("fonts-noto-mono"), "{words}");
    let why = theme::load_fonts(&[concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")]).expect_err("no font");
    assert!(why.to_string().contains("holds no font"), "{why}");
    let why = theme::load_fonts::<&str>(&[]).expect_err("no fonts at all");
    assert!(why.to_string().contains("Noto Sans") && why.to_string().contains("fonts-noto-core"), "{why}");
}
