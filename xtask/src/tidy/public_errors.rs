//! No error of hyper, quick-xml, the digest crates or rustls is part of a public signature: their
//! next major version must not be ours. They are boxed as an error's `source`.
//!
//! What is read is text, so this sees and misses the following.
//!
//! - Seen: everything behind a plain `pub`, which the lint `unreachable_pub` keeps for what is
//!   really public: heads of functions, fields, variants, traits, aliases and re-exports; heads of
//!   `impl` blocks, such as `impl From<hyper::Error> for Error`; associated types; and the type of
//!   a `#[from]` field. Names are looked up in the file's own imports, renamed ones too.
//! - Reported too much: an `impl` or an alias for a private type. A function in their place costs
//!   nothing and reads as well.
//! - Missed: what comes by `use super::*`, through a type alias of another file, or out of a
//!   macro; what a function returns as `impl Trait`; errors of other crates.

mod parts;

use super::Finding;
use crate::{
    metadata::Metadata,
    source::{Import, Source, mentions},
};
use parts::public_parts;

const CRATES: [&str; 12] = [
    "digest",
    "hmac",
    "hyper",
    "hyper_rustls",
    "hyper_util",
    "md5",
    "quick_xml",
    "rustls",
    "rustls_pki_types",
    "sha2",
    "tokio_rustls",
    "webpki",
];

/// Error types whose names do not end in `Error`.
const ODD_NAMES: [&str; 3] = ["InvalidBufferSize", "InvalidLength", "InvalidOutputSize"];

pub(super) fn check(metadata: &Metadata, sources: &[Source]) -> Vec<Finding> {
    let libraries: Vec<_> = metadata.members().filter(|it| it.is_library()).collect();
    sources
        .iter()
        .filter(|source| libraries.iter().any(|it| source.is_code_of(it)))
        .flat_map(in_file)
        .collect()
}

fn in_file(source: &Source) -> Vec<Finding> {
    let code = source.code();
    let imports = Import::all(&code);
    public_parts(&code)
        .into_iter()
        .flat_map(|part| mentions(part, &imports))
        .filter(|mention| is_foreign_error(&mention.path))
        .map(|mention| {
            let problem = format!(
                "`{}` is in a public signature: box it as the source of an error of our own, or \
                 convert it in a function that is not public",
                mention.path.join("::")
            );
            Finding::new(&source.path, problem).at(mention.line)
        })
        .collect()
}

fn is_foreign_error(path: &[&str]) -> bool {
    match path {
        [first, .., last] => {
            CRATES.contains(first) && (last.ends_with("Error") || ODD_NAMES.contains(last))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{metadata::metadata, source::source, tidy::finding::shown};

    fn problems(code: &str) -> Vec<String> {
        let sources = [source("crates/wxpay-media/src/a.rs", code)];
        shown(&check(&metadata("wxpay-media"), &sources))
    }

    #[test]
    fn boxed_and_private_errors_pass() {
        for code in [
            "use hyper::Error; fn of(error: &Error) {}",
            "pub(crate) fn of(error: hyper::Error) {}",
            "pub(super) enum A { B(quick_xml::Error) }",
            "pub struct Error { kind: Kind, source: Option<rustls::Error> }",
            "pub struct Error(rustls::Error);",
            "pub fn a() -> Result<(), Error> { b::<hyper::Error>() }",
            "pub fn a(error: crate::hyper::Error) {}",
            "pub fn body() -> hyper::body::Incoming {}",
            "/// As [`hyper::Error`].\npub fn a() {}",
            "impl Service for A { fn call() { rustls::Error::General } }",
            "#[cfg(test)]\nmod tests { pub fn a(error: hyper::Error) {} }",
        ] {
            assert_eq!(problems(code), [""; 0], "{code}");
        }
    }

    #[test]
    fn public_ones_are_found() {
        for code in [
            "pub fn a() -> Result<(), hyper::Error> {}",
            "pub async fn a(error: &hyper_util::client::legacy::Error) {}",
            "pub enum Error { A, B { source: quick_xml::Error } }",
            "pub enum Error { A(#[from] rustls::Error) }",
            "pub struct Error { pub source: Box<rustls::Error> }",
            "pub struct Error { pub kind: A<B, hyper::Error>, b: C }",
            "pub struct Error(#[from] digest::InvalidLength);",
            "pub struct A(u8, pub hyper::Error);",
            "pub struct A<E = hyper::Error>(E);",
            "pub trait A { fn a() -> rustls::Error; }",
            "pub type Result<T> = std::result::Result<T, rustls::Error>;",
            "pub const A: fn([u8; 4]) -> hyper::Error = B;",
            "pub use hyper::Error;",
            "pub use rustls::{Error as TlsError, ServerName};",
            "impl From<hyper::Error> for Error {}",
            "mod a;\nimpl<T> From<&rustls::Error> for Error<T> where T: Copy {}",
            "impl Service for A { type Error = hyper::Error; }",
            "use rustls::Error as TlsError; pub fn a() -> TlsError {}",
            "use quick_xml::{errors, Reader}; pub fn a() -> errors::SyntaxError {}",
        ] {
            assert_eq!(problems(code).len(), 1, "{code}: {:#?}", problems(code));
        }
    }

    #[test]
    fn says_where_and_what() {
        assert_eq!(
            problems("use rustls::Error;\n\npub fn a(\n    b: Error,\n) {}"),
            [
                "crates/wxpay-media/src/a.rs:4: `rustls::Error` is in a public signature: box it as \
              the source of an error of our own, or convert it in a function that is not public"
            ]
        );
    }

    #[test]
    fn the_program_has_no_public_signature() {
        let sources = [source(
            "crates/wxpay-cli/src/a.rs",
            "pub fn a() -> hyper::Error {}",
        )];
        assert_eq!(check(&metadata("wxpay-cli"), &sources), []);
    }
}
