#![doc = include_str!("../README.md")]

#[cfg(feature = "blocking")]
pub mod blocking;
mod builder;
mod client;
mod endpoint;
mod error;
mod excerpt;
mod gateway;
mod image;
mod memory;
mod merchant;
pub mod request;
pub mod response;
#[cfg(feature = "test-util")]
pub mod test_util;

pub use builder::ClientBuilder;
pub use client::{Client, DefaultService, UploadBody, Uploaded};
pub use endpoint::{Endpoint, ParseEndpointError, ParseRegionError, Region};
pub use error::{Error, ErrorKind, ErrorReport};
pub use gateway::{GatewayError, Reason, RetryAdvice};
pub use image::{FileNameError, Image, ImageError, Warning};
pub use memory::MemoryBudget;
pub use merchant::{Merchant, MerchantId, MerchantIdError, Signing};
pub use response::{MediaId, MediaIdError};

// The types in this crate's signatures, so that most callers depend on this crate alone.
pub use wxpay_multipart::FormBody;
pub use wxpay_picture::Format;
pub use wxpay_sign::{ApiKey, ApiKeyError, ContentHash, SignType, VerifyError};
#[cfg(feature = "transport")]
pub use {
    wxpay_transport as transport,
    wxpay_transport::{
        BuildError, CallInfo, Endpoints, EndpointsError, Identity, IdentityError, Progress, Proxy,
        Roots, RootsError, Transport, TransportBuilder,
    },
};

/// Implements serde's traits by `Display` and `FromStr`.
#[cfg(feature = "serde")]
macro_rules! serde_as_text {
    ($($type:ident),*) => {$(
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}
#[cfg(feature = "serde")]
serde_as_text!(Endpoint, MediaId, MerchantId, Region);
