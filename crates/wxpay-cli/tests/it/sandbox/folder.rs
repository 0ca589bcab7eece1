//! The folder with the credentials of `wxpay sandbox`.

use std::{
    ffi::OsStr,
    fs::{self, Permissions},
    os::unix::{
        ffi::OsStrExt,
        fs::{PermissionsExt, chown, symlink},
    },
    path::Path,
    process::{Command, Stdio},
};

use super::{Sandbox, refused_in};
use crate::program::{KEY, Runnable, wxpay};

const FILES: [&str; 5] = [
    "ca.pem",
    "ca_key.pem",
    "apiclient_cert.pem",
    "apiclient_key.pem",
    "api_key.txt",
];

/// Starts a sandbox in a folder, and ends it.
fn fill(folder: &Path) {
    Sandbox::in_folder(folder, "").stop("INT").assert_exit(0);
}

#[test]
fn a_temporary_folder_is_removed_at_the_end() {
    for name in ["INT", "TERM", "HUP"] {
        let mut sandbox = Sandbox::start(None, "", Stdio::null());
        let line = sandbox.line("credentials in ");
        let folder = Path::new(line.strip_prefix("credentials in ").unwrap());
        assert!(folder.join("env").exists());
        sandbox.stop(name).assert_exit(0);
        assert!(!folder.exists());
    }
}

#[test]
fn another_start_keeps_the_credentials() {
    let folder = tempfile::tempdir().unwrap();
    let read = || FILES.map(|name| fs::read(folder.path().join(name)).unwrap());
    fill(folder.path());
    let before = read();
    let sandbox = Sandbox::in_folder(folder.path(), "");
    assert_eq!(read(), before);
    let variables = Sandbox::variables(folder.path());
    let endpoint = ("WXPAY_ENDPOINT".to_owned(), sandbox.origin.clone());
    assert!(variables.contains(&endpoint), "{variables:?}");
}

#[test]
fn only_the_owner_can_read_private_files() {
    let folder = tempfile::tempdir().unwrap();
    let private = "ca_key.pem apiclient_key.pem apiclient_cert.p12 api_key.txt env";
    for _ in 0..2 {
        fill(folder.path());
        for name in private.split(' ') {
            let path = folder.path().join(name);
            let mode = path.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
            // The next start restores the mode.
            fs::set_permissions(path, Permissions::from_mode(0o644)).unwrap();
        }
    }
}

#[test]
fn the_caller_may_choose_merchant_and_key() {
    let folder = tempfile::tempdir().unwrap();
    let (dir, key) = (folder.path().join("dir"), folder.path().join("key.txt"));
    fs::write(&key, format!("{KEY}\n")).unwrap();
    let words = format!(
        "--mch-id 1234567890 --host gateway.test --api-key-file {}",
        key.display()
    );
    let sandbox = Sandbox::in_folder(&dir, &words);
    let variables = Sandbox::variables(&dir);
    for (name, value) in [("WXPAY_MCH_ID", "1234567890"), ("WXPAY_API_KEY", KEY)] {
        let variable = (name.to_owned(), value.to_owned());
        assert!(variables.contains(&variable), "{variables:?}");
    }
    sandbox.stop("INT").assert_exit(0);
    // The next start needs no flags, and refuses another merchant.
    fill(&dir);
    refused_in(&dir, "--mch-id 1").assert_err("1234567890");
}

#[test]
fn a_folder_without_one_of_the_files_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    fs::remove_file(folder.path().join("ca_key.pem")).unwrap();
    refused_in(folder.path(), "").assert_err("ca_key.pem");
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_whose_path_is_not_utf8_is_refused_and_not_made() {
    let parent = tempfile::tempdir().unwrap();
    let name = parent.path().join(OsStr::from_bytes(b"caf\xe9"));
    for folder in [name.clone(), name.join("below")] {
        refused_in(&folder, "").assert_err("is not UTF-8");
        assert!(!name.exists());
    }
}

#[test]
fn a_folder_that_others_could_change_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("dir");
    fs::create_dir(&dir).unwrap();
    let mode = |mode| fs::set_permissions(&dir, Permissions::from_mode(mode)).unwrap();
    for flag in ["--dir", "--keep"] {
        for open in [0o777, 0o1777, 0o702] {
            mode(open);
            let mut command = wxpay("sandbox --listen 127.0.0.1:0");
            let run = command.arg(flag).arg(&dir).assert_exit(2);
            run.assert_err("everybody");
            assert_eq!(fs::read_dir(&dir).unwrap().count(), 0);
        }
    }
    // A group is only a warning.
    mode(0o770);
    let run = Sandbox::in_folder(&dir, "").stop("INT").assert_exit(0);
    run.assert_err("group");
    mode(0o755);
    // Others could put a folder of theirs in its place, unless a sticky bit forbids it: a warning,
    // too.
    let above = |mode| fs::set_permissions(folder.path(), Permissions::from_mode(mode)).unwrap();
    for open in [0o777, 0o702] {
        above(open);
        let run = Sandbox::in_folder(&dir, "").stop("INT").assert_exit(0);
        run.assert_err("everybody");
    }
    above(0o1777);
    fill(&dir);
    above(0o700);
    // Only root can give a folder away.
    if chown(&dir, Some(12345), None).is_ok() {
        refused_in(&dir, "").assert_err("another user");
        // As a container sees a folder of its host.
        chown(folder.path(), Some(12345), None).unwrap();
        fill(&dir);
    }
}

#[test]
fn credentials_are_read_only_from_regular_files() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    let path = folder.path().join("api_key.txt");
    let replace: [(&dyn Fn(), &str); 3] = [
        (&|| symlink("/dev/zero", &path).unwrap(), "regular file"),
        (
            &|| drop(Command::new("mkfifo").arg(&path).assert_exit(0)),
            "pipe",
        ),
        (&|| fs::write(&path, vec![b'0'; 2 << 20]).unwrap(), "1 MiB"),
    ];
    for (replace, why) in replace {
        fs::remove_file(&path).unwrap();
        replace();
        refused_in(folder.path(), "").assert_err(why);
    }
}
