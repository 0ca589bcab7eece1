//! What a command of a README prints, by running it.

use std::{env, path::Path, process::Command};

use anyhow::{Context, ensure};

/// How READMEs start the program where it is not installed.
const FROM_SOURCE: &str = "cargo run --release --bin wxpay -- ";
/// The API documentation's own key, by which the examples are signed.
const KEY: &str = "192006250b4c09247ec02edce69f6a2d";

/// A console's text with what its command prints now.
///
/// Ports and media ids differ from run to run: where nothing else does, the text stays as it is.
pub(super) fn again(root: &Path, programs: &Path, inside: &str) -> anyhow::Result<Option<String>> {
    let text = inside.strip_prefix("```console\n$ ");
    let text = text.and_then(|text| text.strip_suffix("```"));
    let text = text.context("a console begins with a command")?;
    let (command, shown) = split(text);
    let printed = run(root, programs, command)?;
    let printed = match steady(shown) == steady(&printed) {
        true => shown,
        false => &printed,
    };
    Ok(Some(format!("```console\n$ {command}\n{printed}```")))
}

/// A command goes on behind a backslash at a line's end.
fn split(text: &str) -> (&str, &str) {
    let mut end = 0;
    for line in text.split_inclusive('\n') {
        end += line.len();
        if !line.trim_end().ends_with('\\') {
            break;
        }
    }
    let (command, shown) = text.split_at(end);
    (command.trim_end(), shown)
}

fn run(root: &Path, programs: &Path, command: &str) -> anyhow::Result<String> {
    let command = match command.strip_prefix(FROM_SOURCE) {
        Some(arguments) => format!("wxpay {arguments}"),
        None => command.to_owned(),
    };
    ensure!(
        command.starts_with("wxpay "),
        "only `wxpay` is run, not: {command}"
    );
    let words = command.replace("\\\n", " ");
    let mut wxpay = Command::new(programs.join(format!("wxpay{}", env::consts::EXE_SUFFIX)));
    wxpay
        .current_dir(root)
        .args(words.split_whitespace().skip(1));
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("WXPAY_") {
            wxpay.env_remove(name);
        }
    }
    let output = wxpay.env("WXPAY_API_KEY", KEY).output();
    let output = output.context("cannot start `wxpay`")?;
    // What a terminal shows: notes come before the results that they are about.
    let both = [output.stderr, output.stdout].concat();
    String::from_utf8(both).context("`wxpay` prints no UTF-8")
}

/// Without what differs from run to run.
fn steady(text: &str) -> String {
    let words = text.split_inclusive([' ', '\n', ':']).map(|word| {
        let core = word.trim_end_matches([' ', '\n', ':']);
        let is_port = core.len() >= 4 && core.bytes().all(|byte| byte.is_ascii_digit());
        let is_id = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        let is_media_id = core.len() == 43 && core.bytes().all(is_id);
        match (is_port, is_media_id) {
            (false, false) => word.to_owned(),
            _ => word.replacen(core, "…", 1),
        }
    });
    words.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_may_go_on_in_the_next_line() {
        assert_eq!(
            split("wxpay a \\\n  b\nout\n"),
            ("wxpay a \\\n  b", "out\n")
        );
        assert_eq!(split("wxpay a\n"), ("wxpay a", ""));
    }

    #[test]
    fn ports_and_media_ids_do_not_count() {
        let one = "sandbox at https://127.0.0.1:41005: its\nRq6ISAcWRGVD-Yfjc2xyLtVF4UM9k_tvm2fNZeJ8OQw  a\n";
        let two = "sandbox at https://127.0.0.1:36945: its\nwYN1IERmPANu2gjAf40gUFiGVdbFwSRl0Epsr-pkNhs  a\n";
        assert_eq!(steady(one), steady(two));
        assert_ne!(steady(one), steady(&two.replace("its", "the")));
    }

    #[test]
    fn only_the_program_is_run() {
        let error = run(Path::new("."), Path::new("."), "rm -r x").unwrap_err();
        assert_eq!(error.to_string(), "only `wxpay` is run, not: rm -r x");
    }
}
