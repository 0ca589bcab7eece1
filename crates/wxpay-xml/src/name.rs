//! Names of fields.

/// Whether a field may have the name: an ASCII letter or `_`, then ASCII letters, digits, `_`, `-`
/// and `.`.
///
/// These are the names of XML without the colon, which is for namespaces, and without the letters
/// beyond ASCII, which no field of the API has and which different readers take differently.
pub(crate) fn is_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
}
