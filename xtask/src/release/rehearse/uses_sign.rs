//! Somebody who signs, and nothing else.

use wxpay_sign::{ApiKey, Params, SignType};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
    // The example of the API's own pages.
    let params = Params::new([
        ("appid", "wxd930ea5d5a258f4f"),
        ("mch_id", "10000100"),
        ("device_info", "1000"),
        ("body", "test"),
        ("nonce_str", "ibuaiVcKdpRxkhJA"),
    ])?;
    let sign = params.sign(SignType::Md5, &key);
    assert_eq!(sign.to_string(), "9A0A8659F005D6984697E2CA0A9CF3B7");
    println!("wxpay-sign, {}: {sign}", wxpay_sign::REHEARSED);
    Ok(())
}
