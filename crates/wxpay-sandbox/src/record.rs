//! What is kept of a call.

mod block;
mod caps;
mod certificate;
mod field;
mod time;

use std::time::{Duration, SystemTime};

use http::request::Parts;
use serde::Serialize;

use crate::{diagnosis::Finding, gateway::Check};

use caps::{HEADER_VALUE, HEADERS};

pub(crate) use caps::{FIELDS, LINE, capped};
pub(crate) use time::Rfc3339;

pub use certificate::SentCertificate;
pub use field::RecordedField;

/// A call as the sandbox has seen it, and what it has made of it.
///
/// Everything is what came over the wire, read and cut to size: 32 fields, 64 headers, 2 KiB of each
/// text. The bytes of the picture are not in it: see [`Sandbox::media`](crate::Sandbox::media). By
/// serde it becomes a JSON object with the names of the fields here, by `Display` a block of text for a
/// log.
///
/// ```
/// use wxpay_sandbox::Sandbox;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sandbox = Sandbox::builder().start().await?;
/// // … the client under test uploads …
/// for request in sandbox.requests() {
///     assert_eq!(request.file_name.as_deref(), Some("shop.jpg"));
///     assert!(request.verdict.as_ref().is_some_and(|verdict| verdict.is_accepted()));
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct RecordedRequest {
    /// From 1, in the order in which the answers were known.
    pub number: u64,
    /// When its head was read.
    #[serde(serialize_with = "time::rfc3339")]
    pub time: SystemTime,
    /// How long the body took to come.
    #[serde(serialize_with = "time::seconds")]
    pub received_in: Duration,
    /// `TLSv1_2` or `TLSv1_3`.
    pub tls_version: String,
    /// What the client sent in the handshake; none where it sent nothing.
    pub client_certificate: Option<SentCertificate>,
    /// As in the request's first line.
    pub method: String,
    /// As in the request's first line, with the query.
    pub path: String,
    /// In their order, names in lower case. What is not UTF-8 is replaced by `U+FFFD`.
    pub headers: Vec<(String, String)>,
    /// The bytes of the body that were kept, 4 MiB at most.
    pub body_length: usize,
    /// The form's fields, in their order; none where it could not be read.
    pub fields: Vec<RecordedField>,
    /// The field `mch_id`.
    pub merchant: Option<String>,
    /// The file name of the field `media`.
    pub file_name: Option<String>,
    /// The bytes of the field `media`; none where it is not there, or over the 4 MiB that are read.
    pub media_length: Option<usize>,
    /// The algorithm that the request asks for, `MD5` or `HMAC-SHA256`; none where it has no form that
    /// could be read.
    pub sign_type: Option<String>,
    /// What the signature is over, as it came, with asterisks in place of the key; none where there is
    /// no field to sign, or one twice.
    pub canonical: Option<String>,
    /// The rules in the order in which they are checked.
    pub checks: Vec<Check>,
    /// What the rules say; none where a fault has cut the call off before it was judged.
    pub verdict: Option<Verdict>,
    /// What is wrong with it, or odd about it though it was taken.
    pub findings: Vec<Finding>,
    /// The [`Effect`](crate::Effect)s that it met, in their words.
    pub faults: Vec<String>,
    /// What was answered; none where a fault has cut the call off before.
    pub answer: Option<RecordedAnswer>,
}

impl RecordedRequest {
    /// What is known before the body was read.
    pub(crate) fn begin(
        tls_version: &str,
        client_certificate: Option<SentCertificate>,
        head: &Parts,
    ) -> Self {
        let headers = head.headers.iter().take(HEADERS).map(|(name, value)| {
            let value = capped(value.as_bytes(), HEADER_VALUE);
            (capped(name.as_str().as_bytes(), HEADER_VALUE), value)
        });
        Self {
            number: 0,
            time: SystemTime::now(),
            received_in: Duration::ZERO,
            tls_version: tls_version.to_owned(),
            client_certificate,
            method: capped(head.method.as_str().as_bytes(), LINE),
            path: capped(head.uri.to_string().as_bytes(), LINE),
            headers: headers.collect(),
            body_length: 0,
            fields: Vec::new(),
            merchant: None,
            file_name: None,
            media_length: None,
            sign_type: None,
            canonical: None,
            checks: Vec::new(),
            verdict: None,
            findings: Vec::new(),
            faults: Vec::new(),
            answer: None,
        }
    }
}

/// What the rules make of a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Verdict {
    /// `err_code`, as `SIGNERROR`; none for a call that is right.
    pub code: Option<&'static str>,
    /// `err_code_des`, as `Signature validation`; none for a call that is right.
    pub description: Option<&'static str>,
    /// Which rule was broken and how, or that none was.
    pub message: String,
}

impl Verdict {
    /// Whether the call keeps all rules.
    ///
    /// ```
    /// use wxpay_sandbox::Sandbox;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let sandbox = Sandbox::builder().start().await?;
    /// // … the client under test uploads …
    /// for request in sandbox.requests() {
    ///     let Some(verdict) = &request.verdict else { continue };
    ///     assert!(verdict.is_accepted(), "{}", verdict.message);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        self.code.is_none()
    }
}

/// What was answered.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct RecordedAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The body: the XML, or what a fault has put in its place.
    pub body: String,
}
