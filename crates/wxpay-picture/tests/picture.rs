//! Every kind of file, by real files and by small ones of the same form.

use std::fs;

use wxpay_picture::{Content, Format};

fn example(name: &str) -> Vec<u8> {
    let path = format!("{}/../../examples/{name}", env!("CARGO_MANIFEST_DIR"));
    fs::read(path).expect("the examples are beside the crates")
}

/// Start of image, one segment with a thumbnail in it, one scan, end of image.
fn jpeg() -> Vec<u8> {
    let thumbnail = b"\xff\xd8\xff\xdb\0\x02\xff\xd9";
    let segment = [b"\xff\xe1\0\x0a".as_slice(), thumbnail].concat();
    let data = [&[0x5a; 5000], &b"\xff\0\xff\xd0\x12"[..]].concat();
    let scan = b"\xff\xda\0\x04\x01\0";
    [b"\xff\xd8", &*segment, scan, &data, b"\xff\xd9"].concat()
}

fn png() -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0CRC.".to_vec();
    bytes.extend(b"\0\0\0\x04IDATIENDCRC.\0\0\0\0IEND\xae\x42\x60\x82");
    bytes
}

fn pictures() -> [(Format, Vec<u8>); 3] {
    [
        (Format::Jpeg, jpeg()),
        (Format::Png, png()),
        (Format::Bmp, bmp(2, 0)),
    ]
}

/// Two rows of three pixels, 24 bits each, of the size field that some writers leave 0.
fn bmp(height: i32, compression: u8) -> Vec<u8> {
    let mut bytes = b"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x03\0\0\0".to_vec();
    bytes.extend(height.to_le_bytes());
    bytes.extend(b"\x01\0\x18\0");
    bytes.extend([compression, 0, 0, 0, 24, 0, 0, 0]);
    bytes.resize(54 + 24, 0);
    bytes
}

fn name(bytes: &[u8]) -> String {
    Content::of(bytes).to_string()
}

#[test]
fn pictures_are_detected_by_their_headers() {
    assert_eq!(Format::detect(&example("licence.jpg")), Some(Format::Jpeg));
    assert_eq!(Format::detect(&example("licence.png")), Some(Format::Png));
    for (format, picture) in pictures() {
        assert_eq!(Format::detect(&picture), Some(format));
    }
    assert_eq!(Format::detect(&bmp(-2, 0)), Some(Format::Bmp));
    // OS/2's first header: width and height have two bytes each.
    let os2 = b"BM\0\0\0\0\0\0\0\0\x1a\0\0\0\x0c\0\0\0\x01\0\x01\0\x01\0\x18\0abc";
    assert_eq!(Format::detect(os2), Some(Format::Bmp));
    assert!(Format::Bmp.is_whole(os2) && !Format::Bmp.is_whole(&os2[..28]));
    for other in [
        b"".as_slice(),
        b"\xff\xd8\xff",
        b"\xff\xd8\xff\xff\xff",
        b"\xff\xd8\xff\x02",
        b"\x89PNG\r\n\x1a\n",
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\0\0\0\0\x01",
        b"BM",
        b"BMW is a car, and this is a text that is long enough for a header",
        &bmp(2, 0)[..54],
        b"GIF89a",
    ] {
        assert_eq!(Format::detect(other), None, "{other:?}");
    }
}

#[test]
fn fill_bytes_may_stand_before_any_marker_of_a_jpeg() {
    for fill in [1, 2, 700] {
        let fill = vec![0xff; fill];
        let picture = jpeg();
        let first = [&picture[..2], &fill, &picture[2..]].concat();
        assert_eq!(Content::of(&first), Content::Picture(Format::Jpeg));
        assert!(Format::Jpeg.is_whole(&first));
        let scan = [&picture[..14], &fill, &picture[14..]].concat();
        assert!(Format::Jpeg.is_whole(&scan));
        assert!(!Format::Jpeg.is_whole(&scan[..scan.len() - 2]));
    }
}

#[test]
fn a_cut_picture_is_not_whole_wherever_it_is_cut() {
    let more = [
        (Format::Bmp, bmp(-2, 0)),
        (Format::Bmp, bmp(2, 1)),
        (Format::Jpeg, example("licence.jpg")),
        (Format::Png, example("licence.png")),
        (Format::Bmp, example("licence.bmp")),
    ];
    for (format, picture) in pictures().into_iter().chain(more) {
        assert!(format.is_whole(&picture), "{format}");
        // The padding of a bitmap's last row carries nothing.
        let end = picture.len() - if format == Format::Bmp { 3 } else { 0 };
        for cut in (0..end).step_by(1 + end / 500).chain([end - 1]) {
            let is_header = format == Format::Bmp && cut < 38;
            let is_whole = format.is_whole(&picture[..cut]);
            assert!(is_header || !is_whole, "{format} cut at {cut}");
        }
    }
}

#[test]
fn bytes_behind_a_whole_picture_do_not_matter() {
    let trailers = [
        b"\n".to_vec(),
        vec![0; 64 * 1024 - 1],
        vec![0; 1_500_000],
        vec![0xff; 70_000],
        vec![b' '; 70_000],
        vec![0xd9; 70_000],
        [jpeg(), b"SEFHe\0\0\0SEFT".to_vec()].concat(),
        [b"\0\0\0\x18ftypmp42".to_vec(), vec![7; 100_000]].concat(),
    ];
    for (format, picture) in pictures() {
        for trailer in &trailers {
            let bytes = [picture.as_slice(), trailer].concat();
            assert!(format.is_whole(&bytes), "{format}");
        }
    }
    // Zeros in the place of the rest, as an interrupted download leaves them.
    let cut = [&jpeg()[..3000], &[0; 70_000]].concat();
    assert!(!Format::Jpeg.is_whole(&cut));
    let cut = [&png()[..40], &[0; 70_000]].concat();
    assert!(!Format::Png.is_whole(&cut));
}

#[test]
fn a_name_gets_a_right_extension_and_keeps_one_that_it_has() {
    for (format, name, right) in [
        (Format::Jpeg, "a.jpg", "a.jpg"),
        (Format::Jpeg, "A.JPEG", "A.JPEG"),
        (Format::Jpeg, "a.jfif", "a.jpg"),
        (Format::Jpeg, "a.JPE", "a.jpg"),
        (Format::Jpeg, "a.png", "a.jpg"),
        (Format::Jpeg, "a", "a.jpg"),
        (Format::Jpeg, "a.", "a.jpg"),
        (Format::Jpeg, "a.jpg ", "a.jpg"),
        (Format::Png, "营业执照.jpeg", "营业执照.png"),
        (Format::Png, "licence.2024.01", "licence.2024.01.png"),
        (Format::Bmp, "a.dib", "a.bmp"),
        (Format::Bmp, ".bmp", ".bmp"),
    ] {
        assert_eq!(format.right_name(name), right, "{name}");
    }
}

#[test]
fn other_files_are_named() {
    let dicom = [&[0; 128], b"DICM".as_slice()].concat();
    #[rustfmt::skip]
    let files = [
        (b"\0\0\0\x18ftypheic".as_slice(), "media-is-heic", "a HEIC"),
        (b"\0\0\0\x18ftypmif1", "media-is-heic", "a HEIC"),
        (b"\0\0\0\x18ftypmsf1", "media-is-heic", "a HEIC"),
        (b"\0\0\0\x1cftypmif1\0\0\0\0mif1heicmiaf", "media-is-heic", "a HEIC"),
        (b"\0\0\0\x18ftypavif", "media-is-avif", "an AVIF"),
        (b"\0\0\0\x1cftypmif1\0\0\0\0avifmif1miaf", "media-is-avif", "an AVIF"),
        (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf", "media-is-avif", "an AVIF"),
        (b"\0\0\0\x1cftypmif1\0\0\0\0mif1miafavif", "media-is-avif", "an AVIF"),
        (b"\0\0\0\x1cftypmsf1\0\0\0\0msf1avismiaf", "media-is-avif", "an AVIF"),
        (b"\0\0\0\x18ftypmp42", "media-is-video", "an MP4 or QuickTime film"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "media-is-jpeg-2000", "a JPEG 2000"),
        (b"\xff\x0a\x80", "media-is-jpeg-xl", "a JPEG XL"),
        (b"8BPS\0\x01", "media-is-psd", "a Photoshop file"),
        (b"Rar!\x1a\x07\0", "media-is-rar", "a RAR archive"),
        (b"\0\0\x01\0\x01\0", "media-is-ico", "an icon"),
        (&dicom, "media-is-dicom", "a DICOM file"),
        (b"\x1f\x8b\x08\0", "media-is-gzip", "compressed with gzip"),
        (b"GIF89a", "media-is-gif", "a GIF"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "media-is-webp", "a WebP"),
        (b"II*\0\x08\0", "media-is-tiff", "a TIFF"),
        (b"\x89PNG\n\x1a\n", "media-converted", "a PNG whose line ends were converted"),
        (b"\xff\xd8", "media-truncated", "a JPEG or PNG whose header is cut or damaged"),
        (b"\x89PNG\r\n\x1a\n", "media-truncated", "a JPEG or PNG whose header is cut or damaged"),
        (b"\xef\xbf\xbdPNG", "media-decoded", "a picture that was decoded as text"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\x04CgBIP\0 \x02", "media-is-ios-png", "a PNG in the form of iOS apps (CgBI)"),
        (b"\xff\xfeh\0t\0", "media-is-text", "text in UTF-16 or UTF-32"),
        (b"\xff\xfe\0\0h\0\0\0", "media-is-text", "text in UTF-16 or UTF-32"),
        (b"\0\0\xfe\xff\0\0\0h", "media-is-text", "text in UTF-16 or UTF-32"),
        (b"https://a.example/b.jpg", "media-is-url", "a URL"),
        (b"DATA:image/png;base64,iVBO", "media-is-data-url", "a data URL"),
        (b"\xef\xbb\xbf <!DOCTYPE html>\n", "media-is-html", "an HTML page"),
        (b"<?xml version='1.0'?>\n<svg/>", "media-is-svg", "an SVG"),
        (b"<?xml version='1.0'?>\n<a/>", "media-is-xml", "an XML document"),
        (b"{\"a\": 1}", "media-is-json", "JSON"),
        (b"/9j/4AAQSkZJRg", "media-is-base64", "a picture in base64"),
        (b"FFD8FFE000104A46", "media-is-hex", "a picture in hex"),
        (b"/tmp/php1a2b", "media-is-path", "the path of a file"),
        (b"[object File]", "media-is-object", "the printed name of an object"),
        (b"a text with moov in it", "media-is-text", "text"),
        (b"BMW is a car, and this is a text about it", "media-is-text", "text"),
        (b"iVBORw0KGgoAAAANSUhEUg==", "media-is-base64", "a picture in base64"),
        (b"\r\n \t", "media-is-text", "text"),
        (b"\0\x05\x16\x07\0\x02\0\0Mac OS X", "media-is-appledouble", "macOS's notes on a file (AppleDouble), not the file"),
    ];
    for (bytes, code, called) in files {
        let content = Content::of(bytes);
        assert_eq!(content.code(), Some(code), "{bytes:?}");
        assert_eq!(content.to_string(), called);
        assert!(!content.advice().is_empty());
    }
}

#[test]
fn bytes_with_a_nul_are_no_text_and_unknown_files_show_their_first_bytes() {
    for (bytes, first) in [
        (b"abc\0def".as_slice(), "61 62 63 00 64 65 66"),
        (&[1; 100], "01 01 01 01 01 01 01 01"),
        (b"caf\x7f", "63 61 66 7f"),
        (b"\xd6\xd0", "d6 d0"), // GBK
    ] {
        let called = format!("of an unknown kind, beginning with {first}");
        assert_eq!(name(bytes), called);
    }
    assert_eq!(name(b""), "empty");
}

#[test]
fn a_picture_behind_other_bytes_is_named_with_them() {
    let warning = b"<br />\n<b>Warning</b>: Undefined variable $x in /srv/a.php on line 3<br />\n";
    #[rustfmt::skip] // a row a line
    let rows = [
        (b"\n".as_slice(), r#"with 1 byte before it ("\n")"#),
        (b"\r\n", r#"with 2 bytes before it ("\r\n")"#),
        (b"\xef\xbb\xbf", r#"with 3 bytes before it ("\xef\xbb\xbf")"#),
        (warning, r#"with 75 bytes before it ("<br />\n<b>Warning</b>: U…")"#),
    ];
    for (prefix, called) in rows {
        for (format, picture) in pictures() {
            let bytes = [prefix, &picture].concat();
            assert_eq!(Content::of(&bytes), Content::Preceded { format, prefix });
            assert_eq!(name(&bytes), format!("a {format} {called}"));
        }
    }
    // A container that holds a picture is named as the container.
    let pdf = [b"%PDF-1.4\n".as_slice(), &jpeg()].concat();
    assert_eq!(name(&pdf), "a PDF");
}

#[test]
fn no_bytes_make_it_panic() {
    let mut state = 1_u32;
    let starts = [
        jpeg(),
        png(),
        bmp(2, 0),
        b"\xff\xd8\xff\xe0\xff\xff".to_vec(),
    ];
    for round in 0..4000 {
        let mut bytes = starts[round % starts.len()].clone();
        for _ in 0..round % 9 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let at = state as usize % bytes.len().min(60);
            bytes[at] = (state >> 24) as u8;
        }
        let _ = Content::of(&bytes).to_string();
        for format in [Format::Jpeg, Format::Png, Format::Bmp] {
            let _ = format.is_whole(&bytes);
        }
    }
}
