//! Why a picture is not sent, or should be looked at.

use std::{fmt, io};

use wxpay_picture::Format;

use super::{Image, InvalidName};

/// Why a picture was not sent: each spares a round trip that the gateway would answer with
/// "picture parameters are wrong", without a hint.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImageError {
    /// The file or the reader could not be read; the source says why.
    #[error("the picture cannot be read")]
    Read(#[source] io::Error),
    /// A folder, a pipe or a device. Standard input goes through
    /// [`Image::from_reader`](crate::Image::from_reader).
    #[error("not a regular file")]
    NotAFile,
    /// No bytes: often a stream that something else has read already.
    #[error("the picture is empty")]
    Empty,
    /// Not under 2 MiB. Make it smaller; the gateway takes no parts.
    #[error("the picture is too large{}: the gateway takes less than {} bytes", Of(*size), Image::LIMIT)]
    TooLarge {
        /// How many bytes it has, where that is known.
        size: Option<usize>,
    },
    /// No JPEG, PNG or BMP by its header. The extension does not matter.
    #[error("the file is {found}; the gateway takes JPEG, PNG and BMP")]
    #[non_exhaustive]
    NotAPicture {
        /// What it is.
        found: String,
        /// What to do about it.
        advice: &'static str,
    },
    /// The file name cannot be sent.
    #[error(transparent)]
    Name(#[from] InvalidName),
}

impl ImageError {
    /// What to do about it.
    pub(crate) fn advice(&self) -> &'static str {
        match self {
            Self::Read(_) => "check that the file is there and may be read",
            Self::NotAFile => "give the path of a picture, not of a folder, a pipe or a device",
            Self::Empty => "check what wrote the file; a stream that was read before is empty",
            Self::TooLarge { .. } => "scale the picture down or compress it more",
            Self::NotAPicture { advice, .. } => advice,
            Self::Name(_) => "send it under another name",
        }
    }
}

struct Of(Option<usize>);

impl fmt::Display for Of {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |size| write!(f, " ({size} bytes)"))
    }
}

/// What may make the gateway refuse a picture that keeps the specification, or was changed so that it
/// does not.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// The end of the picture is missing, as after an interrupted copy or download.
    Truncated {
        /// What the bytes are.
        format: Format,
    },
    /// At least 2,000,000 bytes: the page says "less than 2M", which may mean that.
    NearLimit {
        /// How many bytes it has.
        size: usize,
    },
    /// The name's extension was not the format's; integrators report refusals for that.
    Renamed {
        /// The name that is sent in its place.
        name: String,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated { format } => {
                write!(
                    f,
                    "the picture is truncated: the end of the {format} is missing"
                )
            }
            Self::NearLimit { size } => write!(
                f,
                "the picture has {size} bytes: the gateway may read its limit of 2M as {}",
                Image::WARN_FROM
            ),
            Self::Renamed { name } => write!(
                f,
                "the picture is sent as `{name}`: the gateway may refuse another extension"
            ),
        }
    }
}
