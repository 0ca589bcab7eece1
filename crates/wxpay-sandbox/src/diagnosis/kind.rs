//! Pictures that are: which kind, whether whole, and whether they are called so.

/// A kind of picture that the API takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Jpeg,
    Png,
    Bmp,
}

impl Kind {
    /// By the first bytes; what they belong to has been found to be a picture by the rules, or not.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Self::Png),
            // Whatever begins with a bitmap's header size is one; "BM" alone may be a text.
            [b'B', b'M', _, _, _, _, 0, 0, 0, 0, ..] => Some(Self::Bmp),
            _ => None,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "a JPEG",
            Self::Png => "a PNG",
            Self::Bmp => "a bitmap (BMP)",
        }
    }

    pub(super) fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Bmp => "image/bmp",
        }
    }

    pub(super) fn extensions(self) -> &'static [&'static str] {
        match self {
            Self::Jpeg => &["jpg", "jpeg"],
            Self::Png => &["png"],
            Self::Bmp => &["bmp"],
        }
    }

    /// Whether the end is there.
    pub(super) fn is_whole(self, bytes: &[u8]) -> bool {
        match self {
            // Cameras add some bytes behind the end; those of a stream that was cut have none.
            Self::Jpeg => has(tail(bytes, 64 * 1024), b"\xff\xd9"),
            Self::Png => has(tail(bytes, 64 * 1024), b"IEND\xae\x42\x60\x82"),
            Self::Bmp => {
                let stated = bytes.get(2..6).and_then(|size| size.try_into().ok());
                let stated = stated.map(u32::from_le_bytes).unwrap_or_default();
                usize::try_from(stated).is_ok_and(|stated| stated <= bytes.len())
            }
        }
    }
}

fn tail(bytes: &[u8], length: usize) -> &[u8] {
    &bytes[bytes.len().saturating_sub(length)..]
}

fn has(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len()).any(|window| window == what)
}
