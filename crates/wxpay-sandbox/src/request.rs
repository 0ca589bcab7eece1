//! A request as it came.

pub(crate) mod form;
pub(crate) mod part_header;

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http::{HeaderMap, Method, Uri};

use crate::tls::{ClientCertStatus, SentCertificate};

/// A call, for the rules, the findings and the record.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) client: Arc<Client>,
    pub(crate) time: SystemTime,
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Body,
    /// How long the body took to come.
    pub(crate) received_in: Duration,
}

/// A client, as its TLS handshake has shown it.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) address: String,
    pub(crate) tls_version: String,
    pub(crate) certificate: Option<SentCertificate>,
    pub(crate) status: ClientCertStatus,
}

/// The body of a request, as far as it is kept.
#[derive(Debug, Clone, Default)]
pub(crate) struct Body {
    pub(crate) bytes: Bytes,
    pub(crate) end: End,
}

/// The end of a body.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum End {
    /// As HTTP says it should.
    Whole,
    /// It is longer than what is kept.
    TooLarge,
    /// The client stopped sending, or took too long.
    #[default]
    Cut,
}
