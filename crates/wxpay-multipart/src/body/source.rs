//! A stream of declared length that can be opened again.

use std::{
    error::Error,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::Body;

use super::error::BodyError;

/// So many empty frames are skipped before other tasks get their turn: a stream that always has
/// another one ready must not hold the thread.
const EMPTY_FRAMES_A_POLL: usize = 32;

/// A stream that was not opened yet: what [`Form::stream`](crate::Form::stream) was given.
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
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        Self {
            part: part.into(),
            declared,
            open: Arc::new(move || Box::pin(factory())),
        }
    }

    pub(super) fn declared(&self) -> u64 {
        self.declared
    }

    pub(super) fn open(&self) -> Opened {
        Opened {
            part: Arc::clone(&self.part),
            declared: self.declared,
            yielded: 0,
            body: Mutex::new((self.open)()),
        }
    }
}

/// A stream in the course of being read.
pub(super) struct Opened {
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
    pub(super) fn poll_data(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, BodyError>>> {
        let body = self.body.get_mut().unwrap_or_else(PoisonError::into_inner);
        Poll::Ready(match ready!(body.as_mut().poll_data(cx)) {
            Some(Ok(data)) => {
                self.yielded = self.yielded.saturating_add(data.len() as u64);
                Some(if self.yielded > self.declared {
                    Err(self.long())
                } else {
                    Ok(data)
                })
            }
            Some(Err(source)) => Some(Err(BodyError::Source {
                part: self.part.to_string(),
                source,
            })),
            None if self.yielded < self.declared => Some(Err(self.short())),
            None => None,
        })
    }

    fn short(&self) -> BodyError {
        BodyError::Short {
            part: self.part.to_string(),
            declared: self.declared,
            yielded: self.yielded,
        }
    }

    fn long(&self) -> BodyError {
        BodyError::Long {
            part: self.part.to_string(),
            declared: self.declared,
            yielded: self.yielded,
        }
    }
}

/// What a form needs of a [`Body`], with its error boxed, so that bodies of all types fit one box.
trait PollData: Send {
    /// The next bytes that are not empty.
    fn poll_data(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Box<dyn Error + Send + Sync>>>>;
}

impl<B> PollData for B
where
    B: Body<Data = Bytes> + Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    fn poll_data(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Box<dyn Error + Send + Sync>>>> {
        for _ in 0..EMPTY_FRAMES_A_POLL {
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
