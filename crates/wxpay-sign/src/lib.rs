//! wxpay-sign
