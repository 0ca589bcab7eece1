//! A client in another language.

use std::{
    fmt,
    path::Path,
    process::{Command, Output, Stdio},
};

use super::sandbox::Sandbox;

/// One program of docs/clients, and what it needs.
pub(super) struct Client {
    pub(super) name: &'static str,
    /// Tells whether the language is there: a command that succeeds where it is.
    probe: &'static [&'static str],
    /// Fetches what the language lacks into the temporary folder it is run in.
    prepare: &'static [&'static [&'static str]],
    /// The command, before the picture.
    command: &'static [&'static str],
    /// What stands behind the picture.
    after: &'static [&'static str],
}

pub(super) const CLIENTS: &[Client] = &[
    Client::plain(
        "curl",
        &["openssl", "version"],
        &["sh", "{clients}/upload.sh"],
    ),
    Client {
        prepare: &[
            &["python3", "-m", "venv", "venv"],
            &["venv/bin/pip", "install", "--quiet", "requests"],
        ],
        ..Client::plain(
            "Python, requests",
            &["python3", "-m", "venv", "--help"],
            &["venv/bin/python3", "{clients}/upload.py"],
        )
    },
    Client::plain(
        "Node",
        &["node", "--version"],
        &["node", "{clients}/upload.mjs"],
    ),
    Client::axios("Node, wechatpay-axios-plugin, MD5", &["MD5"]),
    Client::axios("Node, wechatpay-axios-plugin, HMAC", &["HMAC-SHA256"]),
    Client::plain(
        "PHP, curl",
        &[
            "php",
            "-r",
            "exit(class_exists('CURLStringFile') && function_exists('simplexml_load_string') ? 0 : 1);",
        ],
        &["php", "{clients}/upload.php"],
    ),
    Client::plain(
        "Java, java.net.http",
        &["javac", "--version"],
        &["java", "{clients}/Upload.java"],
    ),
    Client::plain(
        "Go, net/http",
        &["go", "version"],
        &["go", "run", "{clients}/upload.go"],
    ),
    Client {
        prepare: &[
            &["dotnet", "new", "console", "--output", "."],
            &["cp", "{clients}/Upload.cs", "Program.cs"],
        ],
        ..Client::plain(
            "C#, HttpClient",
            &["dotnet", "--version"],
            &["dotnet", "run"],
        )
    },
];

impl Client {
    const fn plain(
        name: &'static str,
        probe: &'static [&'static str],
        command: &'static [&'static str],
    ) -> Self {
        Self {
            name,
            probe,
            prepare: &[],
            command,
            after: &[],
        }
    }

    const fn axios(name: &'static str, sign_type: &'static [&'static str]) -> Self {
        Self {
            prepare: &[
                &["npm", "install", "--silent", "wechatpay-axios-plugin@0.9"],
                // A package is looked for beside the program that asks for it.
                &["cp", "{clients}/wechatpay-axios-plugin.cjs", "."],
            ],
            after: sign_type,
            ..Self::plain(
                name,
                &["npm", "--version"],
                &["node", "wechatpay-axios-plugin.cjs"],
            )
        }
    }

    /// Uploads one picture and looks for a media id on standard output.
    pub(super) fn run(&self, root: &Path, sandbox: &Sandbox, folder: &Path) -> Outcome {
        let program = |words: &[&str]| Command::new(words[0]).args(&words[1..]).output();
        if !program(self.probe).is_ok_and(|output| output.status.success()) {
            return Outcome::Skipped(self.probe[0]);
        }
        let folder = folder.join(self.name.replace([' ', ','], "_"));
        if let Err(error) = std::fs::create_dir_all(&folder) {
            return Outcome::Failed(error.to_string());
        }
        let clients = root.join("docs/clients").display().to_string();
        let prepared = self.prepare.iter().map(|words| (*words, &[][..]));
        let picture = root.join("examples/licence.jpg").display().to_string();
        let picture = [&[picture.as_str()], self.after].concat();
        let mut id = String::new();
        for (words, more) in prepared.chain([(self.command, picture.as_slice())]) {
            let mut words = words.iter().map(|word| word.replace("{clients}", &clients));
            let output = sandbox
                .command(&words.next().unwrap_or_default())
                .args(words)
                .args(more)
                .current_dir(&folder)
                .stdin(Stdio::null())
                .output();
            match output {
                Ok(output) if output.status.success() => id = text(&output.stdout),
                Ok(output) => return Outcome::Failed(last_words(&output)),
                Err(error) => return Outcome::Failed(error.to_string()),
            }
        }
        let is_id = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        if id.len() == 43 && id.bytes().all(is_id) {
            Outcome::Uploaded
        } else {
            Outcome::Failed(format!("printed no media id but {id:?}"))
        }
    }
}

fn last_words(output: &Output) -> String {
    let all = text(&output.stdout) + "\n" + &text(&output.stderr);
    let said: Vec<_> = all.lines().filter(|line| !line.trim().is_empty()).collect();
    said[said.len().saturating_sub(4)..].join(" / ")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}

/// How it went.
pub(super) enum Outcome {
    /// The sandbox took the picture, and the client took the reply.
    Uploaded,
    /// This machine has no such program.
    Skipped(&'static str),
    /// What it said last.
    Failed(String),
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uploaded => f.write_str("ok"),
            Self::Skipped(program) => write!(f, "skipped: no usable `{program}`"),
            Self::Failed(why) => write!(f, "FAILED: {why}"),
        }
    }
}
