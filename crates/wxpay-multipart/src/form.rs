//! Building a form: every method checks one part and queues it.

use std::{fmt, sync::Arc};

use bytes::{Bytes, BytesMut};
use http::HeaderValue;
use http_body::Body;
use http_body_util::BodyExt;

use crate::{
    body::{BoxError, FormBody, Segment, Source},
    boundary::Boundary,
    header::{PartError, PartErrorKind, header},
};

/// A `multipart/form-data` form: parts in the order in which they were added.
///
/// Set [`content_type`](Self::content_type) on the request and send [`into_body`](Self::into_body).
/// Set no `Content-Length`: an HTTP client takes it from the body.
///
/// A form without parts is its closing delimiter alone, `--boundary--`, as browsers send it. RFC
/// 2046 asks for at least one part: some readers accept such a form (multer), others do not
/// (Python's `email`).
///
/// ```
/// use http::{Request, header::CONTENT_TYPE};
///
/// let form = wxpay_multipart::Form::new()
///     .text("mch_id", "1000000000")?
///     .file("media", "营业执照.png", "image/png", &b"\x89PNG\r\n\x1a\n"[..])?;
/// let request = Request::post("https://api.mch.weixin.qq.com/secapi/mch/uploadmedia")
///     .header(CONTENT_TYPE, form.content_type())
///     .body(form.into_body())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Form {
    boundary: Boundary,
    parts: usize,
    segments: Vec<Segment>,
    /// Headers, texts and delimiters since the last segment.
    run: BytesMut,
    /// The length of the body, which includes the closing delimiter from the start.
    len: u64,
}

impl Form {
    /// A form without parts, with a [random boundary](Boundary::random).
    ///
    /// # Panics
    ///
    /// When the operating system has no random bits.
    #[must_use]
    pub fn new() -> Self {
        Self::with_boundary(Boundary::random())
    }

    /// A form without parts, with a boundary of the caller's.
    #[must_use]
    pub fn with_boundary(boundary: Boundary) -> Self {
        let len = closing(&boundary).len() as u64;
        Self {
            boundary,
            parts: 0,
            segments: Vec::new(),
            // Everything around the picture of an upload fits.
            run: BytesMut::with_capacity(1024),
            len,
        }
    }

    /// Adds a field: a part with a `Content-Disposition` header and no other.
    ///
    /// The value is sent byte for byte; it may be signed. Browsers change line ends to CRLF.
    ///
    /// # Errors
    ///
    /// [`PartError`]; [`PartErrorKind`] lists what is refused in a name, and why.
    pub fn text(self, name: impl AsRef<str>, value: impl AsRef<str>) -> Result<Self, PartError> {
        let value = value.as_ref().as_bytes();
        self.part(name.as_ref(), None, value.len() as u64, |form| {
            form.run.extend_from_slice(value);
        })
    }

    /// Adds a file in memory. The body shares its bytes without a copy.
    ///
    /// `content_type` is the file's media type, such as `image/png`, with parameters or without. An
    /// empty `filename` is allowed: browsers send one where no file was chosen, and some servers
    /// drop the part.
    ///
    /// # Errors
    ///
    /// [`PartError`]; [`PartErrorKind`] lists what is refused, and why.
    pub fn file(
        self,
        name: impl AsRef<str>,
        filename: impl AsRef<str>,
        content_type: impl AsRef<str>,
        content: impl Into<Bytes>,
    ) -> Result<Self, PartError> {
        let file = Some((filename.as_ref(), content_type.as_ref()));
        let content = content.into();
        self.part(name.as_ref(), file, content.len() as u64, |form| {
            // A segment is never empty.
            if !content.is_empty() {
                form.push(Segment::Bytes(content));
            }
        })
    }

    /// Adds a file that is read while it is sent: `len` bytes from the body that `factory` opens.
    ///
    /// The factory is called when the part is reached, once for the body and once for each clone.
    /// It opens the same content each time, and must not block, since it runs where the body is
    /// polled. If opening fails, its body yields the error.
    ///
    /// Data frames are sent without a copy; empty ones and trailers are dropped. If the content has
    /// more or fewer bytes than `len`, or fails, the body of the form ends in a
    /// [`BodyError`](crate::BodyError): no request is completed with a short, cut or padded file.
    ///
    /// # Errors
    ///
    /// As [`file`](Self::file).
    ///
    /// ```
    /// use futures_util::{TryFutureExt, TryStreamExt};
    /// use http_body::Frame;
    /// use http_body_util::StreamBody;
    /// use tokio::fs::File;
    /// use tokio_util::io::ReaderStream;
    /// use wxpay_multipart::Form;
    ///
    /// # let path = std::env::current_exe()?;
    /// let len = std::fs::metadata(&path)?.len();
    /// let open = move || {
    ///     let file = File::open(path.clone()).map_ok(ReaderStream::new);
    ///     StreamBody::new(file.try_flatten_stream().map_ok(Frame::data))
    /// };
    /// let form = Form::new().stream("media", "shop.png", "image/png", len, open)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn stream<F, B>(
        self,
        name: impl AsRef<str>,
        filename: impl AsRef<str>,
        content_type: impl AsRef<str>,
        len: u64,
        factory: F,
    ) -> Result<Self, PartError>
    where
        F: Fn() -> B + Send + Sync + 'static,
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let name = name.as_ref();
        let file = Some((filename.as_ref(), content_type.as_ref()));
        self.part(name, file, len, |form| {
            form.push(Segment::Stream(Source {
                part: name.into(),
                declared: len,
                open: Arc::new(move || factory().map_err(Into::into).boxed_unsync()),
            }));
        })
    }

    /// The value for the request's `Content-Type`: `multipart/form-data; boundary=…`, unquoted.
    #[must_use]
    #[expect(
        clippy::missing_panics_doc,
        reason = "a boundary is valid in every header"
    )]
    pub fn content_type(&self) -> HeaderValue {
        HeaderValue::try_from(format!("multipart/form-data; boundary={}", self.boundary))
            .expect("letters and digits are valid in a header")
    }

    /// The length of the body in bytes.
    #[must_use]
    pub fn content_length(&self) -> u64 {
        self.len
    }

    /// The boundary between this form's parts.
    #[must_use]
    pub fn boundary(&self) -> &Boundary {
        &self.boundary
    }

    /// The body to be sent. Take [`content_type`](Self::content_type) first.
    #[must_use]
    pub fn into_body(mut self) -> FormBody {
        let closing = closing(&self.boundary);
        self.run.extend_from_slice(closing.as_bytes());
        self.end_run();
        FormBody::new(self.segments.into(), self.len)
    }

    /// The body in one piece, for an HTTP client that takes bytes; `None` if a part is a
    /// [stream](Self::stream). Take [`content_type`](Self::content_type) first.
    #[must_use]
    pub fn into_bytes(self) -> Option<Bytes> {
        let mut whole = BytesMut::with_capacity(usize::try_from(self.len).ok()?);
        for segment in self.into_body().segments.iter() {
            match segment {
                Segment::Bytes(bytes) => whole.extend_from_slice(bytes),
                Segment::Stream(_) => return None,
            }
        }
        Some(whole.freeze())
    }

    /// Queues one part: delimiter, header, content of that length, line end.
    fn part(
        mut self,
        name: &str,
        file: Option<(&str, &str)>,
        len: u64,
        content: impl FnOnce(&mut Self),
    ) -> Result<Self, PartError> {
        self.parts += 1;
        let refuse = |kind| PartError {
            name: name.to_owned(),
            position: self.parts,
            kind,
        };
        let header = header(name, file).map_err(refuse)?;
        let start = format!("--{}\r\n{header}", self.boundary);
        self.run.extend_from_slice(start.as_bytes());
        let around = (start.len() + "\r\n".len()) as u64;
        let part = len.checked_add(around);
        let grown = part.and_then(|part| part.checked_add(self.len));
        self.len = grown.ok_or(PartErrorKind::TooLong).map_err(refuse)?;
        content(&mut self);
        self.run.extend_from_slice(b"\r\n");
        Ok(self)
    }

    fn push(&mut self, segment: Segment) {
        self.end_run();
        self.segments.push(segment);
    }

    /// Makes a segment of the run, which is never empty: a delimiter and a header precede every
    /// content, and the closing delimiter is last.
    fn end_run(&mut self) {
        self.segments
            .push(Segment::Bytes(self.run.split().freeze()));
    }
}

fn closing(boundary: &Boundary) -> String {
    format!("--{boundary}--\r\n")
}

/// [`Form::new`], with a random boundary.
impl Default for Form {
    fn default() -> Self {
        Self::new()
    }
}

/// Shows no contents: they may be large, or signatures.
impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Form")
            .field("boundary", &self.boundary)
            .field("parts", &self.parts)
            .field("content_length", &self.len)
            .finish_non_exhaustive()
    }
}
