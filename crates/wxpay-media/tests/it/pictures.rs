//! The smallest picture of each format, and a merchant.

use wxpay_media::{ApiKey, Image, Merchant, MerchantId};

pub(crate) const KEY: &str = "192006250b4c09247ec02edce69f6a2d";
pub(crate) const MCH_ID: &str = "1900000109";

pub(crate) fn merchant() -> Merchant {
    Merchant::new(MerchantId::new(MCH_ID).unwrap(), ApiKey::new(KEY).unwrap())
}

pub(crate) fn jpeg() -> Vec<u8> {
    b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0\xff\xd9".to_vec()
}

pub(crate) fn png() -> Vec<u8> {
    let header = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0CRC.";
    [header.as_slice(), b"\0\0\0\0IEND\xae\x42\x60\x82"].concat()
}

/// One white pixel under the header of Windows 3.
pub(crate) fn bmp() -> Vec<u8> {
    let mut bytes = b"BM\x3a\0\0\0\0\0\0\0\x36\0\0\0".to_vec();
    bytes.extend(b"\x28\0\0\0\x01\0\0\0\x01\0\0\0\x01\0\x18\0");
    bytes.extend([0; 24]);
    bytes.extend([0xff, 0xff, 0xff, 0]);
    bytes
}

/// A PNG and zeros behind it, of just this size.
pub(crate) fn png_of(size: usize) -> Vec<u8> {
    let mut bytes = png();
    bytes.resize(size, 0);
    bytes
}

pub(crate) fn image() -> Image {
    Image::from_bytes("licence.png", png()).unwrap()
}
