//! What is found out about a call.

use wxpay_sign::SignType;

use super::{Verdict, checks::Check, form::Part};

/// What is found out about a call, before anybody spoils the answer.
#[derive(Debug)]
pub(crate) struct Examination {
    pub(crate) verdict: Verdict,
    #[expect(
        dead_code,
        reason = "the record of calls, which comes next, shows them"
    )]
    pub(crate) checks: Vec<Check>,
    /// The form's parts in the order in which they came; none where it could not be read.
    pub(crate) parts: Vec<Part>,
}

impl Examination {
    /// The name of the file, if one was sent.
    pub(crate) fn file_name(&self) -> Option<&str> {
        self.part("media")?.file_name.as_deref()
    }

    /// The algorithm that the request asks for, as far as it can be told.
    pub(crate) fn sign_type(&self) -> SignType {
        let value = self
            .part("sign_type")
            .and_then(|part| part.content.as_deref());
        SignType::from_field(value.and_then(|value| str::from_utf8(value).ok()))
    }

    fn part(&self, name: &str) -> Option<&Part> {
        self.parts.iter().find(|part| part.name == name)
    }
}
