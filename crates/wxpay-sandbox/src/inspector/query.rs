//! `a=1&b=2`, as in queries and as browsers send forms.

/// The value of a name, decoded; of several, the first.
pub(super) fn value(query: &str, name: &str) -> Option<String> {
    form_urlencoded::parse(query.as_bytes())
        .find(|pair| pair.0 == name)
        .map(|pair| pair.1.into_owned())
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
        assert_eq!(value("", ""), None);
    }

    #[test]
    fn a_long_query_is_decoded_in_linear_time() {
        let query = format!("fault={}", "%41".repeat(1 << 20));
        assert_eq!(value(&query, "fault").map(|it| it.len()), Some(1 << 20));
    }
}
