//! What becomes of a picture: its id, its reuse, its failure.

use std::{
    io::Write,
    thread,
    time::{Duration, Instant},
};

use wxpay_agent::Store;

use crate::support::{Answer, Door, picture, start_sandbox, until};

#[test]
fn an_answer_has_the_id_and_all_that_belongs_to_it() {
    let door = Door::start();
    let answer = door
        .post("?name=%E6%89%A7%E7%85%A7.jpg", &picture(1000))
        .assert_status(200);
    assert!(
        answer.head.contains("content-type: application/json"),
        "{}",
        answer.head
    );
    let json = answer.json();
    let mut fields: Vec<_> = json.as_object().unwrap().keys().cloned().collect();
    fields.sort();
    let all = [
        "attempts",
        "bytes",
        "endpoint",
        "media_hash",
        "media_id",
        "reused",
        "uploaded_at",
    ];
    assert_eq!(fields, all);
    assert_eq!(json["bytes"], 1000);
    assert_eq!(json["attempts"], 1);
    assert_eq!(json["reused"], false);
    assert_eq!(json["endpoint"], door.sandbox.origin());
    let at = json["uploaded_at"].as_str().unwrap();
    assert!(
        at.len() == 20 && at.ends_with('Z') && at.contains('T'),
        "{at}"
    );
    let call = &door.sandbox.requests()[0];
    let names: Vec<_> = call
        .fields
        .iter()
        .filter_map(|it| it.file_name.as_deref())
        .collect();
    assert_eq!(names, ["执照.png"]);
}

#[test]
fn an_id_is_given_again_unless_the_caller_wants_a_new_one() {
    let door = Door::start();
    let first = door.post("", &picture(100)).assert_status(200);
    for query in ["", "?reuse=1h", "?reuse=24h"] {
        let again = door.post(query, &picture(100)).assert_status(200);
        assert_eq!(again.media_id(), first.media_id());
        assert_eq!(again.json()["reused"], true);
    }
    assert_eq!(door.calls(), 1);
    let new = door.post("?reuse=never", &picture(100)).assert_status(200);
    assert_eq!(new.json()["reused"], false);
    assert_eq!(door.calls(), 2);
}

#[test]
fn an_id_is_looked_up_and_forgotten_by_the_hash() {
    let door = Door::start();
    let uploaded = door.post("", &picture(100)).assert_status(200).json();
    let hash = uploaded["media_hash"].as_str().unwrap();
    let path = format!("/v1/media/{}", hash.to_ascii_uppercase());
    let known = door.get(&path).assert_status(200).json();
    assert_eq!(known["media_id"], uploaded["media_id"]);
    let forgotten = door
        .ask(&format!("DELETE {path}"), "", b"")
        .assert_status(204);
    assert_eq!(forgotten.text, "");
    door.get(&path).assert_refused(404, "no upload");
    door.post("", &picture(100)).assert_status(200);
    assert_eq!(door.calls(), 2);
    door.get("/v1/media/abc").assert_refused(404, "no MD5");
}

#[test]
fn a_ledger_keeps_ids_over_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.ledger");
    let start = |sandbox| {
        let path = path.clone();
        Door::with(sandbox, move |setup| {
            setup.store = Store::in_ledger(&path).unwrap();
        })
    };
    let mut door = start(start_sandbox());
    let first = door.post("", &picture(100)).assert_status(200);
    door.ask_to_stop();
    assert!(door.ended());
    drop(door);
    let door = start(start_sandbox());
    let again = door.post("", &picture(100)).assert_status(200);
    assert_eq!(again.media_id(), first.media_id());
    assert_eq!(again.json()["reused"], true);
    assert_eq!(door.calls(), 0);
    let hash = again.json()["media_hash"].as_str().unwrap().to_owned();
    door.ask(&format!("DELETE /v1/media/{hash}"), "", b"")
        .assert_status(204);
    door.post("", &picture(100)).assert_status(200);
    assert_eq!(door.calls(), 1);
}

#[test]
fn equal_bytes_at_once_are_one_call_and_have_one_id() {
    let door = Door::start();
    door.sandbox.inject("delay=500ms".parse().unwrap());
    let ids: Vec<_> = thread::scope(|scope| {
        let post = |_| scope.spawn(|| door.post("?reuse=never", &picture(5000)).assert_status(200));
        let posts: Vec<_> = (0..50).map(post).collect();
        posts
            .into_iter()
            .map(|it| it.join().unwrap().media_id())
            .collect()
    });
    assert_eq!(door.calls(), 1);
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
}

#[test]
fn a_caller_that_leaves_does_not_take_the_upload_from_others() {
    let door = Door::start();
    door.sandbox.inject("delay=500ms".parse().unwrap());
    let mut gone = door.connect();
    let head = door.head("POST /v1/media", "Content-Length: 900\r\n\r\n");
    gone.write_all(&[head.as_bytes(), &picture(900)].concat())
        .unwrap();
    until(|| {
        door.get("/metrics")
            .text
            .contains("wxpay_queue_requests{merchant=\"1900000109\"} 1")
    });
    drop(gone);
    let other = door.post("", &picture(900)).assert_status(200);
    assert_eq!(other.json()["reused"], true);
    assert_eq!(door.calls(), 1);
}

#[test]
fn each_kind_of_failure_has_its_status() {
    let door = Door::start();
    door.post("", b"BMW is a car")
        .assert_refused(422, "the file is text");
    door.post("", b"").assert_refused(422, "empty");
    for (fault, status, waits, kind) in [
        ("error=PARAM_ERROR", 422, false, "gateway"),
        ("frequency-limited", 429, true, "gateway"),
        ("system-error", 503, true, "gateway"),
        ("error=SIGNERROR", 502, false, "gateway"),
        ("wrong-signature", 502, false, "signature"),
        ("cut-before-answer", 503, true, "connect"),
    ] {
        let fault = door.sandbox.inject(fault.parse().unwrap());
        let answer = door.post("", &picture(100)).assert_status(status);
        let error = &answer.json()["error"];
        assert_eq!(error["kind"], kind, "{error}");
        assert_eq!(error["retryable"], waits, "{error}");
        assert!(
            error["advice"].is_string() && !error["code"].is_number(),
            "{error}"
        );
        assert_eq!(
            answer.head.contains("retry-after: "),
            waits,
            "{}",
            answer.head
        );
        door.sandbox.remove(fault);
    }
}

#[test]
fn beyond_the_queue_a_caller_is_refused_at_once() {
    let door = Door::with(start_sandbox(), |setup| setup.options.queue = 3);
    door.sandbox.inject("delay=2s".parse().unwrap());
    let begin = |bytes: usize| {
        let mut stream = door.connect();
        let head = door.head(
            "POST /v1/media",
            &format!("Content-Length: {bytes}\r\n\r\n"),
        );
        stream
            .write_all(&[head.as_bytes(), &picture(bytes)].concat())
            .unwrap();
        stream
    };
    let waiting = [100, 101, 102].map(begin);
    until(|| {
        door.get("/metrics")
            .text
            .contains("wxpay_queue_requests{merchant=\"1900000109\"} 3")
    });
    let begun = Instant::now();
    let refused = door
        .post("", &picture(1_500_000))
        .assert_refused(503, "too many requests");
    assert!(
        begun.elapsed() < Duration::from_secs(1),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(refused.json()["error"]["kind"], "busy");
    assert!(
        refused.head.contains("retry-after: 1\r\n"),
        "{}",
        refused.head
    );
    for stream in waiting {
        Answer::read(stream).assert_status(200);
    }
}

#[test]
fn more_pictures_than_fit_into_memory_are_all_uploaded() {
    let door = Door::start();
    let size = 2_000_000;
    thread::scope(|scope| {
        for number in 0..40 {
            let door = &door;
            scope.spawn(move || door.post("", &picture(size + number)).assert_status(200));
        }
    });
    assert_eq!(door.calls(), 40);
}

#[test]
fn metrics_count_outcomes_seconds_reuse_and_days() {
    let door = Door::start();
    door.post("", &picture(100)).assert_status(200);
    door.post("", &picture(100)).assert_status(200);
    door.post("", b"no picture").assert_status(422);
    let text = door.get("/metrics").assert_status(200).text;
    let merchant = "merchant=\"1900000109\"";
    for line in [
        format!("wxpay_uploads_total{{{merchant},outcome=\"uploaded\"}} 1"),
        format!("wxpay_uploads_total{{{merchant},outcome=\"refused\"}} 1"),
        format!("wxpay_upload_duration_seconds_count{{{merchant}}} 1"),
        format!("wxpay_upload_duration_seconds_bucket{{{merchant},le=\"+Inf\"}} 1"),
        format!("wxpay_reused_total{{{merchant}}} 1"),
        format!("wxpay_queue_requests{{{merchant}}} 0"),
        format!("wxpay_merchant_settings_broken{{{merchant}}} 0"),
    ] {
        assert!(text.lines().any(|it| it == line), "{line}: {text}");
    }
    let days = format!("wxpay_certificate_days_left{{{merchant}}} ");
    let days = text
        .lines()
        .find_map(|line| line.strip_prefix(&days))
        .unwrap();
    assert!(days.parse::<f64>().unwrap() > 300.0, "{days}");
}
