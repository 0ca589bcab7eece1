//! Blocks between comments that a reader does not see.

use anyhow::Context;

const END: &str = "<!-- end -->";

/// Puts what `make` gives for a block's kind and present inside in its place. Where `make` gives
/// nothing the comment is none of ours.
pub(super) fn replace(
    text: &str,
    mut make: impl FnMut(&str, &str) -> anyhow::Result<Option<String>>,
) -> anyhow::Result<String> {
    let mut done = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("<!-- ") {
        let (before, at) = rest.split_at(start);
        let length = at.find(" -->").context("a comment is not closed")? + " -->".len();
        let (comment, after) = at.split_at(length);
        let kind = &comment["<!-- ".len()..length - " -->".len()];
        done.push_str(before);
        done.push_str(comment);
        rest = after;
        if comment == END {
            continue;
        }
        let inside = after.split_once(END).map_or("", |(inside, _)| inside);
        if let Some(made) = make(kind, inside.trim())? {
            let (inside, closed) = after
                .split_once(END)
                .with_context(|| format!("`{comment}` has no `{END}`"))?;
            debug_assert!(!inside.contains("<!--"), "blocks do not nest");
            done.push_str(&format!("\n\n{}\n\n{END}", made.trim()));
            rest = closed;
        }
    }
    done.push_str(rest);
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(text: &str) -> anyhow::Result<String> {
        replace(text, |kind, inside| {
            Ok((kind == "up").then(|| inside.to_uppercase()))
        })
    }

    #[test]
    fn only_the_inside_of_a_block_changes() {
        assert_eq!(
            made("a <!-- x --> b\n<!-- up -->\n\nc\n\n<!-- end -->\nd").unwrap(),
            "a <!-- x --> b\n<!-- up -->\n\nC\n\n<!-- end -->\nd"
        );
    }

    #[test]
    fn two_blocks_are_two() {
        let text = "<!-- up -->a<!-- end --><!-- up -->b<!-- end -->";
        let made = made(text).unwrap();
        assert_eq!(made.matches("<!-- end -->").count(), 2);
        assert!(made.contains('A') && made.contains('B'), "{made}");
    }

    #[test]
    fn a_block_that_does_not_end_is_an_error() {
        assert!(made("<!-- up --> a").is_err());
        assert!(made("<!-- up").is_err());
    }
}
