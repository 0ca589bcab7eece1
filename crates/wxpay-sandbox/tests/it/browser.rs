//! The inspector's page in a real browser.

use std::process::Command;

use crate::support::{Bench, CURL, IDENTITY};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/browser.py");

/// A PNG of one pixel, for a browser draws it.
const PIXEL: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\
    \0\0\0\rIDATx\x9cc\xf8\xcf\xc0\xf0\x1f\0\x05\0\x01\xff\x89\x99\x3d\x1d\0\0\0\0IEND\xae\x42\x60\x82";

#[test]
#[allow(clippy::print_stderr, reason = "says that it was skipped")]
fn the_page_is_used() {
    let is_installed = |name: &&&str| Command::new(**name).arg("--version").output().is_ok();
    let Some(chromium) = ["chromium", "chromium-browser", "google-chrome"]
        .iter()
        .find(is_installed)
    else {
        eprintln!("skipped: no Chromium is installed");
        return;
    };
    let bench = Bench::inspected();
    bench.write("test.jpg", PIXEL);
    let media = "media=@test.jpg;filename=<img src onerror=hacked=1>.png";
    let form = bench.changed(&[], &[("media", media)]);
    let page = format!("http://{}/", bench.sandbox.inspector_addr().unwrap());
    // Somebody may want to see the screenshots.
    let folder = std::env::var("WXPAY_SCREENSHOTS");
    let folder = folder.unwrap_or_else(|_| bench.path("").to_str().unwrap().to_owned());
    let script = [SCRIPT, chromium, &page, &folder, "curl"];
    let arguments = [&script[..], &CURL, &IDENTITY, &["--cacert", "ca.pem"]].concat();
    bench.run("python3", &bench.words(&arguments, &form));
}
