//! A call with all that is known of it.

use http::StatusCode;

use super::{Shown, answer, html::Html, language::Language, row::size};
use crate::{CheckOutcome, RecordedRequest};

/// What can be shown as a picture; all else is only saved.
pub(super) fn media(shown: &Shown, number: u64) -> Option<answer::Answer> {
    let bytes = shown.history.picture(number)?;
    let picture = wxpay_picture::Format::detect(&bytes).map(|format| format.media_type());
    Some(answer::upload(picture, bytes))
}

/// As a part of the page, or as a page of its own.
pub(super) fn detail(
    shown: &Shown,
    call: &RecordedRequest,
    language: Language,
    alone: bool,
) -> answer::Answer {
    let detail = fragment(shown, call, language);
    let page = if alone {
        let values = [
            ("language", Html::escape(language.tag())),
            ("number", Html::escape(call.number)),
            ("back", Html::escape(language.pick("all calls", "所有请求"))),
            ("detail", detail),
        ];
        Html::fill(include_str!("assets/alone.html"), &values)
    } else {
        detail
    };
    answer::html(StatusCode::OK, page)
}

fn fragment(shown: &Shown, call: &RecordedRequest, language: Language) -> Html {
    let say = |english, chinese| Html::escape(language.pick(english, chinese));
    let certificate = match &call.client_certificate {
        None => say("none was sent", "未发送"),
        Some(sent) => {
            let refused = sent.refused.as_deref();
            let verdict = refused.unwrap_or(language.pick("accepted", "已接受"));
            Html::escape(format!(
                "{} ({}) – {verdict}",
                sent.subject, sent.serial_number
            ))
        }
    };
    let fields = call.fields.iter().map(|field| {
        let value = match (&field.value, field.length) {
            (Some(value), _) => value.clone(),
            (None, Some(length)) => {
                let name = field.file_name.as_deref().unwrap_or_default();
                let kind = field.content_type.as_deref().unwrap_or("–");
                format!("{name} · {kind} · {}", size(length))
            }
            (None, None) => "…".to_owned(),
        };
        (field.name.clone(), value)
    });
    let findings = call.findings.iter().map(|finding| {
        let values = [
            ("code", Html::escape(&finding.code)),
            ("message", Html::escape(&finding.message)),
        ];
        Html::fill("<li><code>{{code}}</code> {{message}}</li>\n", &values)
    });
    let answer = match &call.response {
        Some(answer) => Html::escape(format_args!("HTTP {}\n\n{}", answer.status, answer.body)),
        None => say("the connection was cut", "连接已断开"),
    };
    Html::fill(
        include_str!("assets/detail.html"),
        &[
            (
                "request",
                Html::escape(format_args!("{} {}", call.method, call.path)),
            ),
            ("tls", Html::escape(&call.tls_version)),
            ("certificate_label", say("client certificate", "客户端证书")),
            ("certificate", certificate),
            ("picture", picture(shown, call, language)),
            ("explanation_label", say("Explanation", "诊断")),
            ("explanation", findings.collect()),
            (
                "nothing",
                if call.findings.is_empty() {
                    say("nothing is odd", "没有异常")
                } else {
                    Html::default()
                },
            ),
            ("checks_label", say("Checks", "检查项")),
            (
                "checks",
                call.checks
                    .iter()
                    .map(|check| self::check(check, language))
                    .collect(),
            ),
            ("canonical_label", say("What is signed", "签名原串")),
            (
                "canonical",
                Html::escape(call.canonical.as_deref().unwrap_or("–")),
            ),
            ("fields_label", say("Fields", "字段")),
            ("fields", table(fields)),
            ("headers_label", say("Headers", "请求头")),
            ("headers", table(call.headers.iter().cloned())),
            ("answer_label", say("Answer", "应答")),
            ("answer", answer),
        ],
    )
}

fn picture(shown: &Shown, call: &RecordedRequest, language: Language) -> Html {
    let Some(bytes) = shown.history.picture(call.number) else {
        return Html::default();
    };
    let template = if wxpay_picture::Format::detect(&bytes).is_some() {
        "<a href=\"/requests/{{number}}/media\"><img src=\"/requests/{{number}}/media\" alt=\"{{name}}\" loading=\"lazy\"></a>"
    } else {
        "<a href=\"/requests/{{number}}/media\" download>{{save}}</a>"
    };
    let values = [
        ("number", Html::escape(call.number)),
        (
            "name",
            Html::escape(call.file_name.as_deref().unwrap_or("media")),
        ),
        (
            "save",
            Html::escape(language.pick("save what was sent", "下载已发送的内容")),
        ),
    ];
    Html::fill(template, &values)
}

fn check(check: &crate::Check, language: Language) -> Html {
    let (class, mark, how) = match &check.outcome {
        CheckOutcome::Kept => ("good", language.pick("ok", "通过"), String::new()),
        CheckOutcome::Broken(how) => ("bad", language.pick("failed", "未通过"), how.clone()),
        CheckOutcome::NotReached => ("", language.pick("not reached", "未检查"), String::new()),
    };
    let values = [
        ("class", Html::escape(class)),
        ("rule", Html::escape(language.rule(check.rule))),
        ("mark", Html::escape(mark)),
        ("how", Html::escape(how)),
    ];
    Html::fill(
        "<li class=\"{{class}}\">{{rule}}: <b>{{mark}}</b> {{how}}</li>\n",
        &values,
    )
}

fn table(rows: impl Iterator<Item = (String, String)>) -> Html {
    rows.map(|(name, value)| {
        let values = [("name", Html::escape(name)), ("value", Html::escape(value))];
        Html::fill("<tr><th>{{name}}</th><td>{{value}}</td></tr>\n", &values)
    })
    .collect()
}
