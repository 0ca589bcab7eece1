//! What a file really is.

mod lookalike;

use std::fmt;

use super::{Image, ImageError};

/// The kinds of picture that the gateway takes, told by the file's header, never by its name.
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

impl Format {
    /// Looks at a file's header; `None` for anything that is not one of the three.
    ///
    /// A few bytes are not enough: the text "BMW is a car" is no bitmap. Whether the picture is
    /// whole is not checked; that takes decoding it.
    ///
    /// ```
    /// use wxpay_media::Format;
    ///
    /// assert_eq!(Format::detect(b"\xff\xd8\xff\xe0\0\x10JFIF"), Some(Format::Jpeg));
    /// assert_eq!(Format::detect(b"BMW is a car, and this is a text about it"), None);
    /// ```
    #[must_use]
    pub fn detect(bytes: &[u8]) -> Option<Self> {
        if is_jpeg(bytes) {
            Some(Self::Jpeg)
        } else if is_png(bytes) {
            Some(Self::Png)
        } else if is_bmp(bytes) {
            Some(Self::Bmp)
        } else {
            None
        }
    }

    /// Everything that the gateway asks of a picture's bytes.
    pub(super) fn of_picture(bytes: &[u8]) -> Result<Self, ImageError> {
        match bytes.len() {
            0 => Err(ImageError::Empty),
            size if size >= Image::LIMIT => Err(ImageError::TooLarge { size: Some(size) }),
            _ => Self::detect(bytes).ok_or_else(|| ImageError::NotAPicture {
                found: lookalike::name(bytes),
            }),
        }
    }

    /// The media type, as the file part's `Content-Type` has it.
    ///
    /// ```
    /// assert_eq!(wxpay_media::Format::Jpeg.media_type(), "image/jpeg");
    /// ```
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Bmp => "image/bmp",
        }
    }

    /// The extension for a file that has no name yet, without a dot.
    ///
    /// ```
    /// use wxpay_media::Format;
    ///
    /// let scan = b"\xff\xd8\xff\xe0\0\x10JFIF";
    /// let extension = Format::detect(scan).map_or("bin", Format::extension);
    /// assert_eq!(extension, "jpg");
    /// ```
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Bmp => "bmp",
        }
    }

    /// Whether a name's extension is one of this format's.
    pub(super) fn fits_extension_of(self, name: &str) -> bool {
        let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
        extension.eq_ignore_ascii_case(self.extension())
            || self == Self::Jpeg && extension.eq_ignore_ascii_case("jpeg")
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::Bmp => "BMP",
        })
    }
}

/// Start of image, then a marker: those in use lie from SOF0 (0xC0) to COM (0xFE).
fn is_jpeg(bytes: &[u8]) -> bool {
    matches!(bytes, [0xff, 0xd8, 0xff, 0xc0..=0xfe, ..])
}

/// The signature, then an IHDR chunk of 13 bytes whose width and height are not 0.
fn is_png(bytes: &[u8]) -> bool {
    let Some(header) = bytes.strip_prefix(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR") else {
        return false;
    };
    matches!(header, [a, b, c, d, e, f, g, h, ..]
        if [a, b, c, d] != [&0; 4] && [e, f, g, h] != [&0; 4])
}

/// `BM`, a known size of the second header, one colour plane, and pixels that start behind the
/// headers and inside the file. The size field is not looked at: some writers leave it 0.
fn is_bmp(bytes: &[u8]) -> bool {
    let byte = |at: usize| bytes.get(at).copied().map_or(0, u32::from);
    let word = |at: usize| byte(at) | byte(at + 1) << 8;
    let double = |at: usize| word(at) | word(at + 2) << 16;

    let (pixels, header) = (double(10), double(14));
    let planes = match header {
        12 => word(22),
        16 | 40 | 52 | 56 | 64 | 108 | 124 => word(26),
        _ => return false,
    };
    bytes.starts_with(b"BM")
        && planes == 1
        && pixels >= 14 + header
        && usize::try_from(pixels).is_ok_and(|pixels| pixels < bytes.len())
}
