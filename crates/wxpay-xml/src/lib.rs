//! wxpay-xml
