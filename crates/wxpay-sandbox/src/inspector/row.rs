//! A call in the list.

use super::{html::Html, language::Language};
use crate::{Outcome, RecordedRequest};

/// A row that opens to the details.
pub(super) fn row(call: &RecordedRequest, language: Language) -> Html {
    let verdict = call.outcome.as_ref();
    let is_accepted = verdict.is_some_and(Outcome::is_accepted);
    let said = match verdict {
        None => language.pick("cut off", "已断开"),
        Some(_) if is_accepted => language.pick("accepted", "通过"),
        Some(verdict) => verdict.code.unwrap_or_default(),
    };
    let class = match (
        is_accepted,
        call.faults.is_empty(),
        call.findings.is_empty(),
    ) {
        (_, false, _) => "fault",
        (true, true, true) => "good",
        (true, true, false) => "odd",
        (false, true, _) => "bad",
    };
    let none = || "–".to_owned();
    Html::fill(
        include_str!("assets/row.html"),
        &[
            ("number", Html::escape(call.number)),
            ("class", Html::escape(class)),
            ("time", Html::escape(call.rfc3339())),
            ("verdict", Html::escape(said)),
            ("faults", Html::escape(call.faults.join(" "))),
            (
                "merchant",
                Html::escape(call.merchant.clone().unwrap_or_else(none)),
            ),
            (
                "file",
                Html::escape(call.file_name.clone().unwrap_or_else(none)),
            ),
            (
                "size",
                Html::escape(call.media_length.map_or_else(none, size)),
            ),
            (
                "sign_type",
                Html::escape(call.sign_type.clone().unwrap_or_else(none)),
            ),
            ("alone", Html::escape(language.pick("alone", "单独打开"))),
        ],
    )
}

pub(super) fn size(bytes: usize) -> String {
    match bytes {
        0..1000 => format!("{bytes} B"),
        1000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1000.0),
        _ => format!("{:.2} MB", bytes as f64 / 1_000_000.0),
    }
}
