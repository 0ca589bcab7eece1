//! wxpay-sandbox
