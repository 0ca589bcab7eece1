//! The server: nginx with client certificates, which reads every body.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};

use crate::{
    machine::Pinning,
    scenario::{MIB_2, SMALL},
};

/// A success, signed with MD5 under the key that every client has.
const REPLY: &str = "<xml><return_code><![CDATA[SUCCESS]]></return_code>\
    <return_msg><![CDATA[OK]]></return_msg><result_code><![CDATA[SUCCESS]]></result_code>\
    <media_id><![CDATA[9UYfXi-WMUhgWXvJtEw4_gBle_EfrD_pIL0bS8GAsK8]]></media_id>\
    <sign><![CDATA[890BCD0A07DBD5C4ECBC323D542B5B88]]></sign></xml>";

/// A process of nginx, killed when this value is dropped.
#[derive(Debug)]
pub(crate) struct Nginx {
    child: Child,
    port: u16,
    log: PathBuf,
}

impl Nginx {
    pub(crate) fn start(folder: &Path, pinning: &Pinning) -> anyhow::Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let config = folder.join("nginx.conf");
        fs::write(&config, configuration(folder, port))?;
        let command = [
            "nginx".into(),
            "-p".into(),
            folder.into(),
            "-c".into(),
            config.into(),
        ];
        let command = pinning.server(command.into());
        let child = Command::new(&command[0])
            .args(&command[1..])
            .stdout(Stdio::null())
            .stderr(File::create(folder.join("nginx.err"))?)
            .spawn()
            .context("nginx is needed as the server")?;
        let nginx = Self {
            child,
            port,
            log: folder.join("access.log"),
        };
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if start.elapsed() > Duration::from_secs(10) {
                let complaint = fs::read_to_string(folder.join("nginx.err"));
                bail!("nginx does not answer: {}", complaint.unwrap_or_default());
            }
            sleep(Duration::from_millis(20));
        }
        Ok(nginx)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn version(&self) -> String {
        let output = Command::new("nginx").arg("-v").output();
        let text = output.map(|output| String::from_utf8_lossy(&output.stderr).trim().to_owned());
        text.unwrap_or_default()
    }

    /// Checks that every request got 200 and was at least as long as the smallest picture, and the
    /// longest one as the largest picture.
    pub(crate) fn check_that_bodies_were_read(&self) -> anyhow::Result<()> {
        // nginx writes its log once a second.
        sleep(Duration::from_millis(1500));
        let mut longest = 0;
        for line in BufReader::new(File::open(&self.log)?).lines() {
            let line = line?;
            let (status, length) = line.split_once(' ').context("an odd line in the log")?;
            let length: usize = length.parse()?;
            ensure!(status == "200" && length > SMALL, "a request: {line}");
            longest = longest.max(length);
        }
        ensure!(longest > MIB_2, "no body was read as a whole: {longest}");
        Ok(())
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // SIGQUIT would wait for idle connections.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The server reads the whole body into memory, then passes the request without its body to a
/// second server, which responds. There is one worker, so that its processor can be fixed.
fn configuration(folder: &Path, port: u16) -> String {
    let folder = folder.display();
    format!(
        "daemon off;
master_process off;
worker_processes 1;
error_log {folder}/error.log warn;
pid {folder}/nginx.pid;
events {{ worker_connections 2048; }}
http {{
    log_format lengths '$status $request_length';
    access_log off;
    client_max_body_size 8m;
    client_body_buffer_size 4m;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    keepalive_requests 1000000000;
    keepalive_timeout 600s;
    upstream replies {{
        server unix:{folder}/replies.sock;
        keepalive 64;
        keepalive_requests 1000000000;
    }}
    server {{
        listen unix:{folder}/replies.sock;
        default_type text/xml;
        location / {{ return 200 '{REPLY}'; }}
    }}
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {folder}/server.pem;
        ssl_certificate_key {folder}/server.key;
        ssl_client_certificate {folder}/ca.pem;
        ssl_verify_client on;
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_session_cache shared:sessions:10m;
        access_log {folder}/access.log lengths buffer=64k flush=1s;
        location = /secapi/mch/uploadmedia {{
            proxy_pass http://replies;
            proxy_http_version 1.1;
            proxy_set_header Connection '';
            proxy_pass_request_body off;
            proxy_set_header Content-Length '';
        }}
    }}
}}
"
    )
}
