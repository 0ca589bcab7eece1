//! The record of a call, within bounds and without API keys.

use std::{
    borrow::Cow,
    fmt,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http::header::{AUTHORIZATION, PROXY_AUTHORIZATION};
use serde::{Serialize, Serializer};
use time::{OffsetDateTime, macros::format_description};
use wxpay_diagnose::Lang;
use wxpay_sign::Params;

use crate::{
    findings::Finding,
    limits::{
        BODY_START, CANONICAL, FIELDS, HEADER, HEADERS, LINE, MESSAGE, Redactor, Texts, VALUE,
    },
    request::{Call, Form},
    response::GatewayResponse,
    rules::{self, CallResult, Check, CheckOutcome, Evaluation},
    tls::SentCertificate,
};

/// A call with its evaluation and its response.
///
/// It is bounded: 32 fields, 64 headers, 2 KiB of each text, 130 KB in all, with asterisks in place
/// of the sandbox's API keys. [`Sandbox::media`](crate::Sandbox::media) has the bytes of the
/// picture. By serde it becomes a JSON object with the names of the fields here, by `Display` a
/// block of text for a log.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct RecordedRequest {
    /// From 1, in the order of the responses.
    pub number: u64,
    /// The time at which its head was read.
    #[serde(serialize_with = "rfc3339")]
    pub time: SystemTime,
    /// Time from the end of the head to the end of the body, in JSON in seconds.
    #[serde(serialize_with = "seconds")]
    pub received_in: Duration,
    /// The client's address and port.
    pub client: String,
    /// `TLSv1_2` or `TLSv1_3`.
    pub tls_version: String,
    /// The certificate that the client sent in the handshake.
    pub client_certificate: Option<SentCertificate>,
    /// As in the request's first line.
    pub method: String,
    /// As in the request's first line, with the query.
    pub path: String,
    /// In the order of the request, names in lower case; bytes that are not UTF-8 are replaced by
    /// `U+FFFD`.
    pub headers: Vec<(String, String)>,
    /// The bytes of the body that were read, 4 MiB at most.
    pub body_length: usize,
    /// The form's fields in their order; empty where it could not be read.
    pub fields: Vec<RecordedField>,
    /// The field `mch_id`.
    pub merchant: Option<String>,
    /// The file name of the field `media`.
    pub file_name: Option<String>,
    /// The bytes of the field `media`; none where it is missing, or over the 4 MiB that are read.
    pub media_length: Option<usize>,
    /// The algorithm that the request names, `MD5` or `HMAC-SHA256`; none without a readable form.
    pub sign_type: Option<String>,
    /// The canonical string of the fields as they came, with asterisks in place of the key; none
    /// where there is no field to sign, or one twice.
    pub canonical: Option<String>,
    /// The rules in the order in which they are checked.
    pub checks: Vec<Check>,
    /// The result of the rules; none where a fault cut the call off before. In JSON it is
    /// `verdict`.
    #[serde(rename = "verdict")]
    pub outcome: Option<Outcome>,
    /// The problems of the call, or its oddities.
    pub findings: Vec<Finding>,
    /// The [`Effect`](crate::Effect)s that it met, as text.
    pub faults: Vec<String>,
    /// The response; none where a fault cut the call off before. In JSON it is `answer`.
    #[serde(rename = "answer")]
    pub response: Option<RecordedResponse>,
    /// The beginning of the body.
    #[serde(skip)]
    pub(crate) body_start: Bytes,
}

/// A field of a form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RecordedField {
    /// Its name.
    pub name: String,
    /// For a file, its name.
    pub file_name: Option<String>,
    /// The media type that the part states.
    pub content_type: Option<String>,
    /// The value of a text, up to 2 KiB; bytes that are not UTF-8 are replaced by `U+FFFD`.
    pub value: Option<String>,
    /// Its length in bytes; none if it was not read to its end.
    pub length: Option<usize>,
}

/// The result of the rules for a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Outcome {
    /// `err_code`, as `SIGNERROR`; none for an accepted call.
    pub code: Option<&'static str>,
    /// `err_code_des`, as `Signature validation`; none for an accepted call.
    pub description: Option<&'static str>,
    /// The way in which the rule was broken; `accepted, signed with …` where none was.
    pub message: String,
}

/// The response to a call.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct RecordedResponse {
    /// The HTTP status.
    pub status: u16,
    /// The header Content-Type.
    pub content_type: &'static str,
    /// `err_code` of the rules or of a fault.
    pub code: Option<String>,
    /// The body: the XML, or the page of a fault.
    pub body: String,
}

impl Outcome {
    /// Whether the call keeps all rules.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        self.code.is_none()
    }
}

/// A call with its response, before it is recorded.
#[derive(Debug)]
pub(crate) struct Handled {
    pub(crate) call: Call,
    /// None where a fault cut the call off before.
    pub(crate) evaluation: Option<Evaluation>,
    pub(crate) faults: Vec<String>,
    pub(crate) response: Option<GatewayResponse>,
}

impl RecordedRequest {
    /// The only constructor: everything within its bounds, and without API keys.
    pub(crate) fn new(
        number: u64,
        handled: &Handled,
        findings: Vec<Finding>,
        redactor: &Redactor,
    ) -> Self {
        let (call, evaluation) = (&handled.call, handled.evaluation.as_ref());
        let empty = Form::default();
        let form = evaluation.map_or(&empty, |evaluation| &evaluation.form);
        let media = form.part("media");
        let merchant = form.part("mch_id").and_then(|part| part.content.as_ref());
        let mut texts = Texts::new(redactor);
        // The texts share one bound in this order, the most useful first.
        Self {
            number,
            time: call.time,
            received_in: call.received_in,
            client: call.client.address.clone(),
            tls_version: call.client.tls_version.clone(),
            client_certificate: (call.client.certificate.clone()).map(|sent| SentCertificate {
                subject: texts.text(sent.subject, LINE),
                serial_number: texts.text(sent.serial_number, LINE),
                ..sent
            }),
            method: texts.text(call.head.method.as_str(), LINE),
            path: texts.text(call.head.uri.to_string(), LINE),
            merchant: merchant.map(|id| texts.text(id, LINE)),
            file_name: form.file_name().map(|name| texts.text(name, LINE)),
            media_length: media.and_then(|media| Some(media.content.as_ref()?.len())),
            sign_type: (!form.parts.is_empty()).then(|| rules::sign_type(form).to_string()),
            checks: evaluation.map_or_else(Vec::new, |it| it.checks.clone()),
            outcome: evaluation.map(|it| outcome(&it.result)),
            faults: handled.faults.clone(),
            response: (handled.response.as_ref()).map(|response| RecordedResponse {
                status: response.status,
                content_type: response.content_type,
                code: response.result.error.as_ref().map(|it| it.0.to_string()),
                body: response.body.clone(),
            }),
            findings: (findings.into_iter())
                .map(|finding| Finding {
                    code: finding.code,
                    message: texts.text(finding.message, MESSAGE),
                    message_zh: texts.text(finding.message_zh, MESSAGE),
                })
                .collect(),
            canonical: canonical(form, &mut texts),
            headers: (call.head.headers.iter().take(HEADERS))
                .map(|(name, value)| {
                    // The key may be there in base64.
                    let is_secret = *name == AUTHORIZATION || *name == PROXY_AUTHORIZATION;
                    let shown = (!is_secret).then_some(value.as_bytes());
                    let value = texts.text(shown.unwrap_or(b"********"), HEADER);
                    (texts.text(name.as_str(), HEADER), value)
                })
                .collect(),
            fields: (form.parts.iter().take(FIELDS))
                .map(|part| RecordedField {
                    name: texts.text(&part.name, LINE),
                    file_name: part.file_name.as_ref().map(|name| texts.text(name, LINE)),
                    content_type: part.content_type.as_ref().map(|it| texts.text(it, LINE)),
                    value: part
                        .content
                        .as_ref()
                        .filter(|_| part.file_name.is_none())
                        .map(|value| texts.text(value, VALUE)),
                    length: part.content.as_ref().map(Bytes::len),
                })
                .collect(),
            body_length: call.body.bytes.len(),
            body_start: texts.bytes(&call.body.bytes, BODY_START).into(),
        }
    }

    /// A few lines, without a line end behind the last: the call, the response, the broken rule,
    /// and the findings in this language. Texts of clients are quoted and escaped.
    pub fn display(&self, lang: Lang) -> impl fmt::Display + '_ {
        let error = self
            .outcome
            .as_ref()
            .and_then(|it| it.code.zip(it.description));
        let outcome = match (&self.outcome, error) {
            (None, _) => "cut off".to_owned(),
            (Some(_), Some((code, description))) => format!("{code}, {description}"),
            (Some(outcome), None) => outcome.message.clone(),
        };
        let (number, method, path) = (self.number, &self.method, &self.path);
        let mut lines = vec![format!("#{number} {method} {path:?}: {outcome}")];
        let facts = [
            self.merchant.as_ref().map(|id| format!("merchant {id:?}")),
            self.file_name.as_ref().map(|name| format!("file {name:?}")),
            self.media_length.map(|length| format!("{length} bytes")),
            self.sign_type.clone(),
        ];
        let facts: Vec<_> = facts.into_iter().flatten().collect();
        lines.extend((!facts.is_empty()).then(|| facts.join(", ")));
        lines.extend(self.checks.iter().filter_map(|check| match &check.outcome {
            CheckOutcome::Broken(how) => Some(format!("broken: {}: {how}", check.rule)),
            CheckOutcome::Kept | CheckOutcome::NotReached => None,
        }));
        lines.extend(self.findings.iter().map(|finding| match lang {
            Lang::Zh => format!("{}: {}", finding.code, finding.message_zh),
            _ => format!("{}: {}", finding.code, finding.message),
        }));
        lines.extend(self.faults.iter().map(|fault| format!("fault: {fault}")));
        lines.join("\n  ")
    }
}

/// In English, as [`RecordedRequest::display`].
impl fmt::Display for RecordedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.display(Lang::En).fmt(f)
    }
}

/// The canonical string, with asterisks in place of the key.
fn canonical(form: &Form, texts: &mut Texts<'_>) -> Option<String> {
    // Values are cut at twice the bound, so that the string is cut earlier.
    let shortened = form.texts().map(|(name, value)| {
        let mut ends = (0..=value.len().min(2 * CANONICAL)).rev();
        let end = ends.find(|at| value.is_char_boundary(*at));
        (name, &value[..end.unwrap_or_default()])
    });
    let params = Params::new(shortened).ok()?;
    params.iter().next()?;
    let text = texts.text(params.canonical().masked().to_string(), CANONICAL);
    // A cut string, too, shows that it ends with the key.
    Some(match text.strip_suffix('…') {
        Some(start) => format!("{start}…&key=********"),
        None => text,
    })
}

/// The outcome of the rules, whose codes are static.
fn outcome(result: &CallResult) -> Outcome {
    let (code, description) = match result.error {
        Some((Cow::Borrowed(code), description)) => (Some(code), Some(description)),
        _ => (None, None),
    };
    Outcome {
        code,
        description,
        message: code.map_or_else(|| result.to_string(), |_| result.message.to_string()),
    }
}

/// As `2026-11-23T18:39:26.123Z`.
fn rfc3339<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    // With milliseconds always, unlike `well_known::Rfc3339`.
    let form =
        format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    let text = OffsetDateTime::from(*time).format(form);
    serializer.serialize_str(&text.map_err(serde::ser::Error::custom)?)
}

/// As `0.25`.
fn seconds<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(time.as_secs_f64())
}
