//! `wxpay upload --ledger` and `wxpay ledger`, against the program's own gateway.

mod crash;

use std::{
    collections::HashMap,
    fs::{self, File},
    path::PathBuf,
    process::{Command, Stdio},
    time::{Duration, SystemTime},
};

use serde_json::Value;

use crate::{
    program::{Run, RunToEnd, example, text, wxpay},
    sandbox::Sandbox,
};

/// A folder with pictures, a gateway that writes down its calls, and a ledger.
struct Shop {
    folder: tempfile::TempDir,
    _sandbox: Sandbox,
    variables: Vec<(String, String)>,
}

impl Shop {
    fn new(faults: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = File::create(folder.path().join("calls")).unwrap();
        let credentials = folder.path().join("credentials");
        let mut arguments = vec!["--json", "--inspector", "off", "--dir", text(&credentials)];
        arguments.extend(faults.iter().flat_map(|fault| ["--fault", fault]));
        let sandbox = Sandbox::start_with(&arguments, log.into());
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

    /// A picture that no other has the bytes of.
    fn picture(&self, name: &str, number: u32) {
        let path = self.path("pictures").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut bytes = fs::read(example("licence.png")).unwrap();
        bytes.extend(number.to_be_bytes());
        fs::write(&path, bytes).unwrap();
        // A file that has just been written is read again each time.
        let an_hour_ago = SystemTime::now() - Duration::from_secs(3600);
        let file = File::options().append(true).open(&path).unwrap();
        file.set_modified(an_hour_ago).unwrap();
    }

    /// So many pictures, `0.png` and on.
    fn pictures(&self, count: u32) {
        (0..count).for_each(|number| self.picture(&format!("{number}.png"), number));
    }

    fn upload(&self, words: &str) -> Command {
        let mut command = wxpay(["upload", "--retries", "0", "--ledger"]);
        command.arg(self.path("ledger")).with(words);
        let variables = self.variables.iter().map(|(name, value)| (name, value));
        command.envs(variables).current_dir(self.folder.path());
        command
    }

    fn ledger(&self, verb: &str, words: &str) -> Run {
        let mut command = wxpay(["ledger", verb]);
        command.arg(self.path("ledger")).with(words);
        command.current_dir(self.folder.path()).run()
    }

    /// File, media id: what the ledger says.
    fn export(&self) -> HashMap<String, String> {
        let lines = self.ledger("export", "--json").assert_exit(0).json();
        let id = |line: &Value| line["media_id"].as_str().unwrap_or_default().to_owned();
        let file = |line: &Value| line["file"].as_str().unwrap().to_owned();
        lines.iter().map(|line| (file(line), id(line))).collect()
    }

    /// The number of calls, once no more come: the sandbox explains a call after its answer.
    fn count_calls(&self) -> usize {
        let mut counted = 0;
        loop {
            std::thread::sleep(Duration::from_millis(300));
            let calls = self.calls().len();
            if calls == counted && calls > 0 {
                return calls;
            }
            counted = calls;
        }
    }

    /// Hash of the picture and media id of each call.
    fn calls(&self) -> Vec<(String, String)> {
        let log = fs::read_to_string(self.path("calls")).unwrap();
        // The last line may be under way.
        let log = log.rfind('\n').map_or("", |end| &log[..end]);
        let calls = log
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        let call = |call: Value| {
            let mut fields = call["fields"].as_array().unwrap().iter();
            let hash = fields.find(|it| it["name"] == "media_hash").unwrap()["value"].clone();
            let body = call["answer"]["body"].as_str().unwrap_or_default();
            let id = body.split("<media_id><![CDATA[").nth(1).unwrap_or_default();
            let id = id.split(']').next().unwrap_or_default().to_owned();
            (hash.as_str().unwrap().to_owned(), id)
        };
        calls.map(call).collect()
    }
}

#[test]
fn a_run_again_sends_only_what_is_new_and_prints_every_id() {
    let shop = Shop::new(&[]);
    for number in 0..10 {
        shop.picture(&format!("{number}.png"), number / 2 * 2);
    }
    let run = shop.upload("pictures").assert_exit(0);
    run.assert_lines(10);
    assert_eq!(shop.count_calls(), 5);
    run.assert_err("5 uploaded, 5 had their ids already, 0 refused, 0 failed");

    shop.picture("new.png", 100);
    let again = shop.upload("pictures").assert_exit(0);
    assert_eq!(shop.count_calls(), 6);
    for line in run.out.lines() {
        again.assert_out(line);
    }
    // One file has other bytes now.
    shop.picture("0.png", 200);
    let changed = shop.upload("pictures/0.png pictures/1.png").assert_exit(0);
    assert_eq!(shop.count_calls(), 7);
    assert!(
        run.out.contains(changed.out.lines().nth(1).unwrap()),
        "{changed:?}"
    );
    assert!(
        !run.out.contains(changed.out.lines().next().unwrap()),
        "{changed:?}"
    );
    assert_eq!(shop.export().len(), 11);
}

#[test]
fn a_list_is_taken_in_its_order_however_its_lines_end() {
    let shop = Shop::new(&[]);
    shop.pictures(4);
    let paths = [2, 0, 3, 1].map(|number| format!("pictures/{number}.png"));
    let absolute = paths
        .each_ref()
        .map(|path| text(&shop.path(path)).to_owned());
    for (list, null) in [
        (paths.join("\n"), false),
        (paths.join("\r\n") + "\r\n", false),
        ("\u{feff}\n".to_owned() + &absolute.join("\n\n"), false),
        (paths.join("\0") + "\0", true),
    ] {
        fs::write(shop.path("list"), &list).unwrap();
        for (from, input) in [("list", ""), ("-", list.as_str())] {
            let mut command = shop.upload(&format!("--from {from}"));
            command.args(null.then_some("-0"));
            let run = command.run_with_input(input.as_bytes()).assert_exit(0);
            let name = |line: &'_ str| line[line.len() - 5..].to_owned();
            let order: Vec<_> = run.out.lines().map(name).collect();
            assert_eq!(order, ["2.png", "0.png", "3.png", "1.png"], "{list:?}");
        }
    }
    assert_eq!(shop.count_calls(), 4);
    let run = shop.upload("--from list pictures/0.png").assert_exit(1);
    assert!(
        run.out
            .starts_with(&format!("{}  pictures/0.png\n", &run.out[..43])),
        "{run:?}"
    );
    shop.upload("--from missing").assert_exit(2);
    shop.upload("--from - -").assert_exit(2);
}

#[test]
fn a_folder_is_walked_without_hidden_files_and_without_the_ledger() {
    let shop = Shop::new(&[]);
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
    // Beside the credentials, which are no pictures.
    let run = shop.upload(".").assert_exit(1);
    run.assert_lines(3);
    run.assert_not_err("/ledger");
    run.assert_err("ca.pem");
}

#[test]
fn a_wrong_key_costs_one_call_and_fails_no_file() {
    for fault in [
        "sign-error",
        "certificate-required",
        "merchant-id",
        "wrong-signature",
    ] {
        let shop = Shop::new(&[fault]);
        shop.pictures(20);
        let run = shop.upload("pictures").assert_exit(1);
        assert_eq!(shop.count_calls(), 1, "{fault}: {run:?}");
        let ended = run.err.matches("error: nothing more is sent").count();
        assert_eq!(ended, 1, "{run:?}");
        run.assert_err("0 uploaded");
        run.assert_err("0 failed");
        assert_eq!((run.out.as_str(), shop.export().len()), ("", 0), "{fault}");
    }
}

#[test]
fn a_key_that_stops_working_in_the_middle_ends_the_run_and_keeps_what_is_done() {
    let shop = Shop::new(&["delay=1ms,next=5", "sign-error,every=6"]);
    (0..40).for_each(|number| shop.picture(&format!("{number:02}.png"), number));
    let run = shop.upload("--concurrency 1 pictures").assert_exit(1);
    run.assert_lines(5);
    assert_eq!(shop.count_calls(), 6);
    assert_eq!(shop.export().len(), 5);
}

#[test]
fn an_outage_fails_no_file() {
    for fault in [
        "bad-gateway-page,next=2",
        "cut-before-answer,next=2",
        "frequency-limited,next=2",
    ] {
        let shop = Shop::new(&[fault]);
        shop.pictures(5);
        let run = shop.upload("pictures").assert_exit(0);
        run.assert_lines(5);
        run.assert_err("waiting, and trying again in 1 s: ");
        run.assert_err("the gateway answers again");
    }
}

#[test]
fn a_refused_picture_is_remembered_until_it_changes_or_is_forgotten() {
    let shop = Shop::new(&["image-format,next=1"]);
    shop.picture("1.png", 1);
    fs::write(shop.path("pictures/2.png"), "no picture").unwrap();
    for calls in [1, 1] {
        let run = shop.upload("pictures/1.png pictures/2.png").assert_exit(1);
        assert_eq!(shop.count_calls(), calls, "{run:?}");
        run.assert_err("Image format error");
        run.assert_err("is text");
        run.assert_err("0 uploaded, 0 had their ids already, 2 refused, 0 failed");
    }
    let run = shop
        .ledger("forget", "--path pictures/1.png")
        .assert_exit(0);
    assert_eq!(run.out, "1 forgotten\n");
    shop.picture("2.png", 2);
    shop.upload("pictures").assert_exit(0);
    assert_eq!(shop.count_calls(), 3);
}

#[test]
fn a_refusal_that_is_not_of_the_picture_is_tried_again_by_the_next_run() {
    let shop = Shop::new(&["error=BRAND_NEW,next=1"]);
    shop.picture("1.png", 1);
    let run = shop
        .upload("--json pictures/1.png pictures/none.png")
        .assert_exit(1);
    let [first, second] = run.json().try_into().unwrap();
    assert_eq!(first["error"]["code"], "BRAND_NEW");
    assert_eq!(second["error"]["kind"], "image");
    let status = shop.ledger("status", "").assert_exit(0).out;
    assert!(
        status.starts_with("merchant 1900000109, https://127.0.0.1:"),
        "{status}"
    );
    assert!(
        status.contains("uploaded  0 files") && status.contains("failed    2"),
        "{status}"
    );
    shop.picture("none.png", 1);
    shop.upload("pictures").assert_exit(0);
    assert_eq!(shop.count_calls(), 2);
}

#[test]
fn an_export_is_what_upload_prints_with_its_time_and_a_spreadsheet_computes_nothing() {
    let shop = Shop::new(&[]);
    shop.picture("1.png", 1);
    fs::write(shop.path("=1+2,.png"), "no picture").unwrap();
    let run = shop
        .upload("--json pictures/1.png")
        .arg("=1+2,.png")
        .assert_exit(1);
    let export = shop.ledger("export", "--json").assert_exit(0).json();
    let by_file = |lines: &[Value], name: &str| {
        let ends = |line: &&Value| line["file"].as_str().unwrap().ends_with(name);
        lines.iter().find(ends).unwrap().clone()
    };
    let (mut printed, mut known) = (by_file(&run.json(), "1.png"), by_file(&export, "1.png"));
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
    assert_eq!(
        by_file(&export, ",.png")["error"],
        by_file(&run.json(), ",.png")["error"]
    );

    for flag in ["", "--csv"] {
        let csv = shop.ledger("export", flag).assert_exit(0).out;
        let lines: Vec<_> = csv.lines().collect();
        let header =
            "file,media_id,media_hash,bytes,uploaded_at,error_kind,error_code,error_message";
        assert_eq!((lines[0], lines.len()), (header, 3));
        assert!(
            lines[1].starts_with(&format!(
                "\"{}\",,,,,image,,",
                text(&shop.path("=1+2,.png"))
            )),
            "{csv}"
        );
        assert!(lines[2].contains(at) && lines[2].ends_with(",,,"), "{csv}");
    }
    let hash = known["media_hash"].as_str().unwrap();
    assert_eq!(
        shop.ledger("forget", &format!("--hash {}", hash.to_uppercase()))
            .assert_exit(0)
            .out,
        "1 forgotten\n"
    );
    assert_eq!(
        shop.ledger("forget", "--older-than 1").assert_exit(0).out,
        "0 forgotten\n"
    );
}

#[test]
fn wrong_usage_is_status_2() {
    let shop = Shop::new(&[]);
    shop.picture("1.png", 1);
    fs::write(shop.path("notes"), "no ledger").unwrap();
    let upload = |arguments: &[&str]| {
        wxpay(["upload", "--sandbox"])
            .args(arguments)
            .current_dir(shop.folder.path())
            .run()
    };
    for wrong in [
        &["--from", "list"][..],
        &["-0", "--ledger", "l", "a.png"],
        &["--ledger", "l"],
        &["--ledger", "l", "--dry-run", "pictures/1.png"],
        &["--ledger", "notes", "pictures/1.png"],
        &["--ledger", "no/folder/l", "pictures/1.png"],
        &["--ledger", "pictures", "pictures/1.png"],
    ] {
        let run = upload(wrong).assert_exit(2);
        run.assert_err("error: ");
    }
    let run = upload(&["--json", "--ledger", "notes", "pictures/1.png"]).assert_exit(2);
    let error = &run.json()[0]["error"];
    assert_eq!(error["kind"], "config");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("not a ledger"), "{run:?}");
    assert_eq!(fs::read_to_string(shop.path("notes")).unwrap(), "no ledger");
    assert!(!shop.path("l").exists());
    shop.ledger("status", "").assert_exit(2);
    shop.upload("pictures").assert_exit(0);
    shop.ledger("forget", "").assert_exit(2);
    shop.ledger("forget", "--hash 12").assert_exit(2);
    shop.ledger("forget", "--path a --older-than 1")
        .assert_exit(2);
    shop.ledger("export", "--csv --json").assert_exit(2);
}

#[test]
fn no_secret_and_no_picture_is_in_the_ledger() {
    let shop = Shop::new(&["image-format,next=1"]);
    shop.pictures(3);
    let child = shop
        .upload("pictures")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    assert_eq!(child.unwrap().code(), Some(1));
    let mut all = Vec::new();
    for entry in fs::read_dir(shop.folder.path()).unwrap() {
        let path = entry.unwrap().path();
        if path
            .file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .starts_with("ledger")
        {
            all.extend(fs::read(path).unwrap());
        }
    }
    let holds = |needle: &[u8]| all.windows(needle.len()).any(|it| it == needle);
    assert!(holds(b"1900000109") && holds(b"pictures/1.png"));
    let picture = fs::read(shop.path("pictures/1.png")).unwrap();
    let key = fs::read_to_string(shop.path("credentials/apiclient_key.pem")).unwrap();
    let api_key = fs::read_to_string(shop.path("credentials/api_key.txt")).unwrap();
    assert!(!holds(&picture[..16]) && !holds(&picture[40..56]));
    assert!(!holds(key.lines().nth(1).unwrap().as_bytes()));
    assert!(!holds(&api_key.as_bytes()[..8]));
}
