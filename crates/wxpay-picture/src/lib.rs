#![doc = include_str!("../README.md")]
#![no_std]

extern crate alloc;

use core::fmt;

mod format;

pub use format::Format;

/// The kind of a file by its bytes.
///
/// ```
/// use wxpay_picture::Content;
///
/// assert_eq!(Content::of(b"https://example.com/licence.jpg").to_string(), "a URL");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Content<'a> {
    /// A picture that the API takes.
    Picture(Format),
    /// Such a picture behind other bytes: a line break, a byte order mark, a warning of PHP.
    Preceded {
        /// The format of the picture.
        format: Format,
        /// The bytes before it.
        prefix: &'a [u8],
    },
    /// A file of another kind, or a damaged picture.
    Other(&'static Kind),
    /// An unknown kind.
    Unknown {
        /// The first bytes, eight at most.
        first: &'a [u8],
    },
}

/// A kind of file that the API does not take, a row of the table.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Kind {
    /// A stable word for programs, `media-is-heic`.
    pub code: &'static str,
    /// Its name with the article: `a HEIC`.
    pub name: &'static str,
    /// Advice for people.
    pub advice: &'static str,
    signs: Signs,
}

#[derive(Debug, PartialEq, Eq)]
enum Signs {
    /// Bytes at a position, `?` for any byte.
    Bytes(&'static [(usize, &'static [u8])]),
    /// The start of a text in upper or lower case; after `…`, a part that follows somewhere.
    Text(&'static [&'static str]),
    /// The same for a text of one line under 1 KiB.
    Line(&'static [&'static str]),
}

const fn kind(code: &'static str, name: &'static str, advice: &'static str, signs: Signs) -> Kind {
    Kind {
        code,
        name,
        advice,
        signs,
    }
}

use Signs::{Bytes, Line, Text};

const CONVERT: &str = "convert it to JPEG or PNG; renaming it does not help";
const UNPACK: &str = "unpack it, and send the picture";
const PAGE: &str = "send a picture of the page, as JPEG or PNG";
const ITSELF: &str = "send the picture itself";
const DECODE: &str = "decode it, and send the bytes";
const AGAIN: &str = "get the whole file again";
const SOURCE: &str = "check the program that wrote the file";
const NOT_TEXT: &str = "keep it as bytes from the file to the request, never as text";

/// The first row that fits is taken. Texts come last, and have no NUL.
#[rustfmt::skip] // a row a line
const KINDS: &[Kind] = &[
    kind("media-is-gif", "a GIF", CONVERT, Bytes(&[(0, b"GIF8")])),
    kind("media-is-webp", "a WebP", CONVERT, Bytes(&[(0, b"RIFF????WEBP")])),
    kind("media-is-avif", "an AVIF", CONVERT, Bytes(&[
        (4, b"ftypavif"), (4, b"ftypavis"), (4, b"ftypm?f1????avi?"),
        (4, b"ftypm?f1????????avi?"), (4, b"ftypm?f1????????????avi?"),
    ])),
    kind("media-is-heic", "a HEIC", CONVERT, Bytes(&[
        (4, b"ftyphei"), (4, b"ftyphev"), (4, b"ftypmif1"), (4, b"ftypmif2"), (4, b"ftypmsf1"),
    ])),
    kind("media-is-raw", "a camera's raw file", CONVERT, Bytes(&[
        (4, b"ftypcrx "), (8, b"CR\x02"), (0, b"IIRO"), (0, b"IIRS"), (0, b"IIU\0"),
        (0, b"FUJIFILMCCD"),
    ])),
    kind("media-is-video", "an MP4 or QuickTime film", "send a picture, as JPEG or PNG",
        Bytes(&[(4, b"ftyp"), (4, b"moov"), (4, b"mdat")])),
    kind("media-is-jpeg-2000", "a JPEG 2000", CONVERT,
        Bytes(&[(0, b"\0\0\0\x0cjP  \r\n\x87\n"), (0, b"\xff\x4f\xff\x51")])),
    kind("media-is-jpeg-xl", "a JPEG XL", CONVERT,
        Bytes(&[(0, b"\0\0\0\x0cJXL \r\n\x87\n"), (0, b"\xff\x0a")])),
    kind("media-is-jpeg-xr", "a JPEG XR", CONVERT, Bytes(&[(0, b"II\xbc")])),
    kind("media-is-tiff", "a TIFF", CONVERT,
        Bytes(&[(0, b"II*\0"), (0, b"MM\0*"), (0, b"II+\0"), (0, b"MM\0+")])),
    kind("media-is-psd", "a Photoshop file", CONVERT, Bytes(&[(0, b"8BPS")])),
    kind("media-is-dicom", "a DICOM file", CONVERT, Bytes(&[(128, b"DICM")])),
    kind("media-is-metafile", "a Windows metafile", CONVERT,
        Bytes(&[(40, b" EMF"), (0, b"\xd7\xcd\xc6\x9a")])),
    kind("media-is-tga", "a TGA", CONVERT,
        Bytes(&[(0, b"\0\0\x02\0\0\0\0\0"), (0, b"\0\0\x0a\0\0\0\0\0")])),
    kind("media-is-ico", "an icon", CONVERT,
        Bytes(&[(0, b"\0\0\x01\0?\0"), (0, b"\0\0\x02\0?\0")])),
    kind("media-is-djvu", "a DjVu", CONVERT, Bytes(&[(0, b"AT&TFORM")])),
    kind("media-is-appledouble", "macOS's notes on a file (AppleDouble), not the file",
        "send the file whose name has no `._` before it", Bytes(&[(0, b"\0\x05\x16\x07")])),
    kind("media-is-applesingle", "a file in macOS's wrapping (AppleSingle)", UNPACK,
        Bytes(&[(0, b"\0\x05\x16\0")])),
    kind("media-is-pdf", "a PDF", PAGE, Bytes(&[(0, b"%PDF-"), (3, b"%PDF-")])),
    kind("media-is-postscript", "PostScript", PAGE,
        Bytes(&[(0, b"%!PS"), (0, b"\xc5\xd0\xd3\xc6")])),
    kind("media-is-office", "an old Office document", PAGE,
        Bytes(&[(0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")])),
    kind("media-is-zip", "a ZIP archive or an Office document", UNPACK,
        Bytes(&[(0, b"PK\x03\x04"), (0, b"PK\x05\x06"), (0, b"PK\x07\x08")])),
    kind("media-is-rar", "a RAR archive", UNPACK, Bytes(&[(0, b"Rar!\x1a\x07")])),
    kind("media-is-7z", "a 7z archive", UNPACK, Bytes(&[(0, b"7z\xbc\xaf\x27\x1c")])),
    kind("media-is-tar", "a tar archive", UNPACK, Bytes(&[(257, b"ustar")])),
    kind("media-is-gzip", "compressed with gzip", UNPACK, Bytes(&[(0, b"\x1f\x8b")])),
    kind("media-is-compressed", "compressed with bzip2, xz or zstd", UNPACK,
        Bytes(&[(0, b"BZh"), (0, b"\xfd7zXZ\0"), (0, b"\x28\xb5\x2f\xfd")])),
    kind("media-is-ios-png", "a PNG in the form of iOS apps (CgBI)", CONVERT,
        Bytes(&[(0, b"\x89PNG\r\n\x1a\n\0\0\0\x04CgBI")])),
    kind("media-truncated", "a JPEG or PNG whose header is cut or damaged", AGAIN,
        Bytes(&[(0, b"\x89PNG\r\n\x1a\n"), (0, b"\xff\xd8")])),
    kind("media-converted", "a PNG whose line ends were converted",
        "read, copy and send it in binary mode", Bytes(&[(0, b"\x89PNG")])),
    // The first bytes of a JPEG or PNG that was decoded as UTF-8 or as Latin-1.
    kind("media-decoded", "a picture that was decoded as text", NOT_TEXT, Bytes(&[
        (0, b"\xef\xbf\xbd"), (0, b"\xc3\xbf\xc3\x98"), (0, b"\xc2\x89PNG"),
    ])),
    kind("media-is-text", "text in UTF-16 or UTF-32", ITSELF,
        Bytes(&[(0, b"\xff\xfe"), (0, b"\xfe\xff"), (0, b"\0\0\xfe\xff")])),

    kind("media-is-url", "a URL", "download the picture, and send its bytes",
        Line(&["http://", "https://", "ftp://", "//"])),
    kind("media-is-data-url", "a data URL", DECODE, Text(&["data:"])),
    kind("media-is-html", "an HTML page",
        "open it: an error or a login page may have been downloaded instead",
        Text(&["<!doctype html", "<html", "<head", "<body"])),
    kind("media-is-svg", "an SVG", "draw it as PNG", Text(&["<svg", "<…<svg"])),
    kind("media-is-xml", "an XML document", SOURCE, Text(&["<?xml", "<xml"])),
    kind("media-is-html", "HTML or XML", SOURCE, Text(&["<"])),
    kind("media-is-json", "JSON", SOURCE, Text(&["{", "[{", "[\""])),
    kind("media-is-pem", "a PEM file, a certificate or a key",
        "keep it secret, and send the picture", Text(&["-----begin "])),
    kind("media-is-base64", "a picture in base64", DECODE, Text(&["/9j/", "iVBORw0KGgo"])),
    kind("media-is-hex", "a picture in hex", DECODE, Text(&["ffd8ff", "89504e470d0a"])),
    kind("media-is-path", "the path of a file", "send the file's bytes (curl: -F media=@FILE)",
        Line(&["@", "/", "./", "../", "~/", "file:", "c:\\", "d:\\"])),
    kind("media-is-object", "the printed name of an object", "send the object's bytes",
        Line(&[
            "[object ", "array", "<_io.", "<file", "resource id", "#<file", "java.io", "undefined",
            "null", "b'", "b\"",
        ])),
    kind("media-is-text", "text", ITSELF, Text(&[""])),
];

impl<'a> Content<'a> {
    /// Detects the kind of a file.
    #[must_use]
    pub fn of(bytes: &'a [u8]) -> Self {
        /// Maximum length of the bytes before a picture: a few warnings of PHP.
        const LONGEST_PREFIX: usize = 4096;
        if let Some(format) = Format::detect(bytes) {
            return Self::Picture(format);
        }
        let text = text(bytes);
        if let Some(kind) = KINDS.iter().find(|kind| kind.fits(bytes, text)) {
            return Self::Other(kind);
        }
        let mut positions = 1..bytes.len().min(LONGEST_PREFIX);
        let preceded = |at: usize| {
            let (prefix, picture) = bytes.split_at(at);
            let format = Format::detect(picture)?;
            Some(Self::Preceded { format, prefix })
        };
        let first = &bytes[..bytes.len().min(8)];
        let found = positions.find_map(preceded);
        found.unwrap_or(Self::Unknown { first })
    }

    /// A stable word for programs; `None` for a picture.
    #[must_use]
    pub fn code(&self) -> Option<&'static str> {
        self.words().0
    }

    /// Advice for people.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        self.words().1
    }

    fn words(&self) -> (Option<&'static str>, &'static str) {
        const REMOVE: &str =
            "remove the bytes before the picture, and check the program that wrote them";
        match self {
            Self::Picture(_) => (None, "send it"),
            Self::Preceded { .. } => (Some("media-preceded"), REMOVE),
            Self::Other(kind) => (Some(kind.code), kind.advice),
            Self::Unknown { .. } => (Some("media-unknown"), CONVERT),
        }
    }
}

/// The kind in words, to follow "the file is".
impl fmt::Display for Content<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// Maximum length of the bytes that are shown: enough to recognize a warning.
        const SHOWN: usize = 24;
        match self {
            Self::Picture(format) => write!(f, "a {format}"),
            Self::Preceded { format, prefix } => {
                let (count, s) = (prefix.len(), if prefix.len() == 1 { "" } else { "s" });
                let more = if count > SHOWN { "…" } else { "" };
                let shown = prefix[..count.min(SHOWN)].escape_ascii();
                write!(
                    f,
                    "a {format} with {count} byte{s} before it (\"{shown}{more}\")"
                )
            }
            Self::Other(kind) => f.write_str(kind.name),
            Self::Unknown { first: [] } => f.write_str("empty"),
            Self::Unknown { first } => {
                f.write_str("of an unknown kind, beginning with")?;
                first.iter().try_for_each(|byte| write!(f, " {byte:02x}"))
            }
        }
    }
}

impl Kind {
    fn fits(&self, bytes: &[u8], text: Option<&str>) -> bool {
        match self.signs {
            Bytes(patterns) => patterns.iter().any(|(at, pattern)| {
                let found = bytes.get(*at..*at + pattern.len());
                let fits = |(byte, sign): (&u8, &u8)| *sign == b'?' || byte == sign;
                // A text may have the letters of a sign inside by chance.
                (*at == 0 || text.is_none())
                    && found.is_some_and(|found| found.iter().zip(*pattern).all(fits))
            }),
            Text(starts) => text.is_some_and(|text| begins(text, starts)),
            Line(starts) => text.is_some_and(|text| {
                text.len() < 1024 && !text.contains('\n') && begins(text, starts)
            }),
        }
    }
}

fn begins(text: &str, starts: &[&str]) -> bool {
    starts.iter().any(|start| {
        let (start, later) = start.split_once('…').unwrap_or((start, ""));
        let head = text.as_bytes().get(..start.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(start.as_bytes())) && text.contains(later)
    })
}

/// The bytes as text, if they are text, without white space and byte order mark around it.
fn text(bytes: &[u8]) -> Option<&str> {
    let text = str::from_utf8(bytes).ok()?;
    let is_text = |c: char| !c.is_control() || c.is_whitespace();
    let is_text = !text.is_empty() && text.chars().all(is_text);
    is_text.then(|| text.trim_start_matches('\u{feff}').trim())
}
