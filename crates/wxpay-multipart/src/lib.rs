//! wxpay-multipart
