//! A request as it was sent.

use std::fmt;

use wxpay_sign::SignType;

/// A request as it was sent, and what is known of its file.
///
/// Unlike [`Params`](wxpay_sign::Params) it keeps the sending order, empty values and repeated names,
/// for they are what goes wrong. A field `media` is the upload's file and is not to be signed, nor is
/// `sign`.
///
/// ```
/// use wxpay_diagnose::Request;
///
/// let key = wxpay_sign::ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
/// let request = Request::new([("mch_id", "1000000000")]).file_name("a.png");
/// let report = request.diagnose(&key, &[], "6BCBA4ADFC0D0F84DC490F943AD48B84"); // of `media=a.png` too
/// assert_eq!(report.mistakes()[0].name(), "file_name_signed");
/// # Ok::<(), wxpay_sign::ApiKeyError>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct Request<'a> {
    /// In sending order.
    pub(crate) pairs: Vec<(&'a str, &'a str)>,
    pub(crate) file_name: Option<&'a str>,
    pub(crate) content: Option<&'a [u8]>,
    /// The algorithm that is right, where the field does not say so.
    pub(crate) sign_type: Option<SignType>,
}

impl<'a> Request<'a> {
    /// The text fields, in the order in which they were sent; `sign` may be among them.
    ///
    /// ```
    /// let request = wxpay_diagnose::Request::new([("mch_id", "1000000000"), ("sign", "84FA6EF2")]);
    /// ```
    pub fn new(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self {
            pairs: pairs.into_iter().collect(),
            file_name: None,
            content: None,
            sign_type: None,
        }
    }

    /// The file's name, as it was sent with the file.
    pub fn file_name(mut self, name: &'a str) -> Self {
        self.file_name = Some(name);
        self
    }

    /// The file's bytes. Without them it is not found out that they were signed.
    pub fn content(mut self, content: &'a [u8]) -> Self {
        self.content = Some(content);
        self
    }

    /// The algorithm that is right, where the field `sign_type` does not decide it, as in a response that
    /// is checked strictly.
    pub fn sign_type(mut self, sign_type: SignType) -> Self {
        self.sign_type = Some(sign_type);
        self
    }
}

/// The names of the fields and the length of the file; no value, for a key may be among them.
impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.pairs.iter().map(|(name, _)| name).collect();
        f.debug_struct("Request")
            .field("names", &names)
            .field("file_name", &self.file_name)
            .field("content_length", &self.content.map(<[u8]>::len))
            .field("sign_type", &self.sign_type)
            .finish()
    }
}
