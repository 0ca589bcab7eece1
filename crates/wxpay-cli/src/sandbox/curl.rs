//! The curl command that uploads a picture to a running sandbox.

use wxpay_media::{ApiKey, ContentHash};
use wxpay_sandbox::Sandbox;
use wxpay_sign::{ContentMd5, DuplicateNameError, Params, SignType};

use super::folder::{Folder, SAMPLE, quote};

/// The command of the API's own page with this sandbox's values, ready to be pasted into a shell.
pub(super) fn command(sandbox: &Sandbox, folder: &Folder) -> Result<String, DuplicateNameError> {
    let credentials = sandbox.credentials();
    let hash = ContentMd5::of(SAMPLE);
    let sign = sign(credentials.mch_id(), &hash, credentials.api_key())?;
    let path = |name: &str| folder.file(name).to_string_lossy().into_owned();
    // curl's own marks within its arguments: `file:password`, and `file;type=…`.
    let cert = path("apiclient_cert.pem")
        .replace('\\', r"\\")
        .replace(':', r"\:");
    let sample = path("sample.png")
        .replace('\\', r"\\")
        .replace('"', r#"\""#);
    Ok(format!(
        "curl --noproxy '*' --cacert {} --cert {} --key {} -F mch_id={} -F media_hash={hash} -F sign={sign} -F {} {}/secapi/mch/uploadmedia",
        quote(&path("ca.pem")),
        quote(&cert),
        quote(&path("apiclient_key.pem")),
        credentials.mch_id(),
        quote(&format!("media=@\"{sample}\"")),
        sandbox.origin(),
    ))
}

/// As on the page: MD5, and no `sign_type`.
fn sign(mch_id: &str, hash: &ContentHash, key: &ApiKey) -> Result<String, DuplicateNameError> {
    let params = Params::new([("mch_id", mch_id), ("media_hash", hash.as_str())])?;
    Ok(params.sign(SignType::Md5, key).to_string())
}
