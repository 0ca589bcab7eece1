//! Why a call is refused.

use std::borrow::Cow;

/// A rule that a call breaks, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(super) rule: Rule,
    /// For `return_msg`, which only a reply with `return_code` FAIL has to itself.
    pub(super) message: Cow<'static, str>,
}

/// The rules, in the order in which they are checked: the rows of the API's table of errors, and one
/// for paths, which the table does not have. The last three are broken on demand only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    Method,
    Path,
    Certificate,
    Form,
    /// Required fields and formats alike.
    Parameter,
    Merchant,
    Signature,
    /// The picture and its hash.
    Picture,
    Permission,
    Frequency,
    /// The gateway's own.
    System,
}

impl Rule {
    /// The field `err_code`.
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::Method | Self::Path | Self::Certificate | Self::Form | Self::Permission => {
                "INVALID_REQUEST"
            }
            Self::Parameter | Self::Merchant | Self::Picture => "PARAM_ERROR",
            Self::Signature => "SIGNERROR",
            Self::Frequency => "FREQUENCY_LIMITED",
            Self::System => "SYSTEMERROR",
        }
    }

    /// The field `err_code_des`, to the letter of the table.
    pub(super) fn description(self) -> &'static str {
        match self {
            Self::Method => "HTTP GET method not supported",
            Self::Path => "Unknown path: the API is at /secapi/mch/uploadmedia",
            Self::Certificate => "Certificate is required",
            Self::Form => "Invalid XML format",
            Self::Parameter => "Regular validation",
            Self::Merchant => "Merchant ID error",
            Self::Signature => "Signature validation",
            Self::Picture => "Image format error",
            Self::Permission => "Entry permissions",
            Self::Frequency => "Frequency limit",
            Self::System => "System error occurred when viewing a sub-vendor",
        }
    }

    pub(super) fn because(self, message: impl Into<Cow<'static, str>>) -> Refusal {
        Refusal {
            rule: self,
            message: message.into(),
        }
    }
}

impl Refusal {
    /// A field that is missing, repeated, or of a wrong form: `what` says which and how.
    pub(super) fn parameter(what: &str) -> Self {
        // The beginning is documented.
        Rule::Parameter.because(format!("Parameter format checking error: {what}"))
    }

    /// The body is longer than what is read of it.
    pub(super) fn too_large() -> Self {
        Rule::Picture.because("the body is over 4 MiB, and a picture must be under 2 MiB")
    }
}
