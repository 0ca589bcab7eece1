//! Every form is read back by multer, which shares no code with this crate.

use crate::{body, multer_reader};

use std::{convert::Infallible, future::Future};

use bytes::Bytes;
use futures_util::stream;
use http_body::Frame;
use http_body_util::{BodyDataStream, BodyExt as _, StreamBody};
use proptest::{collection::vec, prelude::*, sample::select};
use wxpay_multipart::{Boundary, Form, PartError};

const BOUNDARY: &str = "7MA4YWxkTrZu0gW";

#[derive(Clone, Debug)]
enum Content {
    Text(String),
    File(File),
    Stream { file: File, frames: Vec<usize> },
}

#[derive(Clone, Debug)]
struct File {
    name: String,
    content_type: String,
    content: Bytes,
}

fn add(form: Form, name: &str, content: &Content) -> Result<Form, PartError> {
    match content.clone() {
        Content::Text(value) => form.text(name, value),
        Content::File(file) => form.file(name, file.name, file.content_type, file.content),
        Content::Stream { file, frames } => {
            let length = file.content.len() as u64;
            let open = move || {
                let frames = multer_reader::cut(file.content.clone(), &frames).into_iter();
                let frames = frames.map(|frame| Ok::<_, Infallible>(Frame::data(frame)));
                StreamBody::new(stream::iter(frames))
            };
            form.stream(name, file.name, file.content_type, length, open)
        }
    }
}

/// The part as a reader gets it that does not undo the escaping.
fn expected(name: &str, content: &Content) -> multer_reader::Part {
    let name = Some(escaped(name));
    let (file, content) = match content.clone() {
        Content::Text(value) => (None, value.into()),
        Content::File(file) | Content::Stream { file, .. } => {
            let names = (escaped(&file.name), file.content_type);
            (Some(names), file.content)
        }
    };
    let (filename, content_type) = file.unzip();
    multer_reader::Part {
        name,
        filename,
        content_type,
        content,
    }
}

fn escaped(name: &str) -> String {
    let name = name.replace('"', "%22");
    name.replace('\r', "%0D").replace('\n', "%0A")
}

fn is_file_name(name: &str) -> bool {
    !name.ends_with('\\') && !name.contains(|c: char| c.is_control() && !"\t\r\n".contains(c))
}

fn is_name(name: &str) -> bool {
    let lower_case = name.to_ascii_lowercase();
    let mut before = [" ", "\t", ";", "filename"].iter();
    let reads_as_file_name = before.any(|it| lower_case.contains(&format!("{it}filename")));
    is_file_name(name) && !name.is_empty() && !reads_as_file_name
}

/// Any text, half of it fragments that may confuse a reader of headers.
fn any_name() -> impl Strategy<Value = String> {
    #[rustfmt::skip]
    let confusing = vec![
        "\"", "\\", "\\\"", "\r", "\n", "\r\n", "\t", " ", ";", "=", "%", "%22", "name", "filename",
        "filename=\"x\"", "; filename=x", "filename*=UTF-8''x", "营业执照", "😀", "--", BOUNDARY,
    ];
    let fragment = prop_oneof![
        any::<char>().prop_map(String::from),
        select(confusing).prop_map(str::to_owned)
    ];
    vec(fragment, 0..6).prop_map(|fragments| fragments.concat())
}

/// Any bytes, with fragments of a delimiter, and without the delimiter itself.
fn content() -> impl Strategy<Value = Bytes> {
    let delimiter = format!("\r\n--{BOUNDARY}");
    let almost = &delimiter[..delimiter.len() - 1];
    let confusing = ["\r", "\n", "\r\n", "--", "\r\n--", "\r\n\r\n", almost];
    let confusing = confusing.map(|text| text.as_bytes().to_vec());
    let fragment = prop_oneof![vec(any::<u8>(), 0..40), select(confusing.to_vec())];
    vec(fragment, 0..8)
        .prop_map(|fragments| Bytes::from(fragments.concat()))
        .prop_filter("holds the delimiter", move |content| {
            let mut windows = content.windows(delimiter.len());
            windows.all(|window| window != delimiter.as_bytes())
        })
}

fn file() -> impl Strategy<Value = File> {
    let types = [
        "image/png",
        "image/jpeg",
        "text/csv; charset=utf-8",
        "Application/X.y+z;a=\"; b\"",
    ];
    let name = any_name().prop_filter("refused", |name| is_file_name(name));
    (name, select(types.to_vec()), content()).prop_map(|(name, content_type, content)| File {
        name,
        content_type: content_type.to_owned(),
        content,
    })
}

fn part() -> impl Strategy<Value = (String, Content)> {
    let name = any_name().prop_filter("refused", |name| is_name(name));
    // Empty frames are among them, but not alone.
    let frames = (vec(0..50_usize, 0..3), 1..50_usize);
    let frames = frames.prop_map(|(sizes, last)| [sizes, vec![last]].concat());
    let content = prop_oneof![
        any_name().prop_map(Content::Text),
        file().prop_map(Content::File),
        (file(), frames).prop_map(|(file, frames)| Content::Stream { file, frames }),
    ];
    (name, content)
}

fn run<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}

proptest! {
    #[test]
    fn multer_reads_back_every_form(
        parts in vec(part(), 0..6),
        sizes in vec(1..100_usize, 1..6),
        sent_before in 0..20_usize,
    ) {
        let form = Form::with_boundary(Boundary::new(BOUNDARY).unwrap());
        let form = parts.iter().try_fold(form, |form, (name, content)| add(form, name, content)).unwrap();
        let expected: Vec<_> = parts.iter().map(|(name, content)| expected(name, content)).collect();
        let boundary = multer::parse_boundary(form.content_type().to_str().unwrap()).unwrap();
        prop_assert_eq!(&boundary, BOUNDARY);

        let length = form.content_length();
        let mut body = form.into_body();
        run(async {
            // In the frames in which it is sent.
            let sent = multer_reader::read(&boundary, BodyDataStream::new(body.clone())).await;
            prop_assert_eq!(sent.unwrap(), &expected[..]);

            // In the frames in which it might arrive.
            let whole = body::whole(body.clone()).await;
            prop_assert_eq!(whole.len() as u64, length);
            let arrived = multer_reader::read(&boundary, multer_reader::frames(whole.clone(), &sizes)).await;
            prop_assert_eq!(arrived.unwrap(), expected);

            for _ in 0..sent_before {
                body.frame().await.transpose().unwrap();
            }
            prop_assert_eq!(body::whole(body.clone()).await, whole, "of a clone");
            Ok(())
        })?;
    }

    #[test]
    fn a_part_is_refused_or_read_back(
        name in any_name(),
        filename in any_name(),
        as_file in any::<bool>(),
    ) {
        let content = if as_file {
            let content = Bytes::from_static(b"content");
            Content::File(File { name: filename.clone(), content_type: "image/png".into(), content })
        } else {
            Content::Text("value".into())
        };
        let form = add(Form::new(), &name, &content);
        prop_assert_eq!(form.is_ok(), is_name(&name) && (!as_file || is_file_name(&filename)));
        if let Ok(form) = form {
            let boundary = form.boundary().to_string();
            let parts = run(multer_reader::read(&boundary, BodyDataStream::new(form.into_body())));
            prop_assert_eq!(parts.unwrap(), [expected(&name, &content)]);
        }
    }
}

/// multer reads another form than was written, so these names are refused.
#[test]
fn multer_misreads_the_names_that_are_refused() {
    let read = |header: &str| {
        let form = format!("--b\r\nContent-Disposition: form-data; {header}\r\n\r\nx\r\n--b--\r\n");
        let frames = stream::iter([Ok::<_, Infallible>(Bytes::from(form))]);
        run(multer_reader::read("b", frames))
    };
    let part = &read(r#"name="a\"; filename="b""#).unwrap()[0];
    assert_ne!(part.name.as_deref(), Some("a\\"));

    let part = &read(r#"name="a; filename=b""#).unwrap()[0];
    assert_ne!(part.filename, None);

    let part = &read(r#"name="filenamefilename=b""#).unwrap()[0];
    assert_ne!(part.filename, None);

    assert!(read("name=\"a\u{7}\"").is_err());
    assert!(read("name=\"a\u{7f}\"").is_err());
}
