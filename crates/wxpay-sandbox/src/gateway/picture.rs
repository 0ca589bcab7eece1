//! Tells pictures from other files, by their first bytes.

/// A picture must be smaller than this: "less than 2M", read as 2 MiB.
pub(crate) const LIMIT: usize = 2 * 1024 * 1024;

pub(crate) fn is_picture(bytes: &[u8]) -> bool {
    const JPEG: &[u8] = b"\xff\xd8\xff";
    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
    bytes.starts_with(JPEG) || bytes.starts_with(PNG) || is_bitmap(bytes)
}

/// "BM" alone may begin a text, so the fields behind it are looked at: the sizes of the second header
/// that there are, and where the pixels begin.
fn is_bitmap(bytes: &[u8]) -> bool {
    let number = |at: usize| {
        let number = bytes
            .get(at..at + 4)?
            .try_into()
            .ok()
            .map(u32::from_le_bytes)?;
        usize::try_from(number).ok()
    };
    let (Some(pixels), Some(header)) = (number(10), number(14)) else {
        return false;
    };
    bytes.starts_with(b"BM")
        && matches!(header, 12 | 16 | 40 | 52 | 56 | 64 | 108 | 124)
        && (14 + header..bytes.len()).contains(&pixels)
}

#[cfg(test)]
mod tests {
    use super::is_picture;

    /// A bitmap of one pixel.
    fn bitmap() -> Vec<u8> {
        let mut bytes =
            b"BM\x3a\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x01\0\0\0\x01\0\0\0\x01\0\x18\0".to_vec();
        bytes.resize(58, 0);
        bytes
    }

    #[test]
    fn pictures() {
        assert!(is_picture(b"\xff\xd8\xff\xe0"));
        assert!(is_picture(b"\x89PNG\r\n\x1a\n"));
        assert!(is_picture(&bitmap()));
    }

    #[test]
    fn other_files() {
        let cut = &bitmap()[..54];
        let others: [&[u8]; 8] = [
            b"",
            b"BM",
            b"BMW is a car, and this is a text that is long enough for a header",
            cut,
            b"GIF89a",
            b"\xff\xd8",
            b"https://example.com/shop.png",
            b"\x89PNG\n\x1a\n",
        ];
        for other in others {
            assert!(!is_picture(other), "{other:?}");
        }
    }
}
