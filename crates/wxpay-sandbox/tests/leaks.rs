//! Sandboxes that were dropped leave nothing. Alone in its process, whose threads and files it
//! counts.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot set itself up should fail"
)]

use std::{fs, net::TcpStream};

use tokio::runtime::Builder;
use wxpay_sandbox::{Credentials, Sandbox};

/// The threads and the open files of this process.
fn counts() -> (usize, usize) {
    let count = |folder| fs::read_dir(folder).unwrap().count();
    (count("/proc/self/task"), count("/proc/self/fd"))
}

#[test]
fn a_hundred_sandboxes_leave_nothing() {
    let runtime = Builder::new_current_thread().build().unwrap();
    let credentials = Credentials::generate().unwrap();
    let one = || {
        let builder = Sandbox::builder()
            .credentials(credentials.clone())
            .inspector(([127, 0, 0, 1], 0).into());
        let sandbox = runtime.block_on(builder.start()).unwrap();
        // Connections that are open when it is dropped.
        let inspector = sandbox.inspector_addr().unwrap();
        let open = [sandbox.addr(), inspector].map(|addr| TcpStream::connect(addr).unwrap());
        let watch = sandbox.watch();
        drop(sandbox);
        drop((open, watch));
    };
    one();
    let before = counts();
    for _ in 0..100 {
        one();
    }
    assert_eq!(counts(), before);
}
