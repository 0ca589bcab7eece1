//! The body that an HTTP client sends.

use std::{
    error::Error,
    fmt, io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Waker, ready},
};

use bytes::{Buf, Bytes};
use http_body::{Body, Frame, SizeHint};
use http_body_util::combinators::UnsyncBoxBody;

/// A form as a body of exactly known length.
///
/// Its [size hint](Body::size_hint) is always exact: the number of bytes that are not sent yet. So
/// an HTTP client sends a `Content-Length` and nothing chunked. Files in memory are sent without a
/// copy; everything between two files is one frame.
///
/// **A clone starts from the beginning, whatever the original has sent**: a retry sends the same
/// bytes, with every [stream](crate::Form::stream) opened anew. A clone copies no contents.
///
/// The body ends with its first [`BodyError`]; nothing stands in for the missing bytes. An HTTP
/// client then aborts the request, so that the server does not take it for a complete one.
///
/// ```
/// use http_body::Body;
/// use wxpay_multipart::{Boundary, Form};
///
/// let form = Form::with_boundary(Boundary::new("b")?).text("mch_id", "1000000000")?;
/// let length = form.content_length();
/// assert_eq!(form.into_body().size_hint().exact(), Some(length));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct FormBody {
    pub(crate) segments: Arc<[Segment]>,
    content_length: u64,
    /// The index of the segment that is sent next.
    next: usize,
    /// That segment's stream, once it is opened.
    opened: Option<Opened>,
    /// The rest of a frame that was read in part.
    unread: Bytes,
    remaining: u64,
}

/// A piece of a form.
#[derive(Clone)]
pub(crate) enum Segment {
    /// A run of headers, texts and delimiters, or a file in memory. Never empty.
    Bytes(Bytes),
    Stream(Source),
}

impl FormBody {
    pub(crate) fn new(segments: Arc<[Segment]>, content_length: u64) -> Self {
        Self {
            segments,
            content_length,
            next: 0,
            opened: None,
            unread: Bytes::new(),
            remaining: content_length,
        }
    }

    /// The next bytes, never empty; after an error nothing.
    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        if !self.unread.is_empty() {
            return Poll::Ready(Some(Ok(std::mem::take(&mut self.unread))));
        }
        loop {
            let source = match self.segments.get(self.next) {
                None => return Poll::Ready(None),
                Some(Segment::Bytes(bytes)) => {
                    self.next += 1;
                    return Poll::Ready(Some(Ok(bytes.clone())));
                }
                Some(Segment::Stream(source)) => source,
            };
            let opened = self.opened.get_or_insert_with(|| Opened::new(source));
            match ready!(opened.poll_data(source, cx)) {
                Some(Ok(data)) => return Poll::Ready(Some(Ok(data))),
                Some(Err(error)) => {
                    self.next = self.segments.len();
                    self.remaining = 0;
                    self.opened = None;
                    return Poll::Ready(Some(Err(error)));
                }
                None => {
                    self.opened = None;
                    self.next += 1;
                }
            }
        }
    }
}

impl Body for FormBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        let data = ready!(this.poll_data(cx));
        if let Some(Ok(data)) = &data {
            this.remaining -= data.len() as u64;
        }
        Poll::Ready(data.map(|data| data.map(Frame::data)))
    }

    // The closing delimiter is last: no bytes remain exactly when no segment does.
    fn is_end_stream(&self) -> bool {
        self.remaining == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.remaining)
    }
}

/// For blocking HTTP clients. A [stream](crate::Form::stream) that is not ready is the error
/// [`WouldBlock`](io::ErrorKind::WouldBlock): a read does not wait for it.
impl io::Read for FormBody {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut data = match self.poll_data(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(None) => return Ok(0),
            Poll::Ready(Some(data)) => data.map_err(io::Error::other)?,
            Poll::Pending => {
                let text = "a stream of the form is not ready, and this body does not wait";
                return Err(io::Error::new(io::ErrorKind::WouldBlock, text));
            }
        };
        let read = data.len().min(buffer.len());
        data.copy_to_slice(&mut buffer[..read]);
        self.remaining -= read as u64;
        self.unread = data;
        Ok(read)
    }
}

/// The form from its beginning.
impl Clone for FormBody {
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.segments), self.content_length)
    }
}

/// Shows no contents: they may be large, or signatures.
impl fmt::Debug for FormBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FormBody")
            .field("content_length", &self.content_length)
            .field("remaining", &self.remaining)
            .finish_non_exhaustive()
    }
}

/// A [stream](crate::Form::stream) failed or had another length than declared, and the [`FormBody`]
/// ended. The server has no complete request. Forms of texts and files in memory have no errors.
///
/// ```
/// use http_body_util::Full;
/// use wxpay_multipart::Form;
///
/// let open = || Full::new(bytes::Bytes::from_static(b"three"));
/// let form = Form::new().stream("media", "shop.png", "image/png", 8, open)?;
/// let error = std::io::read_to_string(form.into_body()).unwrap_err();
/// let text = r#"the stream of part "media" ended after 5 of the 8 bytes that were declared"#;
/// assert_eq!(error.to_string(), text);
/// # Ok::<(), wxpay_multipart::PartError>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BodyError {
    /// The stream was too short: another length was declared, or its file has shrunk. A retry helps
    /// only if the factory then opens the declared length.
    #[error(
        "the stream of part {part:?} ended after {yielded} of the {declared} bytes that were declared"
    )]
    #[non_exhaustive]
    Short {
        /// The part's name.
        part: String,
        /// The length in bytes that [`Form::stream`](crate::Form::stream) was given.
        declared: u64,
        /// The number of bytes that the stream had.
        yielded: u64,
    },
    /// The stream was too long: another length was declared, or its file has grown. The frame
    /// beyond that length was not sent. A retry helps only if the factory then opens the declared
    /// length.
    #[error(
        "the stream of part {part:?} has at least {yielded} bytes where {declared} were declared"
    )]
    #[non_exhaustive]
    Long {
        /// The part's name.
        part: String,
        /// The length in bytes that [`Form::stream`](crate::Form::stream) was given.
        declared: u64,
        /// The number of bytes up to the end of that frame.
        yielded: u64,
    },
    /// The stream failed. Its error tells whether a retry helps.
    #[error("the stream of part {part:?} failed")]
    #[non_exhaustive]
    Source {
        /// The part's name.
        part: String,
        /// The error of the stream.
        source: BoxError,
    },
}

pub(crate) type BoxError = Box<dyn Error + Send + Sync>;

/// A stream of declared length that can be opened again.
#[derive(Clone)]
pub(crate) struct Source {
    pub(crate) part: Arc<str>,
    pub(crate) declared: u64,
    pub(crate) open: Arc<dyn Fn() -> UnsyncBoxBody<Bytes, BoxError> + Send + Sync>,
}

/// A stream that is being read.
struct Opened {
    yielded: u64,
    /// Never locked: the mutex makes a body that is only `Send` also `Sync`.
    body: Mutex<UnsyncBoxBody<Bytes, BoxError>>,
}

impl Opened {
    fn new(source: &Source) -> Self {
        let body = Mutex::new((source.open)());
        Self { yielded: 0, body }
    }

    /// The next bytes, never empty and in all never more than declared; `None` after exactly as
    /// many as declared. Not to be polled after an error or `None`.
    fn poll_data(
        &mut self,
        source: &Source,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, BodyError>>> {
        let part = || source.part.to_string();
        let data = match ready!(self.poll_filled_frame(cx)) {
            Ok(data) => data,
            Err(error) => {
                let (part, source) = (part(), error);
                return Poll::Ready(Some(Err(BodyError::Source { part, source })));
            }
        };
        let length = data.as_ref().map_or(0, Bytes::len) as u64;
        self.yielded = self.yielded.saturating_add(length);
        let (declared, yielded) = (source.declared, self.yielded);
        Poll::Ready(match data {
            Some(_) if yielded > declared => Some(Err(BodyError::Long {
                part: part(),
                declared,
                yielded,
            })),
            None if yielded < declared => Some(Err(BodyError::Short {
                part: part(),
                declared,
                yielded,
            })),
            data => data.map(Ok),
        })
    }

    /// The next frame of data that is not empty. Trailers are skipped, too: a part has none.
    fn poll_filled_frame(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, BoxError>> {
        let body = self.body.get_mut().unwrap_or_else(PoisonError::into_inner);
        // After 32 skipped frames other tasks get their turn: a stream of empty frames that is
        // always ready must not block the thread.
        for _ in 0..32 {
            match ready!(Pin::new(&mut *body).poll_frame(cx)?) {
                None => return Poll::Ready(Ok(None)),
                Some(frame) => match frame.into_data() {
                    Ok(data) if !data.is_empty() => return Poll::Ready(Ok(Some(data))),
                    _ => {}
                },
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
