//! The gateway accepts only requests with a right signature, and the client believes no other
//! success.
//!
//! The first byte chooses a fault and the owner of the certificate; the rest is a request: its
//! first line, its headers, an empty line, the body. Lines end in LF or CRLF.
#![no_main]

use bytes::Bytes;
use futures_util::{FutureExt, stream};
use http::{Request, Response, header::CONTENT_TYPE};
use libfuzzer_sys::fuzz_target;
use multer::Multipart;
use wxpay_fuzz::{KEY, MCH_ID, SIGN, key, replace, signature};
use wxpay_media::{Merchant, MerchantId, response};
use wxpay_sandbox::{Effect, RecordedRequest, fuzzing::answer};
use wxpay_sign::{ContentMd5, SignType};

/// A placeholder in requests for the file's MD5.
const HASH: &str = "{{hash}}";
/// Faults after which a client has no proof that its picture was accepted.
const UNPROVEN: [Effect; 2] = [Effect::NoSignature, Effect::WrongSignature];

fuzz_target!(|input: &[u8]| {
    let Some((choice, message)) = input.split_first() else {
        return;
    };
    let Some(request) = request(message) else {
        return;
    };
    let effect = Effect::samples().nth(usize::from(choice & 0x3f));
    let holder = [Some(MCH_ID), None, Some(MCH_ID), Some("1900000110")][usize::from(choice >> 6)];
    let request = request.map(Bytes::from);
    let is_proven = is_proven(&request);
    let call = answer((MCH_ID, key()), request, holder, effect);

    let outcome = call.outcome.as_ref().expect("every call is evaluated");
    let shown = call.to_string();
    assert!(
        !shown.contains(|c: char| c.is_control() && c != '\n'),
        "raw control characters"
    );
    let shown = format!("{shown}\n{call:?}");
    assert!(!shown.contains(KEY), "the record holds the key");
    assert!(!call.checks.is_empty() && call.findings.len() <= 32);
    let accepted = outcome.is_accepted();
    assert!(
        !accepted || holder == Some(MCH_ID),
        "accepted without a certificate"
    );
    assert!(!accepted || is_proven, "accepted without a right signature");
    believed(&call, accepted, effect);
});

/// Whether hash and signature are right. Here both are computed again, where the gateway checks
/// them.
fn is_proven(request: &Request<Bytes>) -> bool {
    let content_type = request.headers().get(CONTENT_TYPE);
    let parts = content_type
        .and_then(|content_type| content_type.to_str().ok())
        .and_then(|content_type| parts(request.body(), content_type));
    let Some(parts) = parts else {
        return false;
    };
    let value = |name| parts.iter().find(|part| part.0 == name).map(|part| &part.1);
    let hash = value("media").map(|media| ContentMd5::of(media).as_str().to_owned());
    let is_same = |name, right: Option<String>| {
        right.is_some_and(|right| value(name).is_some_and(|value| value == right.as_bytes()))
    };
    is_same("media_hash", hash) && is_same("sign", right_signature(&parts))
}

/// Reads the response as the client does.
fn believed(call: &RecordedRequest, accepted: bool, effect: Option<Effect>) {
    let merchant = Merchant::new(MerchantId::new(MCH_ID).expect("ten digits"), key());
    let answer = call.response.as_ref().expect("every call is answered");
    let response = Response::builder().status(answer.status).body(&answer.body);
    let read = response::media_id(&merchant, &response.expect("a status"));
    match effect {
        None => assert_eq!(read.is_ok(), accepted, "{read:?}"),
        Some(effect) if UNPROVEN.contains(&effect) => assert!(read.is_err(), "believed"),
        Some(_) => assert!(accepted || read.is_err(), "believed what was refused"),
    }
}

fn request(message: &[u8]) -> Option<Request<Vec<u8>>> {
    let mut rest = message;
    let mut line = || {
        let end = rest.iter().position(|byte| *byte == b'\n')?;
        let (line, tail) = (&rest[..end], &rest[end + 1..]);
        rest = tail;
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    };
    let mut words = line()?.split(|byte| *byte == b' ');
    let mut builder = Request::builder().method(words.next()?).uri(words.next()?);
    let mut content_type = None;
    loop {
        let header = line()?;
        if header.is_empty() {
            break;
        }
        let colon = header.iter().position(|byte| *byte == b':')?;
        let (name, value) = (&header[..colon], header[colon + 1..].trim_ascii());
        if name.eq_ignore_ascii_case(b"content-type") {
            content_type = content_type.or(str::from_utf8(value).ok());
        }
        builder = builder.header(name, value);
    }
    let body = content_type.and_then(|content_type| signed(rest, content_type));
    builder.body(body.unwrap_or_else(|| rest.to_vec())).ok()
}

/// The form with the right hash and signature in place of the placeholders.
fn signed(form: &[u8], content_type: &str) -> Option<Vec<u8>> {
    let has = |what: &str| form.windows(what.len()).any(|it| it == what.as_bytes());
    if !has(SIGN) && !has(HASH) {
        return None;
    }
    let media = parts(form, content_type)?
        .into_iter()
        .find(|part| part.0 == "media")?;
    let form = replace(form, HASH, ContentMd5::of(&media.1).as_str());
    let parts = parts(&form, content_type)?;
    Some(replace(&form, SIGN, &right_signature(&parts)?))
}

/// The signature over all text fields, by the algorithm of `sign_type`.
fn right_signature(parts: &[(String, Bytes)]) -> Option<String> {
    let mut pairs = Vec::new();
    for (name, value) in parts.iter().filter(|part| part.0 != "media") {
        pairs.push((name.as_str(), str::from_utf8(value).ok()?));
    }
    let named = pairs.iter().find(|pair| pair.0 == "sign_type");
    let sign_type = SignType::from_field(named.map(|pair| pair.1));
    signature(sign_type, pairs)
}

/// The names and contents of the parts.
fn parts(form: &[u8], content_type: &str) -> Option<Vec<(String, Bytes)>> {
    let boundary = multer::parse_boundary(content_type)
        .ok()
        .filter(|it| !it.is_empty())?;
    let form = Ok::<_, std::convert::Infallible>(Bytes::copy_from_slice(form));
    let mut form = Multipart::new(stream::iter([form]), boundary);
    let mut parts = Vec::new();
    while let Some(field) = form.next_field().now_or_never()?.ok()? {
        let name = field.name()?.to_owned();
        parts.push((name, field.bytes().now_or_never()?.ok()?));
    }
    Some(parts)
}
