//! QR codes as inline SVG, black on white, without styles or scripts.

use qrcode::render::svg::Color;
use qrcode::{EcLevel, QrCode};

/// An `<svg>` element; hidden from screen readers, because the text beside it says the same. `None` if the text is too
/// long for a QR code.
#[must_use]
pub fn svg(text: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let whole = code.render::<Color<'_>>().module_dimensions(4, 4).build();
    let element = whole.get(whole.find("<svg")?..)?;
    Some(element.replacen("<svg", "<svg class=\"qr\" aria-hidden=\"true\" focusable=\"false\"", 1))
}

#[cfg(test)]
mod tests {
    use super::svg;

    #[test]
    fn a_qr_is_one_element_that_the_content_security_policy_allows() {
        let svg = svg("BC1:7KQ25-M4PXX-9ABCG-WXYZF").unwrap();
        assert!(svg.starts_with("<svg class=\"qr\"") && svg.ends_with("</svg>"));
        assert!(!svg.contains("style") && !svg.contains("script") && !svg.contains("<?xml"));
        assert!(super::svg(&"x".repeat(5000)).is_none());
    }
}
