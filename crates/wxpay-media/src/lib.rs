#![doc = include_str!("../README.md")]

mod client;
mod delivery;
mod endpoint;
mod endpoints;
mod error;
mod excerpt;
mod gateway;
mod image;
mod media_id;
mod merchant;
pub mod reply;
pub mod request;
mod signing;

pub use client::{Builder, Client};
pub use delivery::Delivery;
pub use endpoint::{Endpoint, InvalidEndpoint};
pub use endpoints::{Endpoints, Region, UnknownRegion};
pub use error::{Error, ErrorKind};
pub use gateway::{ErrorCode, GatewayError, Reason};
pub use image::{Image, ImageError, InvalidName, Room, Warning};
pub use media_id::MediaId;
pub use merchant::{InvalidMerchantId, Merchant, MerchantId};
pub use signing::Signing;

// What the facade's own signatures are made of, so that most callers need this crate alone: the
// names that every caller writes, and two whole crates for whoever looks into an error.
pub use wxpay_multipart::FormBody;

/// The body of an upload: a form, whose progress may be reported.
pub type UploadBody = wxpay_transport::ProgressBody<FormBody>;

pub use wxpay_picture::Format;
pub use wxpay_sign::{ApiKey, ApiKeyError, ContentHash, SignType, VerifyError};
pub use wxpay_transport as transport;
pub use wxpay_transport::{
    BuildError, CallInfo, EndpointsError, Identity, IdentityError, Progress, RetryAdvice, Roots,
    RootsError, Transport,
};
pub use wxpay_xml as xml;
