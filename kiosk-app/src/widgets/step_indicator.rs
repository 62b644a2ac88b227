//! Where in the visit the traveler is: language, document, check, done.

use crate::i18n::Msg;
use crate::screens::pen::{Part, Pen};
use crate::theme::Type;
use crate::widgets::picture::{Sign, sign};
use iced::widget::container;
use iced::{Border, Fill};

const STEPS: [Msg; 4] = [Msg::StepLanguage, Msg::StepDocument, Msg::StepCheck, Msg::StepDone];

/// Four dots; those before `step` ticked off, `step` with its name.
pub fn step_indicator<'a>(pen: &Pen<'a>, step: u8, done: bool) -> Part<'a> {
    let mut parts = Vec::new();
    for (number, name) in (1_u8..).zip(STEPS) {
        let ticked = number < step || (number == step && done);
        let now = number == step && !done;
        parts.push(dot(pen, number, ticked, now));
        if now {
            parts.push(pen.text(Type::SmallStrong, pen.msg(name), pen.palette.ink).into());
        }
    }
    pen.row(parts).spacing(pen.u(20.0)).into()
}

fn dot<'a>(pen: &Pen<'a>, number: u8, ticked: bool, now: bool) -> Part<'a> {
    let palette = pen.palette;
    let side = pen.u(48.0);
    let (ground, line, ink) = if ticked {
        (palette.good, palette.good, palette.on_good)
    } else if now {
        (palette.action, palette.action, palette.on_action)
    } else {
        (palette.bar, palette.line_strong, palette.ink_faint)
    };
    let face: Part<'a> = if ticked {
        sign(Sign::Tick, pen.u(26.0), ink)
    } else {
        // The digit does not grow with the text size: the dots are a picture, the name beside says it in words.
        iced::widget::text(number.to_string()).size(pen.u(27.0)).font(crate::theme::BOLD).color(ink).into()
    };
    let border = Border { color: line, width: pen.u(3.0).max(1.0), radius: (side / 2.0).into() };
    container(container(face).center(Fill))
        .width(side)
        .height(side)
        .style(move |_| container::Style { background: Some(ground.into()), border, ..container::Style::default() })
        .into()
}
