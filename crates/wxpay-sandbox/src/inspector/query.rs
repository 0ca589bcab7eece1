//! `a=1&b=2`, as in queries and as browsers send forms.

/// The value of a name, decoded; of several, the first.
pub(super) fn value(query: &str, name: &str) -> Option<String> {
    query.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(key) == name).then(|| decoded(value))
    })
}

/// What is no code stays as it is.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        let code = match rest {
            [b'%', high, low, ..] => hex(*high).zip(hex(*low)),
            _ => None,
        };
        (bytes, rest) = match code {
            Some((high, low)) => ([&bytes[..], &[16 * high + low]].concat(), &rest[3..]),
            None => (
                [&bytes[..], &[if *first == b'+' { b' ' } else { *first }]].concat(),
                behind,
            ),
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::value;

    #[test]
    fn values() {
        let query = "fault=delay%3D2s&file=a+b%2c%e5%ba%97%&next=&fault=2";
        assert_eq!(value(query, "fault").as_deref(), Some("delay=2s"));
        assert_eq!(value(query, "file").as_deref(), Some("a b,店%"));
        assert_eq!(value(query, "next").as_deref(), Some(""));
        assert_eq!(value(query, "every"), None);
        assert_eq!(value("", ""), Some(String::new()));
    }
}
