//! Reads a notification of API v2 from standard input into a struct, and prints the answer to it.

use std::io::{self, Read};

use serde::Deserialize;
use wxpay_xml::{Fields, from_fields};

#[derive(Debug, Deserialize)]
struct Notification<'a> {
    return_code: &'a str,
    /// `None` if the element is empty or missing.
    total_fee: Option<u32>,
    transaction_id: Option<&'a str>,
}

fn main() -> anyhow::Result<()> {
    let mut body = Vec::new();
    io::stdin().read_to_end(&mut body)?;

    let (code, message) = match read(&body) {
        Ok(()) => ("SUCCESS", "OK".to_owned()),
        Err(error) => ("FAIL", error.to_string()),
    };
    let answer = Fields::from_pairs([("return_code", code), ("return_msg", &message)])?;
    println!("{}", answer.to_xml());
    Ok(())
}

fn read(body: &[u8]) -> anyhow::Result<()> {
    let fields = Fields::parse(body)?;
    // A real program first checks the signature over `fields.iter()`, with `wxpay-sign`.
    let notification: Notification<'_> = from_fields(&fields)?;
    anyhow::ensure!(notification.return_code == "SUCCESS", "not a success");
    eprintln!(
        "paid: {:?} by {:?}",
        notification.total_fee, notification.transaction_id
    );
    Ok(())
}
