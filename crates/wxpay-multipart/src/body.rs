//! The form as an HTTP client sends it.

mod error;
mod queue;
mod source;

use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

pub use self::error::BodyError;
pub(crate) use self::queue::{LengthOverflow, Queue};
pub(crate) use self::source::Source;

use self::queue::{Segment, Segments};
use self::source::Opened;

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
/// # Examples
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
    segments: Arc<Segments>,
    /// The segment whose turn it is.
    next: usize,
    /// That segment's stream, once it was opened.
    opened: Option<Opened>,
    remaining: u64,
}

impl FormBody {
    pub(crate) fn new(segments: Arc<Segments>) -> Self {
        let remaining = segments.len();
        Self {
            segments,
            next: 0,
            opened: None,
            remaining,
        }
    }

    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        loop {
            match self.segments.at(self.next) {
                None => return Poll::Ready(None),
                Some(Segment::Bytes(bytes)) => {
                    self.next += 1;
                    return Poll::Ready(Some(Ok(bytes.clone())));
                }
                Some(Segment::Stream(source)) => {
                    let opened = self.opened.get_or_insert_with(|| source.open());
                    match ready!(opened.poll_data(cx)) {
                        Some(polled) => return Poll::Ready(Some(polled)),
                        None => {
                            self.opened = None;
                            self.next += 1;
                        }
                    }
                }
            }
        }
    }

    /// Drops what has not been sent.
    fn end(&mut self) {
        self.next = self.segments.count();
        self.opened = None;
        self.remaining = 0;
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
        let polled = ready!(this.poll_data(cx));
        match &polled {
            Some(Ok(data)) => this.remaining -= data.len() as u64,
            Some(Err(_)) => this.end(),
            None => {}
        }
        Poll::Ready(polled.map(|data| data.map(Frame::data)))
    }

    // The closing delimiter comes last, so that no bytes remain exactly when no segment does.
    fn is_end_stream(&self) -> bool {
        self.remaining == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.remaining)
    }
}

/// The whole form, from the beginning.
impl Clone for FormBody {
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.segments))
    }
}

/// Without the contents: they may be large, or signatures.
impl fmt::Debug for FormBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FormBody")
            .field("content_length", &self.segments.len())
            .field("remaining", &self.remaining)
            .finish_non_exhaustive()
    }
}
