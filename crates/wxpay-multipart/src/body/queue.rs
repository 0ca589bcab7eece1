//! What a form consists of, in the order in which it is sent.

use std::{
    fmt::{self, Write as _},
    sync::Arc,
};

use bytes::{Bytes, BytesMut};

use super::source::Source;

/// The form would have more than `u64::MAX` bytes.
pub(crate) struct LengthOverflow;

/// A piece of a form that is handed out by itself.
#[derive(Clone)]
pub(super) enum Segment {
    /// Headers, texts and delimiters in one run, or a file in memory. Never empty.
    Bytes(Bytes),
    Stream(Source),
}

/// Room made at once: all that goes around the picture of an upload fits.
const RUN: usize = 1024;

/// A form while it is built.
///
/// The length grows with each piece in the same call that queues it. There is no formula beside the
/// writer that could disagree with it.
#[derive(Clone)]
pub(crate) struct Queue {
    segments: Vec<Segment>,
    /// What was copied since the last segment.
    run: BytesMut,
    /// What comes after the last part.
    tail: Bytes,
    len: u64,
}

impl Queue {
    /// The tail counts from the start, so that no part leaves too little room for it.
    pub(crate) fn ending_in(tail: Bytes) -> Self {
        let len = tail.len() as u64;
        Self {
            segments: Vec::new(),
            run: BytesMut::with_capacity(RUN),
            tail,
            len,
        }
    }

    /// How many bytes the form has, tail included.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    pub(crate) fn copy(&mut self, bytes: &[u8]) -> Result<(), LengthOverflow> {
        self.grow(bytes.len() as u64)?;
        self.run.extend_from_slice(bytes);
        Ok(())
    }

    pub(crate) fn print(&mut self, text: fmt::Arguments<'_>) -> Result<(), LengthOverflow> {
        self.write_fmt(text).map_err(|_| LengthOverflow)
    }

    /// An empty one has no bytes of its own to hand out, and does not end the run.
    pub(crate) fn share(&mut self, bytes: Bytes) -> Result<(), LengthOverflow> {
        self.grow(bytes.len() as u64)?;
        if !bytes.is_empty() {
            self.end_run();
            self.segments.push(Segment::Bytes(bytes));
        }
        Ok(())
    }

    pub(crate) fn open_later(&mut self, source: Source) -> Result<(), LengthOverflow> {
        self.grow(source.declared())?;
        self.end_run();
        self.segments.push(Segment::Stream(source));
        Ok(())
    }

    pub(crate) fn finish(mut self) -> Arc<Segments> {
        self.run.extend_from_slice(&self.tail);
        self.end_run();
        Arc::new(Segments {
            list: self.segments,
            len: self.len,
        })
    }

    fn grow(&mut self, by: u64) -> Result<(), LengthOverflow> {
        self.len = self.len.checked_add(by).ok_or(LengthOverflow)?;
        Ok(())
    }

    /// There always is one: a delimiter and a header go before every content, and the tail last.
    fn end_run(&mut self) {
        let run = self.run.split().freeze();
        self.segments.push(Segment::Bytes(run));
    }
}

/// Fails when the form becomes too long, and for no other reason.
impl fmt::Write for Queue {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.copy(text.as_bytes()).map_err(|_| fmt::Error)
    }
}

/// A finished form. Clones of a body share it.
pub(crate) struct Segments {
    list: Vec<Segment>,
    len: u64,
}

impl Segments {
    pub(super) fn at(&self, index: usize) -> Option<&Segment> {
        self.list.get(index)
    }

    pub(super) fn count(&self) -> usize {
        self.list.len()
    }

    /// How many bytes the form has.
    pub(super) fn len(&self) -> u64 {
        self.len
    }
}
