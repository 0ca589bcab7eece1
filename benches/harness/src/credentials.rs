//! An authority, a server and a client, made by openssl.

use std::{fs, path::Path, process::Command};

use anyhow::{Context, ensure};

/// Writes `ca.pem`, `server.pem`, `server.key`, `client.pem` and `client.key`, all on P-256.
pub(crate) fn make(folder: &Path) -> anyhow::Result<()> {
    fs::write(
        folder.join("server.ext"),
        "subjectAltName=IP:127.0.0.1,DNS:localhost\n",
    )?;
    fs::write(folder.join("client.ext"), "extendedKeyUsage=clientAuth\n")?;
    openssl(
        folder,
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 \
         -subj /CN=bench-authority -keyout ca.key -out ca.pem",
    )?;
    for name in ["server", "client"] {
        openssl(
            folder,
            &format!(
                "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN={name} \
                 -keyout {name}.key -out {name}.csr"
            ),
        )?;
        openssl(
            folder,
            &format!(
                "x509 -req -in {name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 \
                 -extfile {name}.ext -out {name}.pem"
            ),
        )?;
    }
    Ok(())
}

fn openssl(folder: &Path, arguments: &str) -> anyhow::Result<()> {
    let output = Command::new("openssl")
        .args(arguments.split_whitespace())
        .current_dir(folder)
        .output()
        .context("openssl is needed for the certificates")?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "openssl {arguments}: {complaint}");
    Ok(())
}
