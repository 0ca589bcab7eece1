//! The gateway's `err_code`.

use std::fmt;

/// An `err_code` of the API's error table. Unknown ones are kept as they came.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorCode {
    /// `INVALID_REQUEST`: not a POST, a malformed body, no accepted certificate, or no permission.
    InvalidRequest,
    /// `SIGNERROR`: the request's signature is wrong. Also read from `SIGN_ERROR`, as other APIs of
    /// the family write it.
    SignError,
    /// `PARAM_ERROR`: a parameter, the picture or the merchant id is wrong.
    ParamError,
    /// `FREQUENCY_LIMITED`: too many calls.
    FrequencyLimited,
    /// `SYSTEMERROR`: the gateway's own fault. Also read from `SYSTEM_ERROR`.
    SystemError,
    /// Anything else.
    Other(String),
}

impl ErrorCode {
    pub(super) fn from_wire(code: &str) -> Self {
        match code {
            "INVALID_REQUEST" => Self::InvalidRequest,
            "SIGNERROR" | "SIGN_ERROR" => Self::SignError,
            "PARAM_ERROR" => Self::ParamError,
            "FREQUENCY_LIMITED" => Self::FrequencyLimited,
            "SYSTEMERROR" | "SYSTEM_ERROR" => Self::SystemError,
            other => Self::Other(other.to_owned()),
        }
    }

    /// The code as the error table writes it, or as it came.
    ///
    /// ```
    /// use wxpay_media::ErrorCode;
    ///
    /// assert_eq!(ErrorCode::SystemError.as_str(), "SYSTEMERROR");
    /// assert_eq!(ErrorCode::Other("BRAND_NEW".to_owned()).as_str(), "BRAND_NEW");
    /// ```
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::InvalidRequest => "INVALID_REQUEST",
            Self::SignError => "SIGNERROR",
            Self::ParamError => "PARAM_ERROR",
            Self::FrequencyLimited => "FREQUENCY_LIMITED",
            Self::SystemError => "SYSTEMERROR",
            Self::Other(code) => code,
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
