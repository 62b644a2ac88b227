//! Draws every screen into PNG files: `cargo run -p kiosk-app --example screens -- DIR [en|es] [normal|large|largest]
//! [normal|high|dark] [NAME] [WIDTHxHEIGHT]`.

#[path = "../tests/samples/mod.rs"]
mod samples;

use iced::advanced::renderer::{Headless, Style};
use iced::{Color, Event, Pixels, Renderer, Size, Theme, window};
use iced_test::runtime::UserInterface;
use iced_test::runtime::user_interface::Cache;
use kiosk_app::event::Intent;
use kiosk_app::screens::{self, Look};
use kiosk_app::session::state::{Contrast, Language, TextSize};
use kiosk_app::theme;
use std::error::Error;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let folder = words.first().ok_or("name a folder for the pictures")?;
    let has = |word: &str| words.iter().any(|each| each == word);
    let language = if has("es") { Language::Spanish } else { Language::English };
    let size = match (has("largest"), has("large")) {
        (true, _) => TextSize::Largest,
        (_, true) => TextSize::Large,
        _ => TextSize::Normal,
    };
    let contrast = match (has("high"), has("dark")) {
        (true, _) => Contrast::High,
        (_, true) => Contrast::Dark,
        _ => Contrast::Normal,
    };
    let size_of = |word: &String| -> Option<Size> {
        let (width, height) = word.split_once('x')?;
        Some(Size::new(width.parse().ok()?, height.parse().ok()?))
    };
    let only = words.get(1..).and_then(|rest| {
        rest.iter().find(|word| word.starts_with(|c: char| c.is_ascii_digit()) && size_of(word).is_none())
    });
    theme::load_fonts(&theme::DEBIAN_FONTS)?;
    std::fs::create_dir_all(folder)?;
    let mut look = samples::look();
    look.default_language = language;
    if let Some(window) = words.iter().skip(1).find_map(size_of) {
        look.window = window;
    }
    let mut renderer = iced_test::futures::futures::executor::block_on(<Renderer as Headless>::new(
        theme::SANS,
        Pixels(16.0),
        Some("tiny-skia"),
    ))
    .ok_or("no renderer")?;
    for mut sample in samples::all() {
        if only.is_some_and(|only| !sample.name.starts_with(only.as_str())) {
            continue;
        }
        if let Some(visit) = &mut sample.kiosk.visit {
            visit.settings.language = language;
            visit.settings.text_size = size;
            visit.settings.contrast = contrast;
        }
        samples::prepare(&mut look, &sample);
        let file = Path::new(folder).join(format!("{}.png", sample.name));
        draw(&mut renderer, &sample, &look, &file)?;
        println!("{}", file.display());
    }
    Ok(())
}

fn draw(renderer: &mut Renderer, sample: &samples::Sample, look: &Look, file: &Path) -> Result<(), Box<dyn Error>> {
    let size = look.window;
    let element = screens::view(&sample.kiosk, look);
    let mut screen: UserInterface<'_, Intent, Theme, Renderer> =
        UserInterface::build(element, size, Cache::default(), renderer);
    let mut messages = Vec::new();
    let cursor = iced::mouse::Cursor::Unavailable;
    #[expect(clippy::disallowed_methods, reason = "the window's redraw carries the time")]
    let redraw = Event::Window(window::Event::RedrawRequested(std::time::Instant::now()));
    let _ = screen.update(&[redraw], cursor, renderer, &mut iced::advanced::clipboard::Null, &mut messages);
    screen.draw(renderer, &Theme::Light, &Style { text_color: Color::BLACK }, cursor);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a size on the screen")]
    let pixels = Size::new(size.width as u32, size.height as u32);
    let rgba = renderer.screenshot(pixels, 1.0, Color::WHITE);
    image::save_buffer(file, &rgba, pixels.width, pixels.height, image::ColorType::Rgba8)?;
    Ok(())
}
