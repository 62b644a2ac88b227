//! `parse` and `read` as a script sees them: standard input, output, exit status.
#![expect(clippy::unwrap_used, reason = "what the helpers of a test cannot do fails that test")]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn kiosk_app(arguments: &[&str], folder: &Path, input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_kiosk-app"))
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that refuses its arguments does not wait for input.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn objects(output: &Output) -> Vec<serde_json::Value> {
    String::from_utf8(output.stdout.clone()).unwrap().lines().map(|l| serde_json::from_str(l).unwrap()).collect()
}

/// A backup code's QR, 8 pixels a module.
fn backup_code_picture() -> image::DynamicImage {
    let code = qrcode::QrCode::new("BC1:7KQ25-M4PXX-9ABCG-WXYZF").unwrap();
    let (side, modules) = (code.width() as u32, code.to_colors());
    image::DynamicImage::ImageLuma8(image::GrayImage::from_fn((side + 8) * 8, (side + 8) * 8, |x, y| {
        let (column, row) = ((x / 8).wrapping_sub(4), (y / 8).wrapping_sub(4));
        let dark = column < side && row < side && modules[(row * side + column) as usize] == qrcode::Color::Dark;
        image::Luma([if dark { 0 } else { 255 }])
    }))
}

#[test]
fn every_published_zone_is_parsed_as_its_file_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../card-reader/testdata");
    let (mut input, mut expected) = (String::new(), Vec::new());
    for file in ["mrz_icao.txt", "mrz_us.txt"] {
        for line in std::fs::read_to_string(folder.join(file)).unwrap().lines().filter(|l| !l.starts_with('#')) {
            if line.starts_with('@') {
                let mut head = line.split('|').map(str::trim).skip(1);
                expected.push((head.next().unwrap().to_owned(), head.next().unwrap().to_owned()));
                input.push('\n');
            } else {
                input.push_str(line);
                input.push('\n');
            }
        }
    }
    let output = kiosk_app(&["parse", "--json"], &folder, &input);
    assert_eq!(output.status.code(), Some(1), "some published specimens carry wrong digits");
    let objects = objects(&output);
    assert_eq!(objects.len(), 42);
    for (object, (format, failing)) in objects.iter().zip(expected) {
        assert_eq!(object["format"], format);
        let disagreeing: Vec<&str> = object["checks"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|check| check["verdict"] == "disagrees")
            .map(|check| check["field"].as_str().unwrap())
            .collect();
        let (status, fields) =
            if failing == "OK" { ("valid", String::new()) } else { ("check_digit_disagrees", failing) };
        assert_eq!((object["status"].as_str(), disagreeing.join(" ")), (Some(status), fields));
    }
}

#[test]
fn a_usage_error_is_status_2() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [&["read"][..], &["parse", "--jsn"], &["nonsense"], &["read", "--eval", "missing.tsv"]] {
        let output = kiosk_app(arguments, folder.path(), "");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(!output.stderr.is_empty());
    }
}

#[test]
fn each_bad_file_is_one_clear_line_and_the_others_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    backup_code_picture().save(path("code.png")).unwrap();
    let whole = std::fs::read(path("code.png")).unwrap();
    std::fs::write(path("cut.png"), &whole[..whole.len() / 2]).unwrap();
    std::fs::write(path("c.txt"), "P<UTO").unwrap();
    std::fs::write(path("huge.pgm"), "P5\n20000 20000\n255\n").unwrap();
    image::DynamicImage::new_luma8(640, 480).save(path("blank.png")).unwrap();
    let files = ["c.txt", "cut.png", "huge.pgm", "missing.jpg", ".", "blank.png", "code.png"];
    let output = kiosk_app(&[&["read", "--json"][..], &files].concat(), folder.path(), "");
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = objects(&output);
    let members = |member: &str| lines.iter().map(|l| l[member].as_str().unwrap_or("-").to_owned()).collect::<Vec<_>>();
    assert_eq!(members("file"), files);
    assert_eq!(members("status"), ["error", "error", "error", "error", "error", "not_read", "read"]);
    let errors = members("error");
    assert_eq!(errors[0], "c.txt is not a picture this program can open (PNG, JPEG, TIFF, PNM, WebP)");
    assert!(errors[1].starts_with("cut.png is a picture that ends early or is damaged"));
    assert!(errors[2].starts_with("huge.pgm has 20000×20000 pixels"));
    assert_eq!(errors[3], "missing.jpg does not exist");
    assert!(errors[4].starts_with(". is a folder"));
    let code = &lines[6];
    assert!(code["mrz"].is_null() && code["document"].is_null());
    assert_eq!(
        (code["barcodes"][0]["symbology"].as_str(), code["barcodes"][0]["kind"].as_str()),
        (Some("QR"), Some("backup_code"))
    );
    assert!(code["barcodes"][0]["payload_hex"].as_str().unwrap().starts_with("4243313a"));

    let only_good = kiosk_app(&["read", "--json", "code.png"], folder.path(), "");
    assert_eq!(only_good.status.code(), Some(0));
}

/// A symbol of the card reader's test data, upright, 4 pixels a module, in a quiet zone.
fn symbol_picture(rows: &[&str], height: u32) -> image::DynamicImage {
    let (columns, lines) = (rows[0].len() as u32, rows.len() as u32);
    image::DynamicImage::ImageLuma8(image::GrayImage::from_fn((columns + 20) * 4, lines * height + 80, |x, y| {
        let (column, row) = ((x / 4).wrapping_sub(10), y.wrapping_sub(40) / height);
        let dark = y >= 40 && column < columns && row < lines && &rows[row as usize][column as usize..][..1] == "1";
        image::Luma([if dark { 0 } else { 255 }])
    }))
}

#[test]
fn every_kind_of_barcode_is_named_and_its_bytes_are_those_that_were_encoded() {
    let folder = tempfile::tempdir().unwrap();
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../card-reader/testdata");
    let symbols = std::fs::read_to_string(data.join("symbols.txt")).unwrap();
    let mut expected = Vec::new();
    let mut save = |name: &str, picture: &image::DynamicImage, symbology: &'static str, kind: &'static str| {
        picture.save(folder.path().join(name)).unwrap();
        expected.push((name.to_owned(), symbology, kind));
    };
    for (name, symbology, kind) in [
        ("pass_aztec", "Aztec", "bcbp"),
        ("seal_aztec", "Aztec", "vds"),
        ("seal_datamatrix", "DataMatrix", "vds"),
        ("seal_qr", "QR", "vds"),
        ("backup_code_qr", "QR", "backup_code"),
        ("receipt_128", "Code128", "receipt"),
    ] {
        let rows = symbols.lines().skip_while(|line| !line.starts_with(&format!("@{name}:"))).skip(1);
        let rows: Vec<&str> = rows.take_while(|line| !line.is_empty()).collect();
        let height = if rows.len() == 1 { 160 } else { 4 };
        save(&format!("{name}.png"), &symbol_picture(&rows, height), symbology, kind);
    }
    let licence = std::fs::read_to_string(data.join("licence_pdf417.txt")).unwrap();
    let rows: Vec<&str> = licence.lines().filter(|line| !line.starts_with('#')).collect();
    save("licence.png", &symbol_picture(&rows, 12), "PDF417", "aamva");
    for (name, text, kind) in [
        (
            "nc.png",
            r#"{"data":{"hdr":{"t":"icao.test","v":1,"is":"UTO"},"msg":{}},"sig":{"alg":"ES256","cer":"MI","sigvl":"Ss"}}"#,
            "vds_nc",
        ),
        ("vcb.png", "VC1-R0OR*W3Y33V%K PG88G3A3B60A8G1534KG$-ENXKWQN053653Y53I53 539*K0XJ.TDYOQJ63P63L6337BP", "vcb"),
        ("badge.png", "B-1042", "other"),
    ] {
        let code = qrcode::QrCode::new(text).unwrap();
        let modules: Vec<String> = code
            .to_colors()
            .chunks(code.width())
            .map(|row| row.iter().map(|c| if *c == qrcode::Color::Dark { '1' } else { '0' }).collect())
            .collect();
        let rows: Vec<&str> = modules.iter().map(String::as_str).collect();
        save(name, &symbol_picture(&rows, 4), "QR", kind);
    }
    let files: Vec<&str> = expected.iter().map(|(name, _, _)| name.as_str()).collect();
    let output = kiosk_app(&[&["read", "--json"][..], &files].concat(), folder.path(), "");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
    let vectors = std::fs::read_to_string(data.join("seals/vds.jsonl")).unwrap();
    let seal = vectors.lines().find(|line| line.contains("\"utopia-visa-mrvb-v4\"")).unwrap();
    let seal: serde_json::Value = serde_json::from_str(seal).unwrap();
    for (line, (name, symbology, kind)) in objects(&output).iter().zip(&expected) {
        let barcode = &line["barcodes"][0];
        let found = (barcode["symbology"].as_str(), barcode["kind"].as_str());
        assert_eq!(found, (Some(*symbology), Some(*kind)), "{name}");
        assert!(line["mrz"].is_null() && line["document"].is_null() != (*kind == "aamva"), "{name}");
        if *kind == "vds" {
            assert_eq!(barcode["payload_hex"], seal["seal"], "{name}");
        }
    }
    // What a person reads without --json names the kind as well.
    let output = kiosk_app(&["read", "seal_datamatrix.png"], folder.path(), "");
    assert!(String::from_utf8(output.stdout).unwrap().contains("vds"));
}

#[test]
fn a_table_of_truths_is_evaluated_relative_to_itself_and_names_nobody_unasked() {
    let folder = tempfile::tempdir().unwrap();
    let sub = folder.path().join("pictures");
    std::fs::create_dir_all(sub.join("dark")).unwrap();
    let blank = image::DynamicImage::new_luma8(640, 480);
    blank.save(sub.join("blank.png")).unwrap();
    blank.save(sub.join("dark/none.png")).unwrap();
    std::fs::write(sub.join("cut.png"), b"\x89PNG\r\n\x1a\n").unwrap();
    let table = b"# file, rows\nblank.png\tP<UTO|L898\nno tab\ncut.png\tP<UTO|L898\nmissing.png\tP<UTO|L898\n\ndark/none.png\t\n\xff.png\t\n";
    std::fs::write(sub.join("truth.tsv"), table).unwrap();

    let output = kiosk_app(&["read", "--eval", "pictures/truth.tsv"], folder.path(), "");
    assert_eq!(output.status.code(), Some(1));
    let (table, notes) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    let row = |name: &str| -> Vec<String> {
        let line = table.lines().find(|l| l.starts_with(name)).unwrap_or_default();
        line.split_whitespace().skip(1).take(7).map(str::to_owned).collect()
    };
    // pictures, exact, wrong, not read, guessed, no zone, errors
    assert_eq!(row(". "), ["4", "0", "0", "1", "0", "0", "3"], "{table}");
    assert_eq!(row("dark "), ["1", "0", "0", "0", "0", "1", "0"], "{table}");
    assert_eq!(row("all "), ["5", "0", "0", "1", "0", "1", "4"], "{table}");
    assert!(table.contains("Peak memory: ") && table.contains("ms p95"), "{table}");
    let sentences: Vec<&str> = notes.lines().collect();
    assert!(sentences[0].ends_with("truth.tsv, line 3: there is no tab between the file and the rows of its zone"));
    assert!(sentences[1].starts_with("cut.png is a picture that ends early"), "{notes}");
    assert_eq!(sentences[2], "missing.png does not exist");
    assert_eq!(sentences.len(), 4, "{notes}");
    assert!(!notes.contains("L898") && !table.contains("L898"));

    let listed = kiosk_app(&["read", "--list", "--rows", "--eval", "pictures/truth.tsv"], folder.path(), "");
    let notes = String::from_utf8(listed.stderr).unwrap();
    assert!(notes.starts_with("blank.png: not read: ") && notes.contains("  printed L898"), "{notes}");

    let json = kiosk_app(&["read", "--json", "--eval", "pictures/truth.tsv"], folder.path(), "");
    assert_eq!(objects(&json).len(), 5);
    assert!(String::from_utf8(json.stderr).unwrap().contains("all "));
}

#[test]
fn stages_are_saved_where_the_caller_says() {
    let folder = tempfile::tempdir().unwrap();
    image::DynamicImage::new_luma8(640, 480).save(folder.path().join("blank.png")).unwrap();
    let output = kiosk_app(&["read", "--json", "--stages", "out", "blank.png"], folder.path(), "");
    assert_eq!(output.status.code(), Some(1));
    assert!(folder.path().join("out/blank-1-frame.png").is_file());
}
