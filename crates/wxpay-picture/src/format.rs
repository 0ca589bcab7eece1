//! The three formats that the API takes.

use alloc::{borrow::Cow, format};
use core::fmt;

/// A format that the API takes, detected by the header of the file.
///
/// ```
/// use wxpay_picture::Format;
///
/// assert_eq!(Format::detect(b"\xff\xd8\xff\xe0\0\x10JFIF"), Some(Format::Jpeg));
/// assert_eq!(Format::detect(b"BMW is a car, and this is a text about it"), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// JPEG: `.jpg`, `.jpeg`.
    Jpeg,
    /// PNG: `.png`.
    Png,
    /// Windows bitmap: `.bmp`.
    Bmp,
}

/// Extensions that are replaced; any other is a part of the name, as in `licence.2024`.
const PICTURE_EXTENSIONS: [&str; 21] = [
    "jpg", "jpeg", "jpe", "jfif", "jif", "pjpeg", "png", "apng", "bmp", "dib", "gif", "webp",
    "heic", "heif", "avif", "tif", "tiff", "tmp", "bin", "dat", "",
];

impl Format {
    /// The format by the header; `None` for anything else.
    #[must_use]
    pub fn detect(bytes: &[u8]) -> Option<Self> {
        match bytes.first()? {
            0xff if is_jpeg(bytes) => Some(Self::Jpeg),
            0x89 if is_png(bytes) => Some(Self::Png),
            b'B' if is_bmp(bytes).unwrap_or(false) => Some(Self::Bmp),
            _ => None,
        }
    }

    /// The name, the media type, and the extensions.
    const fn row(self) -> (&'static str, &'static str, &'static [&'static str]) {
        match self {
            Self::Jpeg => ("JPEG", "image/jpeg", &["jpg", "jpeg"]),
            Self::Png => ("PNG", "image/png", &["png"]),
            Self::Bmp => ("BMP", "image/bmp", &["bmp"]),
        }
    }

    /// The media type, `image/jpeg`.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        self.row().1
    }

    /// The extensions that the API names for the format, the usual one first.
    #[must_use]
    pub const fn extensions(self) -> &'static [&'static str] {
        self.row().2
    }

    /// The name with a right extension: unchanged where it has one, in upper or lower case.
    #[must_use]
    pub fn right_name(self, name: &str) -> Cow<'_, str> {
        let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
        let is = |other: &&str| extension.trim_end().eq_ignore_ascii_case(other);
        if extension == extension.trim_end() && self.extensions().iter().any(is) {
            return name.into();
        }
        let is_picture = PICTURE_EXTENSIONS.iter().any(is);
        let stem = if is_picture { stem } else { name };
        format!("{stem}.{}", self.extensions()[0]).into()
    }

    /// Whether the end of the picture is there; padding and trailers behind it do not matter.
    ///
    /// A picture that is damaged in another way counts as whole.
    #[must_use]
    pub fn is_whole(self, bytes: &[u8]) -> bool {
        match self {
            Self::Jpeg => is_whole_jpeg(bytes).unwrap_or(false),
            Self::Png => is_whole_png(bytes).is_some(),
            Self::Bmp => is_whole_bmp(bytes).unwrap_or(true),
        }
    }
}

/// `JPEG`, `PNG` or `BMP`.
impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.row().0)
    }
}

/// Start of image, then a marker behind any number of fill bytes (ITU-T T.81, B.1.1.2).
///
/// The markers in use lie from SOF0 (0xC0) to COM (0xFE).
fn is_jpeg(bytes: &[u8]) -> bool {
    let rest = bytes.strip_prefix(b"\xff\xd8\xff");
    let marker = rest.and_then(|rest| rest.iter().find(|byte| **byte != 0xff));
    marker.is_some_and(|marker| (0xc0..=0xfe).contains(marker))
}

/// The signature, then an IHDR chunk of 13 bytes whose width and height are not 0.
fn is_png(bytes: &[u8]) -> bool {
    let size = bytes
        .strip_prefix(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")
        .and_then(|size| size.get(..8));
    size.is_some_and(|size| size[..4] != [0; 4] && size[4..] != [0; 4])
}

/// `BM`, a known size of the second header, one colour plane, and pixels behind the headers and
/// inside the file. The size field does not count: some writers leave it 0.
fn is_bmp(bytes: &[u8]) -> Option<bool> {
    let field = |at, size| little_endian(bytes, at, size);
    let (pixels, header) = (field(10, 4)?, field(14, 4)?);
    let planes = match header {
        12 => field(22, 2)?,
        16 | 40 | 52 | 56 | 64 | 108 | 124 => field(26, 2)?,
        _ => return None,
    };
    let is_inside = (14 + header..bytes.len() as u64).contains(&pixels);
    Some(bytes.starts_with(b"BM") && planes == 1 && is_inside)
}

/// Walks the segments up to the compressed data, then looks for the end-of-image marker from the
/// back.
///
/// Compressed data never contain that marker, so everything behind it is a trailer: padding, a
/// second picture, a phone's own data. A thumbnail has a marker of its own, but inside a segment.
fn is_whole_jpeg(bytes: &[u8]) -> Option<bool> {
    let mut at = 2;
    loop {
        let rest = bytes.get(at..)?;
        let fill = rest.iter().take_while(|byte| **byte == 0xff).count();
        match rest.get(fill)? {
            0xd9 => return Some(true),
            0xd0..=0xd8 if fill > 0 => at += fill + 1,
            marker @ 0xc0..=0xfe if fill > 0 => {
                let length = rest.get(fill + 1..)?.first_chunk()?;
                at += fill + 1 + usize::from(u16::from_be_bytes(*length));
                if *marker == 0xda {
                    return bytes.get(at..).map(has_end_of_image);
                }
            }
            // A missing marker: the picture is damaged, but its end may be there.
            _ => return Some(has_end_of_image(rest)),
        }
    }
}

fn has_end_of_image(data: &[u8]) -> bool {
    // In pieces, without an early return inside, so that compilers use vector instructions.
    const PIECE: usize = 256;
    let seconds = data.get(1..).unwrap_or_default();
    let firsts = data[..seconds.len()].rchunks(PIECE);
    let mut pieces = firsts.zip(seconds.rchunks(PIECE));
    pieces.any(|(first, second)| {
        let ends = |(first, second): (&u8, &u8)| (*first == 0xff) & (*second == 0xd9);
        let pairs = first.iter().zip(second);
        pairs.fold(false, |found, pair| found | ends(pair))
    })
}

/// Walks the chunks up to IEND; `None` where it is missing.
fn is_whole_png(bytes: &[u8]) -> Option<()> {
    let mut rest = bytes.get(8..)?;
    loop {
        let (header, behind) = rest.split_first_chunk::<8>()?;
        let [a, b, c, d, name @ ..] = *header;
        // Four bytes of a checksum are behind the data.
        let length = u64::from(u32::from_be_bytes([a, b, c, d])) + 4;
        rest = behind.get(usize::try_from(length).ok()?..)?;
        if name == *b"IEND" || !name.is_ascii() {
            return Some(());
        }
    }
}

/// Whether all rows of pixels are there; `None` if the header does not say how many.
fn is_whole_bmp(bytes: &[u8]) -> Option<bool> {
    let field = |at, size| little_endian(bytes, at, size);
    let (pixels, header) = (field(10, 4)?, field(14, 4)?);
    let (width, height, depth) = match header {
        12 => (field(18, 2)?, field(20, 2)?, field(24, 2)?),
        _ => (field(18, 4)?, field(22, 4)?, field(28, 2)?),
    };
    let compression = if header >= 40 { field(30, 4)? } else { 0 };
    let size = match compression {
        // Plain pixels, with or without masks. The padding of the last row may be missing.
        0 | 3 | 6 if header != 64 || compression == 0 => {
            // The height is negative where the first row is the top one.
            let rows = u64::from((height as u32 as i32).unsigned_abs()).max(1);
            let row = (width * depth).div_ceil(8);
            row.next_multiple_of(4)
                .saturating_mul(rows - 1)
                .saturating_add(row)
        }
        _ => field(34, 4)?,
    };
    Some(pixels.saturating_add(size) <= bytes.len() as u64)
}

/// The number of that size in bytes at the position.
fn little_endian(bytes: &[u8], at: usize, size: usize) -> Option<u64> {
    let bytes = bytes.get(at..at + size)?.iter().rev();
    Some(bytes.fold(0, |number, byte| number << 8 | u64::from(*byte)))
}
