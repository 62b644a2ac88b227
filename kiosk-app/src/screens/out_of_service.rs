//! OutOfService: which counter to use instead. It comes and goes by itself; the cause is for technicians.

use crate::i18n::Msg;
use crate::kiosk::{Kiosk, Why};
use crate::screens::content::{Item, Picture, Place, ScreenContent};
use crate::screens::{Look, words};

pub(super) fn content(kiosk: &Kiosk, look: &Look, _why: Why) -> ScreenContent {
    let kiosk_and_lane =
        Msg::AttractKiosk.with("number", words::kiosk_number(&kiosk.site)).with("lane", kiosk.site.lane.clone());
    ScreenContent::new(Place::OutOfService, Msg::OutTitle)
        .help(Msg::OutHelp.with("counter", kiosk.site.counter.clone()))
        .item(Item::Picture(Picture::Closed))
        .maybe(words::directions(&kiosk.site, look.default_language).map(Item::Directions))
        .item(Item::Small(kiosk_and_lane))
}
