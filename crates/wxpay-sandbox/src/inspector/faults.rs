//! Faults by the page, and by scripts.

use http::{HeaderMap, StatusCode};
use serde::Serialize;
use serde_json::Value;

use super::{Shown, answer, html::Html, language::Language, query, routes::wants_html};
use crate::{
    ArmedFault, InvalidFault,
    fault::{Effect, Fault},
};

/// So many that are not spent: more can only be a mistake of a script's.
const ARMED: usize = 1000;

#[derive(Serialize)]
struct Refused {
    error: String,
}

/// Arms what a form or a JSON document says.
pub(super) fn arm(shown: &Shown, headers: &HeaderMap, body: &[u8]) -> answer::Answer {
    // By its content, for curl calls whatever it sends a form.
    let is_form = !matches!(body.trim_ascii_start(), [b'{' | b'[' | b'"', ..]);
    let faults = match is_form {
        true => form(&String::from_utf8_lossy(body)).map(|fault| vec![fault]),
        false => json(body),
    };
    let faults = match faults {
        Ok(faults) => faults,
        Err(error) => return answer::json(StatusCode::BAD_REQUEST, &Refused { error }),
    };
    let armed = shown.faults.armed();
    if armed.iter().filter(|fault| !fault.is_spent()).count() + faults.len() > ARMED {
        let error = format!("{ARMED} faults are armed: disarm some");
        return answer::json(StatusCode::CONFLICT, &Refused { error });
    }
    let ids: Vec<_> = faults
        .into_iter()
        .map(|fault| shown.faults.arm(fault))
        .collect();
    if is_form && wants_html(headers) {
        return answer::see_other("/");
    }
    let mut armed = shown.faults.armed();
    armed.retain(|fault| ids.contains(&fault.id()));
    answer::json(StatusCode::CREATED, &armed)
}

fn json(body: &[u8]) -> Result<Vec<Fault>, String> {
    let values = match serde_json::from_slice(body).map_err(|error| error.to_string())? {
        Value::Array(values) => values,
        value => vec![value],
    };
    let faults = values.into_iter().map(serde_json::from_value);
    faults
        .collect::<Result<_, _>>()
        .map_err(|error: serde_json::Error| error.to_string())
}

/// The word of a button and the conditions beside it, or a whole text.
fn form(body: &str) -> Result<Fault, String> {
    let value = |name: &str| query::value(body, name).filter(|value| !value.is_empty());
    let text = value("fault").unwrap_or_default();
    let mut fault: Fault = text
        .trim()
        .parse()
        .map_err(|error: InvalidFault| error.to_string())?;
    let number = |name: &str| match value(name).map(|value| value.parse()) {
        None => Ok(None),
        Some(Ok(number)) => Ok(Some(number)),
        Some(Err(_)) => Err(format!("{name} needs a number from 1")),
    };
    if let Some(next) = number("next")? {
        fault = fault.next(next);
    }
    if let Some(every) = number("every")? {
        fault = fault.every(every);
    }
    if let Some(file) = value("file") {
        if fault.effect() == Effect::CutInRequest {
            return Err(InvalidFault::FileTooEarly.to_string());
        }
        fault = fault.file(file);
    }
    Ok(fault)
}

/// The faults that there are, the latest first.
pub(super) fn list(armed: &[ArmedFault], language: Language) -> Html {
    let items = armed.iter().rev().map(|fault| {
        let values = [
            (
                "class",
                Html::escape(if fault.is_spent() { "spent" } else { "" }),
            ),
            ("id", Html::escape(fault.id())),
            ("fault", Html::escape(fault.fault())),
            ("hits", Html::escape(fault.hits())),
            ("hits_label", Html::escape(language.pick("hits", "命中"))),
            ("disarm", Html::escape(language.pick("disarm", "移除"))),
        ];
        Html::fill(include_str!("assets/armed.html"), &values)
    });
    items.collect()
}
