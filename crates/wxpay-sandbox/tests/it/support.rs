//! A running sandbox with its credentials in files, for programs to use.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Output},
};

use tempfile::TempDir;
use wxpay_sandbox::{Credentials, Sandbox, SandboxBuilder};
use wxpay_xml::Fields;

/// The picture of the tests; the sandbox looks at its first bytes only.
pub(crate) const PICTURE: &[u8] = b"\xff\xd8\xff\xe0 a picture, as far as the sandbox looks";

/// A JPEG that is whole: a comment, and its end.
pub(crate) const WHOLE: &[u8] = b"\xff\xd8\xff\xfe\0\x0ba picture\xff\xd9";
/// The header of a PNG.
pub(crate) const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01";

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

pub(crate) fn start(builder: SandboxBuilder) -> Sandbox {
    block_on(builder.start()).unwrap()
}

/// A sandbox, and a folder with `ca.pem`, `cert.pem`, `key.pem` and `test.jpg`.
pub(crate) struct Bench {
    pub(crate) sandbox: Sandbox,
    folder: TempDir,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::of(start(Sandbox::builder()))
    }

    pub(crate) fn of(sandbox: Sandbox) -> Self {
        let bench = Self {
            sandbox,
            folder: tempfile::tempdir().unwrap(),
        };
        bench.write("ca.pem", bench.credentials().ca_pem());
        bench.write("cert.pem", bench.credentials().cert_pem());
        bench.write("key.pem", bench.credentials().key_pem());
        bench.write("test.jpg", PICTURE);
        bench
    }

    pub(crate) fn credentials(&self) -> &Credentials {
        self.sandbox.credentials()
    }

    pub(crate) fn url(&self) -> String {
        format!("{}/secapi/mch/uploadmedia", self.sandbox.origin())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    /// Runs a program in the folder; it must succeed.
    pub(crate) fn run(&self, program: &str, arguments: &[&str]) -> String {
        let output = self.output(program, arguments);
        assert!(
            output.status.success(),
            "{program} {arguments:?}: {output:?}"
        );
        String::from_utf8(output.stdout).unwrap()
    }

    pub(crate) fn output(&self, program: &str, arguments: &[&str]) -> Output {
        Command::new(program)
            .args(arguments)
            .current_dir(self.folder.path())
            .output()
            .unwrap_or_else(|error| panic!("{program} must be installed: {error}"))
    }

    /// Calls with curl and no certificate.
    pub(crate) fn anonymous_curl(&self, arguments: &[&str]) -> Answer {
        let always = [
            "--silent",
            "--show-error",
            "--max-time",
            "60",
            "--noproxy",
            "*",
        ];
        let shown = ["--cacert", "ca.pem", "--write-out", "%{http_code}"];
        let out = self.run("curl", &[&always[..], &shown, arguments].concat());
        Answer::new(&out)
    }

    /// Calls with curl and the merchant's certificate.
    pub(crate) fn curl(&self, arguments: &[&str]) -> Answer {
        let identity = ["--cert", "cert.pem", "--key", "key.pem"];
        self.anonymous_curl(&[&identity[..], arguments].concat())
    }

    /// curl's arguments for an upload of `test.jpg`, hashed and signed by Python.
    pub(crate) fn form(&self, more: &[&str]) -> Vec<String> {
        let hash = self.run("python3", &["-c", MD5, "test.jpg"]);
        let mut fields = vec![
            format!("mch_id={}", self.credentials().mch_id()),
            format!("media_hash={hash}"),
        ];
        fields.extend(more.iter().map(|&field| field.to_owned()));
        let sign_type = more
            .iter()
            .find_map(|field| field.strip_prefix("sign_type="));
        let algorithm = if sign_type == Some("HMAC-SHA256") {
            "sha256"
        } else {
            "md5"
        };
        fields.push(format!("sign={}", self.python_sign(algorithm, &fields)));
        fields.push("media=@test.jpg".to_owned());
        fields
            .into_iter()
            .flat_map(|field| ["-F".to_owned(), field])
            .collect()
    }

    /// Uploads a form by curl.
    pub(crate) fn upload(&self, form: &[String]) -> Answer {
        let url = self.url();
        let mut arguments: Vec<_> = form.iter().map(String::as_str).collect();
        arguments.push(&url);
        self.curl(&arguments)
    }

    /// Uploads the picture of the tests; it must be taken.
    #[track_caller]
    pub(crate) fn assert_uploads(&self) {
        let answer = self.upload(&self.form(&[]));
        assert_eq!(answer.get("result_code"), Some("SUCCESS"), "{answer:?}");
    }

    /// The signature over `name=value` texts, by Python's hashlib and hmac.
    pub(crate) fn python_sign(&self, algorithm: &str, fields: &[String]) -> String {
        let key = self.credentials().expose_api_key();
        let fields: Vec<_> = fields.iter().map(String::as_str).collect();
        self.run(
            "python3",
            &[&["-c", SIGN, algorithm, key], &fields[..]].concat(),
        )
    }
}

const MD5: &str = r"
import hashlib, sys
print(hashlib.md5(open(sys.argv[1], 'rb').read()).hexdigest(), end='')
";

const SIGN: &str = r"
import hashlib, hmac, sys
algorithm, key, *fields = sys.argv[1:]
pairs = sorted(field.split('=', 1) for field in fields)
text = '&'.join(f'{name}={value}' for name, value in pairs if value) + '&key=' + key
if algorithm == 'md5':
    digest = hashlib.md5(text.encode())
else:
    digest = hmac.new(key.encode(), text.encode(), hashlib.sha256)
print(digest.hexdigest().upper(), end='')
";

/// What curl has printed: a document, then the HTTP status.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: String,
    fields: Fields<'static>,
}

impl Answer {
    fn new(out: &str) -> Self {
        let (xml, status) = out.split_at(out.len() - 3);
        Self {
            status: status.to_owned(),
            fields: Fields::parse(xml)
                .unwrap_or_else(|error| panic!("{error}: {out}"))
                .into_owned(),
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.fields.get(name)
    }

    /// The names of its fields, in their order.
    pub(crate) fn names(&self) -> Vec<&str> {
        self.fields.iter().map(|(name, _)| name).collect()
    }

    /// Its signature must be Python's.
    #[track_caller]
    pub(crate) fn assert_signed(&self, bench: &Bench, algorithm: &str) {
        assert_eq!(self.get("sign"), Some(&*self.python_sign(bench, algorithm)));
    }

    /// The signature that Python makes over its fields.
    pub(crate) fn python_sign(&self, bench: &Bench, algorithm: &str) -> String {
        let fields = self.fields.iter().filter(|(name, _)| *name != "sign");
        let fields: Vec<_> = fields
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        bench.python_sign(algorithm, &fields)
    }

    /// A refusal with `return_code` FAIL, in its documented form.
    #[track_caller]
    pub(crate) fn assert_fails(&self, code: &str, description: &str) {
        assert_eq!(self.get("return_code"), Some("FAIL"), "{self:?}");
        let names = ["return_code", "return_msg", "err_code", "err_code_des"];
        assert_eq!(self.names(), names, "{self:?}");
        self.assert_says(code, description);
    }

    /// A refusal with `return_code` SUCCESS, in its documented form, signed.
    #[track_caller]
    pub(crate) fn assert_refuses(
        &self,
        bench: &Bench,
        algorithm: &str,
        code: &str,
        description: &str,
    ) {
        let codes = [self.get("return_code"), self.get("result_code")];
        assert_eq!(codes, [Some("SUCCESS"), Some("FAIL")], "{self:?}");
        let names = [
            "return_code",
            "return_msg",
            "result_code",
            "err_code",
            "err_code_des",
            "sign",
        ];
        assert_eq!(self.names(), names, "{self:?}");
        self.assert_says(code, description);
        self.assert_signed(bench, algorithm);
    }

    #[track_caller]
    fn assert_says(&self, code: &str, description: &str) {
        let said = (self.get("err_code"), self.get("err_code_des"));
        assert_eq!(said, (Some(code), Some(description)), "{self:?}");
    }
}
