//! wxpay-media
