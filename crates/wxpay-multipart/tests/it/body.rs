//! The body as an HTTP client uses it: length, clones, streams with errors.

use std::{
    error::Error,
    io::{self, Read as _},
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use futures_util::{FutureExt as _, StreamExt as _, stream};
use http::HeaderMap;
use http_body::{Body, Frame};
use http_body_util::{BodyExt as _, Full, StreamBody};
use wxpay_multipart::{BodyError, Boundary, Form, FormBody, PartErrorKind};

type Polled = Result<Frame<Bytes>, io::Error>;

fn form() -> Form {
    Form::with_boundary(Boundary::new("b").unwrap())
}

/// A form with one stream.
fn with_stream<F, B>(form: Form, declared: u64, open: F) -> Form
where
    F: Fn() -> B + Send + Sync + 'static,
    B: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    let form = form.stream("media", "shop.png", "image/png", declared, open);
    form.unwrap()
}

/// A form with a stream of these frames between two texts.
fn streaming<F>(declared: u64, frames: F) -> FormBody
where
    F: Fn() -> Vec<Polled> + Send + Sync + 'static,
{
    let open = move || StreamBody::new(stream::iter(frames()));
    let form = with_stream(form().text("before", "1").unwrap(), declared, open);
    form.text("after", "2").unwrap().into_body()
}

fn data(bytes: &'static [u8]) -> Polled {
    Ok(Frame::data(Bytes::from_static(bytes)))
}

/// All frames and the error, if there is one. It checks the size hints.
async fn send(body: &mut FormBody) -> (Vec<Bytes>, Option<BodyError>) {
    let mut frames = Vec::new();
    loop {
        let remaining = body.size_hint().exact().expect("an exact hint");
        assert_eq!(body.is_end_stream(), remaining == 0);
        match body.frame().await {
            Some(Ok(frame)) => {
                let frame = frame.into_data().expect("data, never trailers");
                assert!(!frame.is_empty());
                let left = remaining - frame.len() as u64;
                assert_eq!(body.size_hint().exact(), Some(left));
                frames.push(frame);
            }
            Some(Err(error)) => {
                assert!(body.is_end_stream());
                assert_eq!(body.size_hint().exact(), Some(0));
                assert!(body.frame().await.is_none(), "an error is the last thing");
                return (frames, Some(error));
            }
            None => {
                assert_eq!(remaining, 0, "the hint is what was sent");
                return (frames, None);
            }
        }
    }
}

pub(crate) async fn whole(mut body: FormBody) -> Bytes {
    let (frames, error) = send(&mut body).await;
    assert!(error.is_none(), "{error:?}");
    frames.concat().into()
}

#[test]
fn a_body_has_the_traits_that_clients_ask_for() {
    fn everywhere<T: Body + Clone + Send + Sync + Unpin + 'static>() {}
    everywhere::<FormBody>();
}

#[tokio::test]
async fn texts_are_one_frame_and_files_and_streams_are_not_copied() {
    let picture = Bytes::from(vec![7; 100_000]);
    let opened = picture.clone();
    let open = move || Full::new(opened.clone());
    let form = form().text("a", "1").unwrap().text("b", "2").unwrap();
    let before = form.clone();
    let file = before.file("media", "shop.png", "image/png", picture.clone());
    for form in [file.unwrap(), with_stream(form, 100_000, open)] {
        let form = form.file("empty", "none.png", "image/png", Bytes::new());
        let mut body = form.unwrap().text("c", "3").unwrap().into_body();
        let (frames, error) = send(&mut body).await;
        assert!(error.is_none());
        assert_eq!(frames.len(), 3);
        assert_eq!(frames[1].as_ptr(), picture.as_ptr());
        assert_eq!(frames[1].len(), picture.len());
    }
}

#[tokio::test]
async fn a_clone_starts_from_the_beginning() {
    let opened = Arc::new(Mutex::new(0));
    let counter = Arc::clone(&opened);
    let mut body = streaming(5, move || {
        *counter.lock().unwrap() += 1;
        vec![data(b"12"), data(b"345")]
    });
    assert_eq!(*opened.lock().unwrap(), 0, "opened when it is reached");
    let fresh = body.clone();

    // Half of the stream was sent.
    body.frame().await.unwrap().unwrap();
    body.frame().await.unwrap().unwrap();
    let half_sent = body.clone();
    assert!(half_sent.size_hint().exact() > body.size_hint().exact());
    assert_eq!(*opened.lock().unwrap(), 1);

    let expected = whole(fresh).await;
    assert!(expected.windows(9).any(|window| window == b"\r\n12345\r\n"));
    assert_eq!(whole(half_sent).await, expected);
    let (rest, _) = send(&mut body).await;
    assert!(expected.ends_with(&rest.concat()), "the original goes on");
    assert_eq!(whole(body.clone()).await, expected, "of one that was sent");
    assert_eq!(*opened.lock().unwrap(), 4, "once for every pass");
}

#[tokio::test]
async fn a_stream_of_another_length_is_an_error_and_its_surplus_is_not_sent() {
    for (declared, frames, sent, message) in [
        (5, "12|34", "\r\n\r\n1234", "ended after 4 of the 5 bytes"),
        (
            3,
            "12|34",
            "\r\n\r\n12",
            "has at least 4 bytes where 3 were",
        ),
        (
            2,
            "12||3",
            "\r\n\r\n12",
            "has at least 3 bytes where 2 were",
        ),
        (0, "1", "\r\n\r\n", "has at least 1 bytes where 0 were"),
    ] {
        let mut body = streaming(declared, move || {
            frames.split('|').map(|it| data(it.as_bytes())).collect()
        });
        let (frames, error) = send(&mut body).await;
        assert!(frames.concat().ends_with(sent.as_bytes()));
        let text = error.unwrap().to_string();
        let message = format!("the stream of part \"media\" {message}");
        assert!(text.starts_with(&message), "{text}");
        let (again, error) = send(&mut body.clone()).await;
        assert_eq!((again, error.unwrap().to_string()), (frames, text));
    }
}

#[tokio::test]
async fn the_error_of_a_stream_is_the_source_of_the_bodys() {
    let fire = || Err(io::Error::other("disk on fire"));
    let fail = move || vec![data(b"12"), fire(), data(b"345")];
    let (frames, error) = send(&mut streaming(5, fail)).await;
    assert!(frames.concat().ends_with(b"\r\n\r\n12"));

    let error = error.unwrap();
    assert_eq!(error.to_string(), r#"the stream of part "media" failed"#);
    let source = error.source().unwrap().downcast_ref::<io::Error>();
    assert_eq!(source.unwrap().to_string(), "disk on fire");
}

#[tokio::test]
async fn empty_frames_and_trailers_are_skipped() {
    let frames = || {
        let mut frames = vec![data(b"12")];
        // More than are skipped in one poll.
        frames.extend((0..1000).map(|_| data(b"")));
        frames.push(Ok(Frame::trailers(HeaderMap::new())));
        frames.extend([data(b"345"), data(b"")]);
        frames
    };
    let same = streaming(5, || vec![data(b"12345")]);
    assert_eq!(whole(streaming(5, frames)).await, whole(same).await);
}

#[test]
fn a_stream_of_empty_frames_lets_other_tasks_run() {
    let mut body = streaming(1, || {
        (0..1000).map(|_| data(b"")).chain([data(b"1")]).collect()
    });
    let header = body.frame().now_or_never().flatten();
    assert!(header.unwrap().is_ok());
    let polled = body.frame().now_or_never();
    assert!(polled.is_none(), "not all 1000 in one poll");
}

#[tokio::test]
async fn a_stream_may_be_pending() {
    let open = || {
        let frames = stream::iter([&b"12"[..], b"345"]).then(|bytes| async move {
            tokio::task::yield_now().await;
            data(bytes)
        });
        StreamBody::new(frames)
    };
    let same = form().file("media", "shop.png", "image/png", &b"12345"[..]);
    let (form, same) = (with_stream(form(), 5, open), same.unwrap());
    assert_eq!(form.content_length(), same.content_length());
    assert_eq!(whole(form.into_body()).await, whole(same.into_body()).await);
}

#[test]
fn the_length_may_be_all_of_u64_and_no_more() {
    let open = || Full::new(Bytes::new());
    let stream = |len| form().stream("media", "shop.png", "image/png", len, open);
    let around = stream(0).unwrap().content_length();

    let form = stream(u64::MAX - around).unwrap();
    assert_eq!(form.content_length(), u64::MAX);
    assert_eq!(form.clone().into_body().size_hint().exact(), Some(u64::MAX));

    let error = stream(u64::MAX - around + 1).unwrap_err();
    assert_eq!(error.kind, PartErrorKind::TooLong);
    let error = form.text("b", "").unwrap_err();
    assert_eq!(error.kind, PartErrorKind::TooLong);
    assert_eq!(error.position, 2);
}

#[test]
fn debug_shows_the_length_and_no_contents() {
    let form = form().text("sign", "C3AB8FF1").unwrap();
    let form = form.file("media", "shop.png", "image/png", &b"C3AB8FF1"[..]);
    let form = form.unwrap();
    let length = format!("content_length: {}", form.content_length());
    for shown in [format!("{form:?}"), format!("{:?}", form.into_body())] {
        assert!(shown.contains(&length), "{shown}");
        assert!(!shown.contains("C3AB8FF1"), "{shown}");
    }
}

#[test]
fn a_form_in_memory_has_its_bytes_in_one_piece_and_a_form_with_a_stream_does_not() {
    let form = form().text("a", "1").unwrap();
    let form = form.file("b", "b.png", "image/png", &b"2"[..]).unwrap();
    let whole = whole(form.clone().into_body()).now_or_never().unwrap();
    assert_eq!(whole.len() as u64, form.content_length());
    assert_eq!(form.clone().into_bytes(), Some(whole));
    let open = || Full::new(Bytes::from_static(b"3"));
    assert_eq!(with_stream(form, 1, open).into_bytes(), None);
}

#[test]
fn a_reader_with_any_buffer_reads_the_same_bytes() {
    let frames = || vec![data(b"12"), data(b""), data(b"345")];
    let expected = whole(streaming(5, frames)).now_or_never().unwrap();
    for size in [1, 3, 64, 100_000] {
        let mut body = streaming(5, frames);
        let (mut read, mut buffer) = (Vec::new(), vec![0; size]);
        loop {
            let count = body.read(&mut buffer).unwrap();
            read.extend(&buffer[..count]);
            let left = (expected.len() - read.len()) as u64;
            assert_eq!(body.size_hint().exact(), Some(left));
            if count == 0 {
                break;
            }
        }
        assert_eq!(read, expected, "{size}");
        // A clone starts again, and a body that was read in part can be polled for its rest.
        let mut body = body.clone();
        body.read_exact(&mut [0; 10]).unwrap();
        let rest = body.collect().now_or_never().unwrap().unwrap().to_bytes();
        assert_eq!(rest, expected[10..]);
    }
}

#[test]
fn a_reader_has_the_error_of_a_stream() {
    let mut short = streaming(5, || vec![data(b"12")]);
    let error = io::read_to_string(&mut short).unwrap_err();
    assert!(error.to_string().contains("ended after 2 of the 5 bytes"));
    assert_eq!(short.read(&mut [0; 8]).unwrap(), 0);

    let open = || StreamBody::new(stream::pending::<Polled>());
    let pending = with_stream(form(), 5, open).into_body();
    let error = io::read_to_string(pending).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::WouldBlock, "{error}");
}
