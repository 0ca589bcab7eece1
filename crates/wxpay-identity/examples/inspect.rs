//! Prints the properties of a client certificate, or the error of its files.
//!
//! ```sh
//! cargo run -p wxpay-identity --features pkcs12 --example inspect -- apiclient_cert.pem apiclient_key.pem
//! PASSWORD=1900000109 cargo run -p wxpay-identity --features pkcs12 --example inspect -- apiclient_cert.p12
//! ```
#![allow(
    clippy::print_stdout,
    reason = "an example for the terminal: its output is its result"
)]

use std::{env, error::Error, fs};

use wxpay_identity::{Form, Identity, IdentityError, Part};

fn main() -> Result<(), Box<dyn Error>> {
    let files = env::args().skip(1).map(fs::read);
    let files: Vec<Vec<u8>> = files.collect::<Result<_, _>>()?;
    let password = env::var("PASSWORD").unwrap_or_default();
    let identity = match &files[..] {
        [file] => Identity::from_pkcs12(file, &password),
        [certificate, key] => Identity::from_pem_encrypted(certificate, key, &password),
        _ => return Err("give a PKCS#12 file, or a certificate and a key in PEM".into()),
    };
    // The variants let a program use its own words, here for its arguments.
    let identity = identity.map_err(|error| match error {
        IdentityError::WrongForm {
            wanted: Part::Certificate | Part::PrivateKey,
            found: Form::Pkcs12,
        } => "PKCS#12 is given alone, in place of certificate and key".into(),
        other => Box::<dyn Error>::from(other.to_string()),
    })?;
    println!("subject  {}", identity.subject());
    println!("serial   {}", identity.serial_number());
    println!("chain    {} certificates", identity.certificates().len());
    let expires = if identity.expires_soon() {
        "soon"
    } else {
        "later"
    };
    println!("expires  {expires}");
    Ok(())
}
