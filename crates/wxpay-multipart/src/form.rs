//! The form as a caller builds it: every method checks one part and queues it.

mod header;
mod invalid;
mod media_type;
mod quoted;

use std::{error::Error, fmt};

use bytes::Bytes;
use http::HeaderValue;
use http_body::Body;

pub use self::invalid::{InvalidPart, InvalidPartKind};
pub use self::quoted::Parameter;

use self::header::Header;
use crate::body::{FormBody, LengthOverflow, Queue, Source};
use crate::boundary::Boundary;

/// A `multipart/form-data` form: parts in the order in which they were added.
///
/// Set [`content_type`](Self::content_type) on the request and send [`into_body`](Self::into_body).
/// Set no `Content-Length`: an HTTP client takes it from the body, which knows it exactly.
///
/// A form without parts is its closing delimiter alone, `--boundary--`, as browsers send it. RFC 2046
/// asks for at least one part: some readers find none in it (multer), others a defect (Python's
/// `email`).
///
/// # Examples
///
/// ```
/// use http::{Request, header::CONTENT_TYPE};
/// use wxpay_multipart::Form;
///
/// let form = Form::new()
///     .text("mch_id", "1000000000")?
///     .file("media", "shop.png", "image/png", &b"\x89PNG\r\n\x1a\n"[..])?;
/// let request = Request::post("https://api.mch.weixin.qq.com/secapi/mch/uploadmedia")
///     .header(CONTENT_TYPE, form.content_type())
///     .body(form.into_body())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Form {
    boundary: Boundary,
    parts: usize,
    queue: Queue,
}

impl Form {
    /// A form without parts, with a [random boundary](Boundary::random).
    ///
    /// # Panics
    ///
    /// When the operating system has no randomness to give.
    ///
    /// # Examples
    ///
    /// ```
    /// use wxpay_multipart::Form;
    ///
    /// let form = Form::new().text("mch_id", "1000000000")?;
    /// assert_ne!(form.boundary(), Form::new().boundary());
    /// # Ok::<(), wxpay_multipart::InvalidPart>(())
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::with_boundary(Boundary::random())
    }

    /// A form without parts, with a boundary of the caller's.
    ///
    /// # Examples
    ///
    /// ```
    /// use wxpay_multipart::{Boundary, Form};
    ///
    /// let form = Form::with_boundary(Boundary::new("7MA4YWxkTrZu0gW")?);
    /// assert_eq!(form.content_type(), "multipart/form-data; boundary=7MA4YWxkTrZu0gW");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_boundary(boundary: Boundary) -> Self {
        let queue = Queue::ending_in(format!("--{boundary}--\r\n").into());
        Self {
            boundary,
            parts: 0,
            queue,
        }
    }

    /// Adds a field: a part with a `Content-Disposition` header and no other.
    ///
    /// The value goes out byte for byte as it is, line ends included. Browsers make every line end
    /// CRLF; here the value may have been signed.
    ///
    /// # Errors
    ///
    /// [`InvalidPart`] when the name is refused, or the form becomes longer than `u64::MAX` bytes.
    /// [`InvalidPartKind`] lists what is refused in a name, and why.
    ///
    /// # Examples
    ///
    /// ```
    /// use wxpay_multipart::{Form, InvalidPartKind};
    ///
    /// let form = Form::new().text("mch_id", "1000000000")?;
    /// assert!(matches!(form.text("", "x").unwrap_err().kind(), InvalidPartKind::EmptyName));
    /// # Ok::<(), wxpay_multipart::InvalidPart>(())
    /// ```
    pub fn text(self, name: impl AsRef<str>, value: impl AsRef<str>) -> Result<Self, InvalidPart> {
        let name = name.as_ref();
        self.part(name, Header::text(name), |queue| {
            queue.copy(value.as_ref().as_bytes())
        })
    }

    /// Adds a file that is in memory. Its bytes are shared with the body, never copied.
    ///
    /// `content_type` is the file's media type, such as `image/png`, with parameters or without. An
    /// empty `filename` is sent as it is: browsers send one where no file was chosen, and some
    /// servers then drop the part.
    ///
    /// # Errors
    ///
    /// [`InvalidPart`] when the name, the file name or the content type is refused, or the form
    /// becomes longer than `u64::MAX` bytes. [`InvalidPartKind`] lists what is refused, and why.
    ///
    /// # Examples
    ///
    /// ```
    /// use wxpay_multipart::{Form, InvalidPartKind};
    ///
    /// let picture = bytes::Bytes::from_static(b"\x89PNG\r\n\x1a\n");
    /// let form = Form::new().file("media", "营业执照.png", "image/png", picture.clone())?;
    ///
    /// let error = form.file("media", "shop.png", "png", picture).unwrap_err();
    /// assert!(matches!(error.kind(), InvalidPartKind::ContentType { .. }));
    /// # Ok::<(), wxpay_multipart::InvalidPart>(())
    /// ```
    pub fn file(
        self,
        name: impl AsRef<str>,
        filename: impl AsRef<str>,
        content_type: impl AsRef<str>,
        content: impl Into<Bytes>,
    ) -> Result<Self, InvalidPart> {
        let name = name.as_ref();
        let header = Header::file(name, filename.as_ref(), content_type.as_ref());
        self.part(name, header, |queue| queue.share(content.into()))
    }

    /// Adds a file that is read while it is sent: `len` bytes from the body that `factory` opens.
    ///
    /// The factory is called when the part's turn comes, once for every pass over the form: again for
    /// a clone of the body, as a retry sends it. It must open the same content each time, from its
    /// start, and must not block, for it runs where the body is polled. A content that is in memory
    /// anyway belongs in [`file`](Self::file).
    ///
    /// Data frames go out as the body yields them, without a copy; empty ones and trailers are
    /// dropped. When the content turns out to have more or fewer bytes than `len`, or fails, the
    /// body of the form ends in a [`BodyError`](crate::BodyError): the request is never completed
    /// with a short, cut or padded file. The factory itself cannot fail: an error in opening is the
    /// first thing that the body yields.
    ///
    /// # Errors
    ///
    /// As [`file`](Self::file).
    ///
    /// # Examples
    ///
    /// ```
    /// use bytes::Bytes;
    /// use futures_util::stream;
    /// use http_body::Frame;
    /// use http_body_util::StreamBody;
    /// use wxpay_multipart::Form;
    ///
    /// let chunks = [&b"one, "[..], b"two"];
    /// let open = move || {
    ///     let frames = chunks.map(|chunk| Ok::<_, std::io::Error>(Frame::data(Bytes::from(chunk))));
    ///     StreamBody::new(stream::iter(frames))
    /// };
    /// let form = Form::new().stream("media", "counting.txt", "text/plain", 8, open)?;
    /// # Ok::<(), wxpay_multipart::InvalidPart>(())
    /// ```
    pub fn stream<F, B>(
        self,
        name: impl AsRef<str>,
        filename: impl AsRef<str>,
        content_type: impl AsRef<str>,
        len: u64,
        factory: F,
    ) -> Result<Self, InvalidPart>
    where
        F: Fn() -> B + Send + Sync + 'static,
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let name = name.as_ref();
        let header = Header::file(name, filename.as_ref(), content_type.as_ref());
        self.part(name, header, |queue| {
            queue.open_later(Source::new(name, len, factory))
        })
    }

    /// The value for the request's `Content-Type`: `multipart/form-data; boundary=…`, unquoted.
    ///
    /// # Examples
    ///
    /// ```
    /// use wxpay_multipart::{Boundary, Form};
    ///
    /// let form = Form::with_boundary(Boundary::new("b")?);
    /// assert_eq!(form.content_type(), "multipart/form-data; boundary=b");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    #[expect(
        clippy::missing_panics_doc,
        reason = "a boundary is valid in every header"
    )]
    pub fn content_type(&self) -> HeaderValue {
        HeaderValue::try_from(format!("multipart/form-data; boundary={}", self.boundary))
            .expect("letters and digits are valid in a header")
    }

    /// How many bytes the body has, for signing, logging or a progress bar.
    ///
    /// It is the sum over what was queued, the very pieces that the body will hand out.
    ///
    /// # Examples
    ///
    /// ```
    /// use wxpay_multipart::{Boundary, Form};
    ///
    /// let form = Form::with_boundary(Boundary::new("b")?);
    /// assert_eq!(form.content_length(), "--b--\r\n".len() as u64);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn content_length(&self) -> u64 {
        self.queue.len()
    }

    /// What separates this form's parts.
    ///
    /// # Examples
    ///
    /// ```
    /// use wxpay_multipart::Form;
    ///
    /// let form = Form::new();
    /// let content_type = format!("multipart/form-data; boundary={}", form.boundary());
    /// assert_eq!(form.content_type(), content_type);
    /// ```
    #[must_use]
    pub fn boundary(&self) -> &Boundary {
        &self.boundary
    }

    /// The form as it is sent. Take [`content_type`](Self::content_type) first.
    ///
    /// # Examples
    ///
    /// ```
    /// use http_body::Body;
    /// use wxpay_multipart::Form;
    ///
    /// let form = Form::new().text("mch_id", "1000000000")?;
    /// let length = form.content_length();
    /// assert_eq!(form.into_body().size_hint().exact(), Some(length));
    /// # Ok::<(), wxpay_multipart::InvalidPart>(())
    /// ```
    #[must_use]
    pub fn into_body(self) -> FormBody {
        FormBody::new(self.queue.finish())
    }

    /// Queues one part: delimiter, header, content, line end.
    fn part(
        mut self,
        name: &str,
        header: Result<Header<'_>, InvalidPartKind>,
        content: impl FnOnce(&mut Queue) -> Result<(), LengthOverflow>,
    ) -> Result<Self, InvalidPart> {
        self.parts += 1;
        let queued = header.and_then(|header| {
            let boundary = &self.boundary;
            self.queue
                .print(format_args!("--{boundary}\r\n{header}\r\n"))?;
            content(&mut self.queue)?;
            self.queue.copy(b"\r\n")?;
            Ok(())
        });
        match queued {
            Ok(()) => Ok(self),
            Err(kind) => Err(InvalidPart::new(name, self.parts, kind)),
        }
    }
}

/// [`Form::new`], random boundary included.
impl Default for Form {
    fn default() -> Self {
        Self::new()
    }
}

/// Without the contents: they may be large, or signatures.
impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Form")
            .field("boundary", &self.boundary)
            .field("parts", &self.parts)
            .field("content_length", &self.content_length())
            .finish()
    }
}
