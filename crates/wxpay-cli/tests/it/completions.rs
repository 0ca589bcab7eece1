//! `wxpay completions`, and the pages for man(1).

use std::{fs, process::Command};

use crate::program::{RunToEnd, wxpay};

#[test]
fn every_shell_has_the_commands_and_options() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = wxpay(["completions", shell]).assert_exit(0).out;
        for word in ["upload", "doctor", "sandbox", "api-key-file", "concurrency"] {
            assert!(script.contains(word), "{shell} does not know {word}");
        }
    }
}

#[test]
fn bash_completes_a_command() {
    let script = wxpay(["completions", "bash"]).assert_exit(0).out;
    let asked = format!(
        "{script}\nCOMP_WORDS=(wxpay up); COMP_CWORD=1; _wxpay wxpay up wxpay; echo \"${{COMPREPLY[@]}}\""
    );
    let Ok(bash) = Command::new("bash").args(["-c", &asked]).output() else {
        return;
    };
    assert_eq!(String::from_utf8_lossy(&bash.stdout).trim(), "upload");
}

#[test]
fn a_shell_that_does_not_exist_is_wrong_usage() {
    let run = wxpay(["completions", "cmd"]).assert_exit(2);
    assert!(run.err.contains("bash"), "{}", run.err);
}

#[test]
fn each_command_has_a_page() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    wxpay(["man", path]).assert_exit(0);
    for (page, word) in [
        ("wxpay.1", "wxpay\\-upload(1)"),
        ("wxpay-upload.1", "concurrency"),
        ("wxpay-doctor.1", "json"),
    ] {
        let text = fs::read_to_string(folder.path().join(page)).unwrap();
        assert!(text.contains(word), "{page} has no {word}");
    }
}

#[test]
fn pages_need_a_folder() {
    let run = wxpay(["man", "/no/such/folder"]).assert_exit(2);
    assert!(run.err.contains("/no/such/folder"), "{}", run.err);
}
