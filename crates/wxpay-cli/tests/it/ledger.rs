//! `wxpay upload --ledger` and `wxpay ledger`, with the program's own gateway.

mod crash;

use std::{
    collections::HashMap,
    fs::{self, File},
    path::PathBuf,
    process::Command,
    thread,
    time::{Duration, SystemTime},
};

use serde_json::Value;

use crate::{
    program::{PNG, Runnable, text, wxpay},
    sandbox::Sandbox,
};

/// A folder with pictures, a gateway whose calls are logged, and a ledger.
struct Shop {
    folder: tempfile::TempDir,
    _sandbox: Sandbox,
    variables: Vec<(String, String)>,
}

impl Shop {
    /// A shop whose gateway has these faults, separated by spaces.
    fn new(faults: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = File::create(folder.path().join("calls")).unwrap();
        let credentials = folder.path().join("credentials");
        let faults = faults.split_whitespace();
        let faults: String = faults.map(|fault| format!(" --fault {fault}")).collect();
        let words = "--json --inspector off".to_owned() + &faults;
        let sandbox = Sandbox::start(Some(&credentials), &words, log.into());
        fs::create_dir(folder.path().join("pictures")).unwrap();
        Self {
            variables: Sandbox::variables(&credentials),
            folder,
            _sandbox: sandbox,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A picture whose bytes depend on the number.
    fn picture(&self, name: &str, number: u32) {
        let path = self.path("pictures").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut bytes = fs::read(PNG).unwrap();
        bytes.extend(number.to_be_bytes());
        fs::write(&path, bytes).unwrap();
        // A file that was written just now is read again by each run.
        let an_hour_ago = SystemTime::now() - Duration::from_secs(3600);
        let file = File::options().append(true).open(&path).unwrap();
        file.set_modified(an_hour_ago).unwrap();
    }

    /// Different pictures, from `00.png` on.
    fn pictures(&self, count: u32) {
        (0..count).for_each(|number| self.picture(&format!("{number:02}.png"), number));
    }

    /// The program in the folder, with the settings of the gateway.
    fn client(&self, words: &str) -> Command {
        let mut command = wxpay(words);
        command.envs(self.variables.iter().cloned());
        command.current_dir(self.folder.path());
        command
    }

    fn upload(&self, words: &str) -> Command {
        self.client(&format!("upload --retries 0 --ledger ledger {words}"))
    }

    /// `wxpay ledger` with this verb and the ledger.
    fn ledger(&self, words: &str) -> Command {
        let mut command = self.client("ledger");
        command.with(words).arg("ledger");
        command
    }

    /// The media id of each file in the ledger.
    fn export(&self) -> HashMap<String, String> {
        let lines = self.ledger("export --json").assert_exit(0).json();
        let id = |line: &Value| line["media_id"].as_str().unwrap_or_default().to_owned();
        let file = |line: &Value| line["file"].as_str().unwrap().to_owned();
        lines.iter().map(|line| (file(line), id(line))).collect()
    }

    /// Asserts the number of calls, which the sandbox logs after their answers, once no more come.
    fn assert_calls(&self, count: usize) {
        let mut logged = 0;
        loop {
            thread::sleep(Duration::from_millis(300));
            let calls = self.calls().len();
            if calls == logged && calls > 0 {
                return assert_eq!(calls, count);
            }
            logged = calls;
        }
    }

    /// Hash of the picture and media id of each call.
    fn calls(&self) -> Vec<(String, String)> {
        let log = fs::read_to_string(self.path("calls")).unwrap();
        // The last line may be incomplete.
        let log = log.rfind('\n').map_or("", |end| &log[..end]);
        let call = |line: &str| {
            let call: Value = serde_json::from_str(line).unwrap();
            let mut fields = call["fields"].as_array().unwrap().iter();
            let hash = fields.find(|it| it["name"] == "media_hash").unwrap();
            let body = call["answer"]["body"].as_str().unwrap_or_default();
            let id = body.split("<media_id><![CDATA[").nth(1).unwrap_or_default();
            let id = id.split(']').next().unwrap_or_default();
            (hash["value"].as_str().unwrap().to_owned(), id.to_owned())
        };
        log.lines().map(call).collect()
    }
}

#[test]
fn a_run_again_sends_only_new_pictures_and_prints_every_id() {
    let shop = Shop::new("");
    for number in 0..10 {
        shop.picture(&format!("{number}.png"), number / 2 * 2);
    }
    let run = shop.upload("pictures").assert_exit(0);
    run.assert_lines(10);
    shop.assert_calls(5);
    run.assert_err("5 uploaded, 5 had their ids already, 0 refused, 0 failed");

    shop.picture("new.png", 100);
    let again = shop.upload("pictures").assert_exit(0);
    shop.assert_calls(6);
    for line in run.out.lines() {
        again.assert_out(line);
    }
    // One file has other bytes now.
    shop.picture("0.png", 200);
    let changed = shop.upload("pictures/0.png pictures/1.png").assert_exit(0);
    shop.assert_calls(7);
    let is_known = changed.out.lines().map(|line| run.out.contains(line));
    assert_eq!(is_known.collect::<Vec<_>>(), [false, true], "{changed:?}");
    assert_eq!(shop.export().len(), 11);
}

#[test]
fn a_list_keeps_its_order_and_may_have_any_line_ends() {
    let shop = Shop::new("");
    shop.pictures(4);
    let paths = [2, 0, 3, 1].map(|number| format!("pictures/0{number}.png"));
    let absolute = paths
        .each_ref()
        .map(|path| text(&shop.path(path)).to_owned());
    for (list, null) in [
        (paths.join("\n"), ""),
        (paths.join("\r\n") + "\r\n", ""),
        ("\u{feff}\n".to_owned() + &absolute.join("\n\n"), ""),
        (paths.join("\0") + "\0", "-0"),
    ] {
        fs::write(shop.path("list"), &list).unwrap();
        for (from, input) in [("list", ""), ("-", list.as_str())] {
            let mut command = shop.upload(&format!("--from {from} {null}"));
            let run = command.run_with_input(input.as_bytes()).assert_exit(0);
            let names = run.out.lines().map(|line| &line[line.len() - 6..]);
            let names: Vec<_> = names.collect();
            assert_eq!(names, ["02.png", "00.png", "03.png", "01.png"], "{list:?}");
        }
    }
    shop.assert_calls(4);
    let run = shop.upload("--from list pictures/00.png").assert_exit(1);
    assert_eq!(
        run.out[45..].lines().next(),
        Some("pictures/00.png"),
        "{run:?}"
    );
    shop.upload("--from missing").assert_exit(2);
    shop.upload("--from - -").assert_exit(2);
}

#[test]
fn a_folder_is_walked_without_hidden_files_and_without_the_ledger() {
    let shop = Shop::new("");
    shop.picture("a/b/c.png", 1);
    shop.picture("d.png", 2);
    for hidden in [".hidden/e.png", "._d.png", ".f.png", "a/._c.png"] {
        shop.picture(hidden, 3);
    }
    fs::remove_file(shop.path("calls")).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(shop.path("pictures"), shop.path("pictures/a/loop")).unwrap();
    let run = shop.upload("pictures").assert_exit(0);
    let mut files: Vec<_> = run.out.lines().map(|line| &line[45..]).collect();
    files.sort_unstable();
    assert_eq!(files, ["pictures/a/b/c.png", "pictures/d.png"], "{run:?}");
    // The folder also has the credentials, which are no pictures.
    let run = shop.upload(".").assert_exit(1);
    run.assert_lines(3)
        .assert_not("/ledger")
        .assert_err("ca.pem");
}

#[test]
fn a_wrong_key_costs_one_call_and_fails_no_file() {
    for fault in [
        "sign-error",
        "certificate-required",
        "merchant-id",
        "wrong-signature",
    ] {
        let shop = Shop::new(fault);
        shop.pictures(20);
        let run = shop.upload("pictures").assert_exit(1);
        shop.assert_calls(1);
        let ended = run.err.matches("error: nothing more is sent").count();
        assert_eq!(ended, 1, "{run:?}");
        run.assert_lines(0)
            .assert_err("0 uploaded")
            .assert_err("0 failed");
        assert_eq!(shop.export().len(), 0, "{fault}");
    }
}

#[test]
fn a_key_that_stops_working_ends_the_run_and_keeps_the_ids() {
    let shop = Shop::new("delay=1ms,next=5 sign-error,every=6");
    shop.pictures(40);
    let run = shop.upload("--concurrency 1 pictures").assert_exit(1);
    run.assert_lines(5);
    shop.assert_calls(6);
    assert_eq!(shop.export().len(), 5);
}

#[test]
fn an_outage_fails_no_file() {
    for fault in ["bad-gateway-page", "cut-before-answer", "frequency-limited"] {
        let shop = Shop::new(&format!("{fault},next=2"));
        shop.pictures(5);
        let run = shop.upload("pictures").assert_exit(0);
        run.assert_lines(5);
        run.assert_err("waiting, and trying again in 1 s: ");
        run.assert_err("the gateway answers again");
    }
}

#[test]
fn a_refused_picture_is_remembered_until_it_changes_or_is_forgotten() {
    let shop = Shop::new("image-format,next=1");
    shop.picture("1.png", 1);
    fs::write(shop.path("pictures/2.png"), "no picture").unwrap();
    for _ in 0..2 {
        let run = shop.upload("pictures/1.png pictures/2.png").assert_exit(1);
        shop.assert_calls(1);
        run.assert_err("Image format error").assert_err("is text");
        run.assert_err("0 uploaded, 0 had their ids already, 2 refused, 0 failed");
    }
    let run = shop.ledger("forget --path pictures/1.png").assert_exit(0);
    assert_eq!(run.out, "1 forgotten\n");
    shop.picture("2.png", 2);
    shop.upload("pictures").assert_exit(0);
    shop.assert_calls(3);
}

#[test]
fn a_refusal_for_another_reason_is_tried_again_by_the_next_run() {
    let shop = Shop::new("error=BRAND_NEW,next=1");
    shop.picture("1.png", 1);
    let files = "pictures/1.png pictures/none.png";
    let run = shop.upload("--json").with(files).assert_exit(1);
    let [first, second] = run.json().try_into().unwrap();
    assert_eq!(first["error"]["code"], "BRAND_NEW");
    assert_eq!(second["error"]["kind"], "image");
    let status = shop.ledger("status").assert_exit(0);
    let merchant = "merchant 1900000109, https://127.0.0.1:";
    assert!(status.out.starts_with(merchant), "{status:?}");
    status
        .assert_out("uploaded  0 files")
        .assert_out("failed    2");
    shop.picture("none.png", 1);
    shop.upload("pictures").assert_exit(0);
    shop.assert_calls(2);
}

#[test]
fn an_export_has_the_lines_of_upload_with_the_time_and_no_formula() {
    let shop = Shop::new("");
    shop.picture("1.png", 1);
    fs::write(shop.path("=1+2,.png"), "no picture").unwrap();
    let mut upload = shop.upload("--json pictures/1.png");
    let [mut printed, refused] = upload
        .arg("=1+2,.png")
        .assert_exit(1)
        .json()
        .try_into()
        .unwrap();
    let [formula, mut known] = shop
        .ledger("export --json")
        .run()
        .json()
        .try_into()
        .unwrap();
    assert_eq!(formula["error"], refused["error"]);
    let at = known
        .as_object_mut()
        .unwrap()
        .remove("uploaded_at")
        .unwrap();
    let at = at.as_str().unwrap();
    assert!(
        at.len() == 20 && at.starts_with("20") && at.ends_with('Z'),
        "{at}"
    );
    printed["file"] = text(&shop.path("pictures/1.png")).into();
    assert_eq!(known, printed);

    let formula = format!("\"{}\",,,,,image,,", text(&shop.path("=1+2,.png")));
    for flag in ["", "--csv"] {
        let csv = shop.ledger(&format!("export {flag}")).assert_exit(0).out;
        let lines: Vec<_> = csv.lines().collect();
        let header =
            "file,media_id,media_hash,bytes,uploaded_at,error_kind,error_code,error_message";
        assert_eq!((lines[0], lines.len()), (header, 3));
        assert!(lines[1].starts_with(&formula), "{csv}");
        assert!(lines[2].contains(at) && lines[2].ends_with(",,,"), "{csv}");
    }
    let hash = known["media_hash"].as_str().unwrap().to_uppercase();
    for (words, count) in [(format!("--hash {hash}"), 1), ("--older-than 1".into(), 0)] {
        let run = shop.ledger(&format!("forget {words}")).assert_exit(0);
        assert_eq!(run.out, format!("{count} forgotten\n"));
    }
}

#[test]
fn wrong_usage_is_status_2() {
    let shop = Shop::new("");
    shop.picture("1.png", 1);
    fs::write(shop.path("notes"), "no ledger").unwrap();
    for wrong in [
        "--from list",
        "-0 --ledger l a.png",
        "--ledger l",
        "--ledger l --dry-run pictures/1.png",
        "--ledger notes pictures/1.png",
        "--ledger no/folder/l pictures/1.png",
        "--ledger pictures pictures/1.png",
    ] {
        let run = shop.client("upload").with(wrong).assert_exit(2);
        run.assert_err("error: ");
    }
    let run = shop
        .client("upload --json --ledger notes pictures/1.png")
        .assert_exit(2);
    let error = &run.json_line()["error"];
    assert_eq!(error["kind"], "config");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("not a ledger"), "{run:?}");
    assert_eq!(fs::read_to_string(shop.path("notes")).unwrap(), "no ledger");
    assert!(!shop.path("l").exists());
    shop.ledger("status").assert_exit(2);
    shop.upload("pictures").assert_exit(0);
    for wrong in [
        "forget",
        "forget --hash 12",
        "forget --path a --older-than 1",
        "export --csv --json",
    ] {
        shop.ledger(wrong).assert_exit(2);
    }
}

#[test]
fn no_secret_and_no_picture_is_in_the_ledger() {
    let shop = Shop::new("image-format,next=1");
    shop.pictures(3);
    shop.upload("pictures").assert_exit(1);
    let mut all = Vec::new();
    for entry in fs::read_dir(shop.folder.path()).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name().to_str().unwrap().starts_with("ledger") {
            all.extend(fs::read(entry.path()).unwrap());
        }
    }
    let holds = |needle: &[u8]| all.windows(needle.len()).any(|it| it == needle);
    assert!(holds(b"1900000109") && holds(b"pictures/01.png"));
    let picture = fs::read(shop.path("pictures/01.png")).unwrap();
    let key = fs::read_to_string(shop.path("credentials/apiclient_key.pem")).unwrap();
    let api_key = fs::read_to_string(shop.path("credentials/api_key.txt")).unwrap();
    assert!(!holds(&picture[..16]) && !holds(&picture[40..56]));
    assert!(!holds(key.lines().nth(1).unwrap().as_bytes()));
    assert!(!holds(&api_key.as_bytes()[..8]));
}
