//! `wxpay completions`, and the man pages.

use std::{fs, process::Command};

use crate::program::{Runnable, wxpay};

#[test]
fn every_shell_has_the_commands_and_options() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = wxpay("completions").arg(shell).assert_exit(0);
        for word in ["upload", "doctor", "sandbox", "api-key-file", "concurrency"] {
            script.assert_out(word);
        }
    }
    wxpay("completions cmd").assert_exit(2).assert_err("bash");
}

#[test]
fn bash_completes_a_command() {
    let script = wxpay("completions bash").assert_exit(0).out;
    let asked = format!(
        "{script}\nCOMP_WORDS=(wxpay up); COMP_CWORD=1; _wxpay wxpay up wxpay; echo \"${{COMPREPLY[@]}}\""
    );
    let Ok(bash) = Command::new("bash").args(["-c", &asked]).output() else {
        return;
    };
    assert_eq!(String::from_utf8_lossy(&bash.stdout).trim(), "upload");
}

#[test]
fn each_command_has_a_man_page() {
    let folder = tempfile::tempdir().unwrap();
    wxpay("man").arg(folder.path()).assert_exit(0);
    for (page, word) in [
        ("wxpay.1", "wxpay\\-upload(1)"),
        ("wxpay-upload.1", "concurrency"),
        ("wxpay-doctor.1", "json"),
    ] {
        let text = fs::read_to_string(folder.path().join(page)).unwrap();
        assert!(text.contains(word), "{page} has no {word}");
    }
    let run = wxpay("man /no/such/folder").assert_exit(2);
    run.assert_err("/no/such/folder");
}
