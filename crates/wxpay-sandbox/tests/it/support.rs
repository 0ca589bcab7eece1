//! A running sandbox with its credentials in files, for programs to use.

use std::{
    fmt::Display,
    fs,
    io::{BufRead, BufReader, Write},
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
    sync::{Arc, LazyLock, Mutex},
};

use tempfile::TempDir;
use wxpay_sandbox::{Credentials, RecordedRequest, Sandbox, SandboxBuilder};
use wxpay_xml::Fields;

/// The picture of the tests; only its first bytes matter to the sandbox.
pub(crate) const PICTURE: &[u8] = b"\xff\xd8\xff\xe0 a picture, as far as the sandbox looks";

/// A whole JPEG: a comment, and its end.
pub(crate) const WHOLE: &[u8] = b"\xff\xd8\xff\xfe\0\x0ba picture\xff\xd9";
/// The header of a PNG.
pub(crate) const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01";

/// curl without progress bar and proxy, for at most a minute.
#[rustfmt::skip] // an option and its value belong together
pub(crate) const CURL: [&str; 6] = ["--silent", "--show-error", "--max-time", "60", "--noproxy", "*"];
/// A field that asks for HMAC-SHA256.
pub(crate) const HMAC: &[&str] = &["sign_type=HMAC-SHA256"];
/// The merchant's certificate for curl.
pub(crate) const IDENTITY: [&str; 4] = ["--cert", "cert.pem", "--key", "key.pem"];

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(1).enable_all().build();
    runtime.unwrap().block_on(future)
}

pub(crate) fn start(builder: SandboxBuilder) -> Sandbox {
    block_on(builder.start()).unwrap()
}

/// A sandbox, and a folder with `ca.pem`, `cert.pem`, `key.pem` and `test.jpg`.
pub(crate) struct Bench {
    pub(crate) sandbox: Sandbox,
    pub(crate) url: String,
    folder: TempDir,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::of(Sandbox::builder())
    }

    /// With an inspector.
    pub(crate) fn inspected() -> Self {
        Self::of(Sandbox::builder().inspector(([127, 0, 0, 1], 0).into()))
    }

    pub(crate) fn of(builder: SandboxBuilder) -> Self {
        let sandbox = start(builder);
        let bench = Self {
            url: format!("{}/secapi/mch/uploadmedia", sandbox.origin()),
            sandbox,
            folder: tempfile::tempdir().unwrap(),
        };
        bench.write_credentials(bench.credentials());
        bench.write("test.jpg", PICTURE);
        bench
    }

    pub(crate) fn write_credentials(&self, credentials: &Credentials) {
        self.write("ca.pem", credentials.ca_pem());
        self.write("cert.pem", credentials.cert_pem());
        self.write("key.pem", credentials.key_pem());
    }

    pub(crate) fn credentials(&self) -> &Credentials {
        self.sandbox.credentials()
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
        assert!(output.status.success(), "{program}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs openssl with arguments that are separated by spaces.
    pub(crate) fn openssl(&self, words: &str) -> String {
        self.run("openssl", &words.split(' ').collect::<Vec<_>>())
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
        let shown = ["--cacert", "ca.pem", "--write-out", "%{http_code}"];
        let out = self.run("curl", &[&CURL[..], &shown, arguments].concat());
        let (xml, status) = out.split_at(out.len() - 3);
        let fields = Fields::parse(xml).unwrap_or_else(|error| panic!("{error}: {out}"));
        Answer {
            status: status.to_owned(),
            fields: fields.into_owned(),
        }
    }

    /// Calls with curl and the merchant's certificate.
    pub(crate) fn curl(&self, arguments: &[&str]) -> Answer {
        self.anonymous_curl(&[&IDENTITY[..], arguments].concat())
    }

    /// curl's arguments for an upload of `test.jpg`, hashed and signed by Python.
    pub(crate) fn form(&self, more: &[&str]) -> Vec<String> {
        let file = hex(self.path("test.jpg").to_str().unwrap());
        let hash = format!("media_hash={}", python(&format!("FILE {file}")));
        let mut fields = vec![format!("mch_id={}", self.credentials().mch_id()), hash];
        fields.extend(more.iter().map(|&field| field.to_owned()));
        let is_hmac = more.contains(&HMAC[0]);
        let sign_type = if is_hmac { "HMAC-SHA256" } else { "MD5" };
        let sign = self.python_sign(sign_type, &fields);
        fields.extend([format!("sign={sign}"), "media=@test.jpg".to_owned()]);
        let arguments = fields
            .into_iter()
            .flat_map(|field| ["-F".to_owned(), field]);
        arguments.collect()
    }

    /// The same with fields in place of others; an empty one removes the field.
    pub(crate) fn changed(&self, more: &[&str], changes: &[(&str, &str)]) -> Vec<String> {
        let mut form = self.form(more);
        for (name, field) in changes {
            let is_field = |word: &String| word.starts_with(&format!("{name}="));
            let at = form.iter().position(is_field).unwrap();
            match field.is_empty() {
                true => drop(form.drain(at - 1..=at)),
                false => (*field).clone_into(&mut form[at]),
            }
        }
        form
    }

    /// The body of the same form, with the boundary `edge`, for clients that are not curl.
    pub(crate) fn written_form(&self) -> Vec<u8> {
        let picture = fs::read(self.path("test.jpg")).unwrap();
        let mut body = Vec::new();
        for field in self.form(&[]).iter().filter(|field| *field != "-F") {
            let (name, value) = field.split_once('=').unwrap();
            let (file, value) = match value {
                "@test.jpg" => ("; filename=\"test.jpg\"", &*picture),
                text => ("", text.as_bytes()),
            };
            let disposition = format!("form-data; name=\"{name}\"{file}");
            let head = format!("--edge\r\nContent-Disposition: {disposition}\r\n\r\n");
            body.extend([head.as_bytes(), value, b"\r\n"].concat());
        }
        body.extend(b"--edge--\r\n");
        body
    }

    /// Uploads a form by curl.
    pub(crate) fn upload(&self, form: &[String]) -> Answer {
        self.curl(&self.words(&[], form))
    }

    /// Uploads `test.jpg` with further fields.
    pub(crate) fn send(&self, more: &[&str]) -> Answer {
        self.upload(&self.form(more))
    }

    /// The same with a field in place of another, or without it.
    pub(crate) fn send_changed(&self, more: &[&str], name: &str, field: &str) -> Answer {
        self.upload(&self.changed(more, &[(name, field)]))
    }

    /// Injects a fault that hits the next call.
    pub(crate) fn inject_next(&self, effect: impl Display) {
        let fault = format!("{effect},next=1");
        self.sandbox.inject(fault.parse().unwrap());
    }

    /// curl's arguments, a form, and the address.
    pub(crate) fn words<'a>(&'a self, arguments: &[&'a str], form: &'a [String]) -> Vec<&'a str> {
        let form = form.iter().map(String::as_str).chain([&*self.url]);
        arguments.iter().copied().chain(form).collect()
    }

    /// Uploads the picture of the tests, which must be accepted.
    #[track_caller]
    pub(crate) fn assert_uploads(&self) {
        self.send(&[]).assert_accepted();
    }

    /// The last call.
    pub(crate) fn last(&self) -> Arc<RecordedRequest> {
        self.sandbox.requests().pop().unwrap()
    }

    /// The codes of the findings of the last call.
    pub(crate) fn codes(&self) -> Vec<String> {
        let last = self.last();
        last.findings.iter().map(|it| it.code.clone()).collect()
    }

    /// The signature over `name=value` texts, by Python's hashlib and hmac.
    pub(crate) fn python_sign(&self, sign_type: &str, fields: &[String]) -> String {
        python_sign(sign_type, self.credentials().expose_api_key(), fields)
    }
}

pub(crate) fn python_sign(sign_type: &str, key: &str, fields: &[String]) -> String {
    let pairs = fields.iter().map(|field| {
        let (name, value) = field.split_once('=').unwrap();
        format!(" {}={}", hex(name), hex(value))
    });
    let answer = python(&format!("{sign_type} {key}{}", pairs.collect::<String>()));
    answer.rsplit(' ').next().unwrap().to_owned()
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// The answer to a line by the one Python that all tests share.
fn python(question: &str) -> String {
    const SCRIPT: &str = "/../wxpay-sign/tests/independent/sign.py";
    static PYTHON: LazyLock<Mutex<Child>> = LazyLock::new(|| {
        let mut python = Command::new("python3");
        python.arg(env!("CARGO_MANIFEST_DIR").to_owned() + SCRIPT);
        python.stdin(Stdio::piped()).stdout(Stdio::piped());
        let child = python.spawn().expect("python3 is installed");
        Mutex::new(child)
    });
    let python = &mut *PYTHON.lock().unwrap();
    writeln!(python.stdin.as_mut().unwrap(), "{question}").unwrap();
    let mut answer = String::new();
    // Python writes a line only after a question, so the buffer never holds the next answer.
    let mut output = BufReader::new(python.stdout.as_mut().unwrap());
    output.read_line(&mut answer).unwrap();
    answer.trim_end().to_owned()
}

/// A response: its HTTP status and its document.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: String,
    fields: Fields<'static>,
}

impl Answer {
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
    pub(crate) fn python_sign(&self, bench: &Bench, sign_type: &str) -> String {
        let fields = self.fields.iter();
        let fields = fields.map(|(name, value)| format!("{name}={value}"));
        bench.python_sign(sign_type, &fields.collect::<Vec<_>>())
    }

    #[track_caller]
    pub(crate) fn assert_accepted(&self) {
        assert_eq!(self.get("result_code"), Some("SUCCESS"), "{self:?}");
    }

    /// A refusal with `return_code` FAIL, in its documented form.
    #[track_caller]
    pub(crate) fn assert_fails(&self, code: &str, description: &str) {
        assert_eq!(self.get("return_code"), Some("FAIL"), "{self:?}");
        let names = "return_code return_msg err_code err_code_des";
        self.assert_says(names, code, description);
    }

    /// A refusal with `return_code` SUCCESS, in its documented form, signed.
    #[track_caller]
    pub(crate) fn assert_refuses(&self, bench: &Bench, by: &str, code: &str, description: &str) {
        let codes = [self.get("return_code"), self.get("result_code")];
        assert_eq!(codes, [Some("SUCCESS"), Some("FAIL")], "{self:?}");
        let names = "return_code return_msg result_code err_code err_code_des sign";
        self.assert_says(names, code, description);
        self.assert_signed(bench, by);
    }

    #[track_caller]
    fn assert_says(&self, names: &str, code: &str, description: &str) {
        assert_eq!(self.names().join(" "), names, "{self:?}");
        let said = (self.get("err_code"), self.get("err_code_des"));
        assert_eq!(said, (Some(code), Some(description)), "{self:?}");
    }
}
