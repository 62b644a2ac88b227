//! How each part of a screen's content is drawn.

use crate::i18n::Msg;
use crate::screens::Look;
use crate::screens::content::{
    Action, ChoiceStyle, Fact, Item, Label, Mark, Picture, Place, ScreenContent, StepState, Tone,
};
use crate::screens::pen::{Part, Pen};
use crate::theme::{MONO, Palette, Type};
use crate::widgets::button::{self, Face};
use crate::widgets::picture::{Sign, picture, sign};
use crate::widgets::{code_entry, countdown, keypad, preview, qr};
use iced::widget::{Column, Row, column, container, row, space, text};
use iced::{Border, Center, Color, Element, Fill, FillPortion, Padding, Shrink};

/// Whether an item takes what height is left.
pub(super) fn fills(item: &Item, content: &ScreenContent) -> bool {
    match item {
        Item::Picture(_) => !has_keypad(content),
        Item::Preview { .. } => preview_fills(content),
        Item::Keypad { .. } | Item::Fill | Item::MaskedCard(_) => true,
        _ => false,
    }
}

/// The live picture's ground takes the room that is left where nothing else does.
fn preview_fills(content: &ScreenContent) -> bool {
    let only = |item: &Item| !matches!(item, Item::Picture(_) | Item::Keypad { .. } | Item::Fill);
    content.items.iter().all(only)
}

pub(super) fn has_keypad(content: &ScreenContent) -> bool {
    content.items.iter().any(|item| matches!(item, Item::Keypad { .. }))
}

/// One item; `ended` centres the words of a visit's last screen.
pub(super) fn item<'a>(pen: &Pen<'a>, look: &'a Look, content: &ScreenContent, item: &Item, ended: bool) -> Part<'a> {
    let palette = pen.palette;
    let words = |kind: Type, line: &crate::i18n::Line, ink: Color| {
        if ended { pen.centred(kind, pen.line(line), ink) } else { pen.paragraph(kind, pen.line(line), ink) }
    };
    match item {
        Item::Text(line) => words(Type::Body, line, palette.ink_soft),
        Item::Small(line) => words(Type::Small, line, palette.ink_faint),
        Item::Directions(text) => pen.paragraph(Type::Body, text.clone(), palette.ink_soft),
        Item::Caption(line) => {
            container(words(Type::SmallStrong, line, palette.ink_soft)).padding(Padding::ZERO.top(pen.u(6.0))).into()
        }
        Item::Notice { tone, title, help } => notice(pen, *tone, title, help.as_ref()),
        Item::Status { tone, line } => status(pen, *tone, &pen.line(line)),
        Item::Steps { steps, progress } => steps_card(pen, steps, *progress),
        Item::Picture(which) => picture_panel(pen, content, *which, ended),
        Item::Preview { quad } => match &look.preview {
            Some(newest) => {
                let shown = container(preview::preview(pen, newest, quad.as_ref())).center_x(Fill);
                if preview_fills(content) {
                    let filled = container(panel(pen, shown.center_y(Fill).into()));
                    filled.height(Fill).into()
                } else {
                    panel(pen, shown.into())
                }
            }
            None => space().into(),
        },
        Item::MaskedCard(facts) => masked_card(pen, facts),
        Item::Promise { line, action } => promise(pen, &pen.line(line), content.actions.get(*action)),
        Item::Sign(tone) => large_sign(pen, *tone),
        Item::Entry { groups, lengths, tone } => code_entry::number(pen, groups, lengths, *tone),
        Item::Code(groups) => code_entry::code(pen, groups),
        Item::Choices { columns, actions, style } => choices(pen, &content.actions[actions.clone()], *columns, *style),
        Item::Keypad { rows, size } => {
            let rows: Vec<&[Action]> = rows.iter().map(|range| &content.actions[range.clone()]).collect();
            keypad::keypad(pen, &rows, *size)
        }
        Item::Reference { reference, help } => reference_card(pen, reference.as_deref(), &pen.line(help)),
        Item::Countdown { seconds, of } => {
            container(countdown::countdown(pen, *seconds, *of, pen.u(520.0))).center_x(Fill).into()
        }
        Item::Zone { caption, verdict, rows, row } => {
            let verdict = verdict.as_ref().map(|(line, tone)| (pen.line(line), *tone));
            let row = row.as_ref().map(|(row, actions)| (*row, &content.actions[actions.clone()]));
            zone(pen, &pen.line(caption), verdict, rows, row)
        }
        Item::Facts(facts) => fact_tiles(pen, facts),
        Item::Field { label, text, masked, active, action } => {
            let action = action.and_then(|at| content.actions.get(at));
            field(pen, &pen.line(label), text, *masked, *active, action)
        }
        Item::Device { name, facts, tone, who, test } => {
            let test = test.and_then(|at| content.actions.get(at));
            device(pen, name, facts, *tone, &pen.line(who), test)
        }
        Item::Stages(stages) => stage_strip(pen, look, stages),
        Item::Fill => space().height(Fill).into(),
    }
}

/// A bordered card.
fn card<'a>(pen: &Pen<'a>, content: Part<'a>, padding: f32) -> Part<'a> {
    boxed(pen, content, padding, pen.palette.card, pen.palette.line, 28.0)
}

/// The tinted ground of a picture.
fn panel<'a>(pen: &Pen<'a>, content: Part<'a>) -> Part<'a> {
    boxed(pen, content, 36.0, pen.palette.panel, pen.palette.line, 28.0)
}

fn boxed<'a>(pen: &Pen<'a>, content: Part<'a>, padding: f32, ground: Color, line: Color, radius: f32) -> Part<'a> {
    let border = Border { color: line, width: pen.u(2.0).max(1.0), radius: pen.u(radius).into() };
    container(content)
        .padding(pen.gap(padding))
        .width(Fill)
        .style(move |_| container::Style { background: Some(ground.into()), border, ..container::Style::default() })
        .into()
}

fn picture_panel<'a>(pen: &Pen<'a>, content: &ScreenContent, which: Picture, ended: bool) -> Part<'a> {
    if has_keypad(content) {
        return picture(pen, which, pen.u(270.0).into());
    }
    if ended || content.place == Place::OutOfService {
        let drawn = container(picture(pen, which, Fill)).height(Fill).max_height(pen.u(760.0));
        return container(drawn).center_y(Fill).into();
    }
    let palette = pen.palette;
    let border = Border { color: palette.line, width: pen.u(2.0).max(1.0), radius: pen.u(28.0).into() };
    container(picture(pen, which, Fill))
        .padding(pen.gap(36.0))
        .width(Fill)
        .height(Fill)
        .style(move |_| container::Style {
            background: Some(palette.panel.into()),
            border,
            ..container::Style::default()
        })
        .into()
}

fn tone_colours(palette: &Palette, tone: Tone) -> (Color, Color, Color, Color) {
    match tone {
        Tone::Plain => (palette.card, palette.line, palette.panel, palette.link),
        Tone::Good => (palette.good_ground, palette.good, palette.good, palette.on_good),
        Tone::Care => (palette.care_ground, palette.care_line, palette.care_sign, palette.care),
        Tone::Bad => (palette.bad_ground, palette.bad_line, palette.bad, palette.bad_ground),
    }
}

const fn tone_sign(tone: Tone) -> Sign {
    match tone {
        Tone::Plain => Sign::Info,
        Tone::Good => Sign::Tick,
        Tone::Care | Tone::Bad => Sign::Bang,
    }
}

/// A round sign.
fn badge<'a>(pen: &Pen<'a>, which: Sign, size: f32, ground: Color, ink: Color) -> Part<'a> {
    let side = pen.u(size);
    container(container(sign(which, side * 0.5, ink)).center(Fill))
        .width(side)
        .height(side)
        .style(move |_| container::Style {
            background: Some(ground.into()),
            border: Border { color: ink, width: 0.0, radius: (side / 2.0).into() },
            ..container::Style::default()
        })
        .into()
}

fn notice<'a>(pen: &Pen<'a>, tone: Tone, title: &crate::i18n::Line, help: Option<&crate::i18n::Line>) -> Part<'a> {
    let palette = pen.palette;
    let (ground, line, sign_ground, sign_ink) = tone_colours(&palette, tone);
    let ink = if tone == Tone::Care { palette.care } else { palette.ink };
    let mut words = vec![pen.paragraph(Type::Strong, pen.line(title), ink)];
    words.extend(help.map(|help| pen.paragraph(Type::Body, pen.line(help), palette.ink_soft)));
    let content = pen
        .row(vec![badge(pen, tone_sign(tone), 66.0, sign_ground, sign_ink), column(words).spacing(pen.u(4.0)).into()])
        .spacing(pen.u(30.0));
    boxed(pen, content.into(), 38.0, ground, line, 28.0)
}

fn status<'a>(pen: &Pen<'a>, tone: Tone, words: &str) -> Part<'a> {
    let palette = pen.palette;
    let ink = match tone {
        Tone::Plain => palette.ink_soft,
        Tone::Good => palette.good,
        Tone::Care => palette.care,
        Tone::Bad => palette.bad,
    };
    let face = match tone {
        Tone::Plain => badge(pen, Sign::Info, 56.0, palette.panel, palette.link),
        Tone::Good | Tone::Care | Tone::Bad => sign(tone_sign(tone), pen.u(34.0), ink),
    };
    let kind = if tone == Tone::Plain { Type::Small } else { Type::SmallStrong };
    pen.row(vec![face, pen.paragraph(kind, words, ink)]).spacing(pen.u(18.0)).into()
}

fn steps_card<'a>(pen: &Pen<'a>, steps: &[(crate::i18n::Line, StepState)], progress: Option<f32>) -> Part<'a> {
    let palette = pen.palette;
    let mut rows: Vec<Part<'a>> = Vec::new();
    for (number, (line, state)) in (1..).zip(steps) {
        let (ground, ink, kind) = match state {
            StepState::Done => (palette.good_ground, palette.ink, Type::Body),
            StepState::Now => (palette.action, palette.ink, Type::Strong),
            StepState::Later => (palette.panel, palette.ink_faint, Type::Body),
        };
        let face: Part<'a> = match state {
            StepState::Done => sign(Sign::Tick, pen.u(34.0), palette.good),
            StepState::Now | StepState::Later => {
                let ink = if *state == StepState::Now { palette.on_action } else { palette.ink_faint };
                text(number.to_string()).size(pen.u(34.0)).font(crate::theme::BOLD).color(ink).into()
            }
        };
        let side = pen.u(66.0);
        let line_colour = if *state == StepState::Later { palette.line_strong } else { ground };
        let border = Border { color: line_colour, width: pen.u(2.0), radius: (side / 2.0).into() };
        let dot = container(container(face).center(Fill)).width(side).height(side).style(move |_| container::Style {
            background: Some(ground.into()),
            border,
            ..container::Style::default()
        });
        rows.push(pen.row(vec![dot.into(), pen.paragraph(kind, pen.line(line), ink)]).spacing(pen.u(30.0)).into());
    }
    if let Some(progress) = progress {
        rows.push(progress_bar(pen, progress));
    }
    card(pen, Column::with_children(rows).spacing(pen.gap(40.0)).into(), 46.0)
}

/// A bar that fills in the direction of reading.
fn progress_bar<'a>(pen: &Pen<'a>, share: f32) -> Part<'a> {
    let palette = pen.palette;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of one in thousandths")]
    let full = (share.clamp(0.0, 1.0) * 1000.0) as u16;
    let height = pen.u(18.0);
    let round = move |colour: Color| {
        move |_: &iced::Theme| container::Style {
            background: Some(colour.into()),
            border: iced::border::rounded(height / 2.0),
            ..container::Style::default()
        }
    };
    let mut parts: Vec<Part<'a>> = Vec::new();
    if full > 0 {
        parts.push(container("").width(FillPortion(full)).height(height).style(round(palette.action)).into());
    }
    if full < 1000 {
        parts.push(space().width(FillPortion(1000 - full)).into());
    }
    container(pen.row(parts)).width(Fill).height(height).style(round(palette.line)).into()
}

/// The sign of a visit's end.
pub(super) fn large_sign<'a>(pen: &Pen<'a>, tone: Tone) -> Part<'a> {
    let palette = pen.palette;
    let (ground, ink, which) = match tone {
        Tone::Good => (palette.good, palette.on_good, Sign::Tick),
        Tone::Plain => (palette.action, palette.on_action, Sign::Right),
        Tone::Care | Tone::Bad => (palette.care_sign, palette.care, Sign::Bang),
    };
    container(badge(pen, which, 210.0, ground, ink)).center_x(Fill).into()
}

/// A card as large as a card's picture can be, with what may be shown of it, on the ground of a picture.
fn masked_card<'a>(pen: &Pen<'a>, facts: &[Fact]) -> Part<'a> {
    let palette = pen.palette;
    let lines = facts.iter().map(|fact| -> Part<'a> {
        pen.column(vec![
            pen.text(Type::Small, pen.label(&fact.label), palette.ink_faint).into(),
            pen.paragraph(Type::Strong, pen.value(&fact.value), palette.ink),
        ])
        .spacing(pen.u(2.0))
        .into()
    });
    let portrait = container(picture(pen, Picture::Portrait, pen.u(280.0).into())).width(pen.u(220.0));
    let facts = Column::with_children(lines).spacing(pen.u(26.0)).width(Fill);
    let upper = pen.row(vec![portrait.into(), facts.into()]).spacing(pen.u(44.0));
    let rows = picture(pen, Picture::HiddenRows, pen.u(120.0).into());
    let content = column![upper, rows].spacing(pen.u(40.0));
    let face = boxed(pen, content.into(), 52.0, palette.card, palette.line_strong, 40.0);
    let border = Border { color: palette.line, width: pen.u(2.0).max(1.0), radius: pen.u(28.0).into() };
    container(face)
        .padding(pen.u(44.0))
        .center_y(Fill)
        .width(Fill)
        .style(move |_| container::Style {
            background: Some(palette.panel.into()),
            border,
            ..container::Style::default()
        })
        .into()
}

/// A promise with its shield and the way to read more.
fn promise<'a>(pen: &Pen<'a>, words: &str, action: Option<&Action>) -> Part<'a> {
    let shield = container(picture(pen, Picture::Privacy, pen.u(150.0).into())).width(pen.u(150.0));
    let mut parts = vec![pen.paragraph(Type::Small, words, pen.palette.ink_soft)];
    parts.extend(action.map(|action| button::labelled(pen, action, Face::Plain)));
    let words = pen.column(parts).spacing(pen.gap(20.0)).width(Fill);
    card(pen, pen.row(vec![shield.into(), words.into()]).spacing(pen.u(36.0)).into(), 36.0)
}

fn choices<'a>(pen: &Pen<'a>, actions: &[Action], columns: usize, style: ChoiceStyle) -> Part<'a> {
    let gap = pen.u(22.0);
    let rows = actions.chunks(columns.max(1)).map(|chunk| -> Part<'a> {
        let mut parts: Vec<Part<'a>> = chunk.iter().map(|action| choice(pen, action, style)).collect();
        if style != ChoiceStyle::Link {
            for _ in chunk.len()..columns {
                parts.push(space().width(Fill).into());
            }
        }
        pen.row(parts).spacing(gap).into()
    });
    column(rows).spacing(gap).into()
}

fn choice<'a>(pen: &Pen<'a>, action: &Action, style: ChoiceStyle) -> Part<'a> {
    let face = button::face_of(action);
    match style {
        ChoiceStyle::Large => large_choice(pen, action, face),
        ChoiceStyle::Segment => button::filled(pen, action, face, Type::Button, pen.u(116.0).into()),
        ChoiceStyle::Button => button::filled(pen, action, face, Type::Button, pen.u(110.0).into()),
        ChoiceStyle::Quick => button::filled(pen, action, face, Type::SmallStrong, pen.u(96.0).into()),
        ChoiceStyle::Listed => {
            let (_, ink, _) = button::colours(&pen.palette, face, action.enabled);
            let words = pen.paragraph(Type::Strong, pen.label(&action.label), ink);
            let words = container(words).padding([0.0, pen.u(40.0)]).center_y(Fill);
            button::target(pen, action, face, pen.u(22.0), Fill, pen.u(112.0).into(), words.into())
        }
        ChoiceStyle::Link => button::labelled(pen, action, Face::Quiet),
    }
}

/// A tall choice with a sign that says that it leads on.
fn large_choice<'a>(pen: &Pen<'a>, action: &Action, face: Face) -> Part<'a> {
    let (_, ink, _) = button::colours(&pen.palette, face, action.enabled);
    let onward = if action.chosen { Sign::Tick } else { Sign::Right };
    let content = pen
        .row(vec![pen.paragraph(Type::Heading, pen.label(&action.label), ink), sign(onward, pen.u(44.0), ink)])
        .spacing(pen.u(20.0));
    let content = container(content).padding([0.0, pen.u(48.0)]).center_y(Fill);
    button::target(pen, action, face, pen.u(28.0), Fill, pen.u(190.0).into(), content.into())
}

/// The reference and its symbol; the same room, empty, while the service has not stored it.
fn reference_card<'a>(pen: &Pen<'a>, reference: Option<&str>, help: &str) -> Part<'a> {
    let palette = pen.palette;
    let side = pen.u(236.0);
    let symbol = reference.and_then(|reference| qr::qr(reference, side));
    let symbol = symbol.unwrap_or_else(|| {
        container(pen.text(Type::Large, "· · ·", palette.ink_faint))
            .center(side)
            .style(move |_| container::Style {
                background: Some(palette.panel.into()),
                border: iced::border::rounded(20.0),
                ..container::Style::default()
            })
            .into()
    });
    let mut words: Vec<Part<'a>> = vec![pen.text(Type::Small, pen.msg(Msg::Reference), palette.ink_faint).into()];
    words.extend(reference.map(|reference| pen.text(Type::Large, reference, palette.ink).into()));
    words.push(pen.paragraph(Type::Small, help, palette.ink_soft));
    let words = pen.column(words).spacing(pen.u(8.0)).width(Fill);
    card(pen, pen.row(vec![symbol, words.into()]).spacing(pen.u(46.0)).into(), 46.0)
}

/// The widest row's characters in one width; doubtful and wrong ones on a ground of their own.
fn zone<'a>(
    pen: &Pen<'a>,
    caption: &str,
    verdict: Option<(String, Tone)>,
    rows: &[Vec<(char, Mark)>],
    chosen: Option<(usize, &[Action])>,
) -> Part<'a> {
    let palette = pen.palette;
    let longest = rows.iter().map(Vec::len).max().unwrap_or(30).max(1);
    // Noto Sans Mono: every character is 0.6 em wide. 830 units are left inside the card.
    #[expect(clippy::cast_precision_loss, reason = "at most 44 characters")]
    let size = (830.0 / (longest as f32 * 0.6)).min(44.0) * pen.unit;
    let mut head: Vec<Part<'a>> = vec![pen.text(Type::Small, caption, palette.ink_faint).into()];
    if let Some((words, tone)) = verdict {
        head.push(pen.paragraph(Type::SmallStrong, words, ink_of(&palette, tone)));
    }
    let mut parts: Vec<Part<'a>> = vec![pen.row(head).spacing(pen.u(16.0)).align_y(iced::Top).into()];
    for (number, characters) in rows.iter().enumerate() {
        let cells = Row::with_children(characters.iter().map(|(c, mark)| cell(pen, *c, *mark, size)));
        let active = chosen.is_some_and(|(row, _)| row == number);
        let line: Part<'a> = match chosen.and_then(|(_, actions)| actions.get(number)) {
            Some(action) => {
                let face = container(cells).padding([pen.u(10.0), pen.u(14.0)]).center_y(Fill);
                let face_kind = if active { Face::Plain } else { Face::Quiet };
                let height = pen.u(86.0).into();
                button::target(pen, action, face_kind, pen.u(14.0), Fill, height, face.into())
            }
            None => cells.into(),
        };
        parts.push(line);
    }
    card(pen, Column::with_children(parts).spacing(pen.u(14.0)).into(), 38.0)
}

fn cell<'a>(pen: &Pen<'a>, c: char, mark: Mark, size: f32) -> Part<'a> {
    let palette = pen.palette;
    let (ground, ink) = match mark {
        Mark::Certain => (Color::TRANSPARENT, palette.ink),
        Mark::Doubtful => (palette.care_sign, palette.care),
        Mark::Wrong => (palette.bad_line, palette.ink),
        Mark::Missing => (Color::TRANSPARENT, palette.line_strong),
    };
    let shown = if mark == Mark::Missing { '·' } else { c };
    let face = text(shown.to_string()).size(size).font(MONO).color(ink).line_height(1.25);
    container(face)
        .center_x(size * 0.6)
        .style(move |_| container::Style {
            background: (ground.a > 0.0).then(|| ground.into()),
            ..container::Style::default()
        })
        .into()
}

fn ink_of(palette: &Palette, tone: Tone) -> Color {
    match tone {
        Tone::Plain => palette.ink_soft,
        Tone::Good => palette.good,
        Tone::Care => palette.care,
        Tone::Bad => palette.bad,
    }
}

fn fact_tiles<'a>(pen: &Pen<'a>, facts: &[Fact]) -> Part<'a> {
    let palette = pen.palette;
    let tile = |fact: &Fact| -> Part<'a> {
        let content = pen.row(vec![
            pen.paragraph(Type::Small, pen.label(&fact.label), palette.ink_soft),
            pen.text(Type::SmallStrong, pen.value(&fact.value), ink_of(&palette, fact.tone)).into(),
        ]);
        boxed(pen, content.spacing(pen.u(12.0)).into(), 20.0, palette.card, palette.line, 20.0)
    };
    let mut rows: Vec<Part<'a>> = Vec::new();
    let mut pair: Vec<Part<'a>> = Vec::new();
    let gap = pen.u(18.0);
    let flush = |pair: &mut Vec<Part<'a>>, rows: &mut Vec<Part<'a>>| {
        if pair.is_empty() {
            return;
        }
        if pair.len() == 1 {
            pair.push(space().width(Fill).into());
        }
        rows.push(pen.row(std::mem::take(pair)).spacing(gap).into());
    };
    for fact in facts {
        let long = pen.label(&fact.label).chars().count() + pen.value(&fact.value).chars().count() > LONGEST_IN_HALF;
        if long {
            flush(&mut pair, &mut rows);
            rows.push(tile(fact));
            continue;
        }
        pair.push(tile(fact));
        if pair.len() == 2 {
            flush(&mut pair, &mut rows);
        }
    }
    flush(&mut pair, &mut rows);
    column(rows).spacing(pen.u(14.0)).into()
}

/// Characters of a fact's label and value together that stand side by side in half the width.
const LONGEST_IN_HALF: usize = 23;

fn field<'a>(
    pen: &Pen<'a>,
    label: &str,
    typed: &verification_api::personal::PersonalText,
    masked: bool,
    active: bool,
    action: Option<&Action>,
) -> Part<'a> {
    let palette = pen.palette;
    let shown = if masked { "•".repeat(typed.chars()) } else { typed.expose(ToOwned::to_owned) };
    let caret = container("").width(pen.u(4.0)).height(pen.u(50.0)).style(move |_| container::Style {
        background: active.then(|| palette.link.into()),
        ..container::Style::default()
    });
    // What is typed is not mirrored, only where it stands.
    let typed = row![text(shown).size(pen.u(46.0)).font(MONO).color(palette.ink), caret].align_y(Center);
    let content = pen.column(vec![
        pen.text(Type::Small, label, palette.ink_faint).into(),
        container(typed).height(pen.u(64.0)).into(),
    ]);
    let line = if active { palette.link } else { palette.line_strong };
    let content: Part<'a> = content.spacing(pen.u(6.0)).width(Fill).into();
    let border =
        Border { color: line, width: pen.u(if active { 4.0 } else { 2.0 }).max(1.0), radius: pen.u(22.0).into() };
    let ground = palette.card;
    let boxed: Part<'a> = container(content)
        .padding([pen.u(22.0), pen.u(34.0)])
        .width(Fill)
        .style(move |_| container::Style { background: Some(ground.into()), border, ..container::Style::default() })
        .into();
    match action {
        Some(action) => button::target(pen, action, Face::Quiet, pen.u(22.0), Fill, Shrink, boxed),
        None => boxed,
    }
}

fn device<'a>(pen: &Pen<'a>, name: &Label, facts: &[Label], tone: Tone, who: &str, test: Option<&Action>) -> Part<'a> {
    let palette = pen.palette;
    let colour = match tone {
        Tone::Plain => palette.ink_faint,
        Tone::Good => palette.good,
        Tone::Care => palette.care,
        Tone::Bad => palette.bad,
    };
    let side = pen.u(28.0);
    let dot = container("").width(side).height(side).style(move |_| container::Style {
        background: Some(colour.into()),
        border: iced::border::rounded(side / 2.0),
        ..container::Style::default()
    });
    let facts = facts.iter().map(|fact| pen.label(fact)).collect::<Vec<_>>().join(" · ");
    let head = pen.row(vec![
        pen.paragraph(Type::Strong, pen.label(name), palette.ink),
        pen.text(Type::SmallStrong, who, colour).into(),
    ]);
    let words = pen.column(vec![head.into(), pen.paragraph(Type::Small, facts, palette.ink_faint)]);
    let mut parts: Vec<Part<'a>> = vec![dot.into(), words.width(Fill).into()];
    if let Some(action) = test {
        let (_, ink, _) = button::colours(&palette, Face::Pill, action.enabled);
        let height = pen.u(84.0);
        let face = pen.text(Type::SmallStrong, pen.label(&action.label), ink);
        let face = container(face).padding([0.0, pen.u(32.0)]).center_y(Fill);
        parts.push(button::target(pen, action, Face::Pill, height / 2.0, Shrink, height.into(), face.into()));
    }
    card(pen, pen.row(parts).spacing(pen.u(28.0)).into(), 24.0)
}

fn stage_strip<'a>(pen: &Pen<'a>, look: &'a Look, stages: &[(String, u32)]) -> Part<'a> {
    let palette = pen.palette;
    let each = stages.iter().map(|(name, millis)| -> Part<'a> {
        let handle = look.stages.iter().find(|stage| stage.name == *name).map(|stage| stage.handle.clone());
        let face: Element<'a, _> = match handle {
            Some(handle) => preview::stage(handle),
            None => space().into(),
        };
        let ground = palette.picture_light;
        let face =
            container(face).width(Fill).height(pen.u(128.0)).padding(pen.u(4.0)).style(move |_| container::Style {
                background: Some(ground.into()),
                border: iced::border::rounded(10.0),
                ..container::Style::default()
            });
        let words = pen.words.line(&Msg::StageTime.with("stage", name.clone()).with("ms", u64::from(*millis)));
        pen.column(vec![face.into(), pen.paragraph(Type::Small, words, palette.ink_faint)])
            .spacing(pen.u(10.0))
            .width(Fill)
            .into()
    });
    let strip = pen.row(each.collect()).spacing(pen.u(16.0)).align_y(iced::Top);
    let content = pen.column(vec![
        pen.text(Type::Small, pen.msg(Msg::StagesTitle), palette.ink_soft).into(),
        if stages.is_empty() {
            pen.paragraph(Type::Small, pen.msg(Msg::StagesNone), palette.ink_faint)
        } else {
            strip.into()
        },
    ]);
    card(pen, content.spacing(pen.u(18.0)).into(), 30.0)
}
