//! The form as an HTTP client sends it.

use std::{
    error::Error,
    fmt, io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Waker, ready},
};

use bytes::{Buf, Bytes};
use http_body::{Body, Frame, SizeHint};

/// A form on its way out, of exactly known length.
///
/// Its [size hint](Body::size_hint) is exact at every moment: the bytes that are still to come. An
/// HTTP client therefore sends a `Content-Length` and nothing chunked. Files in memory are handed out
/// as the [`Bytes`] that they are, without a copy; everything between two files is one frame.
///
/// # A clone starts from the beginning
///
/// **A clone is the whole form, whatever the original has already sent.** It is what a retry needs:
/// the same bytes again, from the first, with every [stream](crate::Form::stream) opened anew. It is
/// not a second reader at the original's place. Cloning copies no contents and costs no allocation.
///
/// # After an error
///
/// The body is over after its first [`BodyError`]: nothing follows, and nothing is made up for the
/// bytes that are missing. An HTTP client breaks the request off, so that the server does not take
/// it for a complete one. A clone starts over, from the beginning, here too.
///
/// ```
/// use http_body::Body;
/// use http_body_util::BodyExt;
/// use wxpay_multipart::{Boundary, Form};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let form = Form::with_boundary(Boundary::new("b")?).text("mch_id", "1000000000")?;
/// let mut body = form.into_body();
/// let whole = body.size_hint().exact();
///
/// body.frame().await.ok_or("a form has at least one frame")??;
/// assert!(body.is_end_stream());
///
/// // A retry takes a clone, which is whole again.
/// assert_eq!(body.clone().size_hint().exact(), whole);
/// let bytes = body.clone().collect().await?.to_bytes();
/// assert_eq!(
///     bytes,
///     "--b\r\nContent-Disposition: form-data; name=\"mch_id\"\r\n\r\n1000000000\r\n--b--\r\n"
/// );
/// # Ok(())
/// # }
/// ```
pub struct FormBody {
    segments: Arc<[Segment]>,
    content_length: u64,
    /// The segment whose turn it is.
    next: usize,
    /// That segment's stream, once it was opened.
    opened: Option<Opened>,
    /// The rest of a segment that was read in part.
    unread: Bytes,
    remaining: u64,
}

/// A piece of a form that is handed out by itself.
#[derive(Clone)]
pub(crate) enum Segment {
    /// Headers, texts and delimiters in one run, or a file in memory. Never empty.
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

    pub(crate) fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The next bytes, never empty; after an error nothing.
    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        if !self.unread.is_empty() {
            return Poll::Ready(Some(Ok(std::mem::take(&mut self.unread))));
        }
        loop {
            match self.segments.get(self.next) {
                None => return Poll::Ready(None),
                Some(Segment::Bytes(bytes)) => {
                    self.next += 1;
                    return Poll::Ready(Some(Ok(bytes.clone())));
                }
                Some(Segment::Stream(source)) => {
                    let opened = self.opened.get_or_insert_with(|| source.open());
                    match ready!(opened.poll_data(cx)) {
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

    // The closing delimiter comes last, so that no bytes remain exactly when no segment does.
    fn is_end_stream(&self) -> bool {
        self.remaining == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.remaining)
    }
}

/// For HTTP clients that block. A [stream](crate::Form::stream) that is not ready is an error,
/// [`WouldBlock`](io::ErrorKind::WouldBlock): nothing here waits for it.
///
/// ```
/// use std::io::Read;
/// use wxpay_multipart::Form;
///
/// let form = Form::new().text("mch_id", "1000000000")?;
/// let (length, mut sent) = (form.content_length(), Vec::new());
/// assert_eq!(form.into_body().read_to_end(&mut sent)? as u64, length);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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

/// The whole form, from the beginning.
impl Clone for FormBody {
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.segments), self.content_length)
    }
}

/// Without the contents: they may be large, or signatures.
impl fmt::Debug for FormBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FormBody")
            .field("content_length", &self.content_length)
            .field("remaining", &self.remaining)
            .finish_non_exhaustive()
    }
}

/// Why a [`FormBody`] broke off: a [stream](crate::Form::stream) did not keep to what was declared.
/// The server did not get a complete request. Forms of texts and files in memory have no errors.
///
/// ```
/// use bytes::Bytes;
/// use http_body_util::{BodyExt, Full};
/// use wxpay_multipart::{BodyError, Form};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let open = || Full::new(Bytes::from_static(b"three"));
/// let form = Form::new().stream("media", "shop.png", "image/png", 8, open)?;
///
/// let error = form.into_body().collect().await.unwrap_err();
/// assert!(matches!(error, BodyError::Short { declared: 8, yielded: 5, .. }));
/// assert_eq!(
///     error.to_string(),
///     r#"the stream of part "media" ended after 5 of the 8 bytes that were declared"#
/// );
/// # Ok(())
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BodyError {
    /// The stream ended too early: it was declared too long, or what it reads has shrunk. A retry
    /// helps only when the factory then opens the declared length.
    #[error(
        "the stream of part {part:?} ended after {yielded} of the {declared} bytes that were declared"
    )]
    #[non_exhaustive]
    Short {
        /// The part's name.
        part: String,
        /// The length in bytes that [`Form::stream`](crate::Form::stream) was given.
        declared: u64,
        /// How many bytes the stream had.
        yielded: u64,
    },
    /// The stream has more than was declared: it was declared too short, or what it reads has grown.
    /// The frame that went too far was not sent. A retry helps only when the factory then opens the
    /// declared length.
    #[error(
        "the stream of part {part:?} has at least {yielded} bytes where {declared} were declared"
    )]
    #[non_exhaustive]
    Long {
        /// The part's name.
        part: String,
        /// The length in bytes that [`Form::stream`](crate::Form::stream) was given.
        declared: u64,
        /// How many bytes came until it was noticed.
        yielded: u64,
    },
    /// The stream failed by itself. Its error tells whether a retry helps.
    #[error("the stream of part {part:?} failed")]
    #[non_exhaustive]
    Source {
        /// The part's name.
        part: String,
        /// The error of the stream.
        source: BoxError,
    },
}

type BoxError = Box<dyn Error + Send + Sync>;

/// A stream of declared length that can be opened again: what [`Form::stream`](crate::Form::stream)
/// was given.
#[derive(Clone)]
pub(crate) struct Source {
    part: Arc<str>,
    declared: u64,
    open: Arc<dyn Fn() -> Pin<Box<dyn PollData>> + Send + Sync>,
}

impl Source {
    pub(crate) fn new<F, B>(part: &str, declared: u64, factory: F) -> Self
    where
        F: Fn() -> B + Send + Sync + 'static,
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let open = Arc::new(move || -> Pin<Box<dyn PollData>> { Box::pin(factory()) });
        Self {
            part: part.into(),
            declared,
            open,
        }
    }

    fn open(&self) -> Opened {
        let body = Mutex::new((self.open)());
        Opened {
            part: Arc::clone(&self.part),
            declared: self.declared,
            yielded: 0,
            body,
        }
    }
}

/// A stream in the course of being read.
struct Opened {
    part: Arc<str>,
    declared: u64,
    yielded: u64,
    /// Never locked: the mutex makes a body that is only `Send` also `Sync`, and there is always a
    /// `&mut` at hand.
    body: Mutex<Pin<Box<dyn PollData>>>,
}

impl Opened {
    /// The next bytes, never empty and in all never more than declared; `None` once that is exactly
    /// what came. Not to be polled after an error or `None`.
    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        let body = self.body.get_mut().unwrap_or_else(PoisonError::into_inner);
        let data = ready!(body.as_mut().poll_data(cx));
        if let Some(Ok(data)) = &data {
            self.yielded = self.yielded.saturating_add(data.len() as u64);
        }
        let part = || self.part.to_string();
        let (declared, yielded) = (self.declared, self.yielded);
        Poll::Ready(match data {
            Some(Err(source)) => {
                let part = part();
                Some(Err(BodyError::Source { part, source }))
            }
            Some(Ok(_)) if yielded > declared => {
                let part = part();
                Some(Err(BodyError::Long {
                    part,
                    declared,
                    yielded,
                }))
            }
            Some(Ok(data)) => Some(Ok(data)),
            None if yielded < declared => {
                let part = part();
                Some(Err(BodyError::Short {
                    part,
                    declared,
                    yielded,
                }))
            }
            None => None,
        })
    }
}

/// The part of [`Body`] that a form needs, with its error boxed, so that bodies of all types fit one
/// box.
trait PollData: Send {
    /// The next bytes that are not empty.
    fn poll_data(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, BoxError>>>;
}

impl<B> PollData for B
where
    B: Body<Data = Bytes> + Send,
    B::Error: Into<BoxError>,
{
    fn poll_data(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, BoxError>>> {
        // Empty frames are skipped, but so many before other tasks get their turn: a stream that
        // always has another one ready must not hold the thread.
        for _ in 0..32 {
            match ready!(self.as_mut().poll_frame(cx)) {
                // A part has no trailers: a frame of them counts as an empty one.
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) if !data.is_empty() => return Poll::Ready(Some(Ok(data))),
                    _ => {}
                },
                Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
                None => return Poll::Ready(None),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
