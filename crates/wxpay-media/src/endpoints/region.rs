//! The regions of the gateway.

use std::{fmt, str::FromStr};

use crate::Endpoint;

/// A part of the world that the gateway serves from endpoints of its own.
///
/// Uploads are served by the region that the merchant was enrolled in. The pairs are those that the
/// API's page on connectivity advises: the domain that was not chosen backs up the one that was.
///
/// ```
/// use wxpay_media::Region;
///
/// assert_eq!("hongkong".parse(), Ok(Region::HongKong));
/// assert_eq!(Region::Global.to_string(), "global");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Region {
    /// `mainland`: mainland China, `api` with its backup in another city, `api2`.
    Mainland,
    /// `global`: everywhere else, `apihk` with `api` as its backup.
    Global,
    /// `hongkong`: `apihk` alone.
    HongKong,
    /// `us`: America, `apius` alone.
    Us,
    /// `europe`: `apieu` alone.
    Europe,
}

impl Region {
    /// Every region.
    pub const ALL: [Self; 5] = [
        Self::Mainland,
        Self::Global,
        Self::HongKong,
        Self::Us,
        Self::Europe,
    ];

    /// The region in one lower-case word.
    ///
    /// ```
    /// use wxpay_media::Region;
    ///
    /// let words = Region::ALL.map(Region::as_str);
    /// assert_eq!(words, ["mainland", "global", "hongkong", "us", "europe"]);
    /// ```
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mainland => "mainland",
            Self::Global => "global",
            Self::HongKong => "hongkong",
            Self::Us => "us",
            Self::Europe => "europe",
        }
    }

    pub(super) fn origins(self) -> &'static [&'static str] {
        match self {
            Self::Mainland => &[Endpoint::MAINLAND, Endpoint::MAINLAND_BACKUP],
            Self::Global => &[Endpoint::HONG_KONG, Endpoint::MAINLAND],
            Self::HongKong => &[Endpoint::HONG_KONG],
            Self::Us => &[Endpoint::US],
            Self::Europe => &[Endpoint::EUROPE],
        }
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Region {
    type Err = UnknownRegion;

    fn from_str(text: &str) -> Result<Self, UnknownRegion> {
        Self::ALL
            .into_iter()
            .find(|region| region.as_str() == text)
            .ok_or(UnknownRegion)
    }
}

/// The text names no [`Region`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a region is one of `mainland`, `global`, `hongkong`, `us`, `europe`")]
pub struct UnknownRegion;
